//! The end of a request: what the layers left in the context becomes the response that hyper sends.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use hyper::ext::ReasonPhrase;

use crate::context::{Context, Place};
use crate::error::{Error, Result};
use crate::response::body::{Body, Repr, Streaming, is_falsy};
use crate::response::by_hand::conclude_by_hand;
use crate::response::reason::{reason, unlike_hyper};
use crate::response::stream::{Sending, Streamed, poll_frame};
use crate::response::{Outgoing, Response, TEXT, has_no_body};
use crate::server::{Connection, InFlight};

const CLOSE: HeaderValue = HeaderValue::from_static("close");

pub(crate) type Sent = http::Response<Outgoing>;

/// What is to be sent, beside what the context then holds.
pub(crate) enum Ending {
    Whole(Bytes),
    Stream(Streaming),
}

/// What becomes of a request that has run through all layers.
pub(crate) fn conclude(ctx: &mut Context, outcome: Result) -> Ending {
    if let Some(by_hand) = ctx.response.by_hand.take() {
        if let Err(error) = outcome {
            ctx.app().emit_error(&error, ctx);
        }
        return conclude_by_hand(ctx, *by_hand);
    }
    if let Err(error) = outcome {
        return Ending::Whole(answer(ctx, error));
    }
    let response = &mut ctx.response;
    let status = response.status;
    if status.is_informational() {
        if status == StatusCode::SWITCHING_PROTOCOLS && response.headers.contains_key(UPGRADE) {
            response.headers.remove(CONTENT_TYPE);
            response.headers.remove(TRANSFER_ENCODING);
            return Ending::Whole(Bytes::new());
        }
        let error = Error::internal(format!(
            "status {status}: an informational status cannot be the answer to a request"
        ));
        return Ending::Whole(answer(ctx, error));
    }
    if has_no_body(status) {
        response.set_body(Body::null());
        return Ending::Whole(Bytes::new());
    }
    let head = ctx.request.method() == Method::HEAD;
    let body = mem::replace(&mut response.body, Body::unset());
    Ending::Whole(match body.into_repr() {
        Repr::Json(json) if head && is_falsy(&json) => {
            let length = response.length;
            only_head(ctx, length)
        }
        Repr::Text(bytes) | Repr::Binary(bytes) | Repr::Json(bytes) => {
            if head {
                // What GET would send; a handler that makes no body for HEAD may say its length.
                let own = Some(bytes.len() as u64).filter(|length| *length > 0);
                let length = own.or(response.length);
                only_head(ctx, length)
            } else {
                bytes
            }
        }
        Repr::Failed(error) => answer(ctx, error),
        Repr::Stream(stream) if head => {
            let length = response.length.or(stream.length());
            only_head(ctx, length)
        }
        Repr::Stream(stream) => return Ending::Stream(stream),
        Repr::Null if head => only_head(ctx, None),
        Repr::Null => {
            response.headers.remove(CONTENT_TYPE);
            response.headers.remove(TRANSFER_ENCODING);
            Bytes::new()
        }
        Repr::Unset if head => {
            let length = response.length;
            only_head(ctx, length)
        }
        Repr::Unset => {
            let text = status_text(response);
            response.headers.insert(CONTENT_TYPE, TEXT);
            text
        }
    })
}

/// What becomes of a request whose body is a stream: with the first frame it is known whether there is a response at all.
pub(crate) async fn conclude_stream(
    mut ctx: Box<Place>,
    mut stream: Streaming,
    began: Option<Instant>,
) -> Sent {
    let connection = Arc::clone(ctx.request.connection());
    let mut closed = pin!(connection.closed());
    let first = poll_fn(|cx| {
        if let Poll::Ready(frame) = poll_frame(&mut stream, cx) {
            return Poll::Ready(frame.transpose());
        }
        // hyper reads nothing meanwhile, so it would not see that the client is gone.
        let gone = closed.as_mut().poll(cx);
        gone.map(|()| Err(Error::disconnected()))
    });
    let first = match first.await {
        Ok(first) => first,
        Err(error) => {
            let text = answer(&mut ctx, error);
            ctx.app().events.answered(&ctx, began);
            return send(ctx, text);
        }
    };
    ctx.app().events.answered(&ctx, began);
    let length = if ctx.response.headers.contains_key(TRANSFER_ENCODING) {
        None
    } else {
        ctx.response.length.or(stream.length())
    };
    if first.is_none() && length.unwrap_or(0) == 0 {
        return send(ctx, Bytes::new());
    }
    let response = mem::replace(&mut ctx.response, Response::new(HeaderMap::new()));
    let in_flight = InFlight::new(Arc::clone(ctx.request.connection()), response.status);
    let sending = Sending::new(stream, first, length, ctx);
    let last = in_flight.is_last();
    let body = Outgoing::stream(Box::new(Streamed::Body(sending)), in_flight);
    headed(response, body, last)
}

/// Sends a whole body; hyper writes its length.
#[inline]
pub(crate) fn send(mut ctx: Box<Place>, bytes: Bytes) -> Sent {
    let status = ctx.response.status;
    let message = ctx.response.message.take();
    #[cfg(feature = "websocket")]
    if status == StatusCode::SWITCHING_PROTOCOLS {
        crate::websocket::begin(&mut ctx);
    }
    let in_flight = InFlight::new(ctx.let_go(), status);
    let last = in_flight.is_last();
    let mut sent = http::Response::new(Outgoing::whole(bytes, in_flight));
    ctx.leave(sent.headers_mut());
    finish(&mut sent, status, message, last);
    sent
}

/// The response to a request that no layer gets to see, as hyper answers what is no HTTP. Its status is the context's.
#[cold]
pub(crate) fn refuse(mut ctx: Box<Place>) -> Sent {
    let status = ctx.response.status;
    let connection = ctx.let_go();
    ctx.leave(&mut HeaderMap::new());
    refused(connection, status)
}

/// The same for one that has no context. It is the last one of its connection, but not where others share that.
#[cold]
pub(crate) fn refused(connection: Arc<Connection>, status: StatusCode) -> Sent {
    let last = !connection.is_stream();
    connection.begin_body();
    let in_flight = InFlight::new(connection, status);
    let mut sent = http::Response::new(Outgoing::whole(Bytes::new(), in_flight));
    finish(&mut sent, status, None, last);
    sent
}

/// A response with this head.
pub(crate) fn headed(head: Response, body: Outgoing, last: bool) -> Sent {
    let mut sent = http::Response::new(body);
    *sent.headers_mut() = head.headers;
    finish(&mut sent, head.status, head.message, last);
    sent
}

/// What is said beside the headers that were set. `last`: whether the connection ends with it.
#[inline]
fn finish(sent: &mut Sent, status: StatusCode, message: Option<Box<str>>, last: bool) {
    *sent.status_mut() = status;
    if last && status != StatusCode::SWITCHING_PROTOCOLS {
        sent.headers_mut().insert(CONNECTION, CLOSE);
    }
    if message.is_some() || unlike_hyper(status).is_some() {
        say_reason(sent, message);
    }
}

/// Sends the reason phrase that was set, or ours.
#[cold]
fn say_reason(sent: &mut Sent, message: Option<Box<str>>) {
    let phrase = match (message, unlike_hyper(sent.status())) {
        (Some(message), _) => ReasonPhrase::try_from(message.into_string()).ok(),
        (None, Some(reason)) => ReasonPhrase::try_from(reason.as_bytes()).ok(),
        (None, None) => None,
    };
    if let Some(phrase) = phrase {
        sent.extensions_mut().insert(phrase);
    }
}

/// The text of a response without a body: the reason phrase, or the number of a status that has none.
pub(crate) fn status_text(response: &Response) -> Bytes {
    match (&response.message, reason(response.status)) {
        (Some(message), _) => Bytes::copy_from_slice(message.as_bytes()),
        (None, Some(reason)) => Bytes::from_static(reason.as_bytes()),
        (None, None) => Bytes::copy_from_slice(response.status.as_str().as_bytes()),
    }
}

/// The response to a request that failed: the listeners hear of it, and the client gets what it may see.
/// Koa's `ctx.onerror`: <https://koajs.com/#error-handling>.
#[cold]
pub(crate) fn answer(ctx: &mut Context, mut error: Error) -> Bytes {
    // Where the client is gone, nobody reads the answer, and nothing failed.
    if !error.is_disconnect() {
        ctx.app().emit_error(&error, ctx);
    }
    let text = Bytes::from(error.public_text().into_owned());
    let response = &mut ctx.response;
    response.headers.clear();
    response.headers.extend(error.take_headers());
    response.headers.insert(CONTENT_TYPE, TEXT);
    response.headers.remove(CONTENT_LENGTH);
    response.headers.remove(TRANSFER_ENCODING);
    response.message = None;
    response.status = error.status_code();
    if ctx.request.method() == Method::HEAD {
        return only_head(ctx, Some(text.len() as u64));
    }
    text
}

/// No body, but the length that it would have; not where a layer made the request a `HEAD`, since its client would
/// wait for a body of that length.
fn only_head(ctx: &mut Context, length: Option<u64>) -> Bytes {
    if let Some(length) = length.filter(|_| ctx.request.came_as_head()) {
        let length = HeaderValue::from(length);
        ctx.response.headers.insert(CONTENT_LENGTH, length);
    }
    Bytes::new()
}
