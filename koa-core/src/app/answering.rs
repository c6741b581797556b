//! From what came of a request to its response.
//!
//! The response is made in the place it is returned to: an `async` block would copy it there, and it is large.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use pin_project_lite::pin_project;

use crate::Result;
use crate::context::Place;
use crate::response::respond::{Sent, refuse, send};

/// What came of a request.
pub(super) enum Answer {
    Whole(Box<Place>, Bytes),
    /// No layer got to see it.
    Refused(Box<Place>),
    /// A response that does not end with the layers.
    Later(Pin<Box<dyn Future<Output = Sent> + Send>>),
}

pin_project! {
    /// The response that a future's answer becomes.
    pub(super) struct Answering<F> {
        #[pin]
        layers: F,
        later: Option<Pin<Box<dyn Future<Output = Sent> + Send>>>,
    }
}

impl<F> Answering<F> {
    pub(super) fn new(layers: F) -> Self {
        Self {
            layers,
            later: None,
        }
    }
}

impl<F: Future<Output = Answer>> Future for Answering<F> {
    type Output = Result<Sent, Infallible>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let later = match this.later {
            Some(later) => later,
            None => match ready!(this.layers.poll(cx)) {
                Answer::Whole(ctx, bytes) => return Poll::Ready(Ok(send(ctx, bytes))),
                Answer::Refused(ctx) => return Poll::Ready(Ok(refuse(ctx))),
                Answer::Later(later) => this.later.insert(later),
            },
        };
        later.as_mut().poll(cx).map(Ok)
    }
}
