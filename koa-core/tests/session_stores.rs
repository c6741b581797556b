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

use koa::{MemoryStore, Save, SessionStore};
use store_promises::{has_versions, keeps_its_promises};

#[test]
fn in_memory() {
    keeps_its_promises(MemoryStore::new());
    has_versions(&MemoryStore::new());
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
    use std::time::Duration;

    use koa::prelude::*;
    use koa::{Compat, Load, RedisStore, SessionConfig, SessionData, session};

    use super::*;
    use crate::browser::{Browser, Clock};
    use crate::redis_server::RedisServer;
    use crate::serve::serve;

    #[test]
    fn in_redis() {
        let Some(redis) = RedisServer::start() else {
            return;
        };
        keeps_its_promises(RedisStore::open(redis.url()).unwrap());
        has_versions(&RedisStore::open(redis.url()).unwrap());
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
    async fn count(session: &mut Shared) -> String {
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
                .with(count);
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
