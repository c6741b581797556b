use koa::prelude::*;

#[middleware(cancel_on_disconect)]
async fn slow() -> &'static str {
    "slow"
}

#[middleware(retries = 3)]
async fn again() -> &'static str {
    "again"
}

fn main() {
    let _ = App::new().with(slow).with(again);
}
