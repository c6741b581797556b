use koa::prelude::*;

#[middleware]
fn hello(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

struct Options;

#[middleware]
impl Options {
    fn call(&self) -> &'static str {
        "hello"
    }
}

fn main() {
    let _ = App::new().with(hello).with(Options);
}
