//! Sessions in a Redis that both sides reach, as egg-session-redis keeps them.

use std::time::Duration;

use koa::MaxAge;
use serde_json::{Value, json};

use crate::clock::{Clock, millis};
use crate::jar::{Answers as _, Jar, set_cookies};
use crate::options::Options;
use crate::program::Answer;
use crate::redis_server::RedisServer;
use crate::rotated::goes_on_under_the_new_key;
use crate::side::{KEYS, Package, Side, fail, set};

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

/// What Node changes while a request of ours is under way is there afterwards, and so is ours; where both changed one field,
/// ours is told so. What Node ends stays ended, and no cookie of it comes back.
#[test]
fn nothing_of_nodes_is_lost_to_a_slow_request_of_ours() {
    let options = Options {
        rolling: true,
        ..Options::default()
    };
    each_way(&options, |package, sides, redis, clock| {
        let ours = sides[usize::from(!sides[0].is_ours())];
        let node = sides[usize::from(sides[0].is_ours())];
        let mut jar = Jar::default();
        sides[0].set(&mut jar, &json!({ "user": "ada", "visits": 1 }));
        let answer = ours.during(&jar, &json!({ "visits": 2 }), || {
            node.set(&mut jar.clone(), &json!({ "cart": ["pear"] }));
        });
        assert_eq!(answer.code(), "200", "{package:?}: {}", answer.body);
        let mut all = json!({ "user": "ada", "visits": 2, "cart": ["pear"] });
        for side in sides {
            assert_eq!(side.read(&mut jar), all, "{package:?}");
        }

        let answer = ours.during(&jar, &json!({ "visits": 3 }), || {
            node.set(&mut jar.clone(), &json!({ "visits": 7 }));
        });
        assert_eq!(answer.code(), "409", "{package:?}");
        all["visits"] = 7.into();
        assert_eq!(node.read(&mut jar), all, "{package:?}");

        // "Remember me" on the other side holds on, in the browser too.
        let until = |line: &str| line.split_once("expires=").unwrap().1.to_owned();
        let mut remembered: Vec<String> = Vec::new();
        let answer = ours.during(&jar, &json!({ "visits": 8 }), || {
            let said = node.ask("/remember?age=2592000000", &jar.header());
            remembered = set_cookies(&said).into_iter().map(until).collect();
        });
        assert_eq!(answer.code(), "200", "{package:?}");
        let said: Vec<_> = set_cookies(&answer).into_iter().map(until).collect();
        assert_eq!(said, remembered, "{package:?}");
        let expires = redis.session()["_expire"].as_u64().unwrap();
        assert_eq!(expires, clock.millis() + millis(30 * DAY), "{package:?}");

        let answer = ours.during(&jar, &json!({ "visits": 9 }), || {
            node.ask("/end", &jar.header());
        });
        assert_eq!(answer.code(), "200", "{package:?}");
        assert_eq!(set_cookies(&answer), [""; 0], "{package:?}");
        assert_eq!(redis.keys(), [""; 0], "{package:?}");
        for side in sides {
            assert_eq!(side.read(&mut jar.clone()), json!({}), "{package:?}");
        }
    });
}

/// An app for phones, say, that has no cookies: the id is in a header.
#[test]
fn under_an_id_from_a_header() {
    const HEADER: &str = "X-Session";
    let options = Options {
        header: Some(HEADER),
        ..Options::default()
    };
    each_way(&options, |package, [one, other], redis, _| {
        let id_in = |answer: &Answer| {
            let mut headers = answer.headers.iter();
            let said = headers.find(|(name, _)| name.eq_ignore_ascii_case(HEADER));
            said.map(|(_, id)| id.clone())
        };
        let ask = |side: &Side, path: &str, id: &str| {
            let answer = side.ask(path, &format!("{HEADER}: {id}\r\n"));
            assert_eq!(answer.code(), "200", "{package:?} {path}: {}", answer.body);
            // One that ends is removed from the browser too, wherever its id came from.
            let kept = set_cookies(&answer).into_iter();
            let mut kept = kept.filter(|line| !line.contains("expires=Thu, 01 Jan 1970"));
            assert_eq!(kept.next(), None, "{package:?} {path}");
            (id_in(&answer), answer.body)
        };
        let session = |body: &str| {
            let mut body: Value = serde_json::from_str(body).unwrap();
            body["session"].take()
        };
        let (id, _) = ask(one, &set(&json!({ "user": "ada" })), "");
        let id = id.unwrap();
        assert_eq!(redis.key(), id, "{package:?}");
        let (_, body) = ask(other, &set(&json!({ "visits": 1 })), &id);
        let all = json!({ "user": "ada", "visits": 1 });
        assert_eq!(session(&body), all, "{package:?}");
        for side in [one, other] {
            assert_eq!(session(&ask(side, "/read", &id).1), all, "{package:?}");
        }

        let (fresh, _) = ask(other, "/regenerate", &id);
        let fresh = fresh.unwrap();
        assert_ne!(fresh, id);
        assert_eq!(session(&ask(one, "/read", &id).1), json!({}), "{package:?}");
        assert_eq!(session(&ask(one, "/read", &fresh).1), all, "{package:?}");
        ask(one, "/end", &fresh);
        assert_eq!(redis.keys(), [""; 0], "{package:?}");
        assert_eq!(session(&ask(other, "/read", &fresh).1), json!({}));
    });
}
