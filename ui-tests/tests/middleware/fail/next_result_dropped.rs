use koa::prelude::*;

#[middleware]
async fn careless(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await;
    Ok(())
}

struct Careless;

#[middleware]
impl Careless {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await;
        Ok(())
    }
}

fn main() {
    let _ = App::new().with(careless).with(Careless);
}
