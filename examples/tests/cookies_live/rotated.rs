//! Keys are replaced: what the old one signed is still read, and signed anew by the new one. On either side.

use koa::{Algorithm, App, Compat, CookieSettings, Keygrip};

use crate::jar::Jar;
use crate::side::Side;

const OLD: &str = "b2xkIGtleSB0aGF0IGlzIGxvbmc=";
const NEW: &str = "3q2+7wPVbVwTlZ1mYlNrFg==";

/// Someone with the old key, someone with both and the new one first, and someone with the new one.
struct Sides {
    old: Side,
    both: Side,
    new: Side,
}

impl Sides {
    fn each(side: impl Fn(&str) -> Option<Side>) -> Option<Self> {
        Some(Self {
            old: side(OLD)?,
            both: side(&format!("{NEW},{OLD}"))?,
            new: side(NEW)?,
        })
    }

    fn ours(app: impl Fn(App, Keygrip) -> App) -> Self {
        let side = |keys: &str| Some(Side::ours(|ours| app(ours, Keygrip::from(keys))));
        Self::each(side).unwrap()
    }

    fn node(package: &str, algorithm: &[&str]) -> Option<Self> {
        Self::each(|keys| Side::node(&[&[package, keys], algorithm].concat()))
    }
}

/// The old key of one side, the new one of the other, and back again.
fn signed_anew(one: &Sides, other: &Sides) {
    for (before, after) in [(one, other), (other, one), (one, one), (other, other)] {
        let first = Jar::set_by(&before.old, "name=user&value=ada");
        let read = first.clone().read_by(&after.new, "name=user");
        assert_eq!(read, None, "the old key is forgotten");

        let mut jar = first.clone();
        let read = jar.read_by(&after.both, "name=user");
        assert_eq!(read.as_deref(), Some("ada"));
        let anew = Jar::set_by(&before.new, "name=user&value=ada");
        assert_ne!(first.get("user.sig"), anew.get("user.sig"));
        assert_eq!(jar.get("user.sig"), anew.get("user.sig"));
        let read = jar.read_by(&before.new, "name=user");
        assert_eq!(read.as_deref(), Some("ada"));

        let answer = jar.ask(&after.both, "/get?name=user");
        let again = answer.headers.iter().any(|(name, _)| name == "set-cookie");
        assert!(!again, "what the first key signed is left as it is");
    }
}

#[test]
fn koa_and_our_default_form() {
    let Some(node) = Sides::node("koa", &[]) else {
        return;
    };
    signed_anew(&Sides::ours(App::keys), &node);
}

#[test]
fn koa_and_its_form() {
    let Some(node) = Sides::node("cookies", &["sha256"]) else {
        return;
    };
    let ours = Sides::ours(|app, keys| {
        app.keys(keys.algorithm(Algorithm::Sha256))
            .cookies(CookieSettings::new().compat(Compat::Koa))
    });
    signed_anew(&ours, &node);
}

#[test]
fn egg_and_its_form() {
    let Some(node) = Sides::node("egg-cookies", &[]) else {
        return;
    };
    let ours = Sides::ours(|app, keys| {
        app.keys(keys)
            .cookies(CookieSettings::new().compat(Compat::Egg))
    });
    signed_anew(&ours, &node);

    // What is encrypted is read with the old key, and stays as it is: Egg's own does so.
    for (before, after) in [(&ours, &node), (&node, &ours)] {
        let mut jar = Jar::set_by(&before.old, "name=user&value=ada&encrypt=true");
        let encrypted = jar.get("user").map(str::to_owned);
        let read = jar.read_by(&after.both, "name=user&encrypt=true");
        assert_eq!(read.as_deref(), Some("ada"));
        assert_eq!(jar.get("user"), encrypted.as_deref());
        assert_eq!(jar.read_by(&after.new, "name=user&encrypt=true"), None);
    }
}
