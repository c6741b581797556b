//! What is set comes back from the browser as it was, or is refused when it is set.

use super::driver::Browser;
use super::{KEYS, Site};

/// Characters that someone might trim, take apart or leave out, as a query says them.
const SPECIAL: [(&str, &str); 10] = [
    ("%20", " "),
    ("%09", "\t"),
    ("%22", "\""),
    ("%3D", "="),
    ("%3B", ";"),
    ("%25", "%"),
    ("%5C", "\\"),
    ("%7F", "\u{7f}"),
    ("%C3%A9", "é"),
    (",", ","),
];

/// Where they stand.
const PLACES: [&str; 4] = ["_", "_a", "a_", "a_a"];

#[test]
fn what_comes_back_is_what_was_set() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::new(|app| app.keys(KEYS));
    browser.open(&site.http("one.test", "/names"));
    let mut taken = 0;
    for (query, text) in SPECIAL {
        for place in PLACES {
            let [query, text] = [query, text].map(|special| place.replace('_', special));
            for (cookie, value) in [("user", &query), (query.as_str(), &"1".to_owned())] {
                let mut ask = |path: String| browser.fetch(&site.http("one.test", &path));
                let expected = if cookie == "user" { &text } else { value };
                match ask(format!("/set?name={cookie}&value={value}")).as_str() {
                    "done" => {
                        taken += 1;
                        assert_eq!(ask(format!("/get?name={cookie}")), *expected, "{cookie}");
                        ask(format!("/remove?name={cookie}"));
                    }
                    refused => assert_eq!(refused, "Internal Server Error"),
                }
                assert!(browser.names().is_empty(), "{cookie} {value}");
            }
        }
    }
    // In values a space inside, a quote but before it, `=` and `,`; in values and names `%` and `\`.
    assert_eq!(taken, 1 + 2 + 4 + 4 + 2 * 8);
}
