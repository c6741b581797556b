use koa::prelude::*;

struct Posts;

struct User {
    name: String,
}

struct Session;

#[middleware]
async fn session(ctx: &mut Context, next: impl Next<Session>) -> Result {
    next.provide(ctx, Session).await
}

#[middleware]
async fn signed_in(ctx: &mut Context, _session: Slot<Session>, next: impl Next<User>) -> Result {
    next.provide(ctx, User { name: String::new() }).await
}

#[controller("/posts", with(signed_in))]
impl Posts {
    #[get("/")]
    async fn list(&self, user: &User) -> String {
        user.name.clone()
    }
}

struct Pages;

#[controller("/pages", with(session))]
impl Pages {
    #[get("/")]
    async fn list(&self, user: &User) -> String {
        user.name.clone()
    }

    #[post("/", with(signed_in))]
    async fn create(&self, user: &User) -> String {
        user.name.clone()
    }
}

fn main() {
    let _ = App::new().controller(Posts);
    let _ = App::new().controller(Pages);
}
