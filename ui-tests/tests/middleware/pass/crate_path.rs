//! The crate under another path.

mod deep {
    pub mod web {
        pub use ::koa::*;
    }
}

use deep::web::prelude::{App, Context, Next, Result, Slot};

struct User;

#[deep::web::middleware(crate = "deep::web")]
async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
    next.provide(ctx, User).await
}

#[deep::web::middleware(crate = "crate::deep::web", cancel_on_disconnect)]
async fn check(ctx: &mut Context, user: Slot<User>, next: impl Next) -> Result {
    let User = ctx[user];
    next.run(ctx).await
}

#[deep::web::middleware(crate = "deep::web")]
async fn show(_: &User) -> Result<&'static str> {
    Ok("user")
}

#[deep::web::main(crate = "deep::web")]
async fn main() {
    App::new().with(signed_in).with(check).with(show).callback();
}
