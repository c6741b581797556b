use koa::prelude::*;

struct ByValue;

#[middleware]
impl ByValue {
    async fn call(self, ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await
    }
}

struct Mutable {
    count: u32,
}

#[middleware]
impl Mutable {
    async fn call(&mut self, ctx: &mut Context, next: impl Next) -> Result {
        self.count += 1;
        next.run(ctx).await
    }
}

struct Without;

#[middleware]
impl Without {
    async fn call(ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await
    }
}

fn main() {
    let _ = App::new().with(ByValue).with(Mutable { count: 0 }).with(Without);
}
