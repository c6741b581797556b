//! What generated code calls. Nothing here is for use by hand, and all of it may change in any release.

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use std::format;

use crate::context::{Context, Lent};
use crate::error::Result;
use crate::reply::Reply;
use crate::server::{Connection, disconnect};
use crate::session::wanted;
use crate::wiring::Slot;

pub use crate::controller::conflict::{Served, served_once};
pub use crate::controller::router::{Around, Handler, Inner, Layered, around};
pub use crate::controller::{Captures, Place, Route, Verb};
pub use crate::cookies::typed::{FromJson, FromText, Reading, optional_cookie, required_cookie};
pub use crate::describe::About;
pub use crate::error::{Thrown, ViaError, ViaMessage, ViaStatus, ViaStd};
pub use crate::extract::{body_once, written};
pub use crate::middleware::{Declared, Of};
pub use crate::session::Origin;
pub use crate::session::wanted::{Opened, Wanted, opened};
pub use serde;

/// The key that a middleware's argument `Slot<T>` gets.
#[must_use]
pub const fn slot<T>() -> Slot<T> {
    Slot::new()
}

/// Takes the value for an argument `&T` of an endpoint.
///
/// # Errors
///
/// Another argument has it, or it is a session that cannot be opened.
pub async fn lend<T: Send + Sync + 'static>(ctx: &mut Context) -> Result<Lent<'_, T>> {
    wanted::open(ctx, &[TypeId::of::<T>()]).await?;
    ctx.lend()
}

/// Takes the value for an argument `&mut T` of an endpoint.
///
/// # Errors
///
/// Another argument has it, or it is a session that cannot be opened.
pub async fn lend_mut<T: Send + Sync + 'static>(ctx: &mut Context) -> Result<Lent<'_, T>> {
    wanted::open(ctx, &[TypeId::of::<T>()]).await?;
    ctx.lend_mut()
}

/// What was taken from the request for an argument.
///
/// # Errors
///
/// That the request has none, as the app answers it.
pub fn taken<T>(ctx: &Context, argument: &'static str, value: Result<T>) -> Result<T> {
    value.map_err(|error| crate::extract::refused(ctx, argument, error))
}

/// Reads a parameter of the path.
///
/// # Errors
///
/// That it cannot be read, as the app answers it.
pub fn parameter<T: crate::FromPath>(
    ctx: &Context,
    captures: &Captures,
    at: usize,
    argument: &'static str,
) -> Result<T> {
    crate::extract::parameter(ctx, captures, at, argument)
}

/// A parameter of the path as it is.
#[inline]
#[must_use]
pub fn text<'a>(ctx: &'a Context, captures: &'a Captures, at: usize) -> Cow<'a, str> {
    captures.get(&ctx.request, at)
}

/// The layer that a function with `#[middleware]` on it is, by its name.
#[must_use]
pub fn of<D: Declared>() -> Of<D> {
    Of::new()
}

/// Opens the sessions among what the slots of a layer are for.
///
/// # Errors
///
/// One of them cannot be opened.
pub async fn open<W: Wanted>(ctx: &mut Context) -> Result {
    let ids = W::ids();
    wanted::open(ctx, ids.as_ref()).await
}

/// Puts on the context what a function returned.
///
/// # Errors
///
/// The error that it returned.
pub fn reply<R: Reply>(ctx: &mut Context, returned: R) -> Result {
    returned.reply(ctx)
}

/// How long threads that are blocked have after `main`.
const LEFT: Duration = Duration::from_secs(1);

/// Runs an app's `main`, on tokio's runtime with a thread for each core.
///
/// Without a runtime the process ends: `main` may return what can hold no error.
pub fn main<T>(future: impl Future<Output = T>) -> T {
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let output = runtime.block_on(future);
            runtime.shutdown_timeout(LEFT);
            output
        }
        Err(error) => {
            eprintln!("the runtime cannot be started: {error}");
            std::process::exit(1)
        }
    }
}

/// The connection of a request, for [`cancel_on_disconnect`].
pub struct OnConnection(Arc<Connection>);

impl fmt::Debug for OnConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnConnection")
    }
}

/// The connection on which a request came.
#[must_use]
pub fn connection(ctx: &Context) -> OnConnection {
    OnConnection(Arc::clone(ctx.request.connection()))
}

/// Runs `work` until the client goes away.
///
/// # Errors
///
/// What `work` fails with, or that the client is gone.
pub fn cancel_on_disconnect<'a>(
    connection: OnConnection,
    work: impl Future<Output = Result> + Send + 'a,
) -> impl Future<Output = Result> + Send + 'a {
    disconnect::until_closed(connection.0, work)
}
