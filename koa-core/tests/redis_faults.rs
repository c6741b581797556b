//! A Redis that fails, under 200 clients: no session is lost that was acknowledged, none is another user's, none is empty in
//! place of one that is there, and nobody waits longer than was set.

#![cfg(feature = "redis")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod browser;
mod client;
mod redis_server;
mod serve;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use browser::{Browser, lines};
use koa::prelude::*;
use koa::{RedisStore, SessionStoreFailed, session};
use redis_server::RedisServer;
use serve::{Serving, serve};

const CLIENTS: usize = 200;

/// How long the store may take for each thing it is asked.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a request asks of it at most, one after the other: to load, to write, and both again where another wrote.
const ASKED: u32 = 4;

/// What the machine may add, on which all clients and the server run.
const SLACK: Duration = Duration::from_secs(2);

#[session(key = "sid", max_age = "1h", prefix = "s:")]
struct Visits {
    user: String,
    count: u64,
}

#[middleware]
async fn site(ctx: &mut Context) -> Result<String> {
    if ctx.path() == "/free" {
        return Ok("free".to_owned());
    }
    let user = ctx.path().strip_prefix("/login/").map(str::to_owned);
    let leaves = ctx.path() == "/logout";
    let session = ctx.session::<Visits>().await?;
    if leaves {
        session.destroy();
        return Ok(String::new());
    }
    if let Some(user) = user {
        session.user = user;
    } else if session.user.is_empty() {
        throw!(401, "Who are you?");
    }
    session.count += 1;
    Ok(format!("{} {}", session.user, session.count))
}

/// A proxy before a Redis, which can cut its connections in mid-reply.
struct Proxy {
    address: SocketAddr,
    /// After how many bytes of replies a connection is cut; 0 for never.
    cut_after: Arc<AtomicUsize>,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    fn before(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            cut_after: Arc::default(),
            cuts: Arc::default(),
        };
        let (cut_after, cuts) = (Arc::clone(&proxy.cut_after), Arc::clone(&proxy.cuts));
        thread::spawn(move || {
            for client in listener.incoming() {
                // A Redis that is down ends the connection.
                let (Ok(client), Ok(server)) = (client, UnixStream::connect(&socket)) else {
                    continue;
                };
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || {
                    drop(std::io::copy(&mut from, &mut to));
                    drop(to.shutdown(Shutdown::Both));
                });
                let (cut_after, cuts) = (Arc::clone(&cut_after), Arc::clone(&cuts));
                thread::spawn(move || replies(server, client, &cut_after, &cuts));
            }
        });
        proxy
    }
}

/// Passes on what the server replies, to the end or to where it is cut.
fn replies(mut from: UnixStream, mut to: TcpStream, cut_after: &AtomicUsize, cuts: &AtomicUsize) {
    let mut passed = 0;
    let mut chunk = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        let mut part = &chunk[..read];
        let limit = cut_after.load(Ordering::SeqCst);
        let is_cut = limit > 0 && passed + read > limit;
        if is_cut {
            // The rest of a reply is missing.
            part = &part[..read / 2];
        }
        passed += read;
        if to.write_all(part).is_err() || is_cut {
            cuts.fetch_add(usize::from(is_cut), Ordering::SeqCst);
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
    drop(from.shutdown(Shutdown::Both));
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    served: AtomicUsize,
    unavailable: AtomicUsize,
    longest: Mutex<Duration>,
}

/// A server, its Redis, and what it told of.
struct Scene {
    redis: RedisServer,
    proxy: Proxy,
    server: Serving,
    failures: Arc<AtomicUsize>,
}

impl Scene {
    fn new() -> Option<Self> {
        let redis = RedisServer::start()?;
        let proxy = Proxy::before(redis.socket());
        let store = RedisStore::open(format!("redis://{}", proxy.address)).unwrap();
        let failures = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&failures);
        let app = App::new()
            .on(move |failed: &SessionStoreFailed| {
                assert!(!failed.message.is_empty());
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .on_error(|error, _| assert!(matches!(error.status(), 401 | 503), "{error:?}"))
            .with(Visits::middleware().store(store).store_timeout(PATIENCE))
            .with(site);
        Some(Self {
            redis,
            proxy,
            server: serve(app),
            failures,
        })
    }
}

/// One at a time: each measures how long its clients wait.
static ONE: Mutex<()> = Mutex::new(());

/// Lets all clients count their visits while a fault comes and goes.
fn under_load(fault: impl FnOnce(&mut Scene)) {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut scene) = Scene::new() else {
        return;
    };
    let address = scene.server.address;
    let (seen, over) = (Arc::<Seen>::default(), Arc::<AtomicBool>::default());
    let all_in = Arc::<AtomicUsize>::default();
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let (seen, over) = (Arc::clone(&seen), Arc::clone(&over));
        let all_in = Arc::clone(&all_in);
        let client = move || visit(address, number, &seen, &over, &all_in);
        clients.push(thread::spawn(client));
    }
    let free = {
        let over = Arc::clone(&over);
        thread::spawn(move || not_concerned(address, &over))
    };
    wait_for("all clients to be logged in", || {
        all_in.load(Ordering::SeqCst) == CLIENTS
    });
    assert_eq!(scene.failures.load(Ordering::SeqCst), 0);
    assert_eq!(seen.unavailable.load(Ordering::SeqCst), 0);
    fault(&mut scene);
    over.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().expect("what a client was promised");
    }
    let longest_free = free.join().expect("what needs no session goes on");
    let unavailable = seen.unavailable.load(Ordering::SeqCst);
    let longest = *seen.longest.lock().unwrap();
    eprintln!(
        "{} served, {unavailable} unavailable, {} events; longest {longest:?}, without a session {longest_free:?}",
        seen.served.load(Ordering::SeqCst),
        scene.failures.load(Ordering::SeqCst),
    );
    assert!(unavailable > 0, "the fault was felt");
    assert!(scene.failures.load(Ordering::SeqCst) >= unavailable);
    assert!(longest < PATIENCE * ASKED + SLACK, "{longest:?}");
}

/// One client, from its login to its first visit after the fault.
fn visit(address: SocketAddr, number: usize, seen: &Seen, over: &AtomicBool, all_in: &AtomicUsize) {
    let user = format!("user{number}");
    let mut browser = Browser::new(address);
    // How many visits were acknowledged, and how many may have been counted beside them.
    let (mut acknowledged, mut unknown) = (0, 0);
    let mut after_the_fault = None;
    loop {
        let path = match acknowledged {
            0 => format!("/login/{user}"),
            _ => "/".to_owned(),
        };
        let is_over = over.load(Ordering::SeqCst);
        let start = Instant::now();
        let answer = browser.get(&path);
        let took = start.elapsed();
        {
            let mut longest = seen.longest.lock().unwrap();
            *longest = took.max(*longest);
        }
        match answer.status {
            200 => {
                let text = answer.text();
                let (whose, count) = text.split_once(' ').unwrap();
                assert_eq!(whose, user, "another user's session");
                let count: u64 = count.parse().unwrap();
                assert!(
                    (acknowledged + 1..=acknowledged + 1 + unknown).contains(&count),
                    "{acknowledged} and {unknown} visits became {count}"
                );
                if acknowledged == 0 {
                    all_in.fetch_add(1, Ordering::SeqCst);
                }
                (acknowledged, unknown) = (count, 0);
                seen.served.fetch_add(1, Ordering::SeqCst);
                if is_over {
                    return;
                }
            }
            503 => {
                assert_eq!(lines(&answer), [""; 0]);
                assert_eq!(answer.text(), "Service Unavailable");
                unknown += 1;
                seen.unavailable.fetch_add(1, Ordering::SeqCst);
                if is_over {
                    let since = *after_the_fault.get_or_insert_with(Instant::now);
                    let since: Instant = since;
                    assert!(
                        since.elapsed() < Duration::from_secs(10),
                        "it never recovers"
                    );
                }
            }
            _ => panic!("neither served nor unavailable: {answer:?}"),
        }
        // The pace of one user.
        thread::sleep(Duration::from_millis(200));
    }
}

/// Asks for what needs no session, all the time; gives the longest that it took.
fn not_concerned(address: SocketAddr, over: &AtomicBool) -> Duration {
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::SeqCst) {
        let start = Instant::now();
        let answer = client::get(address, "/free");
        longest = longest.max(start.elapsed());
        assert_eq!((answer.status, answer.text().as_str()), (200, "free"));
        thread::sleep(Duration::from_millis(10));
    }
    assert!(longest < SLACK, "{longest:?}");
    longest
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "still waiting for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Until as many requests were answered with a 503 as there are clients, about.
fn until_it_is_felt(scene: &Scene) {
    let failures = scene.failures.load(Ordering::SeqCst);
    wait_for("the fault to be felt", || {
        scene.failures.load(Ordering::SeqCst) >= failures + CLIENTS
    });
}

#[test]
fn killed_and_started_again() {
    under_load(|scene| {
        for _ in 0..2 {
            scene.redis.kill();
            until_it_is_felt(scene);
            assert!(scene.redis.run());
        }
    });
}

#[test]
fn paused() {
    under_load(|scene| {
        scene.redis.signal("-STOP");
        // Each client is kept waiting several times: for seconds.
        for _ in 0..4 {
            until_it_is_felt(scene);
        }
        scene.redis.signal("-CONT");
    });
}

#[test]
fn cut_in_mid_reply() {
    under_load(|scene| {
        scene.proxy.cut_after.store(2000, Ordering::SeqCst);
        wait_for("ten cuts", || scene.proxy.cuts.load(Ordering::SeqCst) >= 10);
        scene.proxy.cut_after.store(0, Ordering::SeqCst);
    });
}

#[test]
fn out_of_memory() {
    under_load(|scene| {
        scene
            .redis
            .command("CONFIG SET maxmemory-policy noeviction");
        assert_eq!(scene.redis.command("CONFIG SET maxmemory 1"), "+OK\r\n");
        until_it_is_felt(scene);
        assert_eq!(scene.redis.command("CONFIG SET maxmemory 0"), "+OK\r\n");
    });
}

#[test]
fn another_type_under_the_key() {
    under_load(|scene| {
        let away = "for i, k in ipairs(redis.call('KEYS', 's:*')) do \
                    redis.call('RENAME', k, 'away:' .. k) redis.call('RPUSH', k, 'x') end";
        assert_eq!(
            scene.redis.command(&format!(r#"EVAL "{away}" 0"#)),
            "$-1\r\n"
        );
        until_it_is_felt(scene);
        let back = "for i, k in ipairs(redis.call('KEYS', 'away:*')) do \
                    redis.call('RENAME', k, string.sub(k, 6)) end";
        assert_eq!(
            scene.redis.command(&format!(r#"EVAL "{back}" 0"#)),
            "$-1\r\n"
        );
    });
}

/// An app starts without its Redis, and one that refuses it is asked again.
#[test]
fn absent_at_first_and_full_of_others() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut scene) = Scene::new() else {
        return;
    };
    let mut ada = Browser::new(scene.server.address);
    scene.redis.kill();
    let start = Instant::now();
    assert_eq!(ada.get("/login/ada").status, 503);
    assert!(start.elapsed() < PATIENCE + SLACK);
    assert!(scene.redis.run());
    wait_for("the Redis to be found", || {
        Browser::new(scene.server.address).get("/login/bob").status == 200
    });
    assert_eq!(ada.read("/login/ada"), "ada 1");
    // A password that the app does not have ends its connections, and takes no new ones.
    scene.redis.command("CONFIG SET requirepass hunter2");
    scene.redis.kill_clients("hunter2");
    wait_for("the Redis to refuse", || ada.get("/").status == 503);
    scene
        .redis
        .authenticated("hunter2", "CONFIG SET requirepass \"\"");
    wait_for("the Redis to be found", || {
        let answer = ada.clone().get("/");
        answer.status == 200 && answer.text().starts_with("ada ")
    });
}

/// A cluster of which one node fails that has a replica, and one that has none.
#[cfg(feature = "redis-cluster")]
#[test]
fn a_node_of_a_cluster_fails() {
    use redis_server::RedisCluster;

    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut cluster) = RedisCluster::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = {
        let _context = runtime.enter();
        RedisStore::cluster(cluster.urls()).unwrap()
    };
    let failures = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&failures);
    let app = App::new()
        .on(move |_: &SessionStoreFailed| {
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .on_error(|error, _| assert!(matches!(error.status(), 401 | 503), "{error:?}"))
        .with(Visits::middleware().store(store).store_timeout(PATIENCE))
        .with(site);
    let server = serve(app);
    let mut users: Vec<_> = (0..60)
        .map(|number| {
            let (user, mut browser) = (format!("user{number}"), Browser::new(server.address));
            assert_eq!(browser.read(&format!("/login/{user}")), format!("{user} 1"));
            (
                user,
                browser,
                Counted {
                    known: 1,
                    unknown: 0,
                },
            )
        })
        .collect();
    let mut visit_all = || -> usize {
        let served = users.iter_mut().map(|(user, browser, counted)| {
            let start = Instant::now();
            let answer = browser.get("/");
            assert!(start.elapsed() < PATIENCE * ASKED + SLACK);
            usize::from(counted.is_served(user, &answer))
        });
        served.sum()
    };
    assert_eq!(visit_all(), 60);
    // The last master has no replica: its sessions wait for it, those of the others do not.
    cluster.nodes[2].kill();
    let served = visit_all();
    assert!((20..60).contains(&served), "{served}");
    assert!(failures.load(Ordering::SeqCst) > 0);
    assert!(cluster.nodes[2].run());
    wait_for("the node to be back", || visit_all() == 60);
    // The place of the first one is taken by its replica, which has what it had.
    cluster.nodes[0].kill();
    wait_for("the replica to take its place", || visit_all() == 60);
    let replica = cluster.nodes[3].command("INFO replication");
    assert!(replica.contains("role:master"), "{replica}");
    // Signing out ends a session wherever it is.
    let mut before = users[0].1.clone();
    assert_eq!(users[0].1.get("/logout").status, 200);
    assert_eq!(before.get("/").status, 401);
}

/// How many visits of one user were acknowledged, and how many may have been counted beside them.
#[cfg(feature = "redis-cluster")]
struct Counted {
    known: u64,
    unknown: u64,
}

#[cfg(feature = "redis-cluster")]
impl Counted {
    /// Whether a visit was served; what was acknowledged is there, and it is the user's own.
    fn is_served(&mut self, user: &str, answer: &client::Answer) -> bool {
        if answer.status == 503 {
            self.unknown += 1;
            return false;
        }
        assert_eq!(answer.status, 200, "{user}: {answer:?}");
        let text = answer.text();
        let (whose, count) = text.split_once(' ').unwrap();
        assert_eq!(whose, user, "another user's session");
        let count: u64 = count.parse().unwrap();
        let counted = self.known + 1..=self.known + 1 + self.unknown;
        assert!(counted.contains(&count), "{user}: {count} of {counted:?}");
        (self.known, self.unknown) = (count, 0);
        true
    }
}
