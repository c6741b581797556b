use koa::prelude::*;

struct Posts;

struct Session {
    visits: u32,
}

#[middleware]
async fn session(ctx: &mut Context, next: impl Next<Session>) -> Result {
    next.provide(ctx, Session { visits: 0 }).await
}

#[controller("/posts", with(session))]
impl Posts {
    #[get("/")]
    async fn list(&self, old: &mut Session, new: &mut Session) -> String {
        (old.visits + new.visits).to_string()
    }

    #[post("/")]
    async fn create(&self, json: Json<u8>, form: Option<Form<u8>>) -> String {
        format!("{json:?} {form:?}")
    }
}

fn main() {
    let _ = App::new().controller(Posts);
}
