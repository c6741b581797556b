//! Hello world.
//!
//! `cargo run -p examples --bin hello`, then `curl http://127.0.0.1:3000`.

use koa::prelude::*;

#[middleware]
async fn hello() -> &'static str {
    "Hello World"
}

#[koa::main]
async fn main() -> Result {
    let app = App::new().with(hello);

    let server = app.bind(("127.0.0.1", examples::port())).await?;
    println!("listening on http://{}", server.addresses()[0]);
    server.run().await
}
