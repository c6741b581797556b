//! Typed sessions: a struct is the session.
//!
//! A session is provided as something that is opened when it is asked for (`open`), in a signature or with
//! [`ctx.session()`](Context::session), and saved when the layers below are done (`commit`). What it is written as stands
//! in `form`, where it is kept in `store`.

mod buffers;
mod commit;
mod compat;
mod config;
mod events;
mod form;
mod handle;
mod id;
mod keys;
mod merge;
mod middleware;
mod open;
mod shared;
pub(crate) mod store;
pub(crate) mod wanted;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(doc)]
use crate::context::Context;

pub use config::{MaxAge, SessionConfig};
pub use events::{SessionExpired, SessionInvalid, SessionMissed, SessionStoreFailed};
pub use handle::Session;
pub(crate) use id::Id;
pub use keys::Origin;
pub(crate) use keys::{Conflict, Found, Keys};
pub use middleware::{KeyAsDeclared, KeyOverridden, Sessions};
pub(crate) use open::Source;

/// A struct that is a session: what [`#[session]`](macro@crate::session) makes of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session",
    label = "not a session",
    note = "write `#[session]` on the struct"
)]
pub trait SessionData: Serialize + DeserializeOwned + Default + Send + Sync + 'static {
    /// What the attribute says.
    const CONFIG: SessionConfig;

    /// Which struct it is.
    #[doc(hidden)]
    const ORIGIN: Origin = Origin::unknown();
}
