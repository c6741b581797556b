//! What a body can be, and what follows from it: status, type, length.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use client::{Client, get};
use futures_core::Stream;
use koa::prelude::*;
use serve::{serve, serve_with};

/// Chunks, and then an end or an error.
struct Chunks(Vec<&'static str>, Option<&'static str>);

impl Stream for Chunks {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if !self.0.is_empty() {
            return Poll::Ready(Some(Ok(Bytes::from_static(self.0.remove(0).as_bytes()))));
        }
        let error = self.1.take();
        Poll::Ready(error.map(|message| Err(Error::internal(message))))
    }
}

#[middleware]
async fn answer(ctx: &mut Context) -> Result {
    match ctx.path() {
        "/text" => ctx.set_body("plain é"),
        "/html" => ctx.set_body(" <p>hi</p>"),
        "/bytes" => ctx.set_body(vec![0, 1, 2]),
        "/json" => ctx.set_body(Json([1, 2])),
        "/value" => ctx.set_body(serde_json::json!({ "a": null })),
        "/stream" => ctx.set_body(Body::stream(Chunks(vec!["a", "bc"], None))),
        "/sized" => {
            ctx.set_body(Body::stream(Chunks(vec!["a", "bc"], None)));
            ctx.response.set_length(3);
        }
        "/reader" => ctx.set_body(Body::reader(std::io::Cursor::new("read"))),
        "/file" => {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
            ctx.set_body(Body::file(file).await?);
        }
        "/no-file" => ctx.set_body(Body::file("/no/such/file").await?),
        "/directory" => ctx.set_body(Body::file("/").await?),
        "/large" => ctx.set_body((0..3_000_001_u32).map(|n| n as u8).collect::<Vec<_>>()),
        "/null" => ctx.set_body(()),
        "/none" => ctx.set_body(None::<String>),
        "/empty" => ctx.set_body(""),
        "/null-200" => {
            ctx.set_body(());
            ctx.set_status(200)?;
        }
        "/created" => {
            ctx.set_status(201)?;
            ctx.set_body("made");
        }
        "/status-only" => ctx.set_status(202)?,
        "/unknown-status" => ctx.set_status(599)?,
        "/304" => {
            ctx.set_body("dropped");
            ctx.set_status(304)?;
        }
        "/typed" => {
            ctx.set("Content-Type", "text/css")?;
            ctx.set_body("<b>");
        }
        "/wrong-length" => {
            ctx.set_body("eleven char");
            ctx.set("Content-Length", "2")?;
        }
        "/fails-first" => ctx.set_body(Body::stream(Chunks(vec![], Some("no first")))),
        "/fails-later" => ctx.set_body(Body::stream(Chunks(vec!["a"], Some("no second")))),
        "/too-long" => {
            ctx.set_body(Body::stream(Chunks(vec!["a", "bcd"], None)));
            ctx.response.set_length(2);
        }
        "/too-short" => {
            ctx.set_body(Body::stream(Chunks(vec!["a"], None)));
            ctx.response.set_length(2);
        }
        "/phrase" => {
            ctx.set_status(200)?;
            ctx.response.set_message("Very Well")?;
            ctx.set_body("x");
            ctx.response.set_message("Very Well")?;
        }
        _ => {}
    }
    Ok(())
}

#[test]
fn a_body_says_its_status_type_and_length() {
    let text = Some("text/plain; charset=utf-8");
    let html = Some("text/html; charset=utf-8");
    let json = Some("application/json; charset=utf-8");
    let binary = Some("application/octet-stream");
    let server = serve(App::new().with(answer));
    for (path, status, kind, length, body) in [
        ("/text", 200, text, Some("8"), "plain é"),
        ("/html", 200, html, Some("10"), " <p>hi</p>"),
        ("/bytes", 200, binary, Some("3"), "\0\u{1}\u{2}"),
        ("/json", 200, json, Some("5"), "[1,2]"),
        ("/value", 200, json, Some("10"), r#"{"a":null}"#),
        ("/stream", 200, binary, None, "abc"),
        ("/sized", 200, binary, Some("3"), "abc"),
        ("/reader", 200, binary, None, "read"),
        ("/null", 204, None, None, ""),
        ("/none", 204, None, None, ""),
        ("/null-200", 200, None, Some("0"), ""),
        ("/empty", 200, text, Some("0"), ""),
        ("/created", 201, text, Some("4"), "made"),
        ("/status-only", 202, text, Some("8"), "Accepted"),
        ("/unknown-status", 599, text, Some("3"), "599"),
        ("/304", 304, None, None, ""),
        ("/typed", 200, Some("text/css"), Some("3"), "<b>"),
        ("/wrong-length", 200, text, Some("11"), "eleven char"),
        ("/no-file", 404, text, Some("9"), "Not Found"),
        ("/directory", 404, text, Some("9"), "Not Found"),
        ("/nothing-set", 404, text, Some("9"), "Not Found"),
    ] {
        // One connection for both: what one answer leaves behind would spoil the next.
        let mut client = Client::connect(server.address);
        let answer = client.get(path);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("content-length"), length, "{path}");
        assert_eq!(answer.text(), body, "{path}");
        // As in Koa, HEAD is told nothing of a body that was never set.
        let unset = ["/status-only", "/unknown-status", "/nothing-set"].contains(&path);
        let head = client.ask("HEAD", path, "");
        assert_eq!(head.status, status, "HEAD {path}");
        assert_eq!(
            head.header("content-type"),
            kind.filter(|_| !unset),
            "HEAD {path}"
        );
        if path != "/null-200" {
            assert_eq!(
                head.header("content-length"),
                length.filter(|_| !unset),
                "HEAD {path}"
            );
        }
        assert_eq!(client.get("/text").text(), "plain é", "after {path}");
    }
}

#[test]
fn a_file_is_sent_with_its_length() {
    let server = serve(App::new().with(answer));
    let answer = get(server.address, "/file");
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    assert_eq!(
        answer.header("content-length"),
        Some(file.len().to_string().as_str())
    );
    assert_eq!(answer.text(), file);
}

#[test]
fn a_large_body_arrives_whole() {
    let server = serve(App::new().with(answer));
    let large = get(server.address, "/large");
    assert_eq!(large.header("content-length"), Some("3000001"));
    assert!(
        large
            .body
            .iter()
            .enumerate()
            .all(|(at, byte)| *byte == at as u8)
    );
    assert_eq!(large.body.len(), 3_000_001);
}

#[test]
fn a_reason_phrase_can_be_set() {
    let server = serve(App::new().with(answer));
    assert_eq!(get(server.address, "/phrase").message, "Very Well");
}

#[test]
fn a_stream_that_fails_is_a_500_or_a_cut_connection() {
    let (hears, heard) = channel();
    let app = App::new()
        .on_error(move |error, ctx| {
            let _ = hears.send((ctx.path().to_owned(), error.message().to_owned()));
        })
        .with(answer);
    let server = serve(app);

    assert_eq!(get(server.address, "/fails-first").status, 500);
    assert_eq!(
        heard.recv().unwrap(),
        ("/fails-first".into(), "no first".into())
    );

    for path in ["/fails-later", "/too-short", "/too-long"] {
        let mut client = Client::connect(server.address);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        assert_eq!(client.read(false), None, "{path}: no whole answer");
        assert_eq!(heard.recv().unwrap().0, path);
    }
    assert_eq!(heard.try_iter().count(), 0, "each error is heard of once");
}

/// A gigabyte, a chunk at a time.
struct Gigabyte(u32);

impl Stream for Gigabyte {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if self.0 == 1024 {
            return Poll::Ready(None);
        }
        self.0 += 1;
        Poll::Ready(Some(Ok(vec![7; 1 << 20].into())))
    }
}

#[middleware]
async fn gigabyte() -> Body {
    Body::stream(Gigabyte(0))
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_slow_reader_of_a_gigabyte_costs_a_bounded_amount_of_memory() {
    let server = serve(App::new().with(gigabyte));
    let before = resident();
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    std::io::Write::write_all(
        &mut stream,
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .unwrap();
    let mut chunk = vec![0; 1 << 20];
    let mut read: u64 = 0;
    let mut largest = before;
    loop {
        let came = std::io::Read::read(&mut stream, &mut chunk).unwrap();
        if came == 0 {
            break;
        }
        read += came as u64;
        // A reader that looks at the memory of the process before it reads on is slower than any writer.
        largest = largest.max(resident());
    }
    assert!(read > 1 << 30, "{read} bytes");
    if let (Some(before), Some(largest)) = (before, largest) {
        assert!(
            largest < before + 32_000,
            "{before} kB before, {largest} kB at the most"
        );
    }
}

/// How often the other task of its thread has run.
static TURNS: AtomicU64 = AtomicU64::new(0);

/// The most chunks that were taken between two of them.
static MOST: AtomicU64 = AtomicU64::new(0);

/// Chunks without an end, and without a moment in which there is none.
#[derive(Default)]
struct Endless {
    turn: u64,
    chunks: u64,
}

impl Stream for Endless {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let turn = TURNS.load(Relaxed);
        if std::mem::replace(&mut self.turn, turn) != turn {
            self.chunks = 0;
        }
        self.chunks += 1;
        MOST.fetch_max(self.chunks, Relaxed);
        Poll::Ready(Some(Ok(Bytes::from_static(&[7; 1024]))))
    }
}

#[test]
fn a_stream_that_never_waits_leaves_its_thread_to_others() {
    #[middleware]
    async fn endless(ctx: &mut Context) {
        tokio::spawn(async {
            loop {
                TURNS.fetch_add(1, Relaxed);
                tokio::task::yield_now().await;
            }
        });
        ctx.set_body(Body::stream(Endless::default()));
    }
    let server = serve_with(App::new().with(endless), |server| server.workers(1));
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    // A client that is as fast as the server.
    let mut came = 0;
    while came < 50_000_000 {
        assert!(client.fill());
        came += client.take().len();
    }
    let most = MOST.load(Relaxed);
    assert!(most < 1000, "{most} chunks at once");
}
