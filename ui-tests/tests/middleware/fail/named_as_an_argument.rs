//! A middleware is a unit struct, so in its module its name cannot be the name of a variable. What rustc says of that is
//! its own, and is pinned here so that a change for the better is seen.

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
}
