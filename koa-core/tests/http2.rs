//! HTTP/2 beside HTTP/1.1 on one port: the same answers, the same rules for clients that go away, and limits of its own.

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
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use client::{Client, get};
use h2::client::SendRequest;
use koa::prelude::*;
use koa::{Exceeded, Limit};
use serve::{serve, serve_with};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, oneshot};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[middleware]
async fn answer(ctx: &mut Context) -> Result {
    match ctx.path() {
        "/body" => {
            let text = ctx.request.text().await?;
            ctx.set_body(text);
        }
        "/stream" => ctx.set_body(Body::reader(tokio::io::repeat(7))),
        "/large" => ctx.set_body(vec![7; 40_000_000]),
        "/fail" => throw!(400, "as asked"),
        "/local" => ctx.set_body(format!("{:?}", ctx.socket().local_addr())),
        _ => {
            let seen = (ctx.url(), ctx.host(), ctx.protocol(), ctx.req().version);
            let seen = format!("{seen:?}");
            ctx.set_body(seen);
        }
    }
    Ok(())
}

/// A connection of HTTP/2, driven by a task.
async fn connect(address: SocketAddr) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(async move {
        let _ = connection.await;
    });
    client.ready().await.unwrap()
}

fn request(method: &str, path: &str) -> http::Request<()> {
    http::Request::builder()
        .method(method)
        .uri(format!("http://test.example:81{path}"))
        .body(())
        .unwrap()
}

async fn read(response: h2::client::ResponseFuture) -> Result<(u16, Vec<u8>), h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok((head.status.as_u16(), bytes))
}

async fn ask(client: &mut SendRequest<Bytes>, method: &str, path: &str) -> (u16, String) {
    let (response, _) = client.send_request(request(method, path), true).unwrap();
    let (status, bytes) = read(response).await.unwrap();
    (status, String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn both_versions_are_spoken_on_one_port() {
    let server = serve(App::new().with(answer));
    let mut client = connect(server.address).await;
    let seen = "(\"/path?a=b\", \"test.example:81\", \"http\", HTTP/2.0)";
    assert_eq!(
        ask(&mut client, "GET", "/path?a=b").await,
        (200, seen.to_owned())
    );
    assert_eq!(
        ask(&mut client, "GET", "/fail").await,
        (400, "as asked".to_owned())
    );
    assert_eq!(
        ask(&mut client, "HEAD", "/path").await,
        (200, String::new())
    );
    let seen = "(\"/path\", \"test\", \"http\", HTTP/1.1)";
    assert_eq!(get(server.address, "/path").text(), seen);
    let local = format!("{:?}", Some(server.address));
    assert_eq!(ask(&mut client, "GET", "/local").await, (200, local));
}

#[tokio::test]
async fn bodies_go_both_ways() {
    let server = serve(App::new().with(answer));
    let mut client = connect(server.address).await;
    let (response, mut body) = client
        .send_request(request("POST", "/body"), false)
        .unwrap();
    body.send_data(Bytes::from_static(b"first, "), false)
        .unwrap();
    body.send_data(Bytes::from_static(b"second"), true).unwrap();
    assert_eq!(
        read(response).await.unwrap(),
        (200, b"first, second".to_vec())
    );
    let (response, _) = client.send_request(request("GET", "/large"), true).unwrap();
    assert_eq!(read(response).await.unwrap().1.len(), 40_000_000);
}

#[test]
fn a_preface_that_comes_in_pieces_is_one() {
    let server = serve(App::new().with(answer));
    let mut client = Client::connect(server.address);
    for byte in PREFACE {
        client.send([*byte]);
    }
    client.send(frame(4, 0, 0, b""));
    assert!(client.fill(), "the server's settings come");
    // What only begins like it is HTTP/1.1, whose client hears about it.
    let mut client = Client::connect(server.address);
    client.send("P");
    client.send("RI");
    client.send("NT / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.read(false).unwrap().status, 200);
}

/// Says where it is, and that it was dropped before its end.
struct Waits(Mutex<Sender<&'static str>>, &'static Notify);

struct Guard(Option<Sender<&'static str>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(tell) = &self.0 {
            let _ = tell.send("dropped");
        }
    }
}

#[middleware]
impl Waits {
    async fn call(&self, ctx: &mut Context) -> &'static str {
        let tell = self.0.lock().unwrap().clone();
        let mut guard = Guard(Some(tell.clone()));
        let _ = ctx;
        tell.send("waits").unwrap();
        self.1.notified().await;
        guard.0 = None;
        tell.send("went on").unwrap();
        "done"
    }
}

fn next(told: &Receiver<&'static str>) -> &'static str {
    told.recv_timeout(Duration::from_secs(20)).unwrap()
}

/// Asks, and gives the request up when the app has begun, by a reset of its stream: the connection stays.
async fn reset(address: SocketAddr, told: &Receiver<&'static str>) -> SendRequest<Bytes> {
    let mut client = connect(address).await;
    let (response, mut stream) = client.send_request(request("GET", "/"), true).unwrap();
    tokio::task::block_in_place(|| assert_eq!(next(told), "waits"));
    stream.send_reset(h2::Reason::CANCEL);
    assert!(response.await.is_err());
    client
}

/// The same by going away.
async fn go_away(address: SocketAddr, told: &Receiver<&'static str>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let running = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let asked = client.send_request(request("GET", "/"), true).unwrap();
    tokio::task::block_in_place(|| assert_eq!(next(told), "waits"));
    running.abort();
    assert!(running.await.is_err());
    drop(asked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_runs_to_its_end_without_its_client() {
    static GO: Notify = Notify::const_new();
    let (tell, told) = channel();
    let server = serve(App::new().with(Waits(Mutex::new(tell), &GO)));
    let mut client = reset(server.address, &told).await;
    // The reset has been seen when what was sent behind it is.
    let _other = client.send_request(request("GET", "/"), true).unwrap();
    tokio::task::block_in_place(|| assert_eq!(next(&told), "waits"));
    for _ in 0..2 {
        GO.notify_one();
        assert_eq!(next(&told), "went on");
    }
    go_away(server.address, &told).await;
    GO.notify_one();
    assert_eq!(next(&told), "went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_cancel_on_disconnect_it_is_dropped() {
    static GO: Notify = Notify::const_new();
    let (tell, told) = channel();
    let app = App::new()
        .with(koa::cancel_on_disconnect)
        .with(Waits(Mutex::new(tell), &GO));
    let server = serve(app);
    let _client = reset(server.address, &told).await;
    tokio::task::block_in_place(|| assert_eq!(next(&told), "dropped"));
    go_away(server.address, &told).await;
    tokio::task::block_in_place(|| assert_eq!(next(&told), "dropped"));
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, stream];
    frame.extend_from_slice(payload);
    frame
}

/// The frames of the kinds that carry nothing.
#[test]
fn a_flood_of_frames_that_carry_nothing_is_cut_off() {
    let floods: [(&str, Vec<u8>); 4] = [
        ("settings", frame(4, 0, 0, b"")),
        ("pings", frame(6, 0, 0, b"12345678")),
        ("priorities", frame(2, 0, 1, &[0, 0, 0, 0, 7])),
        ("unknown frames", frame(200, 0, 0, b"x")),
    ];
    for (name, flood) in floods {
        let (tell, told) = channel();
        let app = App::new()
            .on(move |event: &Exceeded| tell.send(event.limit).unwrap())
            .with(answer);
        let server = serve(app);
        let mut client = Client::connect(server.address);
        client.send(PREFACE);
        client.send(frame(4, 0, 0, b""));
        let begin = Instant::now();
        while client.try_send(flood.repeat(100)).is_ok() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{name}");
        }
        assert_eq!(
            told.recv_timeout(Duration::from_secs(20)),
            Ok(Limit::Http2Flood),
            "{name}"
        );
        assert_eq!(get(server.address, "/").status, 200, "the server serves on");
    }
}

#[test]
fn streams_that_are_opened_and_reset_at_once_are_cut_off() {
    let (tell, told) = channel();
    let app = App::new()
        .on(move |event: &Exceeded| tell.send(event.limit).unwrap())
        .with(answer);
    // They are not even counted as frames that carry nothing.
    let server = serve_with(app, |server| server.max_http2_control_frames(u32::MAX));
    let mut client = Client::connect(server.address);
    client.send(PREFACE);
    client.send(frame(4, 0, 0, b""));
    // GET, the path /, http, and no authority: the shortest request there is.
    let begin = Instant::now();
    let mut stream = 1_u32;
    loop {
        let mut bytes = Vec::new();
        for _ in 0..100 {
            for mut frame in [
                frame(1, 5, 0, &[0x82, 0x84, 0x86]),
                frame(3, 0, 0, &[0, 0, 0, 8]),
            ] {
                frame[5..9].copy_from_slice(&stream.to_be_bytes());
                bytes.extend(frame);
            }
            stream += 2;
        }
        if client.try_send(bytes).is_err() {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
    let told = told.recv_timeout(Duration::from_secs(20));
    assert_eq!(told, Ok(Limit::Http2Flood));
    assert_eq!(get(server.address, "/").status, 200, "the server serves on");
}

#[test]
fn a_client_has_so_many_streams_and_no_more() {
    static GO: Notify = Notify::const_new();
    let (tell, told) = channel();
    let app = App::new().with(Waits(Mutex::new(tell), &GO));
    let server = serve_with(app, |server| server.max_http2_streams(3));
    // A client that does not mind what it was told.
    let mut client = Client::connect(server.address);
    client.send(PREFACE);
    client.send(frame(4, 0, 0, b""));
    for stream in [1, 3, 5, 7] {
        client.send(frame(1, 5, stream, &[0x82, 0x84, 0x86]));
    }
    for _ in 0..3 {
        assert_eq!(next(&told), "waits");
    }
    // The fourth stream is reset as one that was refused (7).
    let refused = frame(3, 0, 7, &[0, 0, 0, 7]);
    let mut came = Vec::new();
    while !came.windows(refused.len()).any(|window| window == refused) {
        assert!(client.fill(), "{came:?}");
        came.extend(client.take());
    }
    assert_eq!(told.try_iter().count(), 0);
}

#[tokio::test]
async fn a_connection_without_streams_is_given_up() {
    let (tell, told) = channel();
    let app = App::new()
        .on(move |event: &Exceeded| tell.send(event.limit).unwrap())
        .with(answer);
    let server = serve_with(app, |server| {
        server.keep_alive_timeout(Duration::from_secs(1))
    });
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    assert_eq!(ask(&mut client, "GET", "/").await.0, 200);
    let ended = tokio::time::timeout(Duration::from_secs(20), connection).await;
    assert!(ended.unwrap().unwrap().is_ok(), "it is told, and ends");
    assert_eq!(told.recv(), Ok(Limit::IdleTime));
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_reset_and_the_others_go_on() {
    let (tell, told) = channel();
    let app = App::new()
        .on(move |event: &Exceeded| tell.send(event.limit).unwrap())
        .with(answer);
    let server = serve_with(app, |server| server.write_timeout(Duration::from_secs(1)));
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::Builder::new()
        .initial_connection_window_size(1_000_000)
        .handshake(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (response, _) = client
        .send_request(request("GET", "/stream"), true)
        .unwrap();
    // Its window is never opened again.
    let mut unread = response.await.unwrap().into_body();
    let told = tokio::task::spawn_blocking(move || told.recv_timeout(Duration::from_secs(20)));
    assert_eq!(told.await.unwrap(), Ok(Limit::WriteTime));
    assert_eq!(ask(&mut client, "GET", "/fail").await.0, 400);
    let end = loop {
        if let Err(error) = unread.data().await.unwrap() {
            break error;
        }
    };
    assert_eq!(end.reason(), Some(h2::Reason::CANCEL));
}

/// The frames that have come, each as its kind, its stream and its payload.
fn frames(mut bytes: &[u8]) -> Vec<(u8, u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, _, _, _, _, stream, rest @ ..] = bytes {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some((payload, rest)) = rest.split_at_checked(length) else {
            break;
        };
        frames.push((*kind, *stream, payload.to_vec()));
        bytes = rest;
    }
    frames
}

/// Reads until a frame is what is wanted.
fn wait_for(client: &mut Client, wanted: impl Fn(&(u8, u8, Vec<u8>)) -> bool) {
    let mut came = Vec::new();
    while !frames(&came).iter().any(&wanted) {
        assert!(client.fill(), "{:?}", frames(&came));
        came.extend(client.take());
    }
}

#[test]
fn a_stream_whose_window_is_never_opened_is_reset() {
    let (tell, told) = channel();
    let app = App::new()
        .on(move |event: &Exceeded| tell.send(event.limit).unwrap())
        .with(answer);
    let server = serve_with(app, |server| server.write_timeout(Duration::from_secs(1)));
    let mut client = Client::connect(server.address);
    client.send(PREFACE);
    // No stream may send a byte until it is told so.
    client.send(frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
    client.send(frame(1, 5, 1, &[0x82, 0x84, 0x86]));
    let told = told.recv_timeout(Duration::from_secs(20));
    assert_eq!(told, Ok(Limit::WriteTime));
    wait_for(&mut client, |(kind, stream, payload)| {
        (*kind, *stream, &payload[..]) == (3, 1, &[0, 0, 0, 8])
    });
}

#[test]
fn an_authority_and_a_host_are_as_valid_as_in_http_1() {
    let server = serve(App::new().with(answer));
    let mut client = Client::connect(server.address);
    client.send(PREFACE);
    client.send(frame(4, 0, 0, b""));
    // The names of `:authority` and `host`, as the table of HPACK has them.
    const AUTHORITY: u8 = 0x41;
    const HOST: u8 = 0x66;
    let (ok, refused) = (0x88, 0x8c);
    let cases: [(&[(u8, &str)], u8); 7] = [
        (&[], ok),
        (&[(AUTHORITY, "a:1")], ok),
        (&[(HOST, "a")], ok),
        // The authority counts.
        (&[(AUTHORITY, "a"), (HOST, "b"), (HOST, "c")], ok),
        (&[(HOST, "a"), (HOST, "b")], refused),
        (&[(HOST, "a/b")], refused),
        (&[(AUTHORITY, "user@a")], refused),
    ];
    for (number, (fields, status)) in (0_u8..).zip(cases) {
        let mut block = vec![0x82, 0x84, 0x86];
        for (name, value) in fields {
            block.extend([*name, u8::try_from(value.len()).unwrap()]);
            block.extend(value.bytes());
        }
        let answered = status_of(&mut client, number * 2 + 1, &block);
        assert_eq!(answered, status, "{fields:?}");
    }
}

#[test]
fn a_bad_escape_in_a_path_is_refused_as_in_http_1() {
    let server = serve(App::new().with(answer));
    let mut client = Client::connect(server.address);
    client.send(PREFACE);
    client.send(frame(4, 0, 0, b""));
    // The name of `:path`, as the table of HPACK has it.
    const PATH: u8 = 0x44;
    let (ok, refused) = (0x88, 0x8c);
    let cases = [
        ("/%20", ok),
        ("/a%2Fb", ok),
        ("/?%zz", ok),
        ("/%", refused),
        ("/%2", refused),
        ("/a/%zz/b", refused),
        ("/%20%2g", refused),
        ("/%?a=1", refused),
        // One stream is refused, and the connection goes on.
        ("/", ok),
    ];
    for (number, (path, status)) in (0_u8..).zip(cases) {
        let mut block = vec![0x82, 0x86, PATH, u8::try_from(path.len()).unwrap()];
        block.extend(path.bytes());
        let answered = status_of(&mut client, number * 2 + 1, &block);
        assert_eq!(answered, status, "{path}");
    }
}

/// The first byte of an answer's head, beside the table's size: which status it is.
fn status_of(client: &mut Client, stream: u8, block: &[u8]) -> u8 {
    client.send(frame(1, 5, stream, block));
    let mut came = Vec::new();
    loop {
        assert!(client.fill(), "an answer on stream {stream}");
        came.extend(client.take());
        let frames = frames(&came);
        let head = frames
            .iter()
            .find(|(kind, of, _)| (*kind, *of) == (1, stream));
        if let Some((_, _, block)) = head {
            let first = block.iter().copied().find(|byte| byte & 0xe0 != 0x20);
            break first.expect("a status");
        }
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_answered_408() {
    let server = serve_with(App::new().with(answer), |server| {
        server.min_body_rate(100, Duration::from_secs(1))
    });
    let mut client = connect(server.address).await;
    let (response, body) = client
        .send_request(request("POST", "/body"), false)
        .unwrap();
    assert_eq!(read(response).await.unwrap().0, 408);
    drop(body);
    assert_eq!(
        ask(&mut client, "GET", "/").await.0,
        200,
        "the others go on"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_finishes_the_streams() {
    static GO: Notify = Notify::const_new();
    let (tell, told) = channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = App::new().with(Waits(Mutex::new(tell), &GO));
    let server = app.bind("127.0.0.1:0").await.unwrap();
    let address = server.addresses()[0];
    let server = server.shutdown_on(async {
        let _ = stopped.await;
    });
    let running = tokio::spawn(server.run());
    let mut idle = {
        let stream = TcpStream::connect(address).await.unwrap();
        let (_client, connection): (SendRequest<Bytes>, _) =
            h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection)
    };
    let mut client = connect(address).await;
    let (response, _) = client.send_request(request("GET", "/"), true).unwrap();
    tokio::task::block_in_place(|| assert_eq!(next(&told), "waits"));
    stop.send(()).unwrap();
    assert!((&mut idle).await.unwrap().is_ok(), "it is told, and ends");
    GO.notify_one();
    assert_eq!(read(response).await.unwrap(), (200, b"done".to_vec()));
    running.await.unwrap().unwrap();
}

/// Sends the head, and waits.
struct Flushes(Mutex<Sender<&'static str>>, &'static Semaphore);

#[middleware]
impl Flushes {
    async fn call(&self, ctx: &mut Context) -> Result {
        let tell = self.0.lock().unwrap().clone();
        ctx.set_status(202)?;
        ctx.flush_headers().await?;
        tell.send("waits").unwrap();
        self.1.acquire().await?.forget();
        tell.send("went on").unwrap();
        ensure!(ctx.path() != "/fail");
        ctx.set_body("late");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_flushed_comes_before_the_layers_go_on() {
    static GO: Semaphore = Semaphore::const_new(0);
    let (tell, told) = channel();
    let app = App::new().silent(true).flush_headers(true);
    let server = serve(app.with(Flushes(Mutex::new(tell), &GO)));
    let mut client = connect(server.address).await;
    let waits_and_goes_on = || {
        tokio::task::block_in_place(|| assert_eq!(next(&told), "waits"));
        GO.add_permits(1);
        tokio::task::block_in_place(|| assert_eq!(next(&told), "went on"));
    };
    let (response, _) = client.send_request(request("GET", "/"), true).unwrap();
    let mut response = response.await.unwrap();
    assert_eq!(response.status(), 202);
    waits_and_goes_on();
    let body = response.body_mut().data().await;
    assert_eq!(body.unwrap().unwrap(), "late");
    // One without a body is complete.
    let (response, _) = client.send_request(request("HEAD", "/"), true).unwrap();
    assert!(response.await.unwrap().body().is_end_stream());
    waits_and_goes_on();
    // One that fails is reset.
    let (response, _) = client.send_request(request("GET", "/fail"), true).unwrap();
    let mut response = response.await.unwrap();
    waits_and_goes_on();
    assert!(response.body_mut().data().await.unwrap().is_err());
    // And one that is given up runs to its end.
    let (response, mut stream) = client.send_request(request("GET", "/"), true).unwrap();
    let given_up = response.await.unwrap();
    stream.send_reset(h2::Reason::CANCEL);
    drop(given_up);
    assert_eq!(ask_head(&mut client).await, 202);
    tokio::task::block_in_place(|| assert_eq!((next(&told), next(&told)), ("waits", "waits")));
    GO.add_permits(2);
    tokio::task::block_in_place(|| assert_eq!((next(&told), next(&told)), ("went on", "went on")));
}

/// Asks for a head: what was sent before it has been seen when it comes.
async fn ask_head(client: &mut SendRequest<Bytes>) -> u16 {
    let (response, _) = client.send_request(request("HEAD", "/"), true).unwrap();
    response.await.unwrap().status().as_u16()
}
