use koa::prelude::*;

#[middleware(cancel_on_disconnect = true, crate)]
async fn slow() -> &'static str {
    "slow"
}

#[middleware(crate = koa)]
async fn again() -> &'static str {
    "again"
}

fn main() {
    let _ = App::new().with(slow).with(again);
}
