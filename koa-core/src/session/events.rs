//! What an app hears of its sessions, with [`App::on`](crate::App::on).

use std::fmt;

use serde_json::Value;

/// The store has no session under the id that came, or the cookie held none. koa-session's `session:missed`.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionMissed {
    /// The name of the session's cookie.
    pub cookie: &'static str,

    /// The id, for a session that is kept in a store.
    pub id: Option<String>,
}

/// A session came after its time. koa-session's `session:expired`.
#[derive(Clone, PartialEq)]
pub struct SessionExpired {
    /// The name of the session's cookie.
    pub cookie: &'static str,

    /// The id, for a session that is kept in a store.
    pub id: Option<String>,

    /// What was in it.
    pub value: Value,
}

/// A session came that `valid` refused, or that cannot be read as the struct it is kept for. koa-session's
/// `session:invalid`.
#[derive(Clone, PartialEq)]
pub struct SessionInvalid {
    /// The name of the session's cookie.
    pub cookie: &'static str,

    /// The id, for a session that is kept in a store.
    pub id: Option<String>,

    /// What was in it.
    pub value: Value,
}

/// A store could not be asked. The request that needed it is answered with a 503.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionStoreFailed {
    /// The name of the session's cookie.
    pub cookie: &'static str,

    /// What was asked of the store: `load`, `create`, `update` or `destroy`.
    pub operation: &'static str,

    /// What it said.
    pub message: String,
}

/// An id opens a session, and what is in one is the user's: neither is printed.
macro_rules! only_the_cookie {
    ($($event:ident),*) => {$(
        impl fmt::Debug for $event {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($event))
                    .field("cookie", &self.cookie)
                    .finish_non_exhaustive()
            }
        }
    )*};
}

only_the_cookie!(SessionMissed, SessionExpired, SessionInvalid);
