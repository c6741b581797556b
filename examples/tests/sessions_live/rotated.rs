//! Keys are replaced while sessions live, on one side before the other.

use serde_json::json;

use crate::clock::Clock;
use crate::jar::Jar;
use crate::options::Options;
use crate::side::{Package, Side};

const OLD: &str = "b2xkIGtleSB0aGF0IGlzIGxvbmc=";
const NEW: &str = "3q2+7wPVbVwTlZ1mYlNrFg==";

/// Both sides with the old key, with both keys and the new one first, and with the new one.
fn sides(package: Package, options: &Options) -> Option<[[Side; 2]; 3]> {
    let clock = Clock::stopped();
    let both = format!("{NEW},{OLD}");
    Some([
        Side::both(package, OLD, options, &clock)?,
        Side::both(package, &both, options, &clock)?,
        Side::both(package, NEW, options, &clock)?,
    ])
}

/// Begun under the old key, gone on with under both, and then under the new one; each time on any side.
pub(crate) fn goes_on_under_the_new_key(options: &Options) {
    for package in Package::EACH {
        let Some([old, both, new]) = sides(package, options) else {
            return;
        };
        let ways = (0..8).map(|way| [way & 1, way >> 1 & 1, way >> 2 & 1]);
        for way in ways {
            let (before, while_replaced, after) = (&old[way[0]], &both[way[1]], &new[way[2]]);
            let mut jar = Jar::default();
            before.set(&mut jar, &json!({ "user": "ada" }));
            let forgotten = after.read(&mut jar.clone());
            assert_eq!(forgotten, json!({}), "{package:?} {way:?}: not read yet");
            while_replaced.set(&mut jar, &json!({ "visits": 1 }));
            let all = json!({ "user": "ada", "visits": 1 });
            assert_eq!(after.read(&mut jar), all, "{package:?} {way:?}");
            let gone = before.read(&mut jar);
            assert_eq!(gone, json!({}), "{package:?} {way:?}: the old key is over");
        }
    }
}

#[test]
fn in_a_cookie() {
    goes_on_under_the_new_key(&Options::default());
}
