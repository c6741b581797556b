//! How a server ends that speaks HTTP/2: its clients are told, and have their answers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod h2_client;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use client::Client;
use h2::client::SendRequest;
use h2_client::{
    GET, PREFACE, connect, frame, frames, raw, read, request, wait_for, wait_for_goodbye,
};
use koa::prelude::*;
use koa::{Exceeded, Limit, Onion, Server};
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, block_in_place};

/// Why the server ends a connection (RFC 9113, 7).
const NO_ERROR: u8 = 0;

/// A server that runs until it is told to stop.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result>,
}

async fn run<C: Onion, List: 'static, Depth: 'static>(
    app: App<C, List, Depth>,
    change: impl FnOnce(Server<C>) -> Server<C>,
) -> Running {
    let (stop, stopped) = oneshot::channel::<()>();
    let server = change(app.bind("127.0.0.1:0").await.unwrap());
    let address = server.addresses()[0];
    let server = server.shutdown_on(async {
        let _ = stopped.await;
    });
    Running {
        address,
        stop,
        server: tokio::spawn(server.run()),
    }
}

/// Says where it is, and that it was dropped.
struct Waits(Mutex<Sender<&'static str>>, &'static Notify);

struct Tells(Sender<&'static str>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.0.send("it is dropped");
    }
}

#[middleware]
impl Waits {
    async fn call(&self) -> &'static str {
        let guard = Tells(self.0.lock().unwrap().clone());
        guard.0.send("it waits").unwrap();
        self.1.notified().await;
        "done"
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_told_and_what_is_in_flight_is_finished() {
    static GO: Notify = Notify::const_new();
    let (tell, told) = channel();
    let app = App::new().with(Waits(Mutex::new(tell), &GO));
    let server = run(app, |server| server).await;
    let mut idle = raw(server.address);
    let mut busy = raw(server.address);
    busy.send(frame(1, 5, 1, GET));
    block_in_place(|| assert_eq!(told.recv(), Ok("it waits")));
    server.stop.send(()).unwrap();
    block_in_place(|| {
        // Both hear of it before one of them has its answer; what the second asks later is not looked at.
        wait_for(&mut idle, |(kind, ..)| *kind == 7);
        wait_for(&mut busy, |(kind, ..)| *kind == 7);
        GO.notify_one();
        wait_for(&mut busy, |(kind, stream, body)| {
            (*kind, *stream, &body[..]) == (0, 1, b"done")
        });
    });
    // A client that says it has heard is rid of its connection at once.
    let pong = frame(6, 1, 0, b"\x0b\x7b\xa2\xf0\x8b\x9b\xfe\x54");
    for mut client in [idle, busy] {
        client.send(&pong);
        block_in_place(|| wait_for_goodbye(&mut client, NO_ERROR));
    }
    server.server.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_answers_nothing_does_not_keep_the_server_from_ending() {
    static GO: Notify = Notify::const_new();
    let (tell, _told) = channel();
    let app = App::new().with(Waits(Mutex::new(tell), &GO));
    let server = run(app, |server| server.grace(Duration::from_secs(60))).await;
    let mut silent = raw(server.address);
    block_in_place(|| assert!(silent.fill(), "the server's settings come"));
    let begin = Instant::now();
    server.stop.send(()).unwrap();
    server.server.await.unwrap().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(20));
    let frames = frames(&silent.rest());
    assert!(frames.iter().any(|(kind, ..)| *kind == 7), "it was told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_longer_than_the_grace_time_is_cut_off_before_the_hooks_run() {
    static NEVER: Notify = Notify::const_new();
    for is_given_up in [false, true] {
        let (tell, told) = channel();
        let (event, hook) = (tell.clone(), tell.clone());
        let app = App::new()
            .on(move |exceeded: &Exceeded| {
                assert_eq!(exceeded.limit, Limit::GraceTime);
                let _ = event.send("it is told");
            })
            .with(Waits(Mutex::new(tell), &NEVER));
        let server = run(app, |server| {
            server
                .grace(Duration::from_secs(1))
                .on_shutdown(move || async move { hook.send("the hook runs").unwrap() })
        });
        let server = server.await;
        let mut client = raw(server.address);
        client.send(frame(1, 5, 1, GET));
        block_in_place(|| assert_eq!(told.recv(), Ok("it waits")));
        if is_given_up {
            // The request runs on without its stream, which has been seen when the answer to the ping comes.
            client.send(frame(3, 0, 1, &[0, 0, 0, 8]));
            client.send(frame(6, 0, 0, b"are you?"));
            block_in_place(|| wait_for(&mut client, |(kind, ..)| *kind == 6));
        }
        let begin = Instant::now();
        server.stop.send(()).unwrap();
        server.server.await.unwrap().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(10));
        let mut order: Vec<_> = told.try_iter().collect();
        assert_eq!(order.pop(), Some("the hook runs"));
        order.sort_unstable();
        assert_eq!(order, ["it is dropped", "it is told"]);
    }
}

/// A client says that it has read, and does so when the server has written all and has nothing more to do: its answers must
/// not be lost for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_late_has_its_whole_answers() {
    #[middleware]
    async fn large() -> Vec<u8> {
        vec![7; 6000]
    }
    const REQUESTS: u8 = 10;
    // So that most of it waits with the server.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let server = run(App::new().with(large), |server| server).await;
    socket.connect(&server.address.into()).unwrap();
    let came = tokio::task::spawn_blocking(move || {
        let mut client = Client::on(socket.into());
        client.send(PREFACE);
        client.send(frame(4, 0, 0, b""));
        for number in 0..REQUESTS {
            client.send(frame(1, 5, 2 * number + 1, GET));
        }
        // It asks no more, so the connection ends with the answers.
        client.send(frame(7, 0, 0, &[0; 8]));
        // It is late: the server has written all meanwhile.
        std::thread::sleep(Duration::from_millis(500));
        let mut came = Vec::new();
        while client.fill() {
            came.extend(client.take());
            let _ = client.try_send(frame(8, 0, 0, &[0, 0, 0, 1]));
        }
        came
    });
    let came = frames(&came.await.unwrap());
    let body = |(kind, _, body): &(u8, u8, Vec<u8>)| if *kind == 0 { body.len() } else { 0 };
    let bytes: usize = came.iter().map(body).sum();
    assert_eq!(bytes, usize::from(REQUESTS) * 6000);
    server.stop.send(()).unwrap();
    server.server.await.unwrap().unwrap();
}

/// Counts what it is asked.
struct Counted(Arc<AtomicU64>);

#[middleware]
impl Counted {
    async fn call(&self) -> Vec<u8> {
        self.0.fetch_add(1, Relaxed);
        tokio::task::yield_now().await;
        vec![7; 5000]
    }
}

/// Asks on and on, ten requests at a time, until the server takes no more. Their answers have room in one window.
async fn ask_on(client: SendRequest<Bytes>, answered: Arc<AtomicU64>) {
    loop {
        let mut responses = Vec::new();
        for _ in 0..10 {
            let Ok(mut ready) = client.clone().ready().await else {
                break;
            };
            match ready.send_request(request("GET", "/"), true) {
                Ok((response, _)) => responses.push(response),
                Err(_) => break,
            }
        }
        let complete = responses.len() == 10;
        for response in responses {
            // One that the server has not taken is told to be so.
            if let Ok((status, body)) = read(response).await {
                assert_eq!((status, body.len()), (200, 5000));
                answered.fetch_add(1, Relaxed);
            }
        }
        if !complete {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_every_request_that_was_taken_has_its_whole_response() {
    for round in 0..20 {
        let seen = Arc::new(AtomicU64::new(0));
        let app = App::new().with(Counted(Arc::clone(&seen)));
        let server = run(app, |server| server.workers(round % 3)).await;
        let answered = Arc::new(AtomicU64::new(0));
        let mut clients = Vec::new();
        for _ in 0..4 {
            let client = connect(server.address).await;
            clients.push(tokio::spawn(ask_on(client, Arc::clone(&answered))));
        }
        while answered.load(Relaxed) < 100 {
            tokio::task::yield_now().await;
        }
        let begin = Instant::now();
        server.stop.send(()).unwrap();
        for client in clients {
            client.await.unwrap();
        }
        server.server.await.unwrap().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(20));
        assert_eq!(answered.load(Relaxed), seen.load(Relaxed), "round {round}");
    }
}
