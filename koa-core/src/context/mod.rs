//! The context of a request: what every layer is handed.

mod downcast;
mod lent;
mod place;
mod provided;
mod redirect;
mod request;
mod response;
mod state;

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::ops::{Index, IndexMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::HeaderMap;

use crate::app::Application;
use crate::error::{IntoStatus, Result};
use crate::request::Request;
use crate::response::{Body, IntoHeaderValues, Response};
use crate::server::Connection;
use crate::wiring::Slot;

pub(crate) use lent::Lent;
pub(crate) use place::Place;
pub(crate) use provided::{Hidden, Provided};
pub use state::State;

/// A request, the response that is being made to it, and what belongs to both. Koa's `ctx`:
/// <https://koajs.com/#context>.
///
/// What is used most stands here under Koa's names; all of it stands in [`request`](Self::request) and
/// [`response`](Self::response).
pub struct Context {
    /// The request. Koa's `ctx.request`.
    pub request: Request,

    /// The response. Koa's `ctx.response`.
    pub response: Response,

    /// Values that middleware hands on. Koa's `ctx.state`.
    pub state: State,

    /// What the layers above have provided.
    pub(crate) provided: Provided,
}

impl Context {
    /// One without a request.
    fn vacant(connection: Arc<Connection>) -> Self {
        Self {
            request: Request::vacant(connection),
            response: Response::new(HeaderMap::new()),
            state: State::default(),
            provided: Provided::default(),
        }
    }

    /// Drops what belongs to a request that has been answered.
    #[inline]
    fn vacate(&mut self) {
        let Self {
            request,
            response,
            state,
            provided,
        } = self;
        request.vacate();
        response.vacate();
        if !state.is_unused() || !provided.is_unused() {
            // A value of the user's that panics here must not cost the client its answer.
            let values = (mem::take(state), mem::take(provided));
            let _ = catch_unwind(AssertUnwindSafe(|| drop(values)));
        }
    }

    /// The app: its settings, its values, its events. Koa's `ctx.app`.
    #[must_use]
    pub fn app(&self) -> &Arc<Application> {
        self.request.app()
    }

    /// The request's method. <https://koajs.com/#request-method>
    #[must_use]
    pub fn method(&self) -> &http::Method {
        self.request.method()
    }

    /// The request's path, without the prefixes of mounts around this layer. <https://koajs.com/#request-path>
    #[inline]
    #[must_use]
    pub fn path(&self) -> &str {
        self.request.path()
    }

    /// The value of a request header, empty if it was not sent. <https://koajs.com/#request-get>
    #[must_use]
    pub fn get(&self, field: &str) -> Cow<'_, str> {
        self.request.get(field)
    }

    /// The response's status. <https://koajs.com/#response-status>
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status()
    }

    /// Sets the response's status. <https://koajs.com/#response-status-1>
    ///
    /// # Errors
    ///
    /// A status that is not between 100 and 999.
    pub fn set_status(&mut self, status: impl IntoStatus) -> Result {
        self.response.set_status(status)
    }

    /// The response's body. <https://koajs.com/#response-body>
    #[must_use]
    pub fn body(&self) -> &Body {
        self.response.body()
    }

    /// Sets the response's body. <https://koajs.com/#response-body-1>
    pub fn set_body(&mut self, body: impl Into<Body>) {
        self.response.set_body(body);
    }

    /// Sets a response header. <https://koajs.com/#response-set>
    ///
    /// # Errors
    ///
    /// A name or a value that cannot be sent.
    pub fn set(&mut self, field: &str, values: impl IntoHeaderValues) -> Result {
        self.response.set(field, values)
    }

    /// Adds to a response header. <https://koajs.com/#response-append>
    ///
    /// # Errors
    ///
    /// A name or a value that cannot be sent.
    pub fn append(&mut self, field: &str, values: impl IntoHeaderValues) -> Result {
        self.response.append(field, values)
    }

    /// Removes a response header. <https://koajs.com/#response-remove>
    pub fn remove(&mut self, field: &str) {
        self.response.remove(field);
    }

    /// Whether a response header is set. <https://koajs.com/#response-has>
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.response.has(field)
    }
}

/// What a middleware above has provided.
///
/// # Panics
///
/// With a slot that was carried over from another request, past a place where nothing provides a `T`. A slot is taken
/// as an argument and used in the same function; then there always is one.
impl<T: Send + Sync + 'static> Index<Slot<T>> for Context {
    type Output = T;

    fn index(&self, _: Slot<T>) -> &T {
        match self.provided.get() {
            Some(value) => value,
            None => absent::<T>(),
        }
    }
}

/// What a middleware above has provided, to be changed.
///
/// # Panics
///
/// As indexing without changing does.
impl<T: Send + Sync + 'static> IndexMut<Slot<T>> for Context {
    fn index_mut(&mut self, _: Slot<T>) -> &mut T {
        match self.provided.get_mut() {
            Some(value) => value,
            None => absent::<T>(),
        }
    }
}

#[cold]
#[allow(
    clippy::panic,
    reason = "`Index` cannot fail in another way, and the wiring rules it out"
)]
fn absent<T>() -> ! {
    panic!(
        "a `Slot<{}>` was used outside the middleware that took it",
        std::any::type_name::<T>()
    )
}

/// The method, path and status; headers and values may be secret.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("request", &self.request)
            .field("response", &self.response)
            .field("state", &self.state)
            .finish()
    }
}
