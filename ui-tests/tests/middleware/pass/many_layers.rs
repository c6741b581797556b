//! Sixty-four layers and a request through them, under tokio's own `main`.

use koa::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Count(u32);

#[middleware]
async fn counter(ctx: &mut Context, next: impl Next<Count>) -> Result {
    next.provide(ctx, Count(0)).await
}

#[middleware]
async fn layer(ctx: &mut Context, count: Slot<Count>, next: impl Next) -> Result {
    ctx[count].0 += 1;
    next.run(ctx).await?;
    let seen = ctx[count].0;
    ensure!(seen == 62, 500);
    Ok(())
}

#[middleware]
async fn answer(count: &Count) -> String {
    format!("counted {}", count.0)
}

macro_rules! eight {
    ($app:expr) => {
        $app.with(layer).with(layer).with(layer).with(layer).with(layer).with(layer).with(layer).with(layer)
    };
}

#[tokio::main]
async fn main() -> Result {
    let app = App::new().with(counter);
    let app = eight!(eight!(eight!(eight!(eight!(eight!(eight!(app)))))));
    let app = app.with(layer).with(layer).with(layer).with(layer).with(layer).with(layer);
    let server = app.with(answer).bind("127.0.0.1:0").await?;
    let address = server.addresses()[0].to_string();
    tokio::spawn(server.run());

    let mut client = TcpStream::connect(address).await?;
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut response = String::new();
    client.read_to_string(&mut response).await?;
    assert!(response.ends_with("\r\n\r\ncounted 62"), "{response}");
    Ok(())
}
