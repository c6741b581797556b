use koa::prelude::*;

#[koa::main]
async fn main(port: u16) -> Result {
    App::new().listen(("127.0.0.1", port)).await
}
