//! Sessions in a store: the same promises in memory and in Redis.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod browser;
mod client;
#[cfg(feature = "redis")]
mod redis_server;
mod serve;
mod store_promises;

use std::time::Duration;

use browser::{Browser, Clock, lines};
use client::Client;
use koa::prelude::*;
use koa::{Load, MemoryStore, Save, SessionStore, SessionStoreFailed, Stored, Updated, session};
use serve::serve;
use store_promises::{
    has_versions, is_not_saved_when_the_request_is_cancelled, keeps_its_promises,
    keeps_its_promises_under_compat,
};

#[test]
fn in_memory() {
    keeps_its_promises(MemoryStore::new());
    has_versions(&MemoryStore::new());
    keeps_its_promises_under_compat(MemoryStore::new());
    is_not_saved_when_the_request_is_cancelled(MemoryStore::new());
}

/// A store that says it never waits.
struct Hasty;

impl SessionStore for Hasty {
    const IMMEDIATE: bool = true;

    async fn load(&self, _: &str, _: &Load) -> Result<Option<Stored>> {
        std::future::pending::<()>().await;

        Ok(None)
    }

    async fn create(&self, _: &str, _: Save<'_>) -> Result<u64> {
        Ok(1)
    }

    async fn update(&self, _: &str, _: u64, _: Save<'_>) -> Result<Updated> {
        Ok(Updated::Gone)
    }

    async fn destroy(&self, _: &str) -> Result {
        Ok(())
    }
}

#[test]
fn one_that_must_not_wait_and_does_is_as_one_that_is_down() {
    let (tell, told) = std::sync::mpsc::channel();
    let app = App::new()
        .silent(true)
        .on(move |event: &SessionStoreFailed| drop(tell.send(event.message.clone())))
        .with(Hurried::middleware().store(Hasty))
        .with(hurried);
    let server = serve(app);
    let ask = |headers: &str| Client::connect(server.address).ask("GET", "/", headers);
    assert_eq!(ask("").text(), "1");
    assert_eq!(ask("Cookie: hurried=made-up\r\n").status, 503);
    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(told, ["a session store that is `IMMEDIATE` has waited"]);
}

#[session(key = "hurried", max_age = "1d")]
struct Hurried {
    count: u32,
}

#[middleware]
async fn hurried(session: &mut Hurried) -> String {
    session.count += 1;
    session.count.to_string()
}

#[session(key = "one", prefix = "one:", max_age = "session")]
struct One {
    count: u32,
}

#[session(key = "other", prefix = "other:", max_age = "session")]
struct Other {
    count: u32,
}

/// Counts the session that the path names.
#[middleware]
async fn count_one(ctx: &mut Context) -> Result<String> {
    let count = match ctx.path() {
        "/one" => &mut ctx.session::<One>().await?.count,
        _ => &mut ctx.session::<Other>().await?.count,
    };
    *count += 1;
    Ok(count.to_string())
}

fn counts(clock: &Clock) -> serve::Serving {
    let store = MemoryStore::new();
    let app = App::new()
        .clock(clock.of())
        .with(One::middleware().store(store.clone()))
        .with(Other::middleware().store(store))
        .with(count_one);
    serve(app)
}

/// As users behind a proxy do.
#[test]
fn users_who_share_a_connection_share_no_session() {
    let server = counts(&Clock::new());
    let mut shared = Client::connect(server.address);
    let mut users = [(); 3].map(|()| Browser::new(server.address));
    for round in 0..4 {
        for user in &mut users {
            for (path, again) in [("/one", 1), ("/one", 2), ("/other", 1), ("/one", 3)] {
                let answer = shared.ask("GET", path, &user.header());
                let before = if path == "/one" { round * 3 } else { round };
                assert_eq!(answer.text(), (before + again).to_string(), "{path}");
                user.take(&answer);
            }
        }
    }
    // What is the id of the one session, or begins with it, is none of the other.
    let [user, ..] = &users;
    let id = &user.cookies["one"];
    for (path, name, id) in [
        ("/other", "other", id.clone()),
        ("/one", "one", format!("{id}x")),
        ("/one", "one", id[1..].to_owned()),
        ("/one", "one", "x".repeat(id.len())),
    ] {
        assert_eq!(shared.ask("GET", "/one", &user.header()).status, 200);
        let answer = shared.ask("GET", path, &format!("Cookie: {name}={id}\r\n"));
        assert_eq!(answer.text(), "1", "{id}");
        assert_eq!(lines(&answer).len(), 1, "{answer:?}");
    }
    assert_eq!(shared.ask("GET", "/one", &user.header()).text(), "17");
}

/// One that is kept until the browser is closed is kept for a day by the store, and that day is the app's.
#[test]
fn the_memory_goes_by_the_clock_of_the_app() {
    let clock = Clock::new();
    let server = counts(&clock);
    let mut browser = Browser::new(server.address);
    browser.get("/one");
    clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(browser.read("/one"), "2");
    clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(browser.read("/one"), "3");
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(browser.read("/one"), "1");
}

#[session(
    prefix = "own:",
    auto_commit = false,
    store = MemoryStore::new(),
    external_key = (id_that_came, id_that_goes),
    absolute = "36h",
    max_age = "1d"
)]
struct Elsewhere {
    count: u32,
}

fn id_that_came(ctx: &Context) -> Option<String> {
    Some(ctx.get("X-Session").into_owned())
}

fn id_that_goes(ctx: &mut Context, id: &str) -> Result {
    ctx.set("X-Session", id)
}

#[middleware]
async fn count(ctx: &mut Context, session: &mut Session<Elsewhere>) -> Result<String> {
    session.count += 1;
    if ctx.path() == "/end" {
        session.destroy();
    }
    if ctx.path() != "/" {
        session.manually_commit(ctx).await?;
    }
    Ok(session.count.to_string())
}

/// What the attribute says of the store, and of ids from elsewhere than a cookie.
#[test]
fn under_an_id_from_a_header() {
    let clock = Clock::new();
    let app = App::new()
        .clock(clock.of())
        .with(Elsewhere::middleware())
        .with(count);
    let server = serve(app);
    let ask = |path: &str, id: &str| {
        let header = format!("X-Session: {id}\r\n");
        let answer = Client::connect(server.address).ask("GET", path, &header);
        assert_eq!((answer.status, lines(&answer)), (200, Vec::new()));
        let id = answer.header("x-session").map(str::to_owned);
        (answer.text(), id)
    };
    assert_eq!(ask("/", ""), ("1".to_owned(), None));
    let (text, id) = ask("/commit", "");
    let id = id.expect("an id");
    assert_eq!((text.as_str(), id.len()), ("1", 43));
    assert_eq!(ask("/", &id).0, "2");
    assert_eq!(ask("/commit", &id), ("2".to_owned(), Some(id.clone())));
    assert_eq!(ask("/", &id).0, "3");
    // One that somebody made up is not taken.
    let (text, other) = ask("/commit", "made-up");
    assert_eq!(text, "1");
    assert!(other.is_some_and(|other| other != "made-up" && other != id));
    // Ending it ends that one, and there is no cookie to be removed.
    let ended = ask("/commit", "").1.unwrap();
    ask("/end", &ended);
    assert_eq!(ask("/", &ended).0, "1");
    // Writing prolongs it, and nothing beyond its absolute age.
    clock.advance(Duration::from_secs(20 * 3600));
    assert_eq!(ask("/commit", &id).0, "3");
    clock.advance(Duration::from_secs(15 * 3600));
    assert_eq!(ask("/commit", &id).0, "4");
    clock.advance(Duration::from_secs(3600));
    assert_eq!(ask("/", &id).0, "1");
}

#[test]
fn memory_is_bounded() {
    let store = MemoryStore::with_capacity(100);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for number in 0..1000 {
            let save = Save::new(b"session");
            SessionStore::create(&store, &number.to_string(), save)
                .await
                .unwrap();
        }
    });
    assert!(store.len() <= 100, "{}", store.len());
    assert!(!store.is_empty());
    assert!(!format!("{store:?}").contains("session\""));
}

#[cfg(feature = "redis")]
mod redis {
    use koa::{Compat, Load, RedisStore, SessionConfig, SessionData};

    use super::*;
    use crate::browser::Browser;
    use crate::redis_server::RedisServer;

    #[test]
    fn in_redis() {
        let Some(redis) = RedisServer::start() else {
            return;
        };
        keeps_its_promises(RedisStore::open(redis.url()).unwrap());
        has_versions(&RedisStore::open(redis.url()).unwrap());
        keeps_its_promises_under_compat(RedisStore::open(redis.url()).unwrap());
        // What is kept has an end in the server too.
        let keys = redis.command("KEYS test:*");
        for key in keys.lines().filter(|line| line.starts_with("test:")) {
            let left = redis.command(&format!("PTTL {key}"));
            let left: i64 = left.trim_start_matches(':').trim().parse().unwrap();
            assert!((1..=86_410_000).contains(&left), "{key}: {left}");
        }
    }

    /// A Redis that speaks TLS only, with a certificate of the test's own.
    #[cfg(feature = "redis-tls")]
    #[test]
    fn over_tls() {
        use koa::redis::{Client, TlsCertificates};
        use rcgen::{CertifiedKey, generate_simple_self_signed};

        let names = ["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let port = crate::redis_server::free_port();
        let redis = RedisServer::start_with(|directory| {
            let file = |name: &str, pem: String| {
                let path = directory.join(name);
                std::fs::write(&path, pem).unwrap();
                path.display().to_string()
            };
            let (cert, key) = (
                file("cert.pem", cert.pem()),
                file("key.pem", signing_key.serialize_pem()),
            );
            let options = [
                ["--tls-port", &port.to_string()],
                ["--tls-cert-file", &cert],
                ["--tls-key-file", &key],
                ["--tls-ca-cert-file", &cert],
                ["--tls-auth-clients", "no"],
            ];
            options
                .as_flattened()
                .iter()
                .map(|text| (*text).to_owned())
                .collect()
        });
        let Some(redis) = redis else {
            return;
        };
        let url = format!("rediss://localhost:{port}");
        let root = TlsCertificates {
            client_tls: None,
            root_cert: Some(cert.pem().into_bytes()),
        };
        let trusting = Client::build_with_tls(url.as_str(), root).unwrap();
        let store = || RedisStore::open(trusting.get_connection_info().clone()).unwrap();
        keeps_its_promises(store());
        has_versions(&store());
        assert!(
            redis
                .command("INFO stats")
                .contains("total_connections_received")
        );
        // Who does not trust the certificate says nothing to it, nor does it take one who speaks no TLS.
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let load = Load::default();
        for url in [url.as_str(), &url.replace("rediss", "redis")] {
            let store = RedisStore::open(url).unwrap();
            let answer = runtime.block_on(store.load("k", &load));
            assert_eq!(answer.unwrap_err().status(), 503, "{url}");
        }
        // It comes back by itself.
        let store = store();
        runtime.block_on(async {
            store.create("again", Save::new(b"a")).await.unwrap();
            redis.command("CLIENT KILL TYPE normal SKIPME yes");
            let end = std::time::Instant::now() + Duration::from_secs(10);
            while store.load("again", &load).await.is_err() {
                assert!(std::time::Instant::now() < end, "it never comes back");
            }
        });
    }

    #[cfg(feature = "redis-cluster")]
    #[test]
    fn in_a_cluster() {
        use crate::redis_server::RedisCluster;

        let Some(cluster) = RedisCluster::start() else {
            return;
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _context = runtime.enter();
        // One node is enough to find the others.
        let store = || RedisStore::cluster([cluster.urls().swap_remove(1)]).unwrap();
        keeps_its_promises(store());
        crate::store_promises::has_versions_on(&runtime, &store());
        // They are spread over all of them.
        let store = store();
        runtime.block_on(async {
            for number in 0..60 {
                let save = Save::new(b"session").for_at_most(Duration::from_secs(60));
                store
                    .create(&format!("spread:{number}"), save)
                    .await
                    .unwrap();
            }
        });
        let kept: Vec<usize> = cluster.nodes[..3]
            .iter()
            .map(|node| node.command("KEYS spread:*").matches("spread:").count())
            .collect();
        assert_eq!(kept.iter().sum::<usize>(), 60);
        assert!(kept.iter().all(|kept| *kept > 5), "{kept:?}");
        assert!(RedisStore::cluster([] as [&str; 0]).is_err());
        let error = RedisStore::cluster(["http://ada:hunter2@host"]).unwrap_err();
        assert!(
            !format!("{error:?} {error}").contains("hunter2"),
            "{error:?}"
        );
    }

    #[test]
    fn a_password_is_not_printed() {
        let store = RedisStore::open("redis://ada:hunter2@127.0.0.1:1/0").unwrap();
        assert_eq!(format!("{store:?}"), "RedisStore { .. }");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let load = Load::default();
        let error = runtime.block_on(store.load("k", &load)).unwrap_err();
        assert_eq!(error.status(), 503);
        assert!(
            !format!("{error:?} {error}").contains("hunter2"),
            "{error:?}"
        );
        let error = RedisStore::open("http://ada:hunter2@host").unwrap_err();
        assert!(
            !format!("{error:?} {error}").contains("hunter2"),
            "{error:?}"
        );
    }

    /// A server that refuses the connection itself is asked again, by the next request.
    #[test]
    fn a_refused_password_is_tried_again() {
        let Some(redis) = RedisServer::start() else {
            return;
        };
        let store = RedisStore::open(format!("{}?pass=hunter2", redis.url())).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let load = Load::default();
        let error = runtime.block_on(store.load("k", &load)).unwrap_err();
        assert_eq!(error.status(), 503);
        redis.command("CONFIG SET requirepass hunter2");
        // The one that is told of the refusal before may be of the old connection.
        drop(runtime.block_on(store.load("k", &load)));
        assert_eq!(runtime.block_on(store.load("k", &load)).unwrap(), None);
    }

    #[session(compat = "koa", max_age = "1h")]
    struct Shared {
        user: String,
        count: u32,
    }

    #[middleware]
    async fn count_shared(session: &mut Shared) -> String {
        session.user = "ada".to_owned();
        session.count += 1;
        format!("{} {}", session.user, session.count)
    }

    /// What egg-session-redis does: `SET key JSON PX age`, and `GET`.
    #[test]
    fn node_reads_it_and_is_read() {
        let Some(redis) = RedisServer::start() else {
            return;
        };
        for config in [Shared::CONFIG, SessionConfig::compat(Compat::Egg)] {
            redis.command("FLUSHALL");
            let store = RedisStore::open(redis.url()).unwrap();
            let sessions = koa::Sessions::<Shared>::with_config(config).store(store);
            let app = App::new()
                .keys(["a key that nobody guesses, for koa 01"])
                .clock(Clock::new().of())
                .with(sessions)
                .with(count_shared);
            let server = serve(app);
            let mut ada = Browser::new(server.address);
            assert_eq!(ada.read("/"), "ada 1");
            let keys = redis.command("KEYS *");
            let key = keys.lines().nth(2).unwrap().to_owned();
            let kept = redis.command(&format!("GET {key}"));
            let age = config_age(&kept);
            let expires = 1_767_225_600_000 + age;
            assert_eq!(
                kept.lines().nth(1).unwrap(),
                format!(r#"{{"user":"ada","count":1,"_expire":{expires},"_maxAge":{age}}}"#)
            );
            let left = redis.command(&format!("PTTL {key}"));
            let left: u64 = left.trim_start_matches(':').trim().parse().unwrap();
            assert!(left > age && left <= age + 10_000, "{left}");
            let written = format!(
                r#"SET {key} "{{\"count\":41,\"user\":\"ada\",\"_expire\":{expires},\"_maxAge\":{age}}}" PX 100000"#
            );
            assert_eq!(redis.command(&written), "+OK\r\n");
            assert_eq!(ada.read("/"), "ada 42");
        }
    }

    fn config_age(kept: &str) -> u64 {
        let (_, age) = kept.rsplit_once(':').unwrap();
        age.trim().trim_end_matches('}').parse().unwrap()
    }
}
