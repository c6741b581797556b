use koa::prelude::*;

struct User;

#[middleware]
async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, User).await
}

#[middleware]
async fn profile(_: &User) -> &'static str {
    "profile"
}

fn main() {
    let _ = App::new().with(signed_in).with(signed_in).with(profile);
}
