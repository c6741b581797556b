//! Until when the browser keeps a cookie.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::driver::Browser;
use super::{KEYS, Site};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[test]
fn the_browser_keeps_a_cookie_as_long_as_it_says() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app.keys(KEYS));
    let at = |path: &str| site.http("one.test", path);
    for (age, path) in [
        (HOUR, "/set?name=hour&value=1&maxAge=3600000"),
        (
            400 * 24 * HOUR,
            "/set?name=longest&value=1&maxAge=34560000000",
        ),
    ] {
        let before = seconds();
        browser.open(&at(path));
        let after = seconds();
        let jar = browser.jar();
        assert_eq!(jar.len(), 2, "the cookie and its signature");
        for kept in jar {
            // Dates are in whole seconds, and the browser goes by the server's clock.
            let earliest = before + age.as_secs_f64() - 1.0;
            let latest = after + age.as_secs_f64() + 1.0;
            assert!((earliest..=latest).contains(&kept.expires), "{kept:?}");
        }
        browser.open(&at(&path.replace("set", "remove")));
    }

    browser.open(&at("/set?name=user&value=1"));
    let session = browser.kept("user").unwrap();
    assert!(session.expires < 0.0, "until the browser is closed");
}

#[test]
fn what_has_expired_is_gone() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let yesterday = Arc::new(AtomicBool::new(false));
    let of_app = Arc::clone(&yesterday);
    let site = Site::new(|app| {
        app.clock(move || {
            let late = of_app.load(Ordering::SeqCst);
            SystemTime::now() - if late { 24 * HOUR } else { Duration::ZERO }
        })
    });
    let at = |path: &str| site.http("one.test", path);
    browser.open(&at("/set?name=user&value=ada&maxAge=3600000"));
    browser.open(&at("/set?name=other&value=eve&maxAge=3600000"));
    assert_eq!(browser.open(&at("/names")), "other user");
    yesterday.store(true, Ordering::SeqCst);
    browser.open(&at("/set?name=user&value=ada&maxAge=3600000"));
    assert_eq!(browser.open(&at("/names")), "other");
    yesterday.store(false, Ordering::SeqCst);

    // Time goes by.
    browser.open(&at("/set?name=brief&value=1&maxAge=1000"));
    let start = Instant::now();
    while browser.fetch(&at("/get?name=brief")) == "1" {
        assert!(start.elapsed() < Duration::from_secs(10), "it expires");
    }
    assert_eq!(browser.open(&at("/names")), "other");
}

fn seconds() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}
