//! Five thousand clients that send a byte a second, beside fifty that ask and are answered.
//!
//! `cargo test --release --test slow_clients -- --ignored --nocapture` says what the fifty notice of the others, and what
//! these take of the memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use client::Client;
use koa::Limit;
use koa::prelude::*;
use serve::serve;

const SLOW: usize = 5_000;
const NORMAL: usize = 50;

/// How long a round takes. The best of five counts, with the slow clients and without: the machine may have something else
/// to do in one of them.
const TIME: Duration = Duration::from_secs(4);
const ROUNDS: usize = 5;

/// How many times as long an answer may take beside the slow clients.
const FACTOR: u32 = 2;

/// How much memory a slow client may take, its own side included, in kB.
const MEMORY: u64 = 32;

#[middleware]
async fn hello(ctx: &mut Context) -> String {
    ctx.app().exceeded(Limit::HeaderReadTime).to_string()
}

/// The time that 99 of 100 answers take at most, with ten requests a second of each client.
fn p99(address: SocketAddr) -> Duration {
    let mut times: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..NORMAL)
            .map(|_| {
                scope.spawn(move || {
                    let mut client = Client::connect(address);
                    let mut times = Vec::new();
                    let begin = Instant::now();
                    while begin.elapsed() < TIME {
                        let asked = Instant::now();
                        assert_eq!(client.get("/").status, 200);
                        times.push(asked.elapsed());
                        std::thread::sleep(Duration::from_millis(100));
                    }
                    times
                })
            })
            .collect();
        let times = clients.into_iter().map(|client| client.join().unwrap());
        times.flatten().collect()
    });
    times.sort();
    times[times.len() * 99 / 100]
}

/// The same in each round.
fn rounds(address: SocketAddr) -> [Duration; ROUNDS] {
    std::array::from_fn(|_| p99(address))
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.unwrap_or(0)
}

#[test]
#[ignore = "it takes a minute, and ten thousand file descriptors"]
fn slow_clients_do_not_slow_the_others_and_are_ended() {
    let server = serve(App::new().with(hello));
    let alone = rounds(server.address);
    let before = resident();

    let stop = AtomicBool::new(false);
    let (beside, memory) = std::thread::scope(|scope| {
        let mut slow: Vec<_> = (0..SLOW)
            .map(|_| {
                let mut stream = TcpStream::connect(server.address).unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
                stream
            })
            .collect();
        let stop = &stop;
        scope.spawn(move || {
            while !stop.load(Relaxed) {
                // A byte a second, spread over the second.
                for part in slow.chunks_mut(SLOW / 100) {
                    for stream in part {
                        // The server ends it sooner or later.
                        let _ = stream.write_all(b"a");
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        });
        let ended = || client::get(server.address, "/").text().parse::<usize>();
        let beside = rounds(server.address);
        let memory = resident().saturating_sub(before);
        assert_eq!(ended().unwrap(), 0, "they were there all the time");
        let begin = Instant::now();
        while ended().unwrap() < SLOW {
            assert!(begin.elapsed() < Duration::from_secs(60), "they are ended");
            std::thread::sleep(Duration::from_millis(100));
        }
        stop.store(true, Relaxed);
        (beside, memory)
    });
    println!("p99 alone {alone:?}, beside {SLOW} slow clients {beside:?}; {memory} kB for them");
    assert!(memory <= MEMORY * SLOW as u64);
    assert!(beside.iter().min() <= alone.map(|time| FACTOR * time).iter().min());
}
