use koa::prelude::*;

#[middleware]
async fn hurried(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx);
    ctx.set("X-Done", "1")
}

fn main() {
    let _ = App::new().with(hurried);
}
