//! Sessions that may stand in one app.

use koa::prelude::*;
use koa::{Cookie, KeyOverridden, SessionConfig, Sessions};

#[session]
struct Visitor {
    visits: u32,
}

#[session(key = "admin")]
struct Admin {
    name: String,
}

/// It has the key of `Visitor`, and is given another one.
#[session]
struct Guest {
    name: String,
}

fn guests() -> Sessions<Guest, KeyOverridden> {
    Sessions::<Guest>::with_config(SessionConfig::new().cookie(Cookie::new("guest")))
}

#[middleware]
async fn count(visitor: &mut Visitor) -> String {
    visitor.visits += 1;
    visitor.visits.to_string()
}

/// The same session in two parts of an app.
fn part() -> Group<impl Onion> {
    Stack::new().with(Visitor::middleware()).with(count).group()
}

fn main() {
    let _ = App::new()
        .keys(["a long random key"])
        .with(Admin::middleware())
        .mount("/a", part())
        .mount("/b", part())
        .with(guests())
        .with(Visitor::middleware())
        .with(count)
        .callback();
}
