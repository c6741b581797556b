//! HTTP/2 beside HTTP/1.1 on one port: the same answers, and the same rules for clients that go away. Its limits stand in
//! `http2_limits`, how a server of it ends in `http2_shutdown`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod h2_client;
mod serve;
mod waits;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use bytes::Bytes;
use client::{Client, get};
use h2::client::SendRequest;
use h2_client::{PREFACE, ask, connect, frame, frames, raw, read, request};
use koa::prelude::*;
use serve::serve;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use waits::{Waits, next};

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

#[test]
fn an_authority_and_a_host_are_as_valid_as_in_http_1() {
    let server = serve(App::new().with(answer));
    let mut client = raw(server.address);
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
    let mut client = raw(server.address);
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
