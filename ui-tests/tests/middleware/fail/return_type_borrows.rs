use koa::prelude::*;

#[middleware]
async fn path(ctx: &mut Context) -> &str {
    ctx.path()
}

fn main() {
    let _ = App::new().with(path);
}
