//! Where a layer of tower's meets the layers below it.
//!
//! A layer is put around a service once, when the app is made; what it then calls for a request are the layers below,
//! which borrow that request's context. So what it is put around only passes on: its call hands the request over at a
//! meeting, the middleware runs the layers below with it, and hands their response over there.

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body as HttpBody;
use tower_service::Service;

use crate::tower::{Body, BoxError};

/// What the layers below came to.
pub(super) enum Outcome {
    Response(Response<Body>),
    Panic(Box<dyn Any + Send>),
}

/// The meeting of one request; among its extensions on the way through the layer.
#[derive(Clone, Default)]
pub(super) struct Meeting(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    called: bool,
    request: Option<Request<Body>>,
    outcome: Option<Outcome>,
    /// The middleware, which waits for the request.
    above: Option<Waker>,
    /// The layer, which waits for the response.
    below: Option<Waker>,
    /// The span in which it waits.
    #[cfg(feature = "tracing")]
    span: Option<tracing::Span>,
}

impl Meeting {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request, once the layer has called for it.
    pub(super) fn poll_request(&self, cx: &mut Context<'_>) -> Poll<Request<Body>> {
        let mut state = self.lock();
        match state.request.take() {
            Some(request) => Poll::Ready(request),
            None => {
                state.above = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The span in which the layer waits, where it is not that of those above it.
    #[cfg(feature = "tracing")]
    pub(super) fn span(&self) -> Option<tracing::Span> {
        let span = self.lock().span.take();
        span.filter(|span| span.id() != tracing::Span::current().id())
    }

    /// Hands the outcome over to the layer.
    pub(super) fn answer(&self, outcome: Outcome) {
        let mut state = self.lock();
        state.outcome = Some(outcome);
        if let Some(below) = state.below.take() {
            below.wake();
        }
    }
}

/// The layers below, as a layer of tower's sees them.
#[derive(Debug, Clone)]
pub struct Below(pub(super) ());

impl<B> Service<Request<B>> for Below
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Answer {
        let Some(meeting) = request.extensions_mut().remove::<Meeting>() else {
            return Answer(None);
        };
        let mut state = meeting.lock();
        if std::mem::replace(&mut state.called, true) {
            return Answer(None);
        }
        state.request = Some(request.map(Body::from_any));
        #[cfg(feature = "tracing")]
        state.span.replace(tracing::Span::current());
        if let Some(above) = state.above.take() {
            above.wake();
        }
        drop(state);
        Answer(Some(meeting))
    }
}

/// The response of the layers below, to come. A layer that calls a second time, or with a request of its own, gets a
/// 500: the layers below run once.
pub struct Answer(Option<Meeting>);

impl Future for Answer {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(meeting) = &self.0 else {
            let mut response = Response::new(Body::default());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            return Poll::Ready(Ok(response));
        };
        let mut state = meeting.lock();
        match state.outcome.take() {
            Some(Outcome::Response(response)) => Poll::Ready(Ok(response)),
            Some(Outcome::Panic(payload)) => {
                drop(state);
                resume_unwind(payload)
            }
            None => {
                state.below = Some(cx.waker().clone());
                // One that calls outside of its span waits in it.
                #[cfg(feature = "tracing")]
                state.span.replace(tracing::Span::current());
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}
