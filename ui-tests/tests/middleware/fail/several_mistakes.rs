use koa::prelude::*;

struct User;

#[middleware(cancel_on_disconect)]
fn profile(ctx: Context, id: u64, user: &mut User, next: impl Next<User>) -> Result {
    let _ = (ctx, id, user, next);
    Ok(())
}

#[middleware]
async fn below(_: &User) -> &'static str {
    "below"
}

fn main() {
    let _ = App::new().with(profile).with(below);
}
