use koa::prelude::*;

struct Auth;

impl Auth {
    #[middleware]
    async fn check(&self, ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await
    }
}

fn main() {
    let _ = Auth;
}
