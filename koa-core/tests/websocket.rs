//! WebSockets and server-sent events, with a client of tungstenite's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::net::SocketAddr;

use client::Client;
use futures_util::{SinkExt, StreamExt, stream};
use koa::prelude::*;
use koa::{Event, session, websocket::Message};
use serve::serve;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

struct User(String);

#[middleware]
async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
    let name = ctx.get("X-User").into_owned();
    ensure!(!name.is_empty(), 401, "who are you?");
    next.provide(ctx, User(name)).await
}

#[middleware]
async fn echo(ctx: &mut Context, user: &User) -> Result {
    let name = user.0.clone();
    ctx.websocket(|mut socket| async move {
        let _ = socket.send(format!("hello {name}")).await;
        while let Some(Ok(message)) = socket.recv().await {
            if message == Message::text("bye") {
                let _ = socket.close(4000, "as asked").await;
                continue;
            }
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

async fn connect(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("ws://{address}/").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

type Socket = WebSocketStream<TcpStream>;

#[tokio::test]
async fn messages_go_both_ways_and_the_handshake_sees_what_is_provided() {
    let server = serve(App::new().with(signed_in).with(echo));
    let mut socket = connect(server.address, &[("x-user", "ada")]).await.unwrap();
    let next = async |socket: &mut Socket| socket.next().await.unwrap().unwrap();
    assert_eq!(next(&mut socket).await, Message::text("hello ada"));
    socket.send(Message::text("text")).await.unwrap();
    assert_eq!(next(&mut socket).await, Message::text("text"));
    socket.send(Message::binary(vec![0, 255])).await.unwrap();
    assert_eq!(next(&mut socket).await, Message::binary(vec![0, 255]));
    socket.send(Message::text("bye")).await.unwrap();
    let Message::Close(Some(close)) = next(&mut socket).await else {
        panic!("no close frame")
    };
    assert_eq!((u16::from(close.code), &*close.reason), (4000, "as asked"));
    assert!(socket.next().await.is_none());

    assert_eq!(connect(server.address, &[]).await.err(), Some(401));
}

#[tokio::test]
async fn a_message_longer_than_the_limit_closes_the_socket() {
    let app = App::new().body_limit(1000).with(signed_in).with(echo);
    let server = serve(app);
    let mut socket = connect(server.address, &[("x-user", "ada")]).await.unwrap();
    socket.next().await.unwrap().unwrap();
    socket.send(Message::binary(vec![0; 2000])).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        assert!(message.is_close(), "{message:?}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let server = serve(App::new().with(signed_in).with(echo));
    let own = format!("http://{}", server.address);
    let ask = async |origin| {
        let headers = [("x-user", "ada"), ("origin", origin)];
        connect(server.address, &headers).await.err()
    };
    assert_eq!(ask(&own).await, None);
    assert_eq!(ask("http://evil.example").await, Some(403));
    assert_eq!(ask("null").await, Some(403));
}

#[test]
fn what_is_no_handshake_is_refused() {
    let server = serve(App::new().with(signed_in).with(echo));
    let upgrade = "X-User: ada\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
    for (method, headers, status) in [
        ("GET", "X-User: ada\r\n".to_owned(), 426),
        ("POST", upgrade.to_owned(), 405),
        ("GET", format!("{upgrade}Sec-WebSocket-Version: 8\r\n"), 426),
        (
            "GET",
            format!("{upgrade}Sec-WebSocket-Version: 13\r\n"),
            400,
        ),
        (
            "GET",
            format!("{upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n"),
            400,
        ),
    ] {
        let answer = Client::connect(server.address).ask(method, "/", &headers);
        assert_eq!(answer.status, status, "{method} {headers}");
    }
}

#[tokio::test]
async fn a_server_that_ends_says_so() {
    let (stop, stopped) = oneshot::channel::<()>();
    let app = App::new().with(signed_in).with(echo);
    let server = app.bind("127.0.0.1:0").await.unwrap();
    let address = server.addresses()[0];
    let server = server.shutdown_on(async {
        let _ = stopped.await;
    });
    let running = tokio::spawn(server.run());
    let mut socket = connect(address, &[("x-user", "ada")]).await.unwrap();
    socket.next().await.unwrap().unwrap();
    stop.send(()).unwrap();
    let Some(Ok(Message::Close(Some(close)))) = socket.next().await else {
        panic!("no close frame")
    };
    assert_eq!(u16::from(close.code), 1001);
    running.await.unwrap().unwrap();
}

#[session(key = "sid")]
struct Login {
    user: Option<String>,
    sockets: u32,
}

#[middleware]
async fn with_session(ctx: &mut Context, login: &mut Login) -> Result {
    if ctx.path() == "/login" {
        login.user = Some("ada".to_owned());
        ctx.set_body("welcome");
        return Ok(());
    }
    let Some(user) = login.user.clone() else {
        throw!(401, "who are you?");
    };
    // What is written in the handshake is saved with it.
    login.sockets += 1;
    let hello = format!("{user}, your socket {}", login.sockets);
    ctx.websocket(|mut socket| async move {
        let _ = socket.send(hello).await;
    })
}

#[tokio::test]
async fn the_handshake_reads_and_writes_the_session() {
    let app = App::new().keys(["a key that nobody guesses"]);
    let server = serve(app.with(Login::middleware()).with(with_session));
    let address = server.address;
    assert_eq!(connect(address, &[]).await.err(), Some(401));
    let login = tokio::task::spawn_blocking(move || client::get(address, "/login"));
    let cookie_of = |set: &str| set.split(';').next().unwrap().to_owned();
    let mut cookie = cookie_of(login.await.unwrap().header("set-cookie").unwrap());
    for number in 1..=2 {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut request = format!("ws://{address}/").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("cookie", cookie.parse().unwrap());
        let (mut socket, answer) = client_async(request, stream).await.unwrap();
        let hello = socket.next().await.unwrap().unwrap();
        assert_eq!(hello, Message::text(format!("ada, your socket {number}")));
        cookie = cookie_of(answer.headers()["set-cookie"].to_str().unwrap());
    }
}

#[middleware]
async fn news(ctx: &mut Context) -> Result {
    let events = stream::iter([
        Ok::<_, Error>(Event::new("one")),
        Ok(Event::new("two\nlines").event("news").id("2")),
    ]);
    if ctx.path() == "/endless" {
        return ctx.send_events(events.chain(stream::pending()));
    }
    ctx.send_events(events)
}

#[test]
fn events_are_sent_as_they_come() {
    let server = serve(App::new().with(news));
    let answer = client::get(server.address, "/");
    let sent = ":\n\ndata: one\n\nevent: news\nid: 2\ndata: two\ndata: lines\n\n";
    assert_eq!(answer.text(), sent);
    let kind = "text/event-stream; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(kind));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
}

#[tokio::test]
async fn events_end_with_the_server() {
    let (stop, stopped) = oneshot::channel::<()>();
    let server = App::new().with(news).bind("127.0.0.1:0").await.unwrap();
    let address = server.addresses()[0];
    let server = server.shutdown_on(async {
        let _ = stopped.await;
    });
    let running = tokio::spawn(server.run());
    let mut client = tokio::task::spawn_blocking(move || {
        let mut client = Client::connect(address);
        client.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
        client.fill();
        client
    })
    .await
    .unwrap();
    stop.send(()).unwrap();
    let ended = tokio::task::spawn_blocking(move || client.read(false).unwrap().text());
    assert!(ended.await.unwrap().ends_with("data: lines\n\n"));
    running.await.unwrap().unwrap();
}
