//! `HttpOnly`: scripts see what is shown to them, and nothing else.

use super::driver::Browser;
use super::{KEYS, Site};

#[test]
fn scripts_see_what_is_shown_to_them() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app.keys(KEYS));
    let at = |path: &str| site.http("one.test", path);
    browser.open(&at("/set?name=hidden&value=1"));
    browser.open(&at("/set?name=sealed&value=1&encrypt=true"));
    assert_eq!(browser.script(), "");

    browser.open(&at("/set?name=shown&value=1&httpOnly=false&signed=false"));
    assert_eq!(browser.script(), "shown=1");
    let seen = browser.open(&at("/names"));
    assert_eq!(seen, "hidden hidden.sig sealed shown");
    let hidden: Vec<_> = browser.jar().iter().map(|kept| kept.http_only).collect();
    assert_eq!(hidden, [true, true, true, false]);
}
