//! The browser carries cookies between us and Node: ports of one host share a jar.

use koa::{Compat, CookieSettings};

use super::driver::Browser;
use super::{KEYS, Site};
use crate::side::Side;

#[test]
fn between_koa_and_us() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app.keys(KEYS));
    let Some(koa) = Side::node(&["koa", KEYS]) else {
        return;
    };
    let koa = |path: &str| format!("http://one.test:{}{path}", koa.port());

    browser.open(&site.http("one.test", "/set?name=user&value=ada"));
    assert_eq!(browser.open(&koa("/get?name=user")), "ada");
    browser.open(&koa("/set?name=user&value=eve%20m"));
    assert_eq!(
        browser.open(&site.http("one.test", "/get?name=user")),
        "eve m"
    );
    assert_eq!(
        browser.open(&site.http("two.test", "/get?name=user")),
        "no such cookie"
    );

    browser.open(&site.http("one.test", "/remove?name=user"));
    assert_eq!(browser.open(&koa("/get?name=user")), "no such cookie");
}

#[test]
fn between_egg_and_us() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let settings = CookieSettings::new().compat(Compat::Egg);
    let site = Site::new(|app| app.keys(KEYS).cookies(settings));
    let Some(egg) = Side::node(&["egg-cookies", KEYS]) else {
        return;
    };
    let egg = |path: &str| format!("http://one.test:{}{path}", egg.port());

    for options in ["", "&encrypt=true"] {
        let get = format!("/get?name=user{options}");
        let set = |value: &str| format!("/set?name=user&value={value}{options}");
        browser.open(&site.http("one.test", &set("ada")));
        assert_eq!(browser.open(&egg(&get)), "ada");
        browser.open(&egg(&set("eve")));
        assert_eq!(browser.open(&site.http("one.test", &get)), "eve");
    }
}

/// What the old key signed has a signature of the new one after a visit.
#[test]
fn with_new_keys() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let (new, old) = KEYS.split_once(',').unwrap();
    let site = Site::new(|app| app.keys(KEYS));
    let Some(before) = Side::node(&["koa", old]) else {
        return;
    };
    let Some(after) = Side::node(&["koa", new]) else {
        return;
    };
    let node = |side: &Side, path: &str| format!("http://one.test:{}{path}", side.port());

    browser.open(&node(&before, "/set?name=user&value=ada"));
    let signature = browser.kept("user.sig").unwrap().value;
    assert_eq!(
        browser.open(&site.http("one.test", "/get?name=user")),
        "ada"
    );
    assert_ne!(browser.kept("user.sig").unwrap().value, signature);
    assert_eq!(browser.open(&node(&after, "/get?name=user")), "ada");
}
