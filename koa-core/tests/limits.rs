//! The limits of the server: each has a test named after what it protects from, and is told and counted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use client::{Client, get};
use koa::prelude::*;
use koa::{Application, Exceeded, Limit};
use serve::{serve_at_with, serve_with};
use tokio::runtime::Builder;
use tokio::sync::{Notify, oneshot};

const SECOND: Duration = Duration::from_secs(1);

#[middleware]
async fn answer(ctx: &mut Context) -> Result {
    match ctx.path() {
        "/body" => {
            let length = ctx.request.bytes().await?.len();
            ctx.set_body(format!("{length} bytes"));
        }
        "/echo" => {
            let body = ctx.request.stream()?;
            ctx.set_body(Body::stream(body));
        }
        "/large" => ctx.set_body(vec![7; 40_000_000]),
        "/stream" => ctx.set_body(Body::reader(tokio::io::repeat(7))),
        "/exceeded" => {
            let count = ctx.app().exceeded(Limit::BodySize);
            ctx.set_body(count.to_string());
        }
        _ => ctx.set_body("fine"),
    }
    Ok(())
}

/// The limits that an app tells of.
struct Told {
    limits: Receiver<Limit>,
    app: Arc<Application>,
    counts: RefCell<HashMap<Limit, u64>>,
}

/// An app on a server with these settings, and the limits that it tells of.
macro_rules! server {
    ($($settings:tt)*) => {{
        let (tell, limits) = channel();
        let app = App::new()
            .silent(true)
            .on(move |event: &Exceeded| {
                assert!(event.peer.is_some());
                let _ = tell.send(event.limit);
            })
            .with(answer);
        let mut served = None;
        let server = serve_with(app, |server| {
            served = Some(Arc::clone(server.application()));
            server $($settings)*
        });
        let told = Told {
            limits,
            app: served.unwrap(),
            counts: RefCell::default(),
        };
        (server, told)
    }};
}

/// The limit that is told of next. It is counted too.
fn next(told: &Told) -> Limit {
    let limit = told
        .limits
        .recv_timeout(Duration::from_secs(20))
        .expect("the limit is told");
    let mut counts = told.counts.borrow_mut();
    let count = counts.entry(limit).or_insert(0);
    *count += 1;
    assert_eq!(told.app.exceeded(limit), *count, "{limit:?}");
    limit
}

/// A client that sends this and then a byte every 50 ms, for as long as it is let; how many it could send.
fn trickle(address: SocketAddr, bytes: &str) -> (Client, JoinHandle<usize>) {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut client = Client::on(stream.try_clone().unwrap());
    client.send(bytes);
    let sending = std::thread::spawn(move || {
        let (begin, mut sent) = (Instant::now(), 0);
        while stream.write_all(b"a").is_ok() {
            assert!(begin.elapsed() < 20 * SECOND, "it is not let for ever");
            sent += 1;
            std::thread::sleep(Duration::from_millis(50));
        }
        sent
    });
    (client, sending)
}

#[test]
fn a_client_that_sends_its_head_byte_by_byte_is_answered_408() {
    let (server, told) = server!(.header_read_timeout(SECOND));
    let (mut client, sending) = trickle(server.address, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    let answer = client.read(false).expect("an answer");
    assert_eq!(answer.status, 408);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(client.rest(), b"");
    assert_eq!(next(&told), Limit::HeaderReadTime);
    assert!(sending.join().unwrap() > 5, "it sent on");
}

#[test]
fn a_client_that_connects_and_says_nothing_is_closed() {
    let (server, told) = server!(.header_read_timeout(SECOND));
    let mut client = Client::connect(server.address);
    assert_eq!(client.rest(), b"", "nothing was asked");
    assert_eq!(next(&told), Limit::HeaderReadTime);
}

#[test]
fn a_client_has_no_more_time_for_its_head_by_beginning_late() {
    let (server, told) = server!(.header_read_timeout(4 * SECOND));
    let mut late = Client::connect(server.address);
    // Clients that are slow on purpose.
    std::thread::sleep(2 * SECOND + SECOND / 2);
    let mut newer = Client::connect(server.address);
    newer.send("GET / HTTP/1.1\r\n");
    std::thread::sleep(SECOND);
    late.send("GET / HTTP/1.1\r\n");
    assert_eq!(late.read(false).map(|answer| answer.status), Some(408));
    assert_eq!(next(&told), Limit::HeaderReadTime);
    // Its end came before that of one that connected when it was still silent.
    newer.send("Host: x\r\n\r\n");
    assert_eq!(newer.read(false).map(|answer| answer.status), Some(200));
}

#[test]
fn a_head_that_would_fill_the_memory_is_answered_431() {
    let (server, told) = server!();
    let mut client = Client::connect(server.address);
    let large = "a".repeat(33 * 1024);
    let _ = client.try_send(format!("GET / HTTP/1.1\r\nHost: x\r\nX: {large}\r\n\r\n"));
    assert_eq!(client.read(false).map(|answer| answer.status), Some(431));
    assert_eq!(next(&told), Limit::HeaderSize);
    // What is below the default is served.
    let fits = format!("X: {}\r\n", "a".repeat(31 * 1024));
    let answer = Client::connect(server.address).ask("GET", "/", &fits);
    assert_eq!(answer.status, 200);
}

#[test]
fn headers_without_number_are_answered_431() {
    for (server, allowed) in [
        (server!(), 100),
        (server!(.max_headers(10)), 10),
        (server!(.max_headers(200)), 200),
    ] {
        let (server, told) = server;
        // `Host` is one.
        let headers = |count: usize| "X: 1\r\n".repeat(count - 1);
        let ask = |count| {
            let mut client = Client::connect(server.address);
            client.ask("GET", "/", &headers(count)).status
        };
        assert_eq!(ask(allowed), 200);
        assert_eq!(ask(allowed + 1), 431);
        assert_eq!(next(&told), Limit::HeaderSize);
    }
}

#[test]
fn as_many_headers_as_there_can_be_are_served() {
    let (server, told) = server!(.max_headers(usize::MAX).max_header_size(400 * 1024));
    let ask = |count: usize| {
        let headers: String = (1..count).map(|n| format!("X{n}: 1\r\n")).collect();
        let mut client = Client::connect(server.address);
        let _ = client.try_send(format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n"));
        client.read(false).map(|answer| answer.status)
    };
    assert_eq!(ask(20_000), Some(200));
    assert_eq!(ask(20_001), Some(431));
    assert_eq!(next(&told), Limit::HeaderSize);
}

#[test]
fn a_body_that_would_fill_the_memory_is_answered_413() {
    let (server, told) = server!();
    let mut client = Client::connect(server.address);
    client.send("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n");
    assert_eq!(client.read(false).unwrap().status, 413);
    assert_eq!(next(&told), Limit::BodySize);
    // One that does not say its length beforehand.
    let mut client = Client::connect(server.address);
    client.send("POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("40000\r\n{}\r\n", "a".repeat(0x40000));
    for _ in 0..5 {
        let _ = client.try_send(&chunk);
    }
    assert_eq!(client.read(false).unwrap().status, 413);
    assert_eq!(next(&told), Limit::BodySize);
    assert_eq!(get(server.address, "/exceeded").text(), "2");
}

/// A connection that is closed while its client still sends is reset, and with the reset goes what was on its way.
#[test]
fn a_client_that_sends_its_whole_body_first_reads_the_answer() {
    let (server, _told) = server!();
    let mut client = Client::connect(server.address);
    let length = 8 * 1024 * 1024;
    client.send(format!(
        "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    ));
    for _ in 0..length / 65_536 {
        client.try_send(vec![b'a'; 65_536]).unwrap();
    }
    assert_eq!(client.read(false).unwrap().status, 413);
}

/// What a client still sends behind its last answer is taken for so long, that it can read it, and no longer.
#[test]
fn a_client_that_sends_for_ever_behind_its_answer_is_closed() {
    let (server, told) = server!(.header_read_timeout(SECOND));
    let begin = Instant::now();
    let head = "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n";
    let (mut client, sending) = trickle(server.address, head);
    assert_eq!(client.read(false).unwrap().status, 413);
    assert_eq!(client.rest(), b"");
    assert_eq!(next(&told), Limit::BodySize);
    sending.join().unwrap();
    assert!(begin.elapsed() >= SECOND, "it has its time");
    assert_eq!(told.limits.try_iter().count(), 0, "that is no limit");
}

#[test]
fn a_client_that_stays_behind_its_answer_is_closed() {
    let (server, _told) = server!(.header_read_timeout(SECOND));
    let begin = Instant::now();
    let mut client = Client::connect(server.address);
    client.send("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
    assert_eq!(client.read(false).unwrap().status, 413);
    assert_eq!(client.rest(), b"");
    let with_it = server.tasks();
    while server.tasks() == with_it {
        assert!(begin.elapsed() < 20 * SECOND);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(begin.elapsed() >= SECOND, "it has its time");
}

#[test]
fn a_body_that_trickles_is_answered_408() {
    let (server, told) = server!(.min_body_rate(100, SECOND).header_read_timeout(SECOND));
    let head = "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
    let (mut client, sending) = trickle(server.address, head);
    let answer = client.read(false).expect("an answer");
    assert_eq!(answer.status, 408);
    assert_eq!(
        client.rest(),
        b"",
        "the connection ends: its body is not there"
    );
    assert_eq!(next(&told), Limit::BodyRate);
    assert!(sending.join().unwrap() > 5, "it sent on");
}

#[test]
fn a_body_may_stop_where_its_rate_is_not_looked_at() {
    let (server, told) = server!(.min_body_rate(0, Duration::ZERO));
    let mut client = Client::connect(server.address);
    client.send("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n");
    for _ in 0..2 {
        // A client that does nothing for so long.
        std::thread::sleep(2 * SECOND + SECOND / 2);
        client.send("a");
    }
    assert_eq!(client.read(false).unwrap().text(), "2 bytes");
    assert_eq!(told.limits.try_iter().count(), 0);
}

/// Answers at once, and reads the body then, as fast as it is let.
#[derive(Clone)]
struct Later {
    lengths: Sender<Option<usize>>,
    go_on: Arc<Notify>,
}

#[middleware]
impl Later {
    async fn call(&self, ctx: &mut Context) -> Result<&'static str> {
        if ctx.method() == "POST" {
            let mut body = ctx.request.stream()?;
            let Self { lengths, go_on } = self.clone();
            tokio::spawn(async move {
                go_on.notified().await;
                let mut length = Some(0);
                while let Some(chunk) = body.next().await {
                    length = length.and_then(|length| Some(length + chunk.ok()?.len()));
                }
                let _ = lengths.send(length);
            });
        }
        Ok("read later")
    }
}

#[test]
fn a_body_that_is_read_after_the_answer_has_the_time_of_a_body() {
    let (lengths, read) = channel();
    let go_on = Arc::new(Notify::new());
    let later = Later {
        lengths,
        go_on: Arc::clone(&go_on),
    };
    let (tell, told) = channel();
    let app = App::new().silent(true);
    let app = app.on(move |event: &Exceeded| {
        let _ = tell.send(event.limit);
    });
    let server = serve_with(app.with(later), |server| {
        server
            .header_read_timeout(SECOND)
            .keep_alive_timeout(SECOND)
            .min_body_rate(100, 4 * SECOND)
    });
    let mut client = Client::connect(server.address);
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
    client.send(head);
    client.send([b'a'; 500]);
    assert_eq!(client.read(false).unwrap().text(), "read later");
    // Longer than a connection may be idle, or a head on its way: nobody reads, and then nothing comes.
    std::thread::sleep(2 * SECOND + SECOND / 2);
    go_on.notify_one();
    std::thread::sleep(2 * SECOND + SECOND / 2);
    client.send([b'a'; 500]);
    assert_eq!(read.recv_timeout(20 * SECOND).unwrap(), Some(1000));
    assert_eq!(client.get("/").text(), "read later");
    // The next one is idle as any other.
    assert_eq!(client.rest(), b"");
    assert_eq!(told.recv_timeout(20 * SECOND).unwrap(), Limit::IdleTime);

    let mut client = Client::connect(server.address);
    go_on.notify_one();
    client.send(head);
    assert_eq!(client.read(false).unwrap().text(), "read later");
    assert_eq!(
        read.recv_timeout(20 * SECOND).unwrap(),
        None,
        "it comes too slowly"
    );
    assert_eq!(told.recv_timeout(20 * SECOND).unwrap(), Limit::BodyRate);
    assert_eq!(client.rest(), b"", "and no second answer");
}

#[test]
fn a_body_that_the_response_is_made_of_has_to_come_too() {
    let (server, told) = server!(.min_body_rate(100, SECOND));
    let mut client = Client::connect(server.address);
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na");
    assert_eq!(next(&told), Limit::BodyRate);
    client.rest();
}

#[test]
fn limits_as_long_as_they_can_be_are_off() {
    let (server, told) = server!(
        .header_read_timeout(Duration::MAX)
        .keep_alive_timeout(Duration::MAX)
        .write_timeout(Duration::MAX)
        .max_connection_time(Duration::MAX)
        .min_body_rate(100, Duration::MAX)
    );
    let mut client = Client::connect(server.address);
    let mut slow = Client::connect(server.address);
    slow.send("GET / HTTP/1.1\r\n");
    assert_eq!(client.get("/").status, 200);
    // Two looks at all connections.
    std::thread::sleep(Duration::from_millis(2500));
    slow.send("Host: x\r\n\r\n");
    assert_eq!(slow.read(false).unwrap().status, 200);
    assert_eq!(client.get("/").header("connection"), None);
    assert_eq!(told.limits.try_iter().count(), 0);
}

#[test]
fn a_body_that_is_slow_but_steady_is_read() {
    let (server, told) = server!(.min_body_rate(100, SECOND).header_read_timeout(SECOND));
    let mut client = Client::connect(server.address);
    client.send("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n");
    // A client as slow as that: four times as fast as it has to be.
    for _ in 0..20 {
        client.send([b'a'; 100]);
        std::thread::sleep(Duration::from_millis(250));
    }
    assert_eq!(client.read(false).unwrap().text(), "2000 bytes");
    assert_eq!(told.limits.try_iter().count(), 0);
}

#[test]
fn a_client_that_does_not_read_its_response_is_cut_off() {
    for path in ["/stream", "/large"] {
        let (server, told) = server!(.write_timeout(SECOND));
        let mut client = Client::connect(server.address);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_eq!(next(&told), Limit::WriteTime);
        // What the system had taken comes, and then the connection is gone.
        let rest = client.rest();
        assert!(rest.len() < 40_000_000, "{} bytes", rest.len());
    }
}

/// On a Unix socket: it holds little, so that the server writes often, where TCP may hold megabytes.
#[cfg(unix)]
#[test]
fn a_client_that_reads_slowly_but_steadily_is_not_cut_off() {
    let (tell, told) = channel();
    let app = App::new()
        .on(move |event: &Exceeded| tell.send(event.limit).unwrap())
        .with(answer);
    let path = std::env::temp_dir().join(format!("koa-{}-slow.sock", std::process::id()));
    let _server = serve_at_with(app, koa::Address::unix(&path), |server| {
        server.write_timeout(SECOND)
    });
    let stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(30 * SECOND)).unwrap();
    let mut client = Client::over(stream);
    client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    let begin = Instant::now();
    while begin.elapsed() < 4 * SECOND {
        // A client as slow as that.
        std::thread::sleep(Duration::from_millis(20));
        client.fill();
    }
    let answer = client.read(false).expect("the whole answer");
    assert_eq!(answer.body.len(), 40_000_000);
    assert_eq!(told.try_iter().count(), 0);
}

#[test]
fn a_server_that_stood_still_blames_no_client_for_it() {
    let (bound, address) = channel();
    let (stand_still, told_to) = oneshot::channel();
    let (go_on, stopped) = channel();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = App::new().with(answer).bind("127.0.0.1:0").await.unwrap();
            bound.send(server.addresses()[0]).unwrap();
            let server = server.workers(1).header_read_timeout(SECOND);
            tokio::spawn(server.run());
            told_to.await.unwrap();
            // Nothing of this thread goes on, which is that of the sweep.
            stopped.recv().unwrap();
            tokio::time::sleep(SECOND).await;
            // And from then on mostly.
            loop {
                std::thread::sleep(2 * SECOND);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    });
    let address = address.recv().unwrap();
    let mut client = Client::connect(address);
    assert_eq!(client.get("/").status, 200);
    stand_still.send(()).unwrap();
    std::thread::sleep(3 * SECOND + SECOND / 2);
    client.send("GET / HTTP/1.1\r\n");
    // The worker goes on, and has read that when it answers this.
    assert_eq!(get(address, "/").status, 200);
    go_on.send(()).unwrap();
    // A part of what it has, whatever the server did before.
    std::thread::sleep(SECOND / 2);
    client.send("Host: x\r\n\r\n");
    assert_eq!(client.read(false).unwrap().status, 200);
    // One that always stands still has its limits all the same.
    client.send("GET / HTTP/1.1\r\n");
    assert_eq!(client.read(false).unwrap().status, 408);
}

#[test]
fn connections_without_requests_do_not_pile_up() {
    let (server, told) = server!(.keep_alive_timeout(SECOND));
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/").status, 200);
    assert_eq!(client.rest(), b"");
    assert_eq!(next(&told), Limit::IdleTime);
}

#[test]
fn a_connection_does_not_last_for_ever() {
    let (server, told) = server!(.max_connection_time(SECOND));
    let mut client = Client::connect(server.address);
    let mut answers = 1;
    while client.get("/").header("connection").is_none() {
        answers += 1;
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(answers > 10, "it has its time");
    assert_eq!(client.rest(), b"");
    assert_eq!(next(&told), Limit::ConnectionTime);
}

#[test]
fn more_clients_than_there_is_room_for_are_answered_503() {
    let (server, told) = server!(.max_connections(2));
    let mut clients: Vec<_> = (0..2).map(|_| Client::connect(server.address)).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").status, 200);
    }
    let mut one_more = Client::connect(server.address);
    let answer = one_more.get("/");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(one_more.rest(), b"");
    assert_eq!(next(&told), Limit::Connections);
    // Where one has left, there is room again.
    clients.pop().unwrap().cut();
    until_there_is_room(server.address);
}

/// A connection counts for a moment longer than its client sees it.
fn until_there_is_room(address: SocketAddr) {
    let begin = Instant::now();
    while get(address, "/").status != 200 {
        assert!(begin.elapsed() < 20 * SECOND);
    }
}

#[test]
fn a_listener_that_panics_does_not_end_the_server() {
    let app = App::new()
        .on(|event: &Exceeded| panic!("a listener fails at this: {event}"))
        .with(answer);
    let server = serve_with(app, |server| {
        server
            .max_connections(2)
            .keep_alive_timeout(Duration::from_secs(1))
    });
    // In the sweep, and where connections are accepted.
    let mut idle = Client::connect(server.address);
    assert_eq!(idle.get("/").status, 200);
    let mut other = Client::connect(server.address);
    assert_eq!(other.get("/").status, 200);
    let mut refused = Client::connect(server.address);
    assert_eq!(refused.read(false).unwrap().status, 503);
    assert_eq!(idle.rest(), b"", "it was idle for too long");
    assert_eq!(other.rest(), b"");
    until_there_is_room(server.address);
}

/// What comes goes back, on a connection that is a tunnel.
#[middleware]
async fn tunnel(ctx: &mut Context) -> Result {
    let Some(upgrade) = ctx.request.upgrade() else {
        throw!(400, "this is a tunnel");
    };
    tokio::spawn(async move {
        let stream = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
        let (mut read, mut write) = tokio::io::split(stream);
        let _ = tokio::io::copy(&mut read, &mut write).await;
    });
    ctx.set_status(200)
}

#[test]
fn a_tunnel_is_not_taken_for_a_connection_that_is_slow_or_ends() {
    let server = serve_with(App::new().with(tunnel), |server| {
        server
            .header_read_timeout(SECOND)
            .keep_alive_timeout(SECOND)
    });
    let mut client = Client::connect(server.address);
    client.send("CONNECT other:1 HTTP/1.1\r\nHost: other:1\r\n\r\n");
    assert_eq!(client.read(true).unwrap().status, 200);
    for _ in 0..8 {
        client.send("ping");
        assert!(client.fill());
        assert_eq!(client.take(), b"ping");
        std::thread::sleep(SECOND / 2);
    }
}
