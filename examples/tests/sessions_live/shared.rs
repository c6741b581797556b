//! A session in a cookie goes on on the other side.

use koa::MaxAge;
use serde_json::json;

use crate::clock::Clock;
use crate::jar::{Jar, set_cookies};
use crate::options::Options;
use crate::side::{KEYS, Package, Side, fail, set};

#[test]
fn what_one_side_writes_the_other_reads() {
    for package in Package::EACH {
        let clock = Clock::stopped();
        let Some([ours, node]) = Side::both(package, KEYS, &Options::default(), &clock) else {
            return;
        };
        for (one, other) in [(&ours, &node), (&node, &ours)] {
            let mut jar = Jar::default();
            assert_eq!(one.read(&mut jar), json!({}));
            assert_eq!(jar, Jar::default(), "a session begins when it is set");

            let cart = json!({ "items": [{ "id": 7, "price": 1.5 }], "note": null });
            let all = json!({ "user": "Ada \"é€🦀\"", "visits": 1, "cart": cart });
            assert_eq!(one.set(&mut jar, &all), all);
            assert_eq!(other.read(&mut jar), all, "{package:?}");

            // What the struct has no field for is kept while those that it has change.
            other.set(&mut jar, &json!({ "visits": 2 }));
            let all = json!({ "user": "Ada \"é€🦀\"", "visits": 2, "cart": cart });
            assert_eq!(one.read(&mut jar), all, "{package:?}");
            assert_eq!(jar.names().first(), Some(&package.cookie()));
        }
    }
}

#[test]
fn what_one_side_ends_is_gone_on_the_other() {
    for package in Package::EACH {
        let clock = Clock::stopped();
        let Some([ours, node]) = Side::both(package, KEYS, &Options::default(), &clock) else {
            return;
        };
        for (one, other) in [(&ours, &node), (&node, &ours)] {
            let mut jar = Jar::default();
            one.set(&mut jar, &json!({ "user": "ada" }));
            assert_eq!(jar.ask(other, "/end").body, "ended");
            assert_eq!(jar.get(package.cookie()), None, "{package:?}");
            assert_eq!(one.read(&mut jar), json!({}));

            // Another one begins.
            other.set(&mut jar, &json!({ "user": "eve" }));
            assert_eq!(one.read(&mut jar), json!({ "user": "eve" }));
        }
    }
}

/// What Node wrote and the struct cannot take is no session; the next change begins one.
#[test]
fn what_the_struct_cannot_take_is_none() {
    for package in Package::EACH {
        let clock = Clock::stopped();
        let Some([ours, node]) = Side::both(package, KEYS, &Options::default(), &clock) else {
            return;
        };
        let mut jar = Jar::default();
        let other = json!({ "user": { "name": "ada" }, "visits": "many" });
        node.set(&mut jar, &other);
        assert_eq!(ours.read(&mut jar), json!({}), "{package:?}");
        assert_eq!(node.read(&mut jar), other, "{package:?}: it is left alone");
        ours.set(&mut jar, &json!({ "visits": 1 }));
        assert_eq!(node.read(&mut jar), json!({ "visits": 1 }), "{package:?}");
    }
}

/// Whoever answers, the cookies are the same to the byte, with their signatures and attributes, and so is what is read.
#[test]
fn both_sides_answer_the_same() {
    let each = [
        Options::default(),
        Options {
            max_age: Some(MaxAge::Session),
            ..Options::default()
        },
    ];
    for (package, options) in Package::EACH
        .iter()
        .flat_map(|p| each.iter().map(move |o| (*p, o)))
    {
        let clock = Clock::stopped();
        let Some(sides) = Side::both(package, KEYS, options, &clock) else {
            return;
        };
        let mut jar = Jar::default();
        let mut written = 0;
        for path in [
            "/pass",
            "/read",
            &set(&json!({ "user": "ada" })),
            "/read",
            &set(&json!({ "user": "ada" })),
            &set(&json!({ "visits": 3, "x": { "y": [1, "é", null, true] } })),
            "/pass",
            &fail(&json!({ "visits": 9 })),
            "/remember?age=2592000000",
            &set(&json!({ "visits": 4 })),
            "/remember?age=session",
            &set(&json!({ "visits": 5 })),
            "/regenerate",
            &set(&json!({ "y": "a long text ".repeat(100) })),
            "/end",
            "/read",
        ] {
            let [ours, node] = sides.each_ref().map(|side| jar.clone().ask(side, path));
            assert_eq!(ours.status, node.status, "{package:?} {path}");
            assert_eq!(ours.body, node.body, "{package:?} {path}");
            assert_eq!(set_cookies(&ours), set_cookies(&node), "{package:?} {path}");
            written += usize::from(!set_cookies(&ours).is_empty());
            jar.keep(&ours);
        }
        assert_eq!(written, 9, "{package:?}");
        assert_eq!(jar.get(package.cookie()), None);
    }
}
