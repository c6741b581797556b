use koa::prelude::*;

#[middleware]
async fn show(ctx: &mut Context, id: u64) -> String {
    format!("{} {id}", ctx.path())
}

#[middleware]
async fn check(ctx: &mut Context, name: String, next: impl Next) -> Result {
    ctx.set("X-Name", name)?;
    next.run(ctx).await
}

#[middleware]
async fn text(name: &str) -> String {
    name.to_owned()
}

fn main() {
    let _ = App::new().with(check).with(text).with(show);
}
