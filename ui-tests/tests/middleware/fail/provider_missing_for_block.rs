use koa::prelude::*;

struct User;

struct Limit {
    per_minute: u32,
}

#[middleware]
impl Limit {
    async fn call(&self, ctx: &mut Context, user: Slot<User>, next: impl Next) -> Result {
        let User = ctx[user];
        ensure!(self.per_minute > 0, 429);
        next.run(ctx).await
    }
}

fn main() {
    let _ = App::new().with(Limit { per_minute: 60 });
}
