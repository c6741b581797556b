//! How long a session lives, whoever began it, and whoever prolongs it.

use std::time::Duration;

use koa::MaxAge;
use serde_json::json;

use crate::clock::Clock;
use crate::jar::{Jar, set_cookies};
use crate::options::Options;
use crate::side::{KEYS, Package, Side};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Has each side begin a session, the other one go on with it.
fn each_way(options: &Options, goes_on: impl Fn(Package, [&Side; 2], Jar, &Clock)) {
    for package in Package::EACH {
        let clock = Clock::stopped();
        let Some([ours, node]) = Side::both(package, KEYS, options, &clock) else {
            return;
        };
        for [one, other] in [[&ours, &node], [&node, &ours]] {
            let mut jar = Jar::default();
            one.set(&mut jar, &json!({ "user": "ada" }));
            goes_on(package, [one, other], jar, &clock);
        }
    }
}

fn is_alive(side: &Side, jar: &mut Jar) -> bool {
    side.read(jar) == json!({ "user": "ada" })
}

/// What is sent after its time is no session, though the jar has kept it.
#[test]
fn it_ends_for_both() {
    each_way(&Options::max_age(HOUR), |package, sides, mut jar, clock| {
        clock.ahead(HOUR - MINUTE);
        for side in sides {
            assert!(
                is_alive(side, &mut jar),
                "{package:?}: reading is no saving"
            );
        }
        clock.ahead(2 * MINUTE);
        for side in sides {
            assert!(!is_alive(side, &mut jar.clone()), "{package:?}");
        }
    });
}

/// By default a day, also where the browser is told nothing.
#[test]
fn a_day_is_the_default() {
    for max_age in [None, Some(MaxAge::For(DAY))] {
        let options = Options {
            max_age,
            ..Options::default()
        };
        each_way(&options, |_, [_, other], mut jar, clock| {
            clock.ahead(DAY - MINUTE);
            assert!(is_alive(other, &mut jar));
            clock.ahead(2 * MINUTE);
            assert!(!is_alive(other, &mut jar));
        });
    }
}

#[test]
fn renewed_past_half_of_its_life() {
    let options = Options {
        renew: true,
        ..Options::max_age(HOUR)
    };
    each_way(&options, |package, [one, other], mut jar, clock| {
        let before = jar.clone();
        clock.ahead(29 * MINUTE);
        assert!(is_alive(other, &mut jar));
        assert_eq!(jar, before, "{package:?}: not yet");
        clock.ahead(2 * MINUTE);
        jar.ask(other, "/pass");
        assert_eq!(jar, before, "{package:?}: it is not used");
        assert!(is_alive(other, &mut jar));
        assert_ne!(jar, before, "{package:?}");
        clock.ahead(58 * MINUTE);
        assert!(is_alive(one, &mut jar));
        assert!(!is_alive(one, &mut before.clone()), "{package:?}");
    });
}

#[test]
fn rolling_whenever_it_is_used() {
    let options = Options {
        rolling: true,
        ..Options::max_age(HOUR)
    };
    each_way(&options, |package, [one, other], mut jar, clock| {
        for side in [other, one, other] {
            clock.ahead(40 * MINUTE);
            let before = jar.clone();
            assert!(is_alive(side, &mut jar), "{package:?}");
            assert_ne!(jar, before);
        }
        clock.ahead(HOUR + MINUTE);
        assert!(!is_alive(one, &mut jar));
    });
}

/// Nothing in it says when it ends; the browser does.
#[test]
fn until_the_browser_is_closed() {
    let options = Options {
        max_age: Some(MaxAge::Session),
        ..Options::default()
    };
    each_way(&options, |package, [one, other], mut jar, clock| {
        clock.ahead(365 * DAY);
        assert!(is_alive(other, &mut jar), "{package:?}");
        let answer = jar.ask(other, &crate::side::set(&json!({ "visits": 1 })));
        for line in set_cookies(&answer) {
            assert!(!line.contains("expires"), "{package:?}: {line}");
        }
        assert_eq!(one.read(&mut jar), json!({ "user": "ada", "visits": 1 }));
    });
}

/// "Remember me": what one side says of one user, the other one abides by when it saves the session again.
#[test]
fn remembered_on_one_side_remembered_on_the_other() {
    each_way(&Options::max_age(HOUR), |package, sides, mut jar, clock| {
        let [one, other] = sides;
        one.session(&mut jar, "/remember?age=2592000000");
        clock.ahead(20 * DAY);
        assert!(is_alive(other, &mut jar), "{package:?}");
        let answer = jar.ask(other, &crate::side::set(&json!({ "visits": 1 })));
        assert!(set_cookies(&answer)[0].contains("expires"), "{package:?}");
        clock.ahead(29 * DAY);
        let all = json!({ "user": "ada", "visits": 1 });
        assert_eq!(one.read(&mut jar), all, "{package:?}");

        // And back to the life of a window.
        one.session(&mut jar, "/remember?age=session");
        let answer = jar.ask(other, &crate::side::set(&json!({ "visits": 2 })));
        assert!(!set_cookies(&answer)[0].contains("expires"), "{package:?}");
    });
}
