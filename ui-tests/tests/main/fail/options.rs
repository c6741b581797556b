use koa::prelude::*;

#[koa::main(flavor = "current_thread")]
async fn main<T>() -> Result {
    App::new().listen("127.0.0.1:0").await
}
