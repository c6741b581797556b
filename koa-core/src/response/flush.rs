//! A head that is sent before the layers are done: Koa's `ctx.flushHeaders()`. The layers' future, which otherwise ends
//! before the response begins, is then a part of the response's body.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker, ready};
use std::time::Instant;

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, Method, StatusCode};
use http_body::{Frame, SizeHint};
use sync_wrapper::SyncWrapper;

use crate::context::{Context, Place};
use crate::error::{Error, Result};
use crate::response::body::{Repr, Streaming};
use crate::response::respond::status_text;
use crate::response::stream::{Aborted, Sending};
use crate::response::{Response, has_no_body};
use crate::server::{Connection, Orphan};

/// The layers of a request, with the context that they are given, and what they come to.
pub(crate) type Layers = Pin<Box<dyn Future<Output = (Box<Place>, Result)> + Send>>;

/// Where the layers hand a head over to the server; in the state of the context of an app that allows it.
#[derive(Clone, Default)]
pub(crate) struct Flush(Arc<Mutex<Handover>>);

#[derive(Default)]
struct Handover {
    head: Option<Head>,
    /// Whether the server has it.
    sent: bool,
    /// Whether a layer says that the rest of the response cannot follow.
    failed: bool,
    /// The layer that waits until the server has it.
    waiting: Option<Waker>,
}

/// What is sent first.
pub(crate) struct Head {
    /// Without a body.
    pub(crate) response: Response,
    /// How many bytes follow, where that has been said.
    pub(crate) length: Option<u64>,
    /// Whether none can follow.
    pub(crate) is_all: bool,
}

impl Context {
    /// Sends the status and the headers now, while the layers run on; the body that they set later follows. Koa's
    /// `ctx.flushHeaders()`: <https://koajs.com/#response-flushheaders>.
    ///
    /// It is for apps that say so with [`App::flush_headers`](crate::App::flush_headers). When it is done, the head is on
    /// its way. From then on [`header_sent`](Self::header_sent) is true, and what would set the status or a header does
    /// nothing, as in Koa: neither do cookies, nor that of a session which a layer above saves on the way up.
    ///
    /// The body comes without a length, unless one was set before: then it has to be kept, or the connection is cut. An
    /// error reaches the [listeners](crate::App::on_error), and cuts the connection too, since the client has been told
    /// another status. The second call, and one after [`respond_with`](Self::respond_with), does nothing.
    ///
    /// The answer to a `HEAD`, and one whose status has no body, is complete with its head, and the layers run to their end
    /// behind it: those of one request of a connection at a time (with HTTP/2, of as many as it may have). While they do,
    /// another such answer waits for its own layers. When the client goes away, the layers run to their end, as they do
    /// without a flush. Under a server of one's own ([`App::callback`](crate::App::callback)) such an answer always waits,
    /// and the layers end where that server drops the response.
    ///
    /// ```
    /// use koa::prelude::*;
    ///
    /// # async fn slow_report() -> Result<String> { Ok(String::new()) }
    /// #[middleware]
    /// async fn report(ctx: &mut Context) -> Result {
    ///     ctx.set_type("csv")?;
    ///     ctx.set_status(200)?;
    ///     ctx.flush_headers().await?;
    ///     ctx.set_body(slow_report().await?);
    ///     Ok(())
    /// }
    ///
    /// let app = App::new().flush_headers(true).with(report);
    /// ```
    ///
    /// # Errors
    ///
    /// An app that does not allow it, or a status from 100 to 199, which is no answer.
    #[doc(alias = "flushHeaders")]
    pub async fn flush_headers(&mut self) -> Result {
        if self.header_sent() {
            return Ok(());
        }
        let Some(flush) = self.state.get::<Flush>().cloned() else {
            let message = "ctx.flush_headers() needs App::flush_headers(true)";
            return Err(Error::internal(message));
        };
        let came_as_head = self.request.came_as_head();
        let response = &mut self.response;
        let status = response.status;
        if status.is_informational() {
            let message = format!("status {status}: an informational status cannot be flushed");
            return Err(Error::internal(message));
        }
        response.status_is_explicit = true;
        response.sent = true;
        flush.lock().head = Some(Head::of(response, came_as_head));
        flush.handed_over().await;
        Ok(())
    }
}

impl Response {
    pub(crate) fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Whether its head was flushed.
    pub(crate) fn head_is_sent(&self) -> bool {
        self.sent
    }
}

impl Head {
    fn of(response: &Response, came_as_head: bool) -> Self {
        let mut headers = response.headers.clone();
        let coded = headers.contains_key(TRANSFER_ENCODING);
        let length = response.length.filter(|_| !coded);
        let has_no_body = has_no_body(response.status);
        if has_no_body {
            headers.remove(TRANSFER_ENCODING);
        } else if came_as_head && let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let mut sent = Response::new(headers);
        sent.status = response.status;
        sent.message.clone_from(&response.message);
        Self {
            response: sent,
            length,
            is_all: has_no_body || came_as_head || length == Some(0),
        }
    }
}

impl Flush {
    fn lock(&self) -> MutexGuard<'_, Handover> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the server has the head.
    async fn handed_over(&self) {
        poll_fn(|cx| {
            let mut handover = self.lock();
            if handover.sent {
                return Poll::Ready(());
            }
            handover.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// The head, if there is one to be sent.
    pub(crate) fn take_head(&self) -> Option<Head> {
        self.lock().head.take()
    }

    /// That the server has the head.
    pub(crate) fn sent(&self) {
        let mut handover = self.lock();
        handover.sent = true;
        let waiting = handover.waiting.take();
        drop(handover);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    fn failed(&self) -> bool {
        self.lock().failed
    }
}

/// That a response whose head is sent cannot go on, and why.
pub(crate) fn fail(ctx: &Context, error: &Error) {
    // Where the client is gone, nothing failed.
    if !error.is_disconnect() {
        ctx.app().emit_error(error, ctx);
    }
    if let Some(flush) = ctx.state.get::<Flush>() {
        flush.lock().failed = true;
    }
}

/// A response whose head was sent, while its layers run on.
pub(crate) struct Flushed {
    flush: Flush,
    connection: Arc<Connection>,
    began: Option<Instant>,
    length: Option<u64>,
    /// Whether the server has asked for the body: not before it has the head.
    begun: bool,
    /// `None` once they are done.
    layers: Option<SyncWrapper<Layers>>,
    /// What they have set.
    body: Option<Sending>,
}

impl Flushed {
    pub(crate) fn new(
        layers: Layers,
        flush: Flush,
        length: Option<u64>,
        connection: Arc<Connection>,
        began: Option<Instant>,
    ) -> Self {
        Self {
            flush,
            connection,
            began,
            length,
            begun: false,
            layers: Some(SyncWrapper::new(layers)),
            body: None,
        }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        if let Some(layers) = &mut self.layers {
            if !std::mem::replace(&mut self.begun, true) {
                // What asks writes the head when there is nothing more to write.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.flush.sent();
            let (ctx, outcome) = ready!(layers.get_mut().as_mut().poll(cx));
            self.layers = None;
            self.connection.begin_body();
            match follow(ctx, outcome, self.began) {
                Ok((ctx, body)) => self.body = Some(Sending::new(body, None, self.length, ctx)),
                Err(aborted) => return Poll::Ready(Some(Err(aborted))),
            }
        }
        match &mut self.body {
            Some(body) => body.poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match (&self.body, self.length) {
            (Some(body), _) => body.size_hint(),
            (None, Some(length)) => SizeHint::with_exact(length),
            (None, None) => SizeHint::default(),
        }
    }
}

/// A request whose client has gone away runs to its end, as it would have without the flush.
impl Drop for Flushed {
    fn drop(&mut self) {
        let Some(layers) = self.layers.take() else {
            return;
        };
        // One that came before it on its connection may still run behind its own head.
        if let Some(orphan) = Orphan::of(&self.connection, 2) {
            let rest = finish(layers.into_inner(), self.flush.clone(), self.began);
            orphan.run(rest);
        }
    }
}

/// Runs the layers to their end where nothing can follow the head.
pub(crate) async fn finish(layers: Layers, flush: Flush, began: Option<Instant>) {
    flush.sent();
    let (ctx, outcome) = layers.await;
    drop(follow(ctx, outcome, began));
}

/// What follows a head that is sent, once the layers are done.
fn follow(
    mut ctx: Box<Place>,
    outcome: Result,
    began: Option<Instant>,
) -> Result<(Box<Place>, Streaming), Aborted> {
    let body = body_of(&mut ctx, outcome);
    ctx.app().events.answered(&ctx, began);
    match body {
        Some(body) => Ok((ctx, body)),
        None => Err(Aborted),
    }
}

/// The body that the layers have set; `None` where they failed, of which the listeners then hear.
fn body_of(ctx: &mut Context, outcome: Result) -> Option<Streaming> {
    let by_hand = ctx
        .response
        .by_hand
        .take()
        .map(|by_hand| by_hand.into_body());
    if let Err(error) = outcome {
        fail(ctx, &error);
        // As without a flush: what was answered by hand is sent all the same.
        by_hand.as_ref()?;
    }
    if ctx.state.get::<Flush>().is_some_and(Flush::failed) && by_hand.is_none() {
        return None;
    }
    let answer_by_hand = by_hand.is_some();
    let body = by_hand.unwrap_or_else(|| ctx.response.take_body());
    let bytes = match body.into_repr() {
        Repr::Stream(stream) => return Some(stream),
        Repr::Text(bytes) | Repr::Binary(bytes) | Repr::Json(bytes) => bytes,
        Repr::Unset if !answer_by_hand && *ctx.method() != Method::HEAD => {
            status_text(&ctx.response)
        }
        Repr::Unset | Repr::Null => Bytes::new(),
        Repr::Failed(error) => {
            fail(ctx, &error);
            return None;
        }
    };
    Some(Streaming::new(Once(bytes), None))
}

/// Bytes as a stream.
struct Once(Bytes);

impl Stream for Once {
    type Item = Result<Frame<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }
}
