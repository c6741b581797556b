//! How WebSockets begin and end: only with a handshake that was answered as one, and with the code of what went wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use client::Client;
use koa::prelude::*;
use koa::{Exceeded, Limit};
use serve::{serve, serve_with};
use tokio::sync::oneshot;

/// A handshake that is asked for by hand, of which more headers are said.
fn handshake(address: SocketAddr, headers: &str) -> Client {
    let mut client = Client::connect(address);
    client.send(format!(
        "GET / HTTP/1.1\r\n{headers}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ));
    client
}

const USUAL: &str = "Host: test\r\nConnection: Upgrade\r\n";

/// Opens a socket and says something, which tells when it is dropped whether it ever ran.
struct Secret(Mutex<Option<oneshot::Sender<()>>>);

#[middleware]
impl Secret {
    async fn call(&self, ctx: &mut Context) -> Result {
        let ran = self.0.lock().unwrap().take().unwrap();
        ctx.websocket(|mut socket| async move {
            ran.send(()).unwrap();
            let _ = socket.send("the secret").await;
        })
    }
}

#[tokio::test]
async fn a_socket_whose_handshake_is_refused_on_the_way_up_never_opens() {
    #[middleware]
    async fn refuse(ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await?;
        throw!(401, "not you")
    }
    #[middleware]
    async fn replace(ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await?;
        ctx.set_status(403)?;
        ctx.set_body("not here");
        Ok(())
    }
    for (status, replaced) in [(401, false), (403, true)] {
        let (ran, runs) = oneshot::channel();
        let secret = Secret(Mutex::new(Some(ran)));
        let app = App::new().silent(true);
        let server = if replaced {
            serve(app.with(replace).with(secret))
        } else {
            serve(app.with(refuse).with(secret))
        };
        let mut client = handshake(
            server.address,
            "Host: test\r\nConnection: upgrade, close\r\n",
        );
        assert_eq!(client.read(false).unwrap().status, status);
        let rest = client.rest();
        assert_eq!(rest, b"", "{}", String::from_utf8_lossy(&rest));
        assert!(runs.await.is_err(), "it never runs");
    }
    let (ran, runs) = oneshot::channel();
    let server = serve(App::new().with(Secret(Mutex::new(Some(ran)))));
    let mut client = handshake(server.address, USUAL);
    assert_eq!(client.read(false).unwrap().status, 101);
    assert!(client.rest().ends_with(b"the secret"));
    runs.await.unwrap();
}

#[middleware]
async fn listen(ctx: &mut Context) -> Result {
    ctx.websocket(|mut socket| async move { while let Some(Ok(_)) = socket.recv().await {} })
}

#[test]
fn what_a_client_must_not_send_closes_the_socket_with_its_code() {
    let (tell, told) = channel();
    let app = App::new()
        .body_limit(1000)
        .on(move |event: &Exceeded| tell.send(event.limit).unwrap())
        .with(listen);
    let server = serve(app);
    // Frames of text: longer than the limit, with a byte that is not UTF-8, and without a mask.
    for (frame, code) in [
        (&[0x81, 0xfe, 0x08, 0, 0, 0, 0, 0][..], 1009_u16),
        (&[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
        (&[0x81, 0x01, b'a'], 1002),
    ] {
        let mut client = handshake(server.address, USUAL);
        assert_eq!(client.read(false).unwrap().status, 101);
        client.send(frame);
        let [high, low] = code.to_be_bytes();
        assert_eq!(client.rest(), [0x88, 2, high, low], "{code}");
    }
    assert_eq!(told.recv(), Ok(Limit::BodySize));
    assert!(told.try_recv().is_err());
}

#[test]
fn a_socket_is_not_closed_with_what_a_frame_cannot_say() {
    #[middleware]
    async fn close(ctx: &mut Context) -> Result {
        ctx.websocket(|mut socket| async move {
            for (code, length) in [(999, 0), (1005, 0), (1006, 0), (5000, 0), (4000, 124)] {
                assert!(socket.close(code, "a".repeat(length)).await.is_err());
            }
            socket.close(4000, "a".repeat(123)).await.unwrap();
        })
    }
    let server = serve(App::new().with(close));
    let mut client = handshake(server.address, USUAL);
    assert_eq!(client.read(false).unwrap().status, 101);
    let closed = [&[0x88, 125, 0x0f, 0xa0], "a".repeat(123).as_bytes()].concat();
    assert_eq!(client.rest(), closed);
}

#[test]
fn the_default_port_is_of_the_same_origin() {
    let server = serve(App::new().with(listen));
    for (host, origin, status) in [
        ("x.example:80", "http://x.example", 101),
        ("x.example", "http://x.example", 101),
        ("x.example:81", "http://x.example", 403),
        ("x.example:80", "https://x.example", 403),
    ] {
        let headers = format!("Host: {host}\r\nOrigin: {origin}\r\nConnection: Upgrade\r\n");
        let mut client = handshake(server.address, &headers);
        assert_eq!(client.read(false).unwrap().status, status, "{headers}");
    }
}

#[test]
fn a_socket_that_only_sends_hears_of_the_end_too() {
    #[middleware]
    async fn push(ctx: &mut Context) -> Result {
        ctx.websocket(|mut socket| async move {
            while socket.send("on and on").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let server = serve_with(App::new().with(push), |server| {
        server.grace(Duration::from_secs(25)).shutdown_on(async {
            let _ = stopped.await;
        })
    });
    let mut client = handshake(server.address, USUAL);
    assert_eq!(client.read(false).unwrap().status, 101);
    let begin = Instant::now();
    stop.send(()).unwrap();
    assert!(client.rest().ends_with(&[0x88, 2, 0x03, 0xe9]), "1001");
    assert!(begin.elapsed() < Duration::from_secs(15));
}
