//! Upgrades on their way through tower: WebSockets below layers, of an app in axum and in hyper, and of axum's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

#[path = "serve/by_tower.rs"]
mod by_tower;
mod client;
mod serve;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::routing::get as axum_get;
use client::{Client, get};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderName, StatusCode};
use koa::prelude::*;
use koa::tower::{layer, service};
use koa::websocket::Message;
use serve::serve;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

const ID: HeaderName = HeaderName::from_static("x-request-id");

#[middleware]
async fn echo(ctx: &mut Context) -> Result {
    if ctx.path() == "/wait" {
        std::future::pending::<()>().await;
    }
    ctx.websocket(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

/// What axum's own documentation does.
async fn axums_echo(upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

type Socket = WebSocketStream<TcpStream>;

/// Opens a WebSocket as a browser does that takes compressed answers.
async fn open(address: SocketAddr, path: &str) -> (Socket, http::HeaderMap) {
    let stream = TcpStream::connect(address).await.unwrap();
    let request = format!("ws://{address}{path}").into_client_request();
    let mut request = request.unwrap();
    let headers = request.headers_mut();
    headers.insert("accept-encoding", "gzip".parse().unwrap());
    let (socket, answer) = client_async(request, stream).await.unwrap();
    (socket, answer.headers().clone())
}

/// A large message, too: one of many writes.
async fn check(socket: &mut Socket) {
    for message in [Message::text("text"), Message::binary(vec![7; 300_000])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
}

#[tokio::test]
async fn a_websocket_opens_below_layers_and_outlives_their_timeout() {
    let time = Duration::from_millis(200);
    let timeout = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, time);
    let app = App::new()
        .with(layer(SetRequestIdLayer::new(ID, MakeRequestUuid)))
        .with(layer(PropagateRequestIdLayer::new(ID)))
        .with(layer(TraceLayer::new_for_http()))
        .with(layer(CompressionLayer::new()))
        .with(layer(timeout))
        .with(echo);
    let server = serve(app);
    let address = server.address;
    let (mut socket, headers) = open(address, "/").await;
    assert_eq!(headers.get("content-encoding"), None);
    assert!(headers.contains_key("x-request-id"), "what layers set");
    check(&mut socket).await;
    // Once a later request has had its time, the socket's has passed.
    let late = tokio::task::spawn_blocking(move || get(address, "/wait"));
    assert_eq!(late.await.unwrap().status, 503);
    check(&mut socket).await;
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn a_websocket_of_an_app_in_axum() {
    let app = App::new().with(echo).callback();
    let router = Router::new().nest_service("/koa", app);
    let server = by_tower::in_axum(router.layer(CompressionLayer::new()));
    let (mut socket, _) = open(server.address, "/koa/echo").await;
    check(&mut socket).await;
}

#[tokio::test]
async fn a_websocket_of_an_app_in_hyper() {
    let server = by_tower::in_hyper(App::new().with(echo));
    let (mut socket, _) = open(server.address, "/").await;
    check(&mut socket).await;
}

#[tokio::test]
async fn a_websocket_of_axums_in_an_app() {
    let router = Router::new().route("/echo", axum_get(axums_echo));
    let app = App::new()
        .with(layer(CompressionLayer::new()))
        .mount("/axum", service(router))
        .with(echo);
    let server = serve(app);
    let (mut socket, headers) = open(server.address, "/axum/echo").await;
    assert_eq!(headers.get("content-length"), None);
    check(&mut socket).await;
    // The app's own beside it.
    let (mut socket, _) = open(server.address, "/").await;
    check(&mut socket).await;
    let address = server.address;
    let plain = tokio::task::spawn_blocking(move || get(address, "/axum/echo").status);
    assert_eq!(plain.await.unwrap(), 400, "what axum says to no handshake");
}

#[test]
fn an_upgrade_to_something_else() {
    #[middleware]
    async fn upgrade(ctx: &mut Context) -> Result {
        use tokio::io::AsyncWriteExt;

        let Some(upgrade) = ctx.request.upgrade() else {
            throw!(426)
        };
        tokio::spawn(async move {
            let connection = upgrade.await.unwrap();
            let mut connection = hyper_util::rt::TokioIo::new(connection);
            connection.write_all(b"upgraded").await.unwrap();
        });
        let switch = http::Response::builder()
            .status(101)
            .header("Connection", "upgrade")
            .header("Upgrade", "test");
        ctx.respond_with(switch.body(())?);
        Ok(())
    }
    let app = App::new()
        .with(layer(SetRequestIdLayer::new(ID, MakeRequestUuid)))
        .with(upgrade);
    let server = serve(app);
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: test\r\n\r\n");
    assert_eq!(client.read(false).unwrap().status, 101);
    assert_eq!(client.rest(), b"upgraded");
}
