//! What statuses mean, in Koa's words.

use http::StatusCode;

/// The standard text of a status; `None` for one that has none.
///
/// The `http` crate spells 203 without its hyphen and does not know 306 and 509.
pub(crate) fn reason(status: StatusCode) -> Option<&'static str> {
    unlike_hyper(status).or_else(|| status.canonical_reason())
}

/// The text where hyper would send another one, or none.
pub(crate) fn unlike_hyper(status: StatusCode) -> Option<&'static str> {
    match status.as_u16() {
        203 => Some("Non-Authoritative Information"),
        306 => Some("(Unused)"),
        509 => Some("Bandwidth Limit Exceeded"),
        _ => None,
    }
}
