use koa::prelude::*;

struct User;

#[middleware]
async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, User).await
}

#[middleware]
async fn audit(ctx: &mut Context, user: Slot<User>, next: impl Next) -> Result {
    let User = ctx[user];
    next.run(ctx).await
}

fn main() {
    let _ = App::new()
        .with(audit)
        .with(signed_in);
}
