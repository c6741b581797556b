use std::rc::Rc;

use koa::prelude::*;

#[middleware]
async fn count(ctx: &mut Context, next: impl Next) -> Result {
    let counter = Rc::new(1);
    next.run(ctx).await?;
    ctx.set("X-Count", counter.to_string())
}

#[middleware]
async fn endpoint() -> String {
    let counter = Rc::new(1);
    tokio::task::yield_now().await;
    counter.to_string()
}

fn main() {
    let _ = App::new().with(count).with(endpoint);
}
