use koa::prelude::*;

struct User;

#[middleware]
async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, "ada").await
}

fn main() {
    let _ = App::new().with(signed_in);
}
