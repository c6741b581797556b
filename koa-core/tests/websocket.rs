//! WebSockets, with a client of tungstenite's.

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
use std::time::{Duration, Instant};

use client::Client;
use futures_util::{SinkExt, StreamExt};
use koa::prelude::*;
use koa::websocket::Message;
use koa::{Exceeded, Limit, session};
use serve::{serve, serve_with};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
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

#[tokio::test]
async fn the_first_protocol_that_both_speak_is_agreed_on() {
    #[middleware]
    async fn chat(ctx: &mut Context) -> Result {
        let protocol = ctx.websocket_protocol(&["", "chat.v2", "chat.v1"]);
        ctx.websocket(move |mut socket| async move {
            let _ = socket.send(format!("{protocol:?}")).await;
        })
    }
    let server = serve(App::new().with(chat));
    let ask = async |offered: Option<&str>| {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let url = format!("ws://{}/", server.address);
        let mut request = url.into_client_request().unwrap();
        if let Some(offered) = offered {
            let headers = request.headers_mut();
            headers.insert("sec-websocket-protocol", offered.parse().unwrap());
        }
        let (mut socket, answer) = client_async(request, stream).await.map_err(drop)?;
        let told = socket.next().await.unwrap().unwrap();
        let named = answer.headers().get("sec-websocket-protocol");
        let named = named.map(|named| named.to_str().unwrap().to_owned());
        Ok((told.into_text().unwrap().to_string(), named))
    };
    let agreed = |protocol: &str| Ok((format!("Some({protocol:?})"), Some(protocol.to_owned())));
    let offered = ask(Some("chat.v1, other, chat.v2")).await;
    assert_eq!(offered, agreed("chat.v2"));
    assert_eq!(ask(Some("other,chat.v1")).await, agreed("chat.v1"));
    assert_eq!(ask(None).await, Ok(("None".to_owned(), None)));
    // It offered some, and none of them is named: the client takes that for a failure.
    assert_eq!(ask(Some("chat.v10, CHAT.V1")).await, Err(()));

    // In lines of their own, which this client does not send.
    let mut client = Client::connect(server.address);
    client.send(format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: other\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n",
        server.address
    ));
    let answer = client.read(true).unwrap();
    assert_eq!(answer.header("sec-websocket-protocol"), Some("chat.v1"));
}

#[tokio::test]
async fn pages_of_origins_that_are_named_may_connect() {
    #[middleware]
    async fn open(ctx: &mut Context) -> Result {
        let origins = ["https://app.example.com", "https://other.example:8443"];
        ctx.websocket_from(origins, |mut socket| async move {
            let _ = socket.send("open").await;
        })
    }
    let server = serve(App::new().with(open));
    let ask = async |origin| connect(server.address, &[("origin", origin)]).await;
    let own = format!("http://{}", server.address);
    for origin in [
        "https://app.example.com",
        "https://other.example:8443",
        &own,
    ] {
        let mut socket = ask(origin).await.unwrap();
        let message = socket.next().await.unwrap().unwrap();
        assert_eq!(message, Message::text("open"), "{origin}");
    }
    for origin in [
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://app.example.com:444",
        "https://other.example",
        "https://example.com",
        "null",
    ] {
        assert_eq!(ask(origin).await.err(), Some(403), "{origin}");
    }
}

/// Tells what comes, and how long that took.
struct Tells(mpsc::UnboundedSender<(Option<String>, Duration)>);

const SILENCE: Duration = Duration::from_millis(500);

#[middleware]
impl Tells {
    async fn call(&self, ctx: &mut Context) -> Result {
        let tell = self.0.clone();
        ctx.websocket(|mut socket| async move {
            socket.set_max_silence(SILENCE);
            loop {
                let asked = Instant::now();
                let message = socket.recv().await;
                let is_last = !matches!(message, Some(Ok(_)));
                let message = message.map(|message| match message {
                    Ok(message) => message.into_text().unwrap().to_string(),
                    Err(error) => error.to_string(),
                });
                tell.send((message, asked.elapsed())).unwrap();
                if is_last {
                    return;
                }
            }
        })
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_asked_and_stays_while_it_answers() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = serve(App::new().with(Tells(tell)));
    let mut socket = connect(server.address, &[]).await.unwrap();
    // To be read is to be answered, by this client.
    for _ in 0..3 {
        let asked = socket.next().await.unwrap().unwrap();
        assert_eq!(asked, Message::Ping(Default::default()));
    }
    socket.send(Message::text("here")).await.unwrap();
    let (message, time) = told.recv().await.unwrap();
    assert_eq!(message.as_deref(), Some("here"));
    assert!(time >= SILENCE * 3, "it was asked too often: {time:?}");
    socket.close(None).await.unwrap();
    assert_eq!(told.recv().await.unwrap().0, None);
}

#[tokio::test]
async fn a_client_that_does_not_answer_is_given_up() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = serve(App::new().with(Tells(tell)));
    let mut socket = connect(server.address, &[]).await.unwrap();
    socket.send(Message::text("here")).await.unwrap();
    assert_eq!(told.recv().await.unwrap().0.as_deref(), Some("here"));
    // It reads nothing, so that nothing is answered.
    let (message, time) = told.recv().await.unwrap();
    assert_eq!(message.as_deref(), Some("the client does not answer"));
    assert!(time >= SILENCE * 2, "it had no time to answer: {time:?}");
    let asked = socket.next().await.unwrap().unwrap();
    assert_eq!(asked, Message::Ping(Default::default()));
    if let Some(Ok(message)) = socket.next().await {
        panic!("{message:?}");
    }
}

#[tokio::test]
async fn a_handler_that_has_more_to_wait_for_gives_up_a_silent_client_too() {
    struct Ticks(mpsc::UnboundedSender<Option<String>>);
    #[middleware]
    impl Ticks {
        async fn call(&self, ctx: &mut Context) -> Result {
            let tell = self.0.clone();
            ctx.websocket(|mut socket| async move {
                socket.set_max_silence(SILENCE);
                let mut ticks = tokio::time::interval(SILENCE / 10);
                let came = loop {
                    tokio::select! {
                        came = socket.recv() => break came,
                        _ = ticks.tick() => {}
                    }
                };
                let error = came.and_then(Result::err);
                tell.send(error.map(|error| error.to_string())).unwrap();
            })
        }
    }
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = serve(App::new().with(Ticks(tell)));
    let socket = connect(server.address, &[]).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(20), told.recv());
    let error = told.await.expect("an end").flatten();
    assert_eq!(error.as_deref(), Some("the client does not answer"));
    drop(socket);
}

#[tokio::test]
async fn a_handler_that_was_long_away_hears_what_came_meanwhile() {
    struct Leaves(
        Mutex<Option<oneshot::Receiver<()>>>,
        mpsc::UnboundedSender<String>,
    );
    #[middleware]
    impl Leaves {
        async fn call(&self, ctx: &mut Context) -> Result {
            let asked = self.0.lock().unwrap().take().unwrap();
            let tell = self.1.clone();
            ctx.websocket(|mut socket| async move {
                socket.set_max_silence(SILENCE);
                tokio::select! {
                    came = socket.recv() => panic!("{came:?}"),
                    _ = asked => {}
                }
                tell.send("away".to_owned()).unwrap();
                // Its runtime sees nothing either.
                std::thread::sleep(SILENCE * 2);
                let came = socket.recv().await.unwrap();
                let came = came.map_or_else(|error| error.to_string(), |came| came.to_string());
                tell.send(came).unwrap();
            })
        }
    }
    let (ask, asked) = oneshot::channel();
    let (tell, mut told) = mpsc::unbounded_channel();
    let app = App::new().with(Leaves(Mutex::new(Some(asked)), tell));
    let (listen, listens) = oneshot::channel();
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let server = app.bind("127.0.0.1:0").await.unwrap();
            listen.send(server.addresses()[0]).unwrap();
            server.run().await.unwrap();
        });
    });
    let mut socket = connect(listens.await.unwrap(), &[]).await.unwrap();
    let ping = socket.next().await.unwrap().unwrap();
    assert_eq!(ping, Message::Ping(Default::default()));
    ask.send(()).unwrap();
    assert_eq!(told.recv().await.as_deref(), Some("away"));
    // Before it goes what answers the ping.
    socket.send(Message::text("here")).await.unwrap();
    assert_eq!(told.recv().await.as_deref(), Some("here"));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    struct Floods(mpsc::UnboundedSender<String>);
    #[middleware]
    impl Floods {
        async fn call(&self, ctx: &mut Context) -> Result {
            let tell = self.0.clone();
            ctx.websocket(|mut socket| async move {
                loop {
                    let message = Message::binary(vec![0; 64 * 1024]);
                    if let Err(error) = socket.send(message).await {
                        tell.send(error.to_string()).unwrap();
                        return;
                    }
                }
            })
        }
    }
    let (tell, mut told) = mpsc::unbounded_channel();
    let (exceed, mut exceeded) = mpsc::unbounded_channel();
    let app = App::new()
        .on(move |event: &Exceeded| exceed.send(event.limit).unwrap())
        .with(Floods(tell));
    let server = serve_with(app, |server| server.write_timeout(Duration::from_secs(1)));
    let socket = connect(server.address, &[]).await.unwrap();
    assert_eq!(exceeded.recv().await, Some(Limit::WriteTime));
    assert!(told.recv().await.is_some(), "and the handler hears of it");
    drop(socket);
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

#[tokio::test]
async fn a_handler_that_asks_again_after_the_end_hears_of_it_again() {
    struct AsksAgain(mpsc::UnboundedSender<bool>);
    #[middleware]
    impl AsksAgain {
        async fn call(&self, ctx: &mut Context) -> Result {
            let tell = self.0.clone();
            ctx.websocket(|mut socket| async move {
                for _ in 0..2 {
                    tell.send(socket.recv().await.is_none()).unwrap();
                }
            })
        }
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, mut told) = mpsc::unbounded_channel();
    let server = serve_with(App::new().with(AsksAgain(tell)), |server| {
        server.shutdown_on(async {
            let _ = stopped.await;
        })
    });
    let mut socket = connect(server.address, &[]).await.unwrap();
    socket.close(None).await.unwrap();
    assert_eq!(told.recv().await, Some(true));
    assert_eq!(told.recv().await, Some(true));

    let mut socket = connect(server.address, &[]).await.unwrap();
    stop.send(()).unwrap();
    assert_eq!(told.recv().await, Some(true));
    // It answers, and that is the end.
    assert!(socket.next().await.unwrap().unwrap().is_close());
    while socket.next().await.is_some() {}
    assert_eq!(told.recv().await, Some(true));
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
