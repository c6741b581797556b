//! What happens to a request whose client goes away, at each await of an app of three layers.

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
use tokio::sync::{Mutex, Notify, mpsc};

/// The places where the app waits, in their order.
const AWAITS: [&str; 5] = ["first down", "second down", "end", "second up", "first up"];

/// What the app did, and what it is allowed to do next.
struct Stage {
    did: Sender<&'static str>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Stage {
    /// Says where it is, and waits until it may go on.
    async fn wait(&self, place: &'static str) {
        let _ = self.did.send(place);
        self.go.lock().await.recv().await;
    }
}

/// Says so when it is dropped before its end.
struct Guard<'a>(&'a Sender<&'static str>, bool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if !self.1 {
            let _ = self.0.send("dropped");
        }
    }
}

struct Layer(Arc<Stage>, &'static str, &'static str);

#[middleware]
impl Layer {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        self.0.wait(self.1).await;
        let result = next.run(ctx).await;
        if result.as_ref().is_err_and(Error::is_disconnect) {
            let _ = self.0.did.send("saw the disconnect");
            return result;
        }
        self.0.wait(self.2).await;
        result
    }
}

struct End(Arc<Stage>);

#[middleware]
impl End {
    async fn call(&self, ctx: &mut Context) -> &'static str {
        let mut guard = Guard(&self.0.did, false);
        self.0.wait("end").await;
        guard.1 = true;
        let _ = ctx;
        "done"
    }
}

/// Says when the request is over, whatever becomes of it.
struct Whole(Sender<&'static str>, Arc<Notify>);

#[middleware]
impl Whole {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        let result = next.run(ctx).await;
        let _ = self.0.send("over");
        self.1.notify_one();
        result
    }
}

struct Play {
    server: Serving,
    did: Receiver<&'static str>,
    go: mpsc::Sender<()>,
    errors: Receiver<String>,
}

fn play(cancel: bool) -> Play {
    let (did, saw) = channel();
    let (go, may_go) = mpsc::channel(16);
    let (failed, errors) = channel();
    let stage = Arc::new(Stage {
        did: did.clone(),
        go: Mutex::new(may_go),
    });
    let app = App::new()
        .on_error(move |error, _| failed.send(error.to_string()).unwrap())
        .with(Whole(did, Arc::default()))
        .with(cancel.then_some(koa::cancel_on_disconnect))
        .with(Layer(Arc::clone(&stage), "first down", "first up"))
        .with(Layer(Arc::clone(&stage), "second down", "second up"))
        .with(End(stage));
    Play {
        server: serve(app),
        did: saw,
        go,
        errors,
    }
}

impl Play {
    fn next(&self) -> &'static str {
        self.did
            .recv_timeout(Duration::from_secs(20))
            .expect("the app does something")
    }
}

#[test]
fn a_request_runs_to_its_end_without_its_client() {
    for (cut_at, cut) in AWAITS.iter().enumerate() {
        let play = play(false);
        let mut client = Client::connect(play.server.address);
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        let mut client = Some(client);
        for (at, place) in AWAITS.iter().enumerate() {
            assert_eq!(play.next(), *place, "cut at {cut}");
            if at == cut_at {
                client.take().unwrap().cut();
            }
            play.go.blocking_send(()).unwrap();
        }
        assert_eq!(play.next(), "over");
        assert_eq!(play.errors.try_iter().count(), 0);
    }
}

#[test]
fn with_cancel_on_disconnect_it_is_dropped_at_its_next_await() {
    for cut_at in 0..AWAITS.len() {
        let play = play(true);
        let mut client = Client::connect(play.server.address);
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        for place in &AWAITS[..cut_at] {
            assert_eq!(play.next(), *place);
            play.go.blocking_send(()).unwrap();
        }
        assert_eq!(play.next(), AWAITS[cut_at]);
        client.cut();
        // Nothing lets it go on, and it ends all the same.
        if AWAITS[cut_at] == "end" {
            assert_eq!(play.next(), "dropped");
        }
        assert_eq!(play.next(), "over", "cut at {}", AWAITS[cut_at]);
        assert_eq!(
            play.errors.try_iter().count(),
            0,
            "it is no error of the app"
        );
    }
}

#[test]
fn only_a_group_that_asks_for_it_is_cancelled() {
    let (did, saw) = channel();
    let (_go, may_go) = mpsc::channel::<()>(1);
    let stage = Arc::new(Stage {
        did: did.clone(),
        go: Mutex::new(may_go),
    });
    let group = Stack::new()
        .with(koa::cancel_on_disconnect)
        .with(End(stage));
    let outside = {
        let (did, _) = (did.clone(), ());
        Outside(did)
    };
    let server = serve(App::new().with(outside).mount("/group", group));
    let mut client = Client::connect(server.address);
    client.send("GET /group HTTP/1.1\r\nHost: test\r\n\r\n");
    let next = || saw.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(next(), "end");
    client.cut();
    assert_eq!(next(), "dropped");
    assert_eq!(
        next(),
        "saw the disconnect",
        "the layers above the group go on"
    );
}

struct Outside(Sender<&'static str>);

#[middleware]
impl Outside {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        let result = next.run(ctx).await;
        if result.as_ref().is_err_and(Error::is_disconnect) {
            let _ = self.0.send("saw the disconnect");
        }
        result
    }
}

struct Given(Arc<Stage>);

#[middleware(cancel_on_disconnect)]
impl Given {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        let mut guard = Guard(&self.0.did, false);
        self.0.wait("inside").await;
        guard.1 = true;
        next.run(ctx).await
    }
}

#[test]
fn the_option_cancels_its_own_layer_and_those_below() {
    let (did, saw) = channel();
    let (go, may_go) = mpsc::channel(1);
    let stage = Arc::new(Stage {
        did: did.clone(),
        go: Mutex::new(may_go),
    });
    let app = App::new()
        .with(Outside(did))
        .with(Given(Arc::clone(&stage)))
        .with(End(stage));
    let server = serve(app);
    let next = || saw.recv_timeout(Duration::from_secs(20)).unwrap();
    for in_layer in [true, false] {
        let mut client = Client::connect(server.address);
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        assert_eq!(next(), "inside");
        if !in_layer {
            go.blocking_send(()).unwrap();
            assert_eq!(next(), "end");
        }
        client.cut();
        assert_eq!(next(), "dropped");
        assert_eq!(next(), "saw the disconnect", "the layers above go on");
    }
}

#[test]
fn a_client_that_stays_is_not_taken_for_gone() {
    let play = play(true);
    let mut client = Client::connect(play.server.address);
    // Another request is on its way already, which nothing reads yet.
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n".repeat(2));
    for _ in 0..2 {
        for place in AWAITS {
            assert_eq!(play.next(), place);
            play.go.blocking_send(()).unwrap();
        }
        assert_eq!(play.next(), "over");
    }
    assert_eq!(client.read(false).unwrap().text(), "done");
    assert_eq!(client.read(false).unwrap().text(), "done");
}

/// A stream that never gives a chunk, and says when it is dropped.
struct Silent(Sender<&'static str>, bool);

impl futures_core::Stream for Silent {
    type Item = Result<&'static str>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let first = std::mem::take(&mut self.1);
        let _ = self.0.send("asked");
        if first {
            return std::task::Poll::Ready(Some(Ok("first")));
        }
        std::task::Poll::Pending
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = self.0.send("stream dropped");
    }
}

struct Streams(Sender<&'static str>);

#[middleware]
impl Streams {
    async fn call(&self, ctx: &mut Context) -> Body {
        Body::stream(Silent(self.0.clone(), ctx.path() == "/first"))
    }
}

#[test]
fn a_stream_that_is_silent_ends_with_its_client() {
    for (path, asked) in [("/none", 1), ("/first", 2)] {
        let (did, saw) = channel();
        let (failed, errors) = channel();
        let app = App::new()
            .on_error(move |error, _| failed.send(error.to_string()).unwrap())
            .with(Streams(did));
        let server = serve(app);
        let mut client = Client::connect(server.address);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        let next = || {
            saw.recv_timeout(Duration::from_secs(20))
                .expect("it is dropped")
        };
        for _ in 0..asked {
            assert_eq!(next(), "asked");
        }
        client.cut();
        // It may be asked again when the end of the connection wakes its task.
        while next() != "stream dropped" {}
        assert_eq!(errors.try_iter().count(), 0);
    }
}
