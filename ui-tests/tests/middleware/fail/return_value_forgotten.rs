use koa::prelude::*;

#[middleware]
async fn logger(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await?;
}

fn main() {
    let _ = App::new().with(logger);
}
