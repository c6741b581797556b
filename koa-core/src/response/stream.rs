//! A stream body on its way to the wire: its errors reach the listeners, with the context of the request, and it ends
//! when the client goes away.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use sync_wrapper::SyncWrapper;
use tokio::task::coop::poll_proceed;

use crate::context::Place;
use crate::error::{Error, Result};
use crate::response::body::Streaming;
use crate::response::flush::Flushed;

/// What goes out in parts.
pub(crate) enum Streamed {
    Body(Sending),
    Flushed(Flushed),
}

impl Streamed {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        match self {
            Self::Body(body) => body.poll_frame(cx),
            Self::Flushed(flushed) => flushed.poll_frame(cx),
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Body(body) => body.size_hint(),
            Self::Flushed(flushed) => flushed.size_hint(),
        }
    }
}

/// A stream, and the context whose response it is.
pub(crate) struct Sending {
    stream: Option<Streaming>,
    /// What was asked for before the headers were sent.
    first: Option<Frame<Bytes>>,
    /// What is to be passed on of a chunk that is handed over in parts.
    rest: Bytes,
    /// How much is still to come from the stream.
    left: Option<u64>,
    closed: SyncWrapper<Pin<Box<dyn Future<Output = ()> + Send>>>,
    ctx: Box<Place>,
}

/// That the connection has to be cut, since a body failed half-way. The listeners know why.
#[derive(Debug)]
pub struct Aborted;

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body of a response failed")
    }
}

impl std::error::Error for Aborted {}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streamed")
    }
}

/// The next frame of a stream; a panic in it is an error.
pub(crate) fn poll_frame(
    stream: &mut Streaming,
    cx: &mut TaskContext<'_>,
) -> Poll<Option<Result<Frame<Bytes>>>> {
    catch_unwind(AssertUnwindSafe(|| stream.poll_frame(cx)))
        .unwrap_or_else(|payload| Poll::Ready(Some(Err(Error::panic(&*payload)))))
}

impl Sending {
    pub(crate) fn new(
        stream: Streaming,
        first: Option<Frame<Bytes>>,
        length: Option<u64>,
        ctx: Box<Place>,
    ) -> Self {
        let connection = Arc::clone(ctx.request.connection());
        Self {
            stream: Some(stream),
            first,
            rest: Bytes::new(),
            left: length,
            closed: SyncWrapper::new(Box::pin(async move { connection.closed().await })),
            ctx,
        }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        if !self.rest.is_empty() {
            return self.pass_part();
        }
        if let Some(first) = self.first.take() {
            return self.pass(first);
        }
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(None);
        };
        // A stream that is always ready must not keep its thread from all others.
        let turn = ready!(poll_proceed(cx));
        let Poll::Ready(frame) = poll_frame(stream, cx) else {
            // hyper reads nothing while it sends, so it would not see that the client is gone.
            if self.closed.get_mut().as_mut().poll(cx).is_ready() {
                self.stream = None;
                return Poll::Ready(Some(Err(Aborted)));
            }
            return Poll::Pending;
        };
        turn.made_progress();
        match frame {
            Some(Ok(frame)) => self.pass(frame),
            Some(Err(error)) => self.fail(&error),
            None => self.end(None),
        }
    }

    /// Passes a chunk on, unless it is more than the length that has been announced. Trailers are the end.
    fn pass(&mut self, frame: Frame<Bytes>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        let chunk = match frame.into_data() {
            Ok(chunk) => chunk,
            Err(trailers) => return self.end(Some(trailers)),
        };
        if let Some(left) = &mut self.left {
            match left.checked_sub(chunk.len() as u64) {
                Some(rest) => *left = rest,
                None => return self.fail(&Error::internal("the body is longer than its length")),
            }
        }
        self.rest = chunk;
        self.pass_part()
    }

    /// Ends with these trailers, unless more was announced.
    fn end(
        &mut self,
        trailers: Option<Frame<Bytes>>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        self.stream = None;
        match self.left {
            Some(left) if left > 0 => self.fail(&Error::internal(format!(
                "the body ended {left} bytes before its length"
            ))),
            _ => Poll::Ready(trailers.map(Ok)),
        }
    }

    fn pass_part(&mut self) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        let part = self.ctx.request.connection().part_of(self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(part)))))
    }

    fn fail(&mut self, error: &Error) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        self.stream = None;
        self.ctx.app().emit_error(error, &self.ctx);
        Poll::Ready(Some(Err(Aborted)))
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        self.left.map_or_else(SizeHint::default, |left| {
            SizeHint::with_exact(left.saturating_add(rest))
        })
    }
}
