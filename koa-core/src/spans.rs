//! Spans of `tracing`: of a request, of a layer, and of the saving of a session. With the feature `tracing`.
//!
//! Neither headers, nor the query string, nor what a session holds is in them: they may be secret.

use std::any::type_name;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;
use tracing::{Span, debug_span, field, info_span};

use crate::context::Context;
use crate::middleware::Middleware;
use crate::response::respond::Sent;

/// The span in which the layers of a request run.
pub(crate) fn of_request(ctx: &Context) -> Span {
    info_span!(
        target: "koa",
        "request",
        method = %ctx.method(),
        path = ctx.path(),
        status = field::Empty,
    )
}

/// A response whose status is known with its first chunk; the span of its request has it then.
pub(crate) async fn until_sent(span: Span, response: impl Future<Output = Sent>) -> Sent {
    let response = response.await;
    span.record("status", response.status().as_u16());
    response
}

/// The span in which a session is saved, where that is due.
pub(crate) fn of_commit(session: &str) -> Span {
    debug_span!(target: "koa", "session_commit", session)
}

pin_project! {
    /// A layer, in a span that has its name.
    ///
    /// The span begins with the layer's first step, inside that of the layer above. It is one frame on top of the layer's
    /// own, where tracing's `Instrumented` is two: as many layers have to compile as do without.
    pub(crate) struct InLayer<M, F> {
        #[pin]
        layer: F,
        span: Option<Span>,
        name: PhantomData<fn() -> M>,
    }
}

impl<M: Middleware, F: Future> InLayer<M, F> {
    pub(crate) fn new(layer: F) -> Self {
        Self {
            layer,
            span: None,
            name: PhantomData,
        }
    }
}

impl<M: Middleware, F: Future> Future for InLayer<M, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let span = this
            .span
            .get_or_insert_with(|| debug_span!(target: "koa", "layer", name = name::<M>()));
        let _inside = span.enter();
        this.layer.poll(cx)
    }
}

/// The name that the macro knows, or that of the type without its path and its parameters.
fn name<M: Middleware>() -> &'static str {
    M::ABOUT.name().unwrap_or_else(|| {
        let name = type_name::<M>();
        let name = name.split('<').next().unwrap_or(name);
        name.rsplit("::").next().unwrap_or(name)
    })
}
