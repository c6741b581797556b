//! A hundred thousand requests that succeed, fail, panic, and are cut off by their clients: the server serves on, and
//! nothing is left behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use client::{Client, get};
use koa::prelude::*;
use serve::{Serving, serve};

const CONNECTIONS: u64 = 200;
const REQUESTS: u64 = 100_000;

/// How many requests are inside the app.
#[derive(Default)]
struct Inside(AtomicU64);

struct Leave<'a>(&'a Inside);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

struct Watch(Arc<Inside>);

#[middleware]
impl Watch {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        self.0.0.fetch_add(1, Relaxed);
        let _leave = Leave(&self.0);
        next.run(ctx).await
    }
}

#[middleware]
async fn ways(ctx: &mut Context) -> Result {
    match ctx.path() {
        "/fail" => throw!(400, "as asked"),
        "/break" => throw!("as asked"),
        "/panic" => std::panic::resume_unwind(Box::new("as asked")),
        "/wait" => {
            tokio::task::yield_now().await;
            ctx.set_body("waited");
        }
        "/large" => ctx.set_body(vec![0; 1 << 20]),
        "/stream" => ctx.set_body(Body::reader(tokio::io::repeat(7))),
        _ => ctx.set_body("fine"),
    }
    Ok(())
}

fn work(address: std::net::SocketAddr, first: u64) {
    let mut client = Client::connect(address);
    for number in 0..REQUESTS / CONNECTIONS {
        let expect = |client: &mut Client, path: &str, status: u16| {
            assert_eq!(client.get(path).status, status, "{path}");
        };
        match (first + number) % 25 {
            0..=9 => expect(&mut client, "/", 200),
            10..=13 => expect(&mut client, "/fail", 400),
            14..=16 => expect(&mut client, "/break", 500),
            17..=19 => expect(&mut client, "/panic", 500),
            20..=21 => expect(&mut client, "/wait", 200),
            way => {
                // Cut off: in the middle of a request, before the response, in the middle of it.
                let path = if way == 24 { "/stream" } else { "/large" };
                let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
                let _ = match way {
                    22 => client.try_send(&request[..20]),
                    23 => client.try_send(&request),
                    _ => client.try_send(&request).map(|()| {
                        client.fill();
                    }),
                };
                client.cut();
                client = Client::connect(address);
            }
        }
    }
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn run(server: &Serving) {
    let address = server.address;
    std::thread::scope(|scope| {
        for number in 0..CONNECTIONS {
            scope.spawn(move || work(address, number));
        }
    });
}

/// Waits until a condition holds, which the server's own progress brings about.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn the_server_serves_on_and_nothing_is_left_behind() {
    let inside = Arc::new(Inside::default());
    let app = App::new()
        .silent(true)
        .with(Watch(Arc::clone(&inside)))
        .with(ways);
    let server = serve(app);
    get(server.address, "/");
    eventually("the first connection ends", || server.tasks() <= 3);
    let tasks = server.tasks();

    run(&server);
    eventually("every request ends", || inside.0.load(Relaxed) == 0);
    eventually("every task ends", || server.tasks() <= tasks);
    let first = resident();

    // What a second run takes beyond the first would be a leak.
    run(&server);
    eventually("every task ends", || server.tasks() <= tasks);
    if let (Some(first), Some(second)) = (first, resident()) {
        assert!(
            second < first + 20_000,
            "{first} kB after one run, {second} kB after two"
        );
    }
    assert_eq!(get(server.address, "/").text(), "fine");
}
