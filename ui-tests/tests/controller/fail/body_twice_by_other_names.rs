//! The body comes once, whatever the types are called that are taken from it.

use koa::prelude::*;

type Note = Json<String>;
type MaybeForm = Option<Form<String>>;

/// The user's own, which says that it is taken from the body.
struct Signed(String);

impl koa::FromContext for Signed {
    const BODY: bool = true;

    async fn from_context(ctx: &mut Context) -> Result<Self> {
        ctx.request.text().await.map(Self)
    }
}

struct Posts;

#[controller("/posts")]
impl Posts {
    #[post("/")]
    async fn create(&self, note: Note, form: Result<Form<u8>>) {
        let _ = (note, form);
    }

    #[put("/")]
    async fn replace(&self, page: Option<Query<u8>>, form: MaybeForm, signed: Option<Signed>) {
        let _ = (page, form, signed.map(|signed| signed.0));
    }
}

#[middleware]
async fn sign(Json(note): Json<String>, signed: Signed) -> String {
    note + &signed.0
}

#[koa::main]
async fn main() -> Result {
    App::new().controller(Posts).with(sign).listen(3000).await
}
