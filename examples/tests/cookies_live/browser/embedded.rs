//! `Partitioned`: an embedded site has a jar for each site that embeds it.

use koa::CookieSettings;

use super::driver::Browser;
use super::{KEYS, Site};

#[test]
fn a_partitioned_cookie_is_of_the_site_around_it() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app.keys(KEYS));
    let widget = |path: &str| site.https("widget.test", path);
    let apart = "sameSite=none&partitioned=true";

    let around = |browser: &mut Browser, host: &str| {
        browser.open(&site.https(host, "/names"));
    };
    around(&mut browser, "one.test");
    browser.frame(&widget(&format!("/set?name=apart&value=one&{apart}")));
    browser.frame(&widget("/set?name=shared&value=1&sameSite=none"));
    assert_eq!(browser.frame(&widget("/get?name=apart")), "one");
    assert!(browser.kept("apart").unwrap().partition_key.is_some());
    assert!(browser.kept("shared").unwrap().partition_key.is_none());

    around(&mut browser, "two.test");
    assert_eq!(browser.frame(&widget("/get?name=apart")), "no such cookie");
    assert_eq!(browser.frame(&widget("/get?name=shared")), "1");
    browser.frame(&widget(&format!("/set?name=apart&value=two&{apart}")));
    assert_eq!(browser.frame(&widget("/get?name=apart")), "two");
    assert_eq!(browser.open(&widget("/get?name=apart")), "no such cookie");

    around(&mut browser, "one.test");
    assert_eq!(browser.frame(&widget("/get?name=apart")), "one");
    browser.frame(&widget(&format!("/remove?name=apart&{apart}")));
    assert_eq!(browser.frame(&widget("/get?name=apart")), "no such cookie");
    around(&mut browser, "two.test");
    assert_eq!(browser.frame(&widget("/get?name=apart")), "two");
}

/// The partitioned cookie takes the place of the one that was not.
#[test]
fn what_was_not_partitioned_is_removed() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app.keys(KEYS));
    let widget = |path: &str| site.https("widget.test", path);
    browser.open(&site.https("one.test", "/names"));
    browser.frame(&widget("/set?name=user&value=before&sameSite=none"));
    browser.frame(&widget(
        "/set?name=user&value=after&sameSite=none&partitioned=true&removeUnpartitioned=true",
    ));
    assert_eq!(browser.frame(&widget("/get?name=user")), "after");
    let partitioned: Vec<_> = browser
        .jar()
        .iter()
        .map(|kept| kept.partition_key.is_some())
        .collect();
    assert_eq!(partitioned, [true, true], "the cookie and its signature");
}

/// Each cookie for other sites gets a partitioned twin.
#[test]
fn twins_are_kept_apart() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let settings = CookieSettings::new().auto_chips(true);
    let site = Site::new(|app| app.keys(KEYS).cookies(settings));
    let widget = |path: &str| site.https("widget.test", path);
    browser.open(&site.https("one.test", "/names"));
    browser.frame(&widget("/set?name=user&value=ada&sameSite=none"));
    let seen = browser.frame(&widget("/names"));
    assert_eq!(seen, "_CHIPS-user _CHIPS-user.sig user user.sig");
    assert_eq!(browser.frame(&widget("/get?name=user")), "ada");

    browser.open(&site.https("two.test", "/names"));
    assert_eq!(browser.frame(&widget("/names")), "user user.sig");
}
