//! Sessions in a Redis that both sides reach, as egg-session-redis keeps them.

use std::time::Duration;

use koa::MaxAge;
use serde_json::{Value, json};

use crate::clock::{Clock, millis};
use crate::jar::Jar;
use crate::options::Options;
use crate::redis_server::RedisServer;
use crate::rotated::goes_on_under_the_new_key;
use crate::side::{KEYS, Package, Side, fail};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What koa-session adds for its store.
const LONGER: Duration = Duration::from_secs(10);

fn stored_in(redis: &RedisServer, options: &Options) -> Options {
    Options {
        redis: Some(redis.socket().display().to_string()),
        ..options.clone()
    }
}

/// Has each side go on with what the other one did, with an empty Redis.
fn each_way(options: &Options, test: impl Fn(Package, [&Side; 2], &Redis, &Clock)) {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let options = stored_in(&server, options);
    let redis = Redis(server);
    for package in Package::EACH {
        let clock = Clock::stopped();
        let Some([ours, node]) = Side::both(package, KEYS, &options, &clock) else {
            return;
        };
        for sides in [[&ours, &node], [&node, &ours]] {
            redis.0.command("FLUSHALL");
            test(package, sides, &redis, &clock);
        }
    }
}

struct Redis(RedisServer);

impl Redis {
    /// The keys that there are.
    fn keys(&self) -> Vec<String> {
        let answer = self.0.command("KEYS *");
        let lines = answer.lines();
        lines
            .filter(|line| !line.starts_with(['*', '$']))
            .map(str::to_owned)
            .collect()
    }

    /// The key of the only session that there is.
    fn key(&self) -> String {
        let [key] = self.keys().try_into().unwrap();
        key
    }

    /// The only session, as it stands there.
    fn session(&self) -> Value {
        let answer = self.0.command(&format!("GET {}", self.key()));
        serde_json::from_str(answer.lines().nth(1).unwrap()).unwrap()
    }

    /// For how long the only session is kept yet, to the nearest ten seconds.
    fn time_to_live(&self) -> Duration {
        let answer = self.0.command(&format!("PTTL {}", self.key()));
        let left: u64 = answer.trim().trim_start_matches(':').parse().unwrap();
        Duration::from_secs((left + 5_000) / 10_000 * 10)
    }
}

#[test]
fn what_one_side_writes_the_other_reads() {
    each_way(
        &Options::default(),
        |package, [one, other], redis, clock| {
            let mut jar = Jar::default();
            one.set(&mut jar, &json!({ "user": "ada", "cart": ["é€🦀"] }));
            let key = redis.key();
            match package {
                Package::Koa => assert_eq!(jar.get("koa.sess"), Some(key.as_str())),
                Package::Egg => assert!(!jar.get("EGG_SESS").unwrap().contains(&key)),
            }

            other.set(&mut jar, &json!({ "visits": 1 }));
            assert_eq!(redis.key(), key, "{package:?}: it is the same session");
            let all = json!({ "user": "ada", "visits": 1, "cart": ["é€🦀"] });
            assert_eq!(one.read(&mut jar), all, "{package:?}");

            let mut kept = all;
            kept["_expire"] = (clock.millis() + millis(DAY)).into();
            kept["_maxAge"] = millis(DAY).into();
            assert_eq!(redis.session(), kept, "{package:?}");
            assert_eq!(redis.time_to_live(), DAY + LONGER, "{package:?}");
        },
    );
}

/// Also for whoever has kept the cookie.
#[test]
fn what_one_side_ends_is_gone_on_the_other() {
    each_way(&Options::default(), |package, [one, other], redis, _| {
        let mut jar = Jar::default();
        one.set(&mut jar, &json!({ "user": "ada" }));
        let mut before = jar.clone();
        other.session(&mut jar, "/read");
        jar.ask(other, "/end");
        assert_eq!(jar.get(package.cookie()), None, "{package:?}");
        assert_eq!(redis.keys(), [""; 0]);
        assert_eq!(one.read(&mut before), json!({}), "{package:?}");
    });
}

#[test]
fn what_one_side_regenerates_has_one_id_for_both() {
    each_way(&Options::default(), |package, [one, other], redis, _| {
        let mut jar = Jar::default();
        one.set(&mut jar, &json!({ "user": "ada" }));
        let (key, mut before) = (redis.key(), jar.clone());
        other.session(&mut jar, "/regenerate");
        assert_ne!(redis.key(), key, "{package:?}");
        assert_eq!(one.read(&mut jar), json!({ "user": "ada" }));
        for side in [one, other] {
            assert_eq!(side.read(&mut before), json!({}), "{package:?}");
        }
    });
}

/// A store has what was set, though the answer is an error.
#[test]
fn what_was_set_before_a_failure() {
    each_way(&Options::default(), |package, [one, other], _, _| {
        let mut jar = Jar::default();
        one.set(&mut jar, &json!({ "user": "ada" }));
        let answer = jar.ask(one, &fail(&json!({ "visits": 1 })));
        assert_eq!(answer.code(), "418", "{package:?}");
        let all = json!({ "user": "ada", "visits": 1 });
        assert_eq!(other.read(&mut jar), all, "{package:?}");
    });
}

#[test]
fn ids_have_the_prefix() {
    let options = Options {
        prefix: Some("live:"),
        ..Options::default()
    };
    each_way(&options, |package, [one, other], redis, _| {
        let mut jar = Jar::default();
        one.set(&mut jar, &json!({ "user": "ada" }));
        assert!(redis.key().starts_with("live:"), "{package:?}");
        assert_eq!(other.read(&mut jar), json!({ "user": "ada" }));
    });
}

#[test]
fn it_ends_for_both() {
    let options = Options {
        renew: true,
        ..Options::max_age(HOUR)
    };
    each_way(&options, |package, [one, other], redis, clock| {
        let user = json!({ "user": "ada" });
        let mut jar = Jar::default();
        one.set(&mut jar, &user);
        clock.ahead(31 * MINUTE);
        assert_eq!(other.read(&mut jar), user, "{package:?}");
        clock.ahead(59 * MINUTE);
        let expires = redis.session()["_expire"].as_u64().unwrap();
        assert_eq!(expires, clock.millis() + millis(MINUTE), "{package:?}");
        clock.ahead(2 * MINUTE);
        for side in [one, other] {
            assert_eq!(side.read(&mut jar.clone()), json!({}), "{package:?}");
        }
    });
}

#[test]
fn remembered_on_one_side_remembered_on_the_other() {
    let options = Options {
        max_age: Some(MaxAge::Session),
        ..Options::default()
    };
    each_way(&options, |package, [one, other], redis, clock| {
        let mut jar = Jar::default();
        one.set(&mut jar, &json!({ "user": "ada" }));
        let until_closed = json!({ "user": "ada", "_session": true });
        assert_eq!(redis.session(), until_closed, "{package:?}");
        // What has no end is dropped after a day.
        assert_eq!(redis.time_to_live(), DAY, "{package:?}");

        one.session(&mut jar, "/remember?age=2592000000");
        assert_eq!(redis.time_to_live(), 30 * DAY + LONGER, "{package:?}");
        clock.ahead(20 * DAY);
        other.set(&mut jar, &json!({ "visits": 1 }));
        let expires = redis.session()["_expire"].as_u64().unwrap();
        assert_eq!(expires, clock.millis() + millis(30 * DAY), "{package:?}");
        assert_eq!(redis.time_to_live(), 30 * DAY + LONGER, "{package:?}");
    });
}

#[test]
fn under_keys_that_are_replaced() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    goes_on_under_the_new_key(&stored_in(&redis, &Options::default()));
}
