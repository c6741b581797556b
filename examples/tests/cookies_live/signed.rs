//! Signed cookies pass both ways, in lines that are the same byte for byte.

use koa::{Algorithm, App, Compat, CookieSettings, Keygrip};

use crate::jar::{Answers, Jar, set_cookies};
use crate::side::Side;

const KEYS: &str = "3q2+7wPVbVwTlZ1mYlNrFg==,b2xkIGtleSB0aGF0IGlzIGxvbmc=";

/// What cookies say, as a query says it.
const VALUES: [(&str, &str); 5] = [
    ("ada", "ada"),
    ("a%20b%22c%22", "a b\"c\""),
    ("x%3D1%2Cy%3D2", "x=1,y=2"),
    ("%257B%2522id%2522%253A7%257D", "%7B%22id%22%3A7%7D"),
    (
        "!%23$%25%26'()*%2B-.:%3C%3E%3F@[]^_`{|}~",
        "!#$%&'()*+-.:<>?@[]^_`{|}~",
    ),
];

/// The attributes of a cookie of each kind.
const ATTRIBUTES: [&str; 11] = [
    "",
    "&signed=false",
    "&path=/below",
    "&path=",
    "&domain=example.com&priority=high",
    "&httpOnly=false&sameSite=lax&priority=low",
    "&sameSite=strict&overwrite=true",
    "&secure=true&sameSite=none",
    "&secure=false&priority=medium",
    "&sameSite=none&partitioned=true",
    "&maxAge=86400000",
];

fn agree(ours: &Side, node: &Side) {
    for (query, value) in VALUES {
        let query = format!("name=user&value={query}");
        for (setter, reader) in [(ours, node), (node, ours), (ours, ours), (node, node)] {
            let mut jar = Jar::set_by(setter, &query);
            assert_eq!(jar.names(), ["user", "user.sig"]);
            let read = jar.read_by(reader, "name=user");
            assert_eq!(read.as_deref(), Some(value));
        }
    }
    agree_on(ours, node, &ATTRIBUTES);
}

/// Both set the same lines.
fn agree_on(ours: &Side, node: &Side, attributes: &[&str]) {
    for attributes in attributes {
        for path in ["/set?name=user&value=ada", "/remove?name=user"] {
            let path = format!("{path}{attributes}");
            let [ours, node] = [ours, node].map(|side| {
                let answer = side.ask(&path, "X-Forwarded-Proto: https\r\n");
                assert_eq!(answer.code(), "200", "{path}");
                answer
            });
            let [ours, node] = [&ours, &node].map(|answer| without_times(set_cookies(answer)));
            assert_eq!(ours, node, "{path}");
            assert!(!ours.is_empty(), "{path}");
        }
    }
}

/// The lines without when they expire: one side is asked later.
fn without_times(lines: Vec<&str>) -> Vec<String> {
    let mut lines: Vec<_> = lines
        .into_iter()
        .map(|line| match line.split_once("expires=") {
            Some((_, time)) if time.starts_with("Thu, 01 Jan 1970") => line.to_owned(),
            Some((before, time)) => {
                let after = time.split_once(';').map_or("", |(_, after)| after);
                format!("{before}expires=later;{after}")
            }
            None => line.to_owned(),
        })
        .collect();
    lines.sort();
    lines
}

fn ours(settings: CookieSettings) -> impl FnOnce(App) -> App {
    move |app| app.keys(KEYS).cookies(settings)
}

fn with_sha256(settings: CookieSettings) -> impl FnOnce(App) -> App {
    move |app| {
        app.keys(Keygrip::from(KEYS).algorithm(Algorithm::Sha256))
            .cookies(settings)
    }
}

#[test]
fn koa_and_our_default_form() {
    let Some(node) = Side::node(&["koa", KEYS]) else {
        return;
    };
    agree(&Side::ours(ours(CookieSettings::new())), &node);
}

#[test]
fn koa_and_its_form() {
    let Some(node) = Side::node(&["koa", KEYS]) else {
        return;
    };
    agree(
        &Side::ours(ours(CookieSettings::new().compat(Compat::Koa))),
        &node,
    );
}

#[test]
fn the_package_of_koa_alone() {
    let Some(node) = Side::node(&["cookies", KEYS]) else {
        return;
    };
    agree(&Side::ours(ours(CookieSettings::new())), &node);
}

#[test]
fn egg_and_its_form() {
    let Some(node) = Side::node(&["egg-cookies", KEYS]) else {
        return;
    };
    agree(
        &Side::ours(ours(CookieSettings::new().compat(Compat::Egg))),
        &node,
    );
}

#[test]
fn egg_and_its_partitions() {
    let Some(node) = Side::node(&["egg-cookies", KEYS]) else {
        return;
    };
    let settings = CookieSettings::new().compat(Compat::Egg);
    let partitions = ["&sameSite=none&partitioned=true&removeUnpartitioned=true"];
    agree_on(&Side::ours(ours(settings)), &node, &partitions);
}

#[test]
fn keys_with_sha_256() {
    let Some(koa) = Side::node(&["koa", KEYS, "sha256"]) else {
        return;
    };
    agree(&Side::ours(with_sha256(CookieSettings::new())), &koa);
    let Some(alone) = Side::node(&["cookies", KEYS, "sha256"]) else {
        return;
    };
    agree(
        &Side::ours(with_sha256(CookieSettings::new().compat(Compat::Koa))),
        &alone,
    );
}

/// Who signs with another algorithm, or other keys, is not believed.
#[test]
fn other_keys_and_algorithms_do_not_count() {
    let sides = [
        Side::node(&["koa", KEYS]),
        Side::node(&["koa", KEYS, "sha256"]),
        Side::node(&["koa", "another-key"]),
    ];
    let [Some(sha1), Some(sha256), Some(other)] = sides else {
        return;
    };
    let ours_sha1 = Side::ours(ours(CookieSettings::new()));
    let ours_sha256 = Side::ours(with_sha256(CookieSettings::new()));
    for (setter, reader) in [
        (&sha1, &ours_sha256),
        (&ours_sha256, &sha1),
        (&sha256, &ours_sha1),
        (&ours_sha1, &sha256),
        (&other, &ours_sha1),
        (&ours_sha1, &other),
    ] {
        let mut jar = Jar::set_by(setter, "name=user&value=ada");
        assert_eq!(jar.read_by(reader, "name=user"), None);
        assert_eq!(jar.names(), ["user"], "the signature is removed");
    }
}
