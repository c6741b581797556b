//! Two controllers that serve one route are refused when the app is compiled; where a mount is between them, whose prefix
//! the compiler does not know, when it starts.

use std::collections::HashMap;

use crate::controller::route::{Route, Verb};
use crate::describe::Layer;
use crate::refusal::{Message, is_same};

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
                if same_verb(known[other].verb, route.verb)
                    && is_same(known[other].shape, route.shape)
                {
                    refuse(&known[other], route);
                }
                other += 1;
            }
        }
    }
}

/// The first route that a whole app, of which `layers` is the map, serves twice, with the prefixes of its mounts.
pub(crate) fn served_twice(layers: &[Layer]) -> Option<String> {
    let mut known = Vec::new();
    collect(layers, "", &mut known);
    let mut first: HashMap<_, (String, &Route)> = HashMap::new();
    for (prefix, route) in known {
        let key = (route.verb.as_str(), joined(&prefix, route.shape));
        if let Some((other, served)) = first.get(&key) {
            return Some(refused((other, served), (&prefix, route)));
        }
        first.insert(key, (prefix, route));
    }
    None
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
    message.push("`: ");
    message.push_declared(first.handler, &first.place);
    message.push(" and ");
    message.push_declared(second.handler, &second.place);
    message.push("; give one of them another path");
    panic!("{}", message.text("two controllers serve one route"))
}

const fn same_verb(one: Verb, other: Verb) -> bool {
    one as u8 == other as u8
}
