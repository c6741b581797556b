use koa::prelude::*;
use koa::{Group, Onion};

struct User;
struct Visits;

#[middleware]
async fn profile(_: &User, _: &mut Visits) -> &'static str {
    "profile"
}

/// It names what it asks for.
fn named() -> Group<impl Onion, (&'static User, &'static mut Visits)> {
    Stack::new().with(profile).group()
}

/// It leaves one out.
fn unnamed() -> Group<impl Onion, (&'static User,)> {
    Stack::new().with(profile).group()
}

#[middleware]
async fn visits(ctx: &mut Context, next: impl Next<Visits>) -> Result {
    next.provide(ctx, Visits).await
}

fn main() {
    let _ = App::new().with(visits).mount("/profile", named());
    let _ = unnamed();
}
