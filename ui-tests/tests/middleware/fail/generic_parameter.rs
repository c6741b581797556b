use koa::prelude::*;

trait Role: Send + Sync + 'static {}
struct Admin;
impl Role for Admin {}
struct Guest;

#[middleware]
async fn require<T: Role>(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

fn main() {
    let _ = App::new().with(require::<Admin>);
    let _ = App::new().with(require::<Guest>);
    let _ = App::new().with(require::<Admin>);
}
