//! The name of a middleware is free for variables and arguments, in its own module too.

use koa::prelude::*;

struct User;

#[middleware]
async fn user(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, User).await
}

#[middleware]
async fn greet(ctx: &mut Context, user: Slot<User>, next: impl Next) -> Result {
    let User = ctx[user];
    next.run(ctx).await
}

fn main() {
    let _ = App::new().with(user).with(greet);
    let user = "a variable";
    assert_eq!(user.len(), 10);
}
