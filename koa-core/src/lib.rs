//! Koa, compiled: Koa's onion of middleware around one `Context`, put together at compile time, on a small hyper core.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod prelude;

mod app;
mod chain;
mod context;
mod error;
mod middleware;
mod reply;
mod request;
mod response;
mod server;
mod wiring;

pub use app::{App, Application, Callback};
pub use chain::{BoxMiddleware, Group, Mount, Onion, Stack};
pub use context::{Context, State};
pub use error::{Error, IntoStatus, Result};
pub use http;
pub use koa_macros::{main, middleware};
pub use middleware::{Middleware, Next, ProvidesNothing};
pub use reply::Reply;
pub use request::Request;
pub use response::{Aborted, Body, IntoHeaderValue, IntoHeaderValues, Json, Outgoing, Response};
pub use server::{Address, Addresses, Server, cancel_on_disconnect};
pub use wiring::{Above, Asks, Nothing, Provides, ProvidesMut, Provision, Requires, Shared, Slot};
