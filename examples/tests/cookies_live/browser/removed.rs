//! What is removed is gone: by us, and where someone has tampered with it.

use super::driver::Browser;
use super::{KEYS, Site};

#[test]
fn removal_removes() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app.keys(KEYS));
    browser.open(&site.https("www.one.test", "/names"));
    for described in [
        "name=user",
        "name=user&encrypt=true",
        "name=user&path=/below",
        "name=user&domain=one.test",
        "name=user&maxAge=3600000&sameSite=lax&httpOnly=false&priority=high",
        "name=user&sameSite=none",
        "name=user&sameSite=strict",
    ] {
        browser.fetch(&site.https("www.one.test", &format!("/set?{described}&value=ada")));
        assert!(browser.kept("user").is_some(), "{described}");
        browser.fetch(&site.https("www.one.test", &format!("/remove?{described}")));
        assert!(browser.names().is_empty(), "{described}");
    }
}

/// A cookie is one of a name, a path and a domain: the others stay.
#[test]
fn only_what_is_meant_is_removed() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app);
    let at = |path: &str| site.http("one.test", path);
    browser.open(&at("/set?name=user&value=above"));
    browser.open(&at("/set?name=user&value=below&path=/get"));
    assert_eq!(browser.open(&at("/get?name=user")), "below");
    browser.open(&at("/remove?name=user&path=/get"));
    assert_eq!(browser.open(&at("/get?name=user")), "above");
}

#[test]
fn a_forged_value_loses_its_signature() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app.keys(KEYS));
    let at = |path: &str| site.http("one.test", path);
    browser.open(&at("/set?name=user&value=ada"));
    browser.put("user", "eve", "one.test");
    assert_eq!(browser.open(&at("/get?name=user")), "no such cookie");
    assert_eq!(browser.names(), ["user"]);
}
