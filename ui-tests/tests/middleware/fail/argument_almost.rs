use koa::prelude::*;

struct User;

#[middleware]
async fn by_value(ctx: Context) -> String {
    ctx.path().to_owned()
}

#[middleware]
async fn slot_by_reference(ctx: &mut Context, user: &Slot<User>, next: impl Next) -> Result {
    let User = ctx[*user];
    next.run(ctx).await
}

#[middleware]
async fn next_by_reference(ctx: &mut Context, next: &mut impl Next) -> Result {
    let _ = (ctx, next);
    Ok(())
}

fn main() {
    let _ = App::new()
        .with(by_value)
        .with(slot_by_reference)
        .with(next_by_reference);
}
