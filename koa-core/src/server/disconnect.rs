//! What happens to a request whose client goes away.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::middleware::{Middleware, Next};
use crate::server::Connection;
use crate::wiring::Requires;

/// A middleware below which a request is given up when its client goes away.
///
/// Without it a request runs to its end, as in Koa, so that what stands after `next.run(ctx)` runs. With it the layers
/// below are dropped at their next `.await`, and the layers above get an error of which
/// [`is_disconnect`](Error::is_disconnect) is true and of which no listener hears.  For a whole app it is the first layer, for a group the first of that group:
///
/// ```
/// use koa::prelude::*;
///
/// #[middleware]
/// async fn report() -> &'static str {
///     // .. what is not worth finishing for nobody ..
///     "done"
/// }
///
/// let reports = Stack::new().with(koa::cancel_on_disconnect).with(report);
/// let app = App::new().mount("/reports", reports);
/// ```
///
/// Under a server of one's own ([`App::callback`](crate::App::callback)) nothing is known of the connection's end, and
/// nothing is given up.
#[allow(
    non_camel_case_types,
    reason = "it is written as a middleware function is"
)]
#[derive(Debug, Clone, Copy)]
pub struct cancel_on_disconnect;

impl Middleware for cancel_on_disconnect {
    type Provides = ();
    type Wiring = Self;

    fn call<'a, N: Next + 'a>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a {
        until_closed(Arc::clone(ctx.request.connection()), next.run(ctx))
    }
}

/// Runs `work`, and drops it when the client goes away.
pub(crate) async fn until_closed(
    connection: Arc<Connection>,
    work: impl Future<Output = Result> + Send,
) -> Result {
    let mut closed = pin!(connection.closed());
    let mut work = pin!(work);
    poll_fn(|cx| {
        if let Poll::Ready(result) = work.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        closed
            .as_mut()
            .poll(cx)
            .map(|()| Err(Error::disconnected()))
    })
    .await
}

impl<List> Requires<List, ()> for cancel_on_disconnect {}
