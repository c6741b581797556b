use koa::prelude::*;

async fn hello(ctx: &mut Context) {
    ctx.set_body("hello");
}

fn main() {
    let _ = App::new().with(5);
    let _ = App::new().with(hello);
    let _ = App::new().mount("/hello", "hello");
    let _ = Stack::new().with(hello);
}
