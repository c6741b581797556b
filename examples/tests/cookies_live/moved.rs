//! A site moves to us: what Node wrote is still read, and what is written is ours.

use koa::{Algorithm, Compat, CookieSettings, Keygrip};

use crate::jar::Jar;
use crate::side::Side;

const KEYS: &str = "3q2+7wPVbVwTlZ1mYlNrFg==,b2xkIGtleSB0aGF0IGlzIGxvbmc=";

/// The second of the keys alone: what was written before they were replaced.
const OLD: &str = "b2xkIGtleSB0aGF0IGlzIGxvbmc=";

#[test]
fn from_egg() {
    let sides = [
        Side::node(&["egg-cookies", KEYS]),
        Side::node(&["egg-cookies", OLD]),
        Side::node(&["koa", KEYS]),
    ];
    let [Some(egg), Some(old_egg), Some(koa)] = sides else {
        return;
    };
    let moved = Side::ours(|app| {
        app.keys(KEYS)
            .cookies(CookieSettings::new().accept(Compat::Egg))
    });
    let settled = Side::ours(|app| app.keys(KEYS));

    for egg in [&egg, &old_egg] {
        let mut jar = Jar::set_by(egg, "name=user&value=ada");
        assert_eq!(jar.clone().read_by(&settled, "name=user"), None);
        assert_eq!(jar.read_by(&moved, "name=user").as_deref(), Some("ada"));
        // Now it is signed as ours are, which is as Koa's are.
        assert_eq!(jar.read_by(&settled, "name=user").as_deref(), Some("ada"));
        assert_eq!(jar.read_by(&koa, "name=user").as_deref(), Some("ada"));
        assert_eq!(jar.read_by(egg, "name=user"), None);
    }

    let query = "name=user&encrypt=true";
    for egg in [&egg, &old_egg] {
        let mut jar = Jar::set_by(egg, "name=user&value=%C3%A9&encrypt=true");
        assert_eq!(jar.clone().read_by(&settled, query), None);
        assert_eq!(jar.read_by(&moved, query).as_deref(), Some("é"));
        // Now it is sealed as ours are, which Egg cannot open.
        assert_eq!(jar.read_by(&settled, query).as_deref(), Some("é"));
        assert_eq!(jar.read_by(egg, query), None);
    }

    // What is new is ours from the beginning.
    let mut jar = Jar::set_by(&moved, "name=user&value=ada");
    assert_eq!(jar.read_by(&koa, "name=user").as_deref(), Some("ada"));
    assert_eq!(jar.read_by(&egg, "name=user"), None);
    let mut jar = Jar::set_by(&moved, "name=user&value=ada&encrypt=true");
    assert_eq!(jar.read_by(&settled, query).as_deref(), Some("ada"));
    assert_eq!(jar.read_by(&egg, query), None);
}

/// To another algorithm than Koa's.
#[test]
fn from_koa() {
    let sides = [
        Side::node(&["koa", KEYS]),
        Side::node(&["koa", KEYS, "sha256"]),
    ];
    let [Some(sha1), Some(sha256)] = sides else {
        return;
    };
    let keys = || Keygrip::from(KEYS).algorithm(Algorithm::Sha256);
    let moved = Side::ours(|app| {
        app.keys(keys())
            .cookies(CookieSettings::new().accept(Compat::Koa))
    });
    let settled = Side::ours(|app| app.keys(keys()));

    let mut jar = Jar::set_by(&sha1, "name=user&value=ada");
    assert_eq!(jar.clone().read_by(&settled, "name=user"), None);
    assert_eq!(jar.read_by(&moved, "name=user").as_deref(), Some("ada"));
    assert_eq!(jar.read_by(&sha256, "name=user").as_deref(), Some("ada"));
    assert_eq!(jar.read_by(&sha1, "name=user"), None);
}
