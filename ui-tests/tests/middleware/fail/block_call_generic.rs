use koa::prelude::*;

struct Require;

#[middleware]
impl Require {
    async fn call<T: Default, const N: usize>(&self, ctx: &mut Context, next: impl Next) -> Result {
        let _ = [const { None::<T> }; N];
        next.run(ctx).await
    }
}

fn main() {
    let _ = App::new().with(Require);
}
