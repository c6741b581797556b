//! `cancel_on_disconnect` on every kind of middleware.

use koa::prelude::*;

struct Count(u32);

#[middleware(cancel_on_disconnect)]
async fn provider(ctx: &mut Context, next: impl Next<Count>) -> Result {
    next.provide(ctx, Count(0)).await
}

#[middleware(cancel_on_disconnect)]
async fn endpoint() -> &'static str {
    "done"
}

#[middleware(cancel_on_disconnect)]
async fn lends(count: &mut Count, ctx: &mut Context) -> Result<String> {
    count.0 += 1;
    Ok(ctx.path().to_owned())
}

#[middleware(cancel_on_disconnect)]
async fn generic<T: Default + Send>(ctx: &mut Context, next: impl Next) {
    let value = T::default();
    let _ = next.run(ctx).await;
    drop(value);
}

struct Options(u32);

#[middleware(cancel_on_disconnect)]
impl Options {
    async fn call(&self, ctx: &mut Context, count: Slot<Count>, next: impl Next) -> Result {
        ctx[count].0 += self.0;
        next.run(ctx).await
    }
}

fn main() {
    let _app = App::new()
        .with(provider)
        .with(Options(1))
        .with(generic::<u8>)
        .with(lends)
        .with(endpoint)
        .callback();
}
