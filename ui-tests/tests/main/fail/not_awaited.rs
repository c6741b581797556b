use koa::prelude::*;

#[koa::main]
async fn main() {
    App::new().listen("127.0.0.1:0");
}
