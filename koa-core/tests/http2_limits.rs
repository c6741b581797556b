//! The limits of HTTP/2: each has a test named after what it protects from, and is told and counted.

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

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use client::{Client, get};
use h2::client::SendRequest;
use h2_client::{GET, ask, connect, frame, frames, raw, read, request, wait_for, wait_for_goodbye};
use koa::prelude::*;
use koa::{Exceeded, Limit};
use serve::serve_with;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use waits::{Waits, next};

const SECOND: Duration = Duration::from_secs(1);

/// Why the server ends a connection or a stream (RFC 9113, 7).
const NO_ERROR: u8 = 0;
const REFUSED_STREAM: u8 = 7;
const CANCEL: u8 = 8;
const ENHANCE_YOUR_CALM: u8 = 11;

#[middleware]
async fn answer(ctx: &mut Context) -> Result {
    match ctx.path() {
        "/body" => {
            let text = ctx.request.text().await?;
            ctx.set_body(text);
        }
        "/stream" => ctx.set_body(Body::reader(tokio::io::repeat(7))),
        "/chunks" => ctx.set_body(Body::reader(std::io::Cursor::new(vec![7; 200_000]))),
        "/whole" => ctx.set_body(vec![7; 200_000]),
        "/small" => ctx.set_body(vec![7; 4000]),
        _ => ctx.set_body("fine"),
    }
    Ok(())
}

/// An app on a server with these settings, and the limits that it tells of, with how often it has counted each.
macro_rules! server {
    (@ $answer:expr; $($settings:tt)*) => {{
        let (tell, told) = channel();
        let app = App::new()
            .silent(true)
            .on(move |event: &Exceeded| tell.send(event.limit).unwrap())
            .with($answer);
        let mut counts = None;
        let server = serve_with(app, |server| {
            let server = server $($settings)*;
            counts = Some(std::sync::Arc::clone(server.application()));
            server
        });
        (server, Told(told, counts.unwrap()))
    }};
    ($($settings:tt)*) => {
        server!(@ answer; $($settings)*)
    };
}

/// The limits that a server tells of.
struct Told(Receiver<Limit>, std::sync::Arc<koa::Application>);

impl Told {
    /// Waits for one, which is told once more than it was.
    fn next(&self) -> Limit {
        let limit = self.0.recv_timeout(20 * SECOND).expect("it is told");
        assert!(self.1.exceeded(limit) > 0, "it is counted: {limit:?}");
        limit
    }

    /// The same for a test that has a runtime.
    fn next_async(&self) -> Limit {
        tokio::task::block_in_place(|| self.next())
    }
}

#[test]
fn a_flood_of_frames_that_carry_nothing_is_cut_off() {
    let post = frame(1, 4, 1, &[0x83, 0x84, 0x86]);
    let floods: [(&str, Vec<u8>, Vec<u8>); 8] = [
        ("settings", vec![], frame(4, 0, 0, b"")),
        ("pings", vec![], frame(6, 0, 0, b"12345678")),
        ("priorities", vec![], frame(2, 0, 1, &[0, 0, 0, 0, 7])),
        ("unknown frames", vec![], frame(200, 0, 0, b"x")),
        ("window updates", vec![], frame(8, 0, 0, &[0, 0, 0, 1])),
        ("empty data", post.clone(), frame(0, 0, 1, b"")),
        (
            "resets",
            [post, frame(3, 0, 1, &[0; 4])].concat(),
            frame(3, 0, 1, &[0; 4]),
        ),
        // The head of a request that does not end.
        ("continuations", frame(1, 0, 1, GET), frame(9, 0, 1, b"")),
    ];
    for (name, before, flood) in floods {
        let (server, told) = server!();
        let mut client = raw(server.address);
        client.send(before);
        let begin = Instant::now();
        while client.try_send(flood.repeat(100)).is_ok() {
            assert!(begin.elapsed() < 20 * SECOND, "{name}");
        }
        assert_eq!(told.next(), Limit::Http2Flood, "{name}");
        assert_eq!(get(server.address, "/").status, 200, "the server serves on");
    }
}

#[test]
fn so_many_frames_a_second_are_served_and_no_more() {
    let ping = frame(6, 0, 0, b"12345678");
    let pongs = |client: &mut Client, count: usize| {
        let mut came = Vec::new();
        while frames(&came).iter().filter(|(kind, ..)| *kind == 6).count() < count {
            if !client.fill() {
                return false;
            }
            came.extend(client.take());
        }
        true
    };
    // The settings are frames too.
    let (server, told) = server!();
    let mut client = raw(server.address);
    client.send(ping.repeat(400));
    assert!(pongs(&mut client, 400));
    // However they fall into two seconds, one has more than 500 of them.
    let _ = client.try_send(ping.repeat(1100));
    assert!(!pongs(&mut client, 1100));
    assert_eq!(told.next(), Limit::Http2Flood);

    let (server, told) = server!(.max_http2_control_frames(10));
    let mut client = raw(server.address);
    let _ = client.try_send(ping.repeat(30));
    assert!(!pongs(&mut client, 30));
    assert_eq!(told.next(), Limit::Http2Flood);
}

#[test]
fn a_flood_is_cut_off_while_a_request_runs() {
    static NEVER: Notify = Notify::const_new();
    let (tell, steps) = channel();
    let (server, told) = server!(@ Waits(Mutex::new(tell), &NEVER););
    let mut client = raw(server.address);
    client.send(frame(1, 5, 1, GET));
    assert_eq!(next(&steps), "waits");
    let _ = client.try_send(frame(6, 0, 0, b"12345678").repeat(1100));
    assert_eq!(told.next(), Limit::Http2Flood);
    client.rest();
    assert!(steps.try_recv().is_err(), "the request runs on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_in_small_steps_is_no_flood() {
    let (server, told) = server!(.max_http2_control_frames(20));
    let mut client = connect(server.address).await;
    let (response, _) = client.send_request(request("GET", "/whole"), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    let mut came = 0;
    while let Some(chunk) = body.data().await {
        let length = chunk.unwrap().len();
        came += length;
        for _ in 0..length / 512 {
            body.flow_control().release_capacity(512).unwrap();
            tokio::task::yield_now().await;
        }
        body.flow_control().release_capacity(length % 512).unwrap();
    }
    assert_eq!(came, 200_000);
    assert!(told.0.try_recv().is_err());
}

#[test]
fn streams_that_are_opened_and_reset_at_once_are_cut_off() {
    // They are not even counted as frames that carry nothing.
    let (server, told) = server!(.max_http2_control_frames(u32::MAX));
    let mut client = raw(server.address);
    let begin = Instant::now();
    while client.try_send(opened_and_reset(100)).is_ok() {
        assert!(begin.elapsed() < 20 * SECOND);
        if frames(&client.take()).iter().any(|(kind, ..)| *kind == 7) {
            break;
        }
    }
    assert_eq!(told.next(), Limit::Http2Flood);
    assert_eq!(get(server.address, "/").status, 200, "the server serves on");

    // The client hears why.
    let (server, told) = server!();
    let mut client = raw(server.address);
    client.send(opened_and_reset(30));
    wait_for_goodbye(&mut client, ENHANCE_YOUR_CALM);
    assert_eq!(told.next(), Limit::Http2Flood);
    let (server, told) = server!(.max_http2_pending_resets(50));
    let mut client = raw(server.address);
    client.send(opened_and_reset(30));
    client.send(frame(1, 5, 101, GET));
    wait_for(&mut client, |(kind, stream, _)| {
        (*kind, *stream) == (1, 101)
    });
    assert!(told.0.try_recv().is_err());
}

/// So many streams, each opened and reset.
fn opened_and_reset(count: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for stream in (1..).step_by(2).take(count as usize) {
        for mut frame in [frame(1, 5, 0, GET), frame(3, 0, 0, &[0, 0, 0, CANCEL])] {
            let number: u32 = stream;
            frame[5..9].copy_from_slice(&number.to_be_bytes());
            bytes.extend(frame);
        }
    }
    bytes
}

#[test]
fn a_client_has_so_many_streams_and_no_more() {
    static GO: Notify = Notify::const_new();
    let (tell, steps) = channel();
    let (server, told) = server!(@ Waits(Mutex::new(tell), &GO); .max_http2_streams(3));
    // A client that does not mind what it was told.
    let mut client = raw(server.address);
    for stream in [1, 3, 5, 7] {
        client.send(frame(1, 5, stream, GET));
    }
    for _ in 0..3 {
        assert_eq!(next(&steps), "waits");
    }
    // The fourth stream is refused.
    wait_for(&mut client, |(kind, stream, reason)| {
        (*kind, *stream, &reason[..]) == (3, 7, &[0, 0, 0, REFUSED_STREAM])
    });
    assert_eq!(told.next(), Limit::Http2Streams);
    assert_eq!(steps.try_iter().count(), 0);
}

#[test]
fn a_client_does_not_have_more_requests_running_by_giving_them_up() {
    static GO: Notify = Notify::const_new();
    let (tell, steps) = channel();
    let (server, told) = server!(@ Waits(Mutex::new(tell), &GO); .max_http2_streams(1));
    let mut client = raw(server.address);
    for stream in [1, 3] {
        client.send(frame(1, 5, stream, GET));
        assert_eq!(next(&steps), "waits");
        client.send(frame(3, 0, stream, &[0, 0, 0, CANCEL]));
    }
    // One runs on, and the other is dropped.
    assert_eq!(next(&steps), "dropped");
    assert_eq!(told.next(), Limit::Http2Streams);
    GO.notify_one();
    assert_eq!(next(&steps), "went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_would_fill_the_memory_is_answered_431() {
    let (server, told) = server!();
    let mut client = connect(server.address).await;
    let with = |count: usize, length: usize| {
        let mut request = request("GET", "/");
        for number in 0..count {
            let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
            let value = "a".repeat(length).try_into().unwrap();
            request.headers_mut().insert(name, value);
        }
        request
    };
    // `host` becomes one of them.
    for (count, length, status) in [
        (1, 31_000, 200),
        (1, 33_000, 431),
        (99, 1, 200),
        (101, 1, 431),
    ] {
        let (response, _) = client.send_request(with(count, length), true).unwrap();
        assert_eq!(
            read(response).await.unwrap().0,
            status,
            "{count} of {length}"
        );
        if status == 431 {
            assert_eq!(told.next_async(), Limit::HeaderSize);
        }
    }
    // One that is much larger is answered while it is read.
    let (response, _) = client.send_request(with(10, 10_000), true).unwrap();
    assert_eq!(read(response).await.unwrap().0, 431);
    assert_eq!(
        ask(&mut client, "GET", "/").await.0,
        200,
        "the connection goes on"
    );
}

#[test]
fn a_head_that_comes_byte_by_byte_is_cut_off() {
    let (server, told) = server!(.header_read_timeout(SECOND));
    let mut client = raw(server.address);
    client.send(frame(1, 5, 1, GET));
    wait_for(&mut client, |(kind, stream, _)| (*kind, *stream) == (1, 1));
    // A frame that says it has more than comes.
    client.send([0, 0, 200, 1, 4, 0, 0, 0, 3, 0x82]);
    let begin = Instant::now();
    while client.try_send([0x86]).is_ok() {
        assert!(begin.elapsed() < 20 * SECOND);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(told.next(), Limit::HeaderReadTime);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_streams_is_given_up() {
    let (server, told) = server!(.keep_alive_timeout(SECOND).header_read_timeout(SECOND));
    let mut client = connect(server.address).await;
    assert_eq!(ask(&mut client, "GET", "/").await.0, 200);
    assert_eq!(told.next_async(), Limit::IdleTime);
    // It is told, and ends, though it does not answer; and the listeners hear of it once.
    let mut client = raw(server.address);
    tokio::task::block_in_place(|| wait_for_goodbye(&mut client, NO_ERROR));
    assert_eq!(told.next_async(), Limit::IdleTime);
    assert!(told.0.try_recv().is_err());
}

#[test]
fn a_connection_that_is_old_takes_no_more_streams() {
    static GO: Notify = Notify::const_new();
    let (tell, steps) = channel();
    let (server, told) = server!(@ Waits(Mutex::new(tell), &GO); .max_connection_time(SECOND));
    let mut client = raw(server.address);
    client.send(frame(1, 5, 1, GET));
    assert_eq!(next(&steps), "waits");
    assert_eq!(told.next(), Limit::ConnectionTime);
    wait_for(&mut client, |(kind, ..)| *kind == 7);
    // What is being answered is answered to its end.
    GO.notify_one();
    wait_for(&mut client, |(kind, stream, body)| {
        (*kind, *stream, &body[..]) == (0, 1, b"done")
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_not_read_is_reset_and_the_others_go_on() {
    let (server, told) = server!(.write_timeout(SECOND));
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::Builder::new()
        .initial_connection_window_size(1_000_000)
        .handshake(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut client: SendRequest<Bytes> = client.ready().await.unwrap();
    // Windows that are never opened again: each has room for a part of the body.
    for path in ["/stream", "/chunks", "/whole"] {
        let (response, _) = client.send_request(request("GET", path), true).unwrap();
        let mut unread = response.await.unwrap().into_body();
        assert_eq!(told.next_async(), Limit::WriteTime, "{path}");
        assert_eq!(ask(&mut client, "GET", "/").await.0, 200);
        let end = loop {
            if let Err(error) = unread.data().await.unwrap() {
                break error;
            }
        };
        assert_eq!(end.reason(), Some(h2::Reason::CANCEL), "{path}");
    }
}

#[test]
fn a_stream_whose_window_is_never_opened_is_reset() {
    let (server, told) = server!(.write_timeout(SECOND));
    let mut client = raw(server.address);
    // No stream may send a byte until it is told so.
    client.send(frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
    client.send(frame(1, 5, 1, GET));
    assert_eq!(told.next(), Limit::WriteTime);
    wait_for(&mut client, |(kind, stream, payload)| {
        (*kind, *stream, &payload[..]) == (3, 1, &[0, 0, 0, CANCEL])
    });
}

/// The request has ended long before its client has the whole answer.
#[test]
fn a_client_that_reads_slowly_but_steadily_is_not_cut_off() {
    let (server, told) = server!(.keep_alive_timeout(SECOND).header_read_timeout(SECOND));
    let mut client = raw(server.address);
    client.send(frame(4, 0, 0, &[0, 4, 0, 0, 0, 1]));
    // GET /small, and its window opened by and by.
    let mut head = vec![0x82, 0x86, 0x44, 6];
    head.extend(b"/small");
    client.send(frame(1, 5, 1, &head));
    let mut came = Vec::new();
    let length = |came: &[u8]| -> usize {
        let frames = frames(came);
        let data = frames.iter().filter(|(kind, ..)| *kind == 0);
        data.map(|(_, _, data)| data.len()).sum()
    };
    while length(&came) < 4000 {
        assert!(client.fill(), "{} bytes", length(&came));
        came.extend(client.take());
        std::thread::sleep(Duration::from_millis(300));
        client.send(frame(8, 0, 1, &[0, 0, 1, 0x90]));
    }
    // And only then is the connection idle.
    assert_eq!(told.next(), Limit::IdleTime);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_is_answered_408() {
    let (server, told) = server!(.min_body_rate(100, SECOND));
    let mut client = connect(server.address).await;
    let (response, body) = client
        .send_request(request("POST", "/body"), false)
        .unwrap();
    assert_eq!(read(response).await.unwrap().0, 408);
    assert_eq!(told.next_async(), Limit::BodyRate);
    drop(body);
    assert_eq!(
        ask(&mut client, "GET", "/").await.0,
        200,
        "the others go on"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_would_fill_the_memory_is_answered_413() {
    let (server, told) = server!();
    let mut client = connect(server.address).await;
    let (response, mut body) = client
        .send_request(request("POST", "/body"), false)
        .unwrap();
    // More than the default of a mebibyte, as far as the server lets it come.
    body.send_data(Bytes::from(vec![b'a'; 2_000_000]), true)
        .unwrap();
    assert_eq!(read(response).await.unwrap().0, 413);
    assert_eq!(told.next_async(), Limit::BodySize);
    assert_eq!(
        ask(&mut client, "GET", "/").await.0,
        200,
        "the others go on"
    );
}
