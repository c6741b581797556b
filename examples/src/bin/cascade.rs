//! The cascade of Koa's document: a logger, the response time, and the response, each around the next.
//!
//! `cargo run -p examples --bin cascade`, then `curl -i http://127.0.0.1:3000`.

use std::time::Instant;

use koa::prelude::*;

/// Prints each request with the time that the layers below took.
#[middleware]
async fn logger(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await?;
    let time = ctx.response.get("X-Response-Time");
    println!("{} {} - {time}", ctx.method(), ctx.path());
    Ok(())
}

/// Measures the layers below, and says so in a header.
#[middleware]
async fn response_time(ctx: &mut Context, next: impl Next) -> Result {
    let start = Instant::now();
    next.run(ctx).await?;
    ctx.set(
        "X-Response-Time",
        format!("{}ms", start.elapsed().as_millis()),
    )
}

#[middleware]
async fn hello() -> &'static str {
    "Hello World"
}

#[koa::main]
async fn main() -> Result {
    let app = App::new().with(logger).with(response_time).with(hello);

    let server = app.bind(("127.0.0.1", examples::port())).await?;
    println!("listening on http://{}", server.addresses()[0]);
    server.run().await
}
