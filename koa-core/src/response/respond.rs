//! The end of a request: what the layers left in the context becomes the response that hyper sends.

use std::future::poll_fn;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use hyper::ext::ReasonPhrase;

use crate::context::{Context, headers};
use crate::error::{Error, Result};
use crate::response::body::{Body, Repr};
use crate::response::stream::{Sending, poll_chunk};
use crate::response::{Outgoing, Response, TEXT, has_no_body};

type Sent = http::Response<Outgoing>;

/// The response to a request that has run through all layers.
pub(crate) async fn respond(mut ctx: Context, outcome: Result) -> Sent {
    if let Err(error) = outcome {
        return answer(ctx, error);
    }
    let status = ctx.response.status;
    if status.is_informational() {
        let error = Error::internal(format!(
            "status {status}: an informational status cannot be the answer to a request"
        ));
        return answer(ctx, error);
    }
    if has_no_body(status) {
        ctx.response.set_body(Body::null());
        return send(ctx, Bytes::new());
    }
    let head = ctx.request.method() == Method::HEAD;
    match std::mem::replace(&mut ctx.response.body, Body::unset()).into_repr() {
        Repr::Text(bytes) | Repr::Binary(bytes) | Repr::Json(bytes) => {
            if head {
                let length = ctx.response.length.unwrap_or(bytes.len() as u64);
                return send_head(ctx, Some(length));
            }
            send(ctx, bytes)
        }
        Repr::Failed(error) => answer(ctx, error),
        Repr::Stream(stream) if head => {
            let length = ctx.response.length.or(stream.length());
            send_head(ctx, length)
        }
        Repr::Stream(mut stream) => {
            // The first chunk decides whether there will be a response at all.
            match poll_fn(|cx| poll_chunk(&mut stream, cx)).await.transpose() {
                Ok(first) => send_stream(ctx, stream, first),
                Err(error) => answer(ctx, error),
            }
        }
        Repr::Null if head => send_head(ctx, None),
        Repr::Null => {
            ctx.response.headers.remove(CONTENT_TYPE);
            ctx.response.headers.remove(TRANSFER_ENCODING);
            send(ctx, Bytes::new())
        }
        Repr::Unset if head => {
            let length = ctx.response.length;
            send_head(ctx, length)
        }
        Repr::Unset => {
            let text = status_text(&ctx.response);
            ctx.response.headers.insert(CONTENT_TYPE, TEXT);
            send(ctx, text)
        }
    }
}

/// The text of a response without a body: the reason phrase, or the number of a status that has none.
fn status_text(response: &Response) -> Bytes {
    match (&response.message, response.status.canonical_reason()) {
        (Some(message), _) => Bytes::copy_from_slice(message.as_bytes()),
        (None, Some(reason)) => Bytes::from_static(reason.as_bytes()),
        (None, None) => Bytes::copy_from_slice(response.status.as_str().as_bytes()),
    }
}

/// The response to a request that failed: the listeners hear of it, and the client gets what it may see.
/// Koa's `ctx.onerror`: <https://koajs.com/#error-handling>.
fn answer(mut ctx: Context, mut error: Error) -> Sent {
    if error.is_disconnect() {
        // Nobody is there to read it, and nothing failed.
        return headers::finish(ctx, |_| empty(StatusCode::INTERNAL_SERVER_ERROR));
    }
    ctx.app().emit_error(&error, &ctx);
    let status = error.status_code();
    let text = error.public_text();
    let response = &mut ctx.response;
    response.headers.clear();
    response.headers.extend(error.take_headers());
    response.headers.insert(CONTENT_TYPE, TEXT);
    response.headers.remove(CONTENT_LENGTH);
    response.headers.remove(TRANSFER_ENCODING);
    response.message = None;
    response.status = status;
    let text = Bytes::from(text.into_owned());
    if ctx.request.method() == Method::HEAD {
        let length = text.len() as u64;
        return send_head(ctx, Some(length));
    }
    send(ctx, text)
}

/// Sends a whole body; hyper writes its length.
fn send(ctx: Context, bytes: Bytes) -> Sent {
    headers::finish(ctx, |response| make(response, Outgoing::whole(bytes)))
}

/// Sends no body, but the length that it would have.
fn send_head(mut ctx: Context, length: Option<u64>) -> Sent {
    if let Some(length) = length {
        ctx.response
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    send(ctx, Bytes::new())
}

fn send_stream(mut ctx: Context, stream: crate::response::body::Streaming, first: Option<Bytes>) -> Sent {
    let length = if ctx.response.headers.contains_key(TRANSFER_ENCODING) {
        None
    } else {
        ctx.response.length.or(stream.length())
    };
    if first.is_none() && length.unwrap_or(0) == 0 {
        return send(ctx, Bytes::new());
    }
    let response = std::mem::replace(&mut ctx.response, Response::new(HeaderMap::new()));
    let sending = Sending::new(stream, first, length, ctx);
    make(response, Outgoing::stream(Box::new(sending)))
}

fn make(response: Response, body: Outgoing) -> Sent {
    let mut sent = http::Response::new(body);
    *sent.status_mut() = response.status;
    *sent.headers_mut() = response.headers;
    if let Some(phrase) = response
        .message
        .and_then(|message| ReasonPhrase::try_from(message.into_string()).ok())
    {
        sent.extensions_mut().insert(phrase);
    }
    sent
}

fn empty(status: StatusCode) -> Sent {
    let mut sent = http::Response::new(Outgoing::empty());
    *sent.status_mut() = status;
    sent
}
