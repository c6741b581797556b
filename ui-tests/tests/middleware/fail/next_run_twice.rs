use koa::prelude::*;

#[middleware]
async fn retry(ctx: &mut Context, next: impl Next) -> Result {
    if next.run(ctx).await.is_err() {
        next.run(ctx).await?;
    }
    Ok(())
}

fn main() {
    let _ = App::new().with(retry);
}
