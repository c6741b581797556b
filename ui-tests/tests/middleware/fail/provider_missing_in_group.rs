use koa::prelude::*;

struct User;

#[middleware]
async fn stamp(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

#[middleware]
async fn profile(user: &mut User) -> &'static str {
    *user = User;
    "profile"
}

fn main() {
    let group = Stack::new().with(stamp).with(profile);
    let _ = App::new().with(group);
}
