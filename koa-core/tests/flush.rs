//! `ctx.flush_headers()`: the head is with the client while the layers run on, over a real socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use client::Client;
use koa::prelude::*;
use serve::{Serving, serve};
use tokio::sync::{Mutex, Semaphore, mpsc};

/// The layers tell what they did, and wait until they may go on.
struct Layers {
    did: Sender<String>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Layers {
    fn tell(&self, what: impl Into<String>) {
        let _ = self.did.send(what.into());
    }

    async fn wait(&self) {
        self.go.lock().await.recv().await;
    }
}

#[middleware]
impl Layers {
    async fn call(&self, ctx: &mut Context) -> Result {
        let path = ctx.path().to_owned();
        ctx.set("X-Early", "1")?;
        match path.as_str() {
            "/length" | "/short" | "/long" => ctx.set_length(4),
            "/empty" => ctx.set_status(204)?,
            _ => ctx.set_status(202)?,
        }
        ctx.flush_headers().await?;
        self.tell("flushed");
        self.wait().await;
        match path.as_str() {
            "/fail" => throw!(400, "too late"),
            "/panic" => panic!("too late"),
            "/onerror" => ctx.onerror(Error::new(400, "too late")),
            "/short" => ctx.set_body("abc"),
            "/long" => ctx.set_body("abcde"),
            "/none" => {}
            "/null" => ctx.set_body(()),
            "/json" => ctx.set_body(serde_json::json!({"late": true})),
            "/stream" => ctx.set_body(Body::reader(&b"late"[..])),
            "/large" => ctx.set_body(vec![b'a'; 1_000_000]),
            "/hand" => {
                let response = koa::http::Response::builder().status(500);
                ctx.respond_with(response.header("X-Late", "1").body("late")?);
            }
            _ => ctx.set_body("late"),
        }
        self.tell("done");
        Ok(())
    }
}

struct Play {
    server: Serving,
    did: Receiver<String>,
    go: mpsc::Sender<()>,
}

fn play() -> Play {
    let (did, saw) = channel();
    let (go, may_go) = mpsc::channel(16);
    let failed = did.clone();
    let app = App::new()
        .flush_headers(true)
        .on_error(move |error, ctx| {
            let _ = failed.send(format!("{error}, header_sent {}", ctx.header_sent()));
        })
        .with(Layers {
            did,
            go: Mutex::new(may_go),
        });
    Play {
        server: serve(app),
        did: saw,
        go,
    }
}

impl Play {
    fn next(&self) -> String {
        let next = self.did.recv_timeout(Duration::from_secs(20));
        next.expect("the layers do something")
    }

    /// Asks, and gives the client with the status that it has while the layers wait.
    fn begin(&self, method: &str, path: &str) -> (Client, u16) {
        let mut client = Client::connect(self.server.address);
        client.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        ));
        let head = client.read(true).expect("a head");
        assert_eq!(head.header("x-early"), Some("1"), "{path}");
        assert_eq!(self.next(), "flushed");
        (client, head.status)
    }

    fn go_on(&self) {
        self.go.blocking_send(()).unwrap();
    }
}

#[test]
fn the_head_is_there_before_the_layers_go_on() {
    let play = play();
    for (path, body) in [
        ("/", "4\r\nlate\r\n0\r\n\r\n"),
        ("/stream", "4\r\nlate\r\n0\r\n\r\n"),
        ("/json", "D\r\n{\"late\":true}\r\n0\r\n\r\n"),
        ("/none", "8\r\nAccepted\r\n0\r\n\r\n"),
        ("/null", "0\r\n\r\n"),
        ("/hand", "4\r\nlate\r\n0\r\n\r\n"),
    ] {
        let (mut client, status) = play.begin("GET", path);
        assert_eq!(status, 202, "{path}");
        assert!(client.take().is_empty(), "{path}: nothing else has come");
        play.go_on();
        assert_eq!(String::from_utf8(client.rest()).unwrap(), body, "{path}");
        assert_eq!(play.next(), "done");
    }
    let (mut client, _) = play.begin("GET", "/large");
    play.go_on();
    assert!(client.rest().len() > 1_000_000);
}

#[test]
fn a_connection_stays_for_the_next_request() {
    let play = play();
    let mut client = Client::connect(play.server.address);
    for _ in 0..3 {
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        assert_eq!(play.next(), "flushed");
        play.go_on();
        let answer = client.read(false).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (202, "late"));
        assert_eq!(play.next(), "done");
    }
}

#[test]
fn a_length_that_was_set_is_kept_or_the_connection_cut() {
    let play = play();
    let mut client = Client::connect(play.server.address);
    client.send("GET /length HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(play.next(), "flushed");
    play.go_on();
    let answer = client.read(false).unwrap();
    assert_eq!(answer.header("content-length"), Some("4"));
    assert_eq!(answer.text(), "late");
    assert_eq!(play.next(), "done");
    for (path, error) in [
        (
            "/short",
            "the body ended 1 bytes before its length, header_sent true",
        ),
        (
            "/long",
            "the body is longer than its length, header_sent true",
        ),
    ] {
        let (mut client, _) = play.begin("GET", path);
        play.go_on();
        assert!(client.rest().len() < 4, "{path}");
        assert_eq!(play.next(), "done");
        assert_eq!(play.next(), error);
    }
}

#[test]
fn an_error_behind_the_head_cuts_the_connection_and_is_heard_of_once() {
    let play = play();
    for path in ["/fail", "/panic", "/onerror"] {
        let (mut client, _) = play.begin("GET", path);
        play.go_on();
        assert!(client.rest().is_empty(), "{path}: not even the last chunk");
        let error = play.next();
        assert!(error.ends_with("too late, header_sent true"), "{error}");
        if path == "/onerror" {
            assert_eq!(play.next(), "done");
        }
        assert!(play.did.try_recv().is_err(), "{path}");
    }
}

#[test]
fn what_has_no_body_is_complete_at_once_and_the_layers_run_to_their_end() {
    let play = play();
    for (method, path, status) in [("HEAD", "/", 202), ("GET", "/empty", 204)] {
        let (mut client, came) = play.begin(method, path);
        assert_eq!(came, status);
        assert!(client.rest().is_empty(), "{path}: the connection is done");
        play.go_on();
        assert_eq!(play.next(), "done");
    }
    // An error of theirs is heard of all the same.
    let (mut client, _) = play.begin("HEAD", "/fail");
    assert!(client.rest().is_empty());
    play.go_on();
    assert_eq!(play.next(), "too late, header_sent true");
}

/// Layers of which each request waits for itself: `/0`, `/1`, `/2`.
struct Numbered(Sender<String>, Arc<[Semaphore; 3]>);

#[middleware]
impl Numbered {
    async fn call(&self, ctx: &mut Context) -> Result {
        let number: usize = ctx.path().trim_start_matches('/').parse()?;
        ctx.flush_headers().await?;
        self.0.send(format!("flushed {number}")).unwrap();
        self.1[number].acquire().await?.forget();
        self.0.send(format!("done {number}")).unwrap();
        Ok(())
    }
}

#[test]
fn a_client_does_not_get_any_number_of_requests_running_at_once() {
    let (did, saw) = channel();
    let go = Arc::new([(); 3].map(|()| Semaphore::new(0)));
    let app = App::new().flush_headers(true);
    let server = serve(app.with(Numbered(did, Arc::clone(&go))));
    let next = || saw.recv_timeout(Duration::from_secs(20)).unwrap();
    let mut client = Client::connect(server.address);
    for number in 0..3 {
        client.send(format!("HEAD /{number} HTTP/1.1\r\nHost: test\r\n\r\n"));
    }
    assert!(client.read(true).is_some());
    let mut both = [next(), next()];
    both.sort();
    assert_eq!(both, ["flushed 0", "flushed 1"]);
    // The first runs on behind its answer; the second is answered when it is done, and then the third begins.
    go[1].add_permits(1);
    assert_eq!(next(), "done 1");
    assert!(client.read(true).is_some());
    assert_eq!(next(), "flushed 2");
    go[0].add_permits(1);
    assert_eq!(next(), "done 0");
    go[2].add_permits(1);
    assert_eq!(next(), "done 2");
    assert!(client.read(true).is_some());
}

#[test]
fn the_layers_run_to_their_end_without_their_client() {
    let play = play();
    let (client, _) = play.begin("GET", "/large");
    client.cut();
    play.go_on();
    assert_eq!(play.next(), "done");
}

/// Says what is on the context, above and below the flush.
struct Above(Sender<String>);

#[middleware]
impl Above {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await?;
        self.0
            .send(format!("{} {}", ctx.header_sent(), ctx.writable()))
            .unwrap();
        ctx.set("X-Late", "1")?;
        ctx.append("X-Early", "2")?;
        ctx.remove("X-Early");
        ctx.vary("Accept")?;
        ctx.set_type("png")?;
        ctx.set_type("of-no-kind")?;
        ctx.set_etag("1")?;
        ctx.set_length(7);
        ctx.set_message("Late")?;
        ctx.set_status(500)?;
        ctx.cookies().set("late", "1")?;
        let set = ctx.response.headers().len();
        let seen = format!(
            "{} {} {set} {:?}",
            ctx.status(),
            ctx.message(),
            ctx.get_early()
        );
        self.0.send(seen).unwrap();
        Ok(())
    }
}

trait Early {
    fn get_early(&self) -> String;
}

impl Early for Context {
    fn get_early(&self) -> String {
        self.response.get("X-Early").into_owned()
    }
}

#[middleware]
async fn flushes_twice(ctx: &mut Context) -> Result {
    ctx.set("X-Early", "1")?;
    ctx.set_type("text")?;
    ctx.flush_headers().await?;
    ctx.flush_headers().await?;
    ctx.set_body("<late>");
    Ok(())
}

#[test]
fn nothing_of_the_head_changes_once_it_is_sent() {
    let (tell, told) = channel();
    let app = App::new()
        .flush_headers(true)
        .with(Above(tell))
        .with(flushes_twice);
    let server = serve(app);
    let answer = client::get(server.address, "/");
    assert_eq!(told.recv().unwrap(), "true true");
    assert_eq!(told.recv().unwrap(), "404 Not Found 2 \"1\"");
    assert_eq!((answer.status, answer.message.as_str()), (404, "Not Found"));
    let expected = [
        ("x-early", "1"),
        ("content-type", "text/plain; charset=utf-8"),
        ("transfer-encoding", "chunked"),
    ];
    let headers = answer.headers.iter();
    let headers: Vec<_> = headers.map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(headers, expected);
    assert_eq!(answer.text(), "<late>");
}

#[middleware]
async fn does_not_wait(ctx: &mut Context) -> Result {
    let path = ctx.path().to_owned();
    {
        let mut flushed = std::pin::pin!(ctx.flush_headers());
        std::future::poll_fn(|cx| {
            let _ = flushed.as_mut().poll(cx);
            std::task::Poll::Ready(())
        })
        .await;
    }
    ctx.set_status(500)?;
    ensure!(path != "/fail");
    ctx.set_body("late");
    Ok(())
}

#[test]
fn a_layer_that_does_not_wait_has_flushed_all_the_same() {
    let server = serve(
        App::new()
            .silent(true)
            .flush_headers(true)
            .with(does_not_wait),
    );
    let answer = client::get(server.address, "/");
    assert_eq!((answer.status, answer.text().as_str()), (404, "late"));
    let mut client = Client::connect(server.address);
    client.send("GET /fail HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.read(true).unwrap().status, 404);
    assert!(client.rest().is_empty(), "it is cut");
}

#[middleware]
async fn cannot(ctx: &mut Context) -> Result {
    match ctx.path() {
        "/informational" => ctx.set_status(103)?,
        "/hand" => ctx.respond_with(koa::http::Response::new("by hand")),
        _ => {}
    }
    ctx.flush_headers().await?;
    ctx.set_body("flushed");
    Ok(())
}

#[test]
fn what_cannot_be_flushed_is_an_error_that_says_why() {
    let (tell, told) = channel();
    let heard = move |error: &Error, _: &Context| tell.send(error.to_string()).unwrap();
    let server = serve(App::new().on_error(heard.clone()).with(cannot));
    assert_eq!(client::get(server.address, "/").status, 500);
    let error = told.recv().unwrap();
    assert_eq!(error, "ctx.flush_headers() needs App::flush_headers(true)");
    let server = serve(App::new().flush_headers(true).on_error(heard).with(cannot));
    assert_eq!(client::get(server.address, "/informational").status, 500);
    assert!(told.recv().unwrap().contains("informational"));
    let answer = client::get(server.address, "/hand");
    assert_eq!((answer.status, answer.text().as_str()), (200, "by hand"));
}

#[middleware]
async fn plain(ctx: &mut Context) -> Result {
    match ctx.path() {
        "/fail" => throw!(400, "as asked"),
        "/stream" => ctx.set_body(Body::reader(&b"streamed"[..])),
        _ => ctx.set_body("plain"),
    }
    Ok(())
}

#[test]
fn an_app_that_may_flush_need_not() {
    let (tell, told) = channel();
    let app = App::new()
        .flush_headers(true)
        .on_answer(move |ctx, _| tell.send(ctx.status()).unwrap())
        .with(plain);
    let server = serve(app);
    for (path, status, body) in [
        ("/", 200, "plain"),
        ("/stream", 200, "streamed"),
        ("/fail", 400, "as asked"),
    ] {
        let answer = client::get(server.address, path);
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
        assert_eq!(told.recv(), Ok(status));
    }
}
