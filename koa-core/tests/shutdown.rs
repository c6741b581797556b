//! How a server ends: what it has accepted is answered, and then it is gone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;

use std::collections::HashMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use client::Client;
use koa::prelude::*;
use koa::{EggStore, Exceeded, FromEgg, Limit, Load, MaxAge, Onion, Save, Server, session};
use tokio::sync::{Semaphore, oneshot};

/// Waits for a permit where it is asked to, and tells that it waits.
struct Gate(Arc<Semaphore>, Mutex<Sender<()>>);

#[middleware]
impl Gate {
    async fn call(&self, ctx: &mut Context) -> Result<&'static str> {
        if ctx.path() == "/wait" {
            self.1.lock().unwrap().send(())?;
            self.0.acquire().await?.forget();
        }
        Ok("done")
    }
}

/// A server that runs on a thread of its own, until it is told to stop.
struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

fn run<C: Onion, List: 'static + Send, Depth: 'static + Send>(
    app: App<C, List, Depth>,
    change: impl FnOnce(Server<C>) -> Server<C> + Send + 'static,
) -> Running {
    let (stop, stopped) = oneshot::channel();
    let stopped = async {
        let _ = stopped.await;
    };
    let mut running = run_until(app, |server| change(server).shutdown_on(stopped));
    running.stop = Some(stop);
    running
}

/// The same, until what `change` sets happens.
fn run_until<C: Onion, List: 'static + Send, Depth: 'static + Send>(
    app: App<C, List, Depth>,
    change: impl FnOnce(Server<C>) -> Server<C> + Send + 'static,
) -> Running {
    let (tell, told) = channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let server = change(app.bind("127.0.0.1:0").await.unwrap());
            tell.send(server.addresses()[0]).unwrap();
            server.run().await.unwrap();
        });
    });
    Running {
        address: told.recv().unwrap(),
        stop: None,
        thread: Some(thread),
    }
}

impl Running {
    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    fn wait(&mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

fn gate() -> (Gate, Arc<Semaphore>, std::sync::mpsc::Receiver<()>) {
    let (tell, waits) = channel();
    let permits = Arc::new(Semaphore::new(0));
    (Gate(Arc::clone(&permits), Mutex::new(tell)), permits, waits)
}

#[test]
fn what_is_in_flight_is_finished_and_nothing_more_is_accepted() {
    for workers in [0, 2] {
        let (gate, permits, waits) = gate();
        let mut server = run(App::new().with(gate), move |server| server.workers(workers));
        let mut idle = Client::connect(server.address);
        assert_eq!(idle.get("/").status, 200);
        let mut busy = Client::connect(server.address);
        busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
        waits.recv().unwrap();

        server.stop();
        assert_eq!(idle.rest(), b"", "an idle connection is closed");
        let refused = || TcpStream::connect(server.address).is_err();
        assert!(refused(), "nothing listens any more");

        permits.add_permits(1);
        let answer = busy.read(false).expect("the request is answered");
        assert_eq!(answer.text(), "done");
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(busy.rest(), b"");
        server.wait();
    }
}

/// Tells when it is dropped, which it is with the layer that has it.
struct Tells(Sender<&'static str>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.0.send("the layer is dropped");
    }
}

/// Waits for ever, on `/flushed` behind its own head.
struct Stuck(Mutex<Sender<&'static str>>);

#[middleware]
impl Stuck {
    async fn call(&self, ctx: &mut Context) -> Result {
        let tell = self.0.lock().unwrap().clone();
        let _guard = Tells(tell.clone());
        if ctx.path() == "/flushed" {
            ctx.flush_headers().await?;
        }
        tell.send("it waits")?;
        std::future::pending().await
    }
}

#[test]
fn what_takes_longer_than_the_grace_time_is_cut_off_before_the_hooks_run() {
    for path in ["/", "/flushed", "/gone"] {
        for workers in [0, 2] {
            let (tell, told) = channel();
            let (event, hook) = (tell.clone(), tell.clone());
            let app = App::new()
                .flush_headers(path == "/flushed")
                .on(move |event_of: &Exceeded| {
                    assert_eq!(event_of.limit, Limit::GraceTime);
                    let _ = event.send("it is told");
                })
                .with(Stuck(Mutex::new(tell)));
            let mut server = run(app, move |server| {
                server
                    .workers(workers)
                    .grace(Duration::from_secs(1))
                    .on_shutdown(move || async move { hook.send("the hook runs").unwrap() })
            });
            let mut busy = Client::connect(server.address);
            busy.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            assert_eq!(told.recv(), Ok("it waits"));
            if path == "/gone" {
                busy.finish().unwrap();
            }
            let begin = Instant::now();
            server.stop();
            server.wait();
            assert!(begin.elapsed() < Duration::from_secs(10));
            let mut order: Vec<_> = told.iter().collect();
            assert_eq!(order.pop(), Some("the hook runs"), "{path}");
            order.sort_unstable();
            assert_eq!(order, ["it is told", "the layer is dropped"], "{path}");
            let came = String::from_utf8(busy.rest()).unwrap();
            assert_eq!(came.is_empty(), path != "/flushed", "{came}");
        }
    }
}

#[test]
fn a_handler_that_blocks_its_thread_does_not_keep_the_server_from_ending() {
    struct Blocks(Mutex<std::sync::mpsc::Receiver<()>>, Mutex<Sender<()>>);
    #[middleware]
    impl Blocks {
        async fn call(&self) {
            self.1.lock().unwrap().send(()).unwrap();
            let _ = self.0.lock().unwrap().recv();
        }
    }
    let ((unblock, blocked), (tell, told)) = (channel(), channel());
    let app = App::new().with(Blocks(Mutex::new(blocked), Mutex::new(tell)));
    let mut server = run(app, |server| {
        server.workers(2).grace(Duration::from_secs(1))
    });
    let mut busy = Client::connect(server.address);
    busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    told.recv().unwrap();
    let begin = Instant::now();
    server.stop();
    server.wait();
    assert!(begin.elapsed() < Duration::from_secs(5));
    drop(unblock);
}

#[test]
fn hooks_run_in_their_order_after_the_requests() {
    let (gate, permits, waits) = gate();
    let (did, saw) = channel();
    let mut server = run(App::new().with(gate), move |server| {
        let first = did.clone();
        server
            .on_shutdown(move || async move {
                tokio::task::yield_now().await;
                first.send("first").unwrap();
            })
            .on_shutdown(move || async move { did.send("second").unwrap() })
    });
    let mut busy = Client::connect(server.address);
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    waits.recv().unwrap();
    server.stop();
    assert!(
        saw.recv_timeout(Duration::from_millis(500)).is_err(),
        "a request is in flight"
    );
    permits.add_permits(1);
    assert_eq!(busy.read(false).unwrap().status, 200);
    server.wait();
    assert_eq!(saw.iter().collect::<Vec<_>>(), ["first", "second"]);
}

#[test]
fn a_body_that_is_being_sent_is_sent_to_its_end() {
    #[middleware]
    async fn large() -> Vec<u8> {
        vec![7; 40_000_000]
    }
    let mut server = run(App::new().with(large), |server| server);
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.fill();
    server.stop();
    assert_eq!(client.read(false).unwrap().body.len(), 40_000_000);
    assert_eq!(client.rest(), b"");
    server.wait();
}

#[cfg(unix)]
#[test]
fn the_process_is_told_by_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let (gate, permits, waits) = gate();
        let mut server = run_until(App::new().with(gate), Server::shutdown_on_signals);
        let mut busy = Client::connect(server.address);
        busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
        waits.recv().unwrap();
        // It serves, so it listens for signals too.
        kill(signal);
        while TcpStream::connect(server.address).is_ok() {
            std::thread::yield_now();
        }
        // That of a manager of processes, which may send it more than once.
        kill("-TERM");
        permits.add_permits(1);
        assert_eq!(busy.read(false).unwrap().status, 200);
        server.wait();
    }
    // Ctrl-C, and once more.
    let (gate, _permits, waits) = gate();
    let (tell, told) = channel();
    let (did, saw) = channel();
    let app = App::new().on(move |event: &Exceeded| tell.send(event.limit).unwrap());
    let mut server = run_until(app.with(gate), |server| {
        server
            .shutdown_on_signals()
            .grace(Duration::from_secs(600))
            .on_shutdown(move || async move { did.send(()).unwrap() })
    });
    let mut busy = Client::connect(server.address);
    busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    waits.recv().unwrap();
    kill("-INT");
    while TcpStream::connect(server.address).is_ok() {
        std::thread::yield_now();
    }
    kill("-INT");
    assert_eq!(busy.rest(), b"");
    server.wait();
    assert_eq!(told.iter().collect::<Vec<_>>(), [Limit::GraceTime]);
    assert_eq!(saw.iter().count(), 1, "the hooks run");
}

#[cfg(unix)]
fn kill(signal: &str) {
    let pid = std::process::id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args([signal, &pid]).status().unwrap().success());
}

/// Answers with so many bytes, and counts what it is asked.
struct Counted(Arc<AtomicU64>, usize);

#[middleware]
impl Counted {
    async fn call(&self) -> Vec<u8> {
        self.0.fetch_add(1, Relaxed);
        tokio::task::yield_now().await;
        vec![7; self.1]
    }
}

/// Asks on and on, twenty times on each connection.
///
/// A connection that the system took just when the listener closed was never the server's: there the first request may
/// go unanswered, and the app has not seen it. Any other one has its whole answer.
fn ask_on(address: SocketAddr, size: usize, stopped: &AtomicBool, answered: &AtomicU64) {
    while let Some(mut client) = Client::try_connect(address) {
        for number in 0..20 {
            let _ = client.try_send("GET /path HTTP/1.1\r\nHost: x\r\n\r\n");
            let Some(answer) = client.read(false) else {
                assert!(stopped.load(Relaxed) && number == 0, "request {number}");
                assert_eq!(client.rest(), b"", "no part of an answer without the rest");
                break;
            };
            assert_eq!(answer.body.len(), size);
            answered.fetch_add(1, Relaxed);
            if answer.header("connection") == Some("close") {
                break;
            }
        }
    }
}

#[test]
fn under_load_every_accepted_request_has_its_whole_response_a_hundred_times() {
    const ROUNDS: usize = 25;
    let rounds = || {
        for round in 0..ROUNDS {
            let (workers, size) = [(0, 5), (2, 5), (0, 300_000), (2, 300_000)][round % 4];
            let seen = Arc::new(AtomicU64::new(0));
            let app = App::new().with(Counted(Arc::clone(&seen), size));
            let mut server = run(app, move |server| {
                server.workers(workers).grace(Duration::from_secs(20))
            });
            let (stopped, answered) = (AtomicBool::new(false), AtomicU64::new(0));
            let address = server.address;
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| ask_on(address, size, &stopped, &answered));
                }
                while answered.load(Relaxed) < 100 {
                    std::thread::yield_now();
                }
                stopped.store(true, Relaxed);
                let begin = Instant::now();
                server.stop();
                server.wait();
                assert!(begin.elapsed() < Duration::from_secs(20));
            });
            assert_eq!(answered.into_inner(), seen.load(Relaxed));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(rounds);
        }
    });
}

#[session(key = "sid")]
struct Visits {
    count: u32,
}

/// Changes the session, then waits at the gate.
#[middleware]
async fn visit(ctx: &mut Context, visits: Slot<Visits>, next: impl Next) -> Result {
    ctx[visits].count += 1;
    next.run(ctx).await?;
    let count = ctx[visits].count;
    ctx.set_body(count.to_string());
    Ok(())
}

/// A store that outlives its servers, and takes its time.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<HashMap<String, serde_json::Value>>>);

impl EggStore for Store {
    async fn get(&self, key: &str, _: &Load) -> Result<Option<serde_json::Value>> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn set(&self, key: &str, value: &serde_json::Value, _: MaxAge, _: &Save<'_>) -> Result {
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.0.lock().unwrap().insert(key.to_owned(), value.clone());
        Ok(())
    }

    async fn destroy(&self, key: &str) -> Result {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

/// The session of the cookie that an answer sets.
fn cookie(answer: &client::Answer) -> String {
    let set = answer.header("set-cookie").expect("the session is saved");
    format!("Cookie: {}\r\n", set.split(';').next().unwrap())
}

#[test]
fn sessions_in_flight_are_saved() {
    let store = Store::default();
    for in_store in [false, true] {
        let sessions = || match in_store {
            false => Visits::middleware(),
            true => Visits::middleware().store(FromEgg(store.clone())),
        };
        let (gate, permits, waits) = gate();
        let app = App::new().keys(["a key that nobody guesses"]);
        let mut server = run(app.with(sessions()).with(visit).with(gate), |server| server);
        let mut busy = Client::connect(server.address);
        busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
        waits.recv().unwrap();
        server.stop();
        permits.add_permits(1);
        let answer = busy.read(false).expect("the request is answered");
        assert_eq!(answer.text(), "1");
        server.wait();

        let (gate, permits, waits) = self::gate();
        let app = App::new().keys(["a key that nobody guesses"]);
        let mut server = run(app.with(sessions()).with(visit).with(gate), |server| server);
        let cookie = cookie(&answer);
        let mut client = Client::connect(server.address);
        assert_eq!(client.ask("GET", "/", &cookie).text(), "2");
        if in_store {
            // Its client goes away, and then the server.
            let mut gone = Client::connect(server.address);
            gone.send(format!("GET /wait HTTP/1.1\r\nHost: x\r\n{cookie}\r\n"));
            waits.recv().unwrap();
            gone.cut();
            permits.add_permits(1);
        }
        server.stop();
        server.wait();
    }
    let kept = store.0.lock().unwrap();
    let kept: Vec<_> = kept.values().map(|value| value.as_str().unwrap()).collect();
    assert_eq!(kept.len(), 1);
    use base64::Engine;
    let kept = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(kept[0]);
    let kept = String::from_utf8_lossy(&kept.unwrap()).into_owned();
    assert!(kept.contains("\"count\":3"), "{kept}");
}
