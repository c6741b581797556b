use koa::prelude::*;

#[koa::main]
fn main() -> Result {
    App::new().listen("127.0.0.1:0").await
}
