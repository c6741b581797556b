use koa::prelude::*;

struct Posts;

#[middleware]
async fn stamp(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

#[controller("/posts", wiht(stamp))]
impl Posts {
    #[get("/", cancel_on_disconect)]
    async fn list(&self) -> String {
        String::new()
    }

    #[post("/", with(|ctx| ctx))]
    async fn create(&self) -> String {
        String::new()
    }
}

fn main() {
    let _ = App::new().with(stamp).controller(Posts);
}
