//! `Secure`, and the names that promise it.

use super::driver::Browser;
use super::{KEYS, Site};

#[test]
fn what_is_set_over_tls_is_sent_over_tls() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app);
    browser.open(&site.https("one.test", "/set?name=secure&value=1"));
    browser.open(&site.https("one.test", "/set?name=open&value=1&secure=false"));
    assert_eq!(
        browser.open(&site.https("one.test", "/names")),
        "open secure"
    );
    assert_eq!(browser.open(&site.http("one.test", "/names")), "open");
    assert!(browser.kept("secure").unwrap().secure);
    assert!(!browser.kept("open").unwrap().secure);

    // A cookie that is set without TLS does not take the place of a secure one.
    browser.open(&site.http("one.test", "/set?name=secure&value=2"));
    assert_eq!(
        browser.open(&site.https("one.test", "/get?name=secure")),
        "1"
    );

    // Without TLS we do not promise it.
    let refused = browser.open(&site.http("one.test", "/set?name=other&value=1&secure=true"));
    assert_eq!(refused, "Internal Server Error");
    assert!(browser.kept("other").is_none());
}

#[test]
fn names_with_a_prefix_are_kept() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app.keys(KEYS));
    for name in ["__Host-id", "__Secure-id"] {
        let set = format!("/set?name={name}&value=ada");
        let refused = browser.open(&site.http("one.test", &set));
        assert_eq!(refused, "Internal Server Error");
        assert!(browser.names().is_empty());

        browser.open(&site.https("one.test", &set));
        let kept = browser.kept(name).expect("it is kept");
        assert!(kept.secure);
        assert_eq!(
            (kept.domain.as_str(), kept.path.as_str()),
            ("one.test", "/")
        );
        let get = format!("/get?name={name}");
        assert_eq!(browser.open(&site.https("one.test", &get)), "ada");
        assert_eq!(browser.open(&site.http("one.test", &get)), "no such cookie");

        browser.open(&site.https("one.test", &format!("/remove?name={name}")));
        assert!(browser.names().is_empty());
    }
}
