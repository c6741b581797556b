//! Requests that no route is for, answered as the `allowedMethods` of
//! [`@koa/router`](https://github.com/koajs/router) does.

use http::Method;

use crate::controller::matcher::Matcher;
use crate::controller::route::Verb;
use crate::{Context, Result};

/// What a router below has answered, on the context for those above it: the methods that their routes have for the path
/// are allowed too.
struct Answered {
    status: u16,
    allowed: Vec<&'static str>,
}

/// Answers what the layers after the router have left unanswered: 501 for a method that no router knows, the allowed
/// methods to `OPTIONS`, and 405 to the others where the path has routes. Where a router below has answered so, the methods
/// of both are allowed.
#[cold]
pub(super) fn answer_unmatched(ctx: &mut Context, matcher: &Matcher) -> Result {
    let status = ctx.response.status();
    let below = ctx.state.remove::<Answered>();
    let below = below.filter(|below| below.status == status);
    if status != 404 && below.is_none() {
        return Ok(());
    }
    let path = super::captures::decoded(ctx.path());
    let mut allowed = match &path {
        Ok(super::PathText::Decoded(path)) => allowed(matcher, path),
        _ => allowed(matcher, ctx.path()),
    };
    let status = match &below {
        Some(below) => {
            for method in &below.allowed {
                if !allowed.contains(method) {
                    allowed.push(method);
                }
            }
            status
        }
        None => match status_for(ctx.method(), !allowed.is_empty()) {
            Some(status) => status,
            None => return Ok(()),
        },
    };
    if below.is_none() {
        ctx.set_status(status)?;
        if status == 200 {
            ctx.set_body("");
        }
    }
    ctx.set("Allow", allowed.join(", "))?;
    ctx.state.insert(Answered { status, allowed });
    Ok(())
}

/// The status for a method that no route is for, where the path has others or not; `None` for a 404.
fn status_for(method: &Method, has_others: bool) -> Option<u16> {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE => has_others.then_some(405),
        Method::OPTIONS => has_others.then_some(200),
        _ => Some(501),
    }
}

/// The methods that the path has routes for, in the order of the routes.
fn allowed(matcher: &Matcher, path: &str) -> Vec<&'static str> {
    let mut allowed = Vec::new();
    let mut add = |name| {
        if !allowed.contains(&name) {
            allowed.push(name);
        }
    };
    for entry in matcher.all(path) {
        if entry.route.verb == Verb::Get {
            add("HEAD");
        }
        add(entry.route.verb.as_str());
    }
    allowed
}
