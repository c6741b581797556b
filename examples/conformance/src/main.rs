//! What public conformance suites are run against: an app that echoes bodies and messages, over HTTP/1.1, HTTP/2 and
//! WebSockets, with every limit at its default.
//!
//! `examples/conformance/run.sh` runs the suites. The port is the `PORT` of the environment, or 3000.

use koa::prelude::*;

#[middleware]
async fn echo(ctx: &mut Context) -> Result {
    if !ctx.get("Sec-WebSocket-Key").is_empty() {
        return echo_messages(ctx);
    }
    let body = ctx.request.bytes().await?;
    if body.is_empty() {
        ctx.set_body("There is nothing to echo.");
    } else {
        ctx.set_body(body);
    }
    Ok(())
}

fn echo_messages(ctx: &mut Context) -> Result {
    ctx.websocket(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

#[koa::main]
async fn main() -> Result {
    let port: u16 = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    // The longest message of the suite of WebSockets has 16 MiB.
    let app = App::new()
        .silent(true)
        .body_limit(16 * 1024 * 1024)
        .with(echo);
    app.listen(("127.0.0.1", port)).await
}
