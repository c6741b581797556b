//! Egg's encrypted cookies pass both ways; they are the same byte for byte, as nothing about them is random.

use koa::{Compat, CookieSettings};

use crate::jar::Jar;
use crate::side::Side;

const KEYS: &str = "3q2+7wPVbVwTlZ1mYlNrFg==,b2xkIGtleSB0aGF0IGlzIGxvbmc=";

/// What cookies say, as a query says it. What is encrypted may be any text.
const VALUES: [(&str, &str); 5] = [
    ("ada", "ada"),
    ("exactly16bytes!!", "exactly16bytes!!"),
    ("a;%20b=%22c%22%0D%0A", "a; b=\"c\"\r\n"),
    ("%C3%A9%E2%82%AC%F0%9F%A6%80", "é€🦀"),
    (
        "%7B%22id%22:7,%22roles%22:[%22admin%22]%7D",
        r#"{"id":7,"roles":["admin"]}"#,
    ),
];

#[test]
fn egg_and_its_form() {
    let Some(node) = Side::node(&["egg-cookies", KEYS]) else {
        return;
    };
    let ours = Side::ours(|app| {
        app.keys(KEYS)
            .cookies(CookieSettings::new().compat(Compat::Egg))
    });
    for (query, value) in VALUES {
        let query = format!("name=user&encrypt=true&value={query}");
        let jars = [&ours, &node].map(|side| Jar::set_by(side, &query));
        assert_eq!(jars[0].get("user"), jars[1].get("user"));
        for mut jar in jars {
            assert_eq!(jar.names(), ["user"], "it needs no signature");
            assert!(!jar.get("user").unwrap().contains(value));
            for reader in [&ours, &node] {
                let read = jar.read_by(reader, "name=user&encrypt=true");
                assert_eq!(read.as_deref(), Some(value));
            }
        }
    }
}
