//! What was not signed or encrypted with the keys is refused, on both sides alike.

use koa::{Compat, CookieSettings};

use crate::jar::{Jar, set_cookies};
use crate::side::Side;

const KEYS: &str = "3q2+7wPVbVwTlZ1mYlNrFg==,b2xkIGtleSB0aGF0IGlzIGxvbmc=";

/// Both sides find nothing, and set the same cookies.
fn refused(sides: [&Side; 2], jar: &Jar, query: &str) -> Jar {
    let path = format!("/get?{query}");
    let [(ours, left), (node, _)] = sides.map(|side| {
        let mut jar = jar.clone();
        let answer = jar.ask(side, &path);
        (answer, jar)
    });
    assert_eq!((ours.code(), node.code()), ("404", "404"), "{jar:?}");
    assert_eq!(set_cookies(&ours), set_cookies(&node), "{jar:?}");
    left
}

fn signatures(ours: &Side, node: &Side) {
    for setter in [ours, node] {
        let jar = Jar::set_by(setter, "name=user&value=ada");
        let signature = jar.get("user.sig").unwrap().to_owned();
        let other = Jar::set_by(setter, "name=other&value=ada");
        let longer = Jar::set_by(setter, "name=user&value=adam");
        let forged = [
            jar.clone().with("user", "bob"),
            jar.clone().with("user", "adam"),
            jar.clone().with("user", "Ada"),
            jar.clone().with("user", ""),
            jar.clone().with("user.sig", flipped(&signature)),
            jar.clone().with("user.sig", signature.to_uppercase()),
            jar.clone().with("user.sig", &signature[1..]),
            jar.clone().with("user.sig", format!("{signature}A")),
            jar.clone().with("user.sig", format!("{signature}=")),
            jar.clone().with("user.sig", "x"),
            jar.clone()
                .with("user.sig", other.get("other.sig").unwrap()),
            jar.clone()
                .with("user.sig", longer.get("user.sig").unwrap()),
        ];
        for jar in forged {
            let left = refused([ours, node], &jar, "name=user");
            assert_eq!(left.get("user.sig"), None, "the signature is removed");
        }
        for jar in [jar.clone().without("user.sig"), jar.with("user.sig", "")] {
            let left = refused([ours, node], &jar, "name=user");
            assert_eq!(left.names(), jar.names(), "there is nothing to remove");
        }
    }
}

/// The text with one bit of its first character turned.
fn flipped(text: &str) -> String {
    let first = char::from(text.as_bytes()[0] ^ 1);
    format!("{first}{}", &text[1..])
}

#[test]
fn koa_and_our_default_form() {
    let Some(node) = Side::node(&["koa", KEYS]) else {
        return;
    };
    signatures(&Side::ours(|app| app.keys(KEYS)), &node);
}

#[test]
fn koa_and_its_form() {
    let Some(node) = Side::node(&["koa", KEYS]) else {
        return;
    };
    let settings = CookieSettings::new().compat(Compat::Koa);
    signatures(&Side::ours(|app| app.keys(KEYS).cookies(settings)), &node);
}

#[test]
fn egg_and_its_form() {
    let Some(node) = Side::node(&["egg-cookies", KEYS]) else {
        return;
    };
    let settings = CookieSettings::new().compat(Compat::Egg);
    let ours = Side::ours(|app| app.keys(KEYS).cookies(settings));
    signatures(&ours, &node);

    let Some(stranger) = Side::node(&["egg-cookies", "another-key"]) else {
        return;
    };
    let query = "name=user&encrypt=true";
    let jar = Jar::set_by(&node, "name=user&value=ada&encrypt=true");
    let encrypted = jar.get("user").unwrap().to_owned();
    for jar in [
        Jar::set_by(&stranger, "name=user&value=ada&encrypt=true"),
        jar.clone().with("user", flipped(&encrypted)),
        jar.clone().with("user", &encrypted[4..]),
        jar.clone().with("user", &encrypted[..4]),
        jar.clone().with("user", "ada"),
        jar.with("user", ""),
    ] {
        refused([&ours, &node], &jar, query);
    }
}

/// What we sealed is refused where it was changed, moved to another name, or sealed by others; Egg's is not accepted
/// unless we are told to.
#[test]
fn sealed_cookies() {
    let Some(egg) = Side::node(&["egg-cookies", KEYS]) else {
        return;
    };
    let ours = Side::ours(|app| app.keys(KEYS));
    let settings = CookieSettings::new().accept(Compat::Egg);
    let moved = Side::ours(|app| app.keys(KEYS).cookies(settings));
    let stranger = Side::ours(|app| app.keys("another-key"));
    let set = "name=user&value=ada&encrypt=true";
    let sealed = Jar::set_by(&ours, set);
    let text = sealed.get("user").unwrap().to_owned();
    let other = Jar::set_by(&ours, "name=other&value=ada&encrypt=true");
    let last = flipped(&text[text.len() - 2..]);
    for jar in [
        Jar::set_by(&stranger, set),
        sealed.clone().with("user", flipped(&text)),
        sealed
            .clone()
            .with("user", format!("{}{last}", &text[..text.len() - 2])),
        sealed.clone().with("user", &text[..text.len() - 4]),
        sealed.with("user", other.get("other").unwrap()),
    ] {
        for side in [&ours, &moved] {
            let read = jar.clone().read_by(side, "name=user&encrypt=true");
            assert_eq!(read, None, "{jar:?}");
        }
    }
    let mut encrypted = Jar::set_by(&egg, set);
    assert_eq!(encrypted.read_by(&ours, "name=user&encrypt=true"), None);
}
