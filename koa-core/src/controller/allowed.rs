//! Requests that no route is for, answered as the `allowedMethods` of
//! [`@koa/router`](https://github.com/koajs/router) does.

use http::Method;

use crate::controller::matcher::Matcher;
use crate::controller::route::Verb;
use crate::{Context, Result};

/// Answers what the layers after the router have left unanswered: 501 for a method that no router knows, the allowed
/// methods to `OPTIONS`, and 405 to the others where the path has routes.
#[cold]
pub(super) fn answer_unmatched(ctx: &mut Context, matcher: &Matcher) -> Result {
    if ctx.response.status() != 404 {
        return Ok(());
    }
    let path = super::captures::decoded(ctx.path());
    let allowed = match &path {
        Ok(super::PathText::Decoded(path)) => allowed(matcher, path),
        _ => allowed(matcher, ctx.path()),
    };
    let status = match *ctx.method() {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
            if !allowed.is_empty() =>
        {
            405
        }
        Method::OPTIONS if !allowed.is_empty() => 200,
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => return Ok(()),
        _ => 501,
    };
    ctx.set_status(status)?;
    if status == 200 {
        ctx.set_body("");
    }
    ctx.set("Allow", allowed.join(", "))
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
