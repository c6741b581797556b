use koa::prelude::*;

struct User;
struct Session;

#[middleware]
async fn session(ctx: &mut Context, next: impl Next<Session>) -> Result {
    next.provide(ctx, Session).await
}

#[middleware]
async fn greet(ctx: &mut Context, user: Slot<User>, next: impl Next) -> Result {
    let User = ctx[user];
    next.run(ctx).await
}

fn main() {
    let _ = App::new().with(session).with(greet);
}
