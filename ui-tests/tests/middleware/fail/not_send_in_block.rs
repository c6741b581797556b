use std::rc::Rc;

use koa::prelude::*;

struct Counter;

#[middleware]
impl Counter {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        let counter = Rc::new(1);
        next.run(ctx).await?;
        ctx.set("X-Count", counter.to_string())
    }
}

fn main() {
    let _ = App::new().with(Counter);
}
