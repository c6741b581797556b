use koa::prelude::*;

struct RateLimit;

#[middleware]
impl RateLimit {
    pub async fn run(&self, ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await
    }
}

fn main() {
    let _ = App::new().with(RateLimit);
}
