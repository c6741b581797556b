//! What generated code calls. Nothing here is for use by hand, and all of it may change in any release.

use std::future::Future;

pub use std::format;

use crate::context::{Context, Lent};
use crate::error::Result;
use crate::reply::Reply;
use crate::wiring::Slot;

pub use crate::error::{Thrown, ViaError, ViaMessage, ViaStatus, ViaStd, error_with_status};

/// The key that a middleware's argument `Slot<T>` gets.
#[must_use]
pub const fn slot<T>() -> Slot<T> {
    Slot::new()
}

/// Takes the value for an argument `&T` of an endpoint.
///
/// # Errors
///
/// Another argument has it.
pub fn lend<T: Send + Sync + 'static>(ctx: &mut Context) -> Result<Lent<T>> {
    ctx.lend()
}

/// Takes the value for an argument `&mut T` of an endpoint.
///
/// # Errors
///
/// Another argument has it.
pub fn lend_mut<T: Send + Sync + 'static>(ctx: &mut Context) -> Result<Box<T>> {
    ctx.lend_mut()
}

/// Puts it back.
pub fn give_back<T: Send + Sync + 'static>(ctx: &mut Context, value: Lent<T>) {
    ctx.give_back(value);
}

/// Puts it back.
pub fn give_back_mut<T: Send + Sync + 'static>(ctx: &mut Context, value: Box<T>) {
    ctx.give_back_mut(value);
}

/// Puts on the context what a function returned.
///
/// # Errors
///
/// The error that it returned.
pub fn reply(ctx: &mut Context, returned: impl Reply) -> Result {
    returned.reply(ctx)
}

/// Runs an app's `main`, on tokio's runtime with a thread for each core.
///
/// # Errors
///
/// What `main` fails with, or that the runtime cannot be started.
pub fn main<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(future)
}
