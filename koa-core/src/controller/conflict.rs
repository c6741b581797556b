//! Two controllers that serve one route are refused when the app is compiled; where a mount is between them, whose prefix
//! the compiler does not know, when it starts.

use std::collections::HashMap;

use crate::controller::route::{Route, Verb};
use crate::describe::Layer;
use crate::error::{Error, Result};

/// The routes of controllers, as a list that can be put together when compiling.
#[derive(Debug, Clone, Copy)]
pub enum Served {
    /// None.
    Nothing,
    /// Those of one controller.
    Routes(&'static [Route]),
    /// Those of two lists.
    Both(&'static Self, &'static Self),
}

/// Fails when compiling, with both places, if the route at `at` is there already.
#[track_caller]
pub const fn served_once(routes: &[Route], at: usize, above: &Served) {
    match above {
        Served::Nothing => {}
        Served::Both(first, second) => {
            served_once(routes, at, first);
            served_once(routes, at, second);
        }
        Served::Routes(known) => {
            let route = &routes[at];
            let mut other = 0;
            while other < known.len() {
                if same_verb(known[other].verb, route.verb) && same(known[other].shape, route.shape)
                {
                    refuse(&known[other], route);
                }
                other += 1;
            }
        }
    }
}

/// The same for a whole app, of which `layers` is the map, with the prefixes of its mounts.
///
/// # Errors
///
/// The first route that is served twice, with both places.
pub(crate) fn check_map(layers: &[Layer]) -> Result {
    let mut known = Vec::new();
    collect(layers, "", &mut known);
    let mut first: HashMap<_, (String, &Route)> = HashMap::new();
    for (prefix, route) in known {
        let key = (route.verb.as_str(), joined(&prefix, route.shape));
        if let Some((other, served)) = first.get(&key) {
            return Err(Error::new(500, refused((other, served), (&prefix, route))));
        }
        first.insert(key, (prefix, route));
    }
    Ok(())
}

/// The routes in a map, each with the prefix under which it is mounted.
fn collect(layers: &[Layer], prefix: &str, routes: &mut Vec<(String, &'static Route)>) {
    for layer in layers {
        if let Some(route) = layer.route {
            routes.push((prefix.to_owned(), route));
        }
        let inner = layer.prefix.strip_suffix('/').unwrap_or(&layer.prefix);
        collect(&layer.inside, &format!("{prefix}{inner}"), routes);
    }
}

/// A path under a prefix: `/` is the prefix itself.
fn joined(prefix: &str, path: &str) -> String {
    match path {
        "/" if !prefix.is_empty() => prefix.to_owned(),
        path => format!("{prefix}{path}"),
    }
}

fn refused(first: (&str, &Route), second: (&str, &Route)) -> String {
    let shown = |(prefix, route): (&str, &Route)| match prefix {
        "" => format!("`{}` ({})", route.handler, route.place),
        prefix => format!(
            "`{}` ({}, mounted at `{prefix}`)",
            route.handler, route.place
        ),
    };
    let (prefix, route) = first;
    format!(
        "two controllers serve `{} {}`: {} and {}; give one of them another path",
        route.verb,
        joined(prefix, route.path),
        shown(first),
        shown(second),
    )
}

#[allow(
    clippy::panic,
    reason = "when compiling, a panic is how an error is reported"
)]
#[track_caller]
const fn refuse(first: &Route, second: &Route) -> ! {
    let mut message = Message::new();
    message.push("two controllers serve `");
    message.push(first.verb.as_str());
    message.push(" ");
    message.push(first.path);
    message.push("`: `");
    message.push_route(first);
    message.push(" and `");
    message.push_route(second);
    message.push("; give one of them another path");
    panic!("{}", message.text())
}

const fn same_verb(one: Verb, other: Verb) -> bool {
    one as u8 == other as u8
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A text that is put together when compiling.
struct Message {
    bytes: [u8; 2048],
    length: usize,
}

impl Message {
    const fn new() -> Self {
        Self {
            bytes: [0; 2048],
            length: 0,
        }
    }

    const fn push_route(&mut self, route: &Route) {
        self.push(route.handler);
        self.push("` (");
        self.push(route.place.file);
        self.push(":");
        let mut digits = [0; 10];
        let mut at = digits.len();
        let mut line = route.place.line;
        loop {
            at -= 1;
            digits[at] = b'0' + (line % 10) as u8;
            line /= 10;
            if line == 0 {
                break;
            }
        }
        while at < digits.len() {
            self.push_byte(digits[at]);
            at += 1;
        }
        self.push(")");
    }

    const fn push(&mut self, text: &str) {
        let mut at = 0;
        while at < text.len() {
            self.push_byte(text.as_bytes()[at]);
            at += 1;
        }
    }

    /// What is too long is cut off.
    const fn push_byte(&mut self, byte: u8) {
        if self.length < self.bytes.len() {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
    }

    const fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "two controllers serve one route",
        }
    }
}
