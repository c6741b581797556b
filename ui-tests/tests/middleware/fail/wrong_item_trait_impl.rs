use koa::prelude::*;

struct Auth;

#[middleware]
impl Middleware for Auth {
    type Provides = ();
    type Wiring = Self;

    async fn call<'a, N: Next + 'a>(&'a self, ctx: &'a mut Context, next: N) -> Result {
        next.run(ctx).await
    }
}

fn main() {}
