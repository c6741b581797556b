//! What `App::on_answer` hears of: when, and how long it took.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::pin::Pin;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use client::Client;
use futures_core::Stream;
use koa::prelude::*;
use serve::{Serving, serve};
use tokio::sync::mpsc;

/// A time that is long enough to be told from none.
const WHILE: Duration = Duration::from_millis(50);

/// A body of what the test sends.
struct Parts(mpsc::Receiver<&'static str>);

impl Stream for Parts {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0
            .poll_recv(cx)
            .map(|part| part.map(|part| Ok(part.into())))
    }
}

struct Answers {
    did: Mutex<Sender<&'static str>>,
    parts: Mutex<Option<Parts>>,
}

#[middleware]
impl Answers {
    async fn call(&self, ctx: &mut Context) -> Result {
        let did = |what| self.did.lock().unwrap().send(what).unwrap();
        match ctx.path() {
            "/long" => {
                tokio::time::sleep(WHILE).await;
                ctx.set_body("done");
            }
            "/fail" => {
                tokio::time::sleep(WHILE).await;
                throw!(403, "as asked");
            }
            "/stream" => {
                let parts = self.parts.lock().unwrap().take();
                ctx.set_body(Body::stream(parts.unwrap()));
                did("streams");
            }
            "/flushed" => {
                ctx.set_status(202)?;
                ctx.flush_headers().await?;
                tokio::time::sleep(WHILE).await;
                ctx.set_body("late");
            }
            _ => ctx.set_body("done"),
        }
        Ok(())
    }
}

/// What the listener heard: the path, the status, the time.
type Heard = (String, u16, Duration);

struct Play {
    server: Serving,
    did: Receiver<&'static str>,
    heard: Receiver<Heard>,
    parts: mpsc::Sender<&'static str>,
}

fn play(flushes: bool) -> Play {
    let (did, saw) = channel();
    let (hear, heard) = channel();
    let (parts, told) = mpsc::channel(1);
    let app = App::new()
        .flush_headers(flushes)
        .on_answer(move |ctx, time| {
            hear.send((ctx.path().to_owned(), ctx.status(), time))
                .unwrap();
        })
        .with(Answers {
            did: Mutex::new(did),
            parts: Mutex::new(Some(Parts(told))),
        });
    Play {
        server: serve(app),
        did: saw,
        heard,
        parts,
    }
}

#[test]
fn the_time_is_that_of_the_layers() {
    for flushes in [false, true] {
        let play = play(flushes);
        let mut client = Client::connect(play.server.address);
        for (path, status, least) in [
            ("/", 200, Duration::ZERO),
            ("/long", 200, WHILE),
            ("/fail", 403, WHILE),
        ] {
            let asked = Instant::now();
            assert_eq!(client.get(path).status, status);
            let most = asked.elapsed();
            // It is told before the client can have the answer.
            let (told, of, time) = play.heard.try_recv().unwrap();
            assert_eq!((told.as_str(), of), (path, status));
            assert!(least <= time && time <= most, "{least:?} {time:?} {most:?}");
        }
        assert!(play.heard.try_recv().is_err(), "each is told once");
    }
}

#[test]
fn a_stream_is_told_of_at_its_first_chunk() {
    for flushes in [false, true] {
        let play = play(flushes);
        let mut client = Client::connect(play.server.address);
        let asked = Instant::now();
        client.send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
        assert_eq!(play.did.recv(), Ok("streams"));
        // Were it told now, its time would be shorter.
        std::thread::sleep(WHILE);
        play.parts.blocking_send("one").unwrap();
        assert_eq!(client.read(true).unwrap().status, 200);
        assert_eq!(client.chunk().unwrap(), b"one");
        let most = asked.elapsed();
        let (_, status, time) = play.heard.try_recv().unwrap();
        assert_eq!(status, 200);
        assert!(WHILE <= time && time <= most, "{time:?} {most:?}");
        drop(play.parts);
        assert_eq!(client.chunk().unwrap(), b"");
        assert!(play.heard.try_recv().is_err(), "and not at its end");
    }
}

#[test]
fn what_was_flushed_is_told_of_when_the_layers_are_done() {
    let play = play(true);
    let mut client = Client::connect(play.server.address);
    let asked = Instant::now();
    client.send("GET /flushed HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.read(true).unwrap().status, 202);
    assert_eq!(client.chunk().unwrap(), b"late");
    let most = asked.elapsed();
    let (_, status, time) = play.heard.try_recv().unwrap();
    assert_eq!(status, 202);
    assert!(WHILE <= time && time <= most, "{time:?} {most:?}");
}

#[test]
fn requests_that_no_layer_sees_are_told_of() {
    for flushes in [false, true] {
        let play = play(flushes);
        for request in [
            "GET /%zz HTTP/1.1\r\nHost: test\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        ] {
            let mut client = Client::connect(play.server.address);
            client.send(request);
            assert_eq!(client.read(false).unwrap().status, 400, "{request}");
            assert_eq!(play.heard.try_recv().unwrap().1, 400, "{request}");
        }
    }
}
