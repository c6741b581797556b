//! Responses that bypass what Koa makes of one: Koa's `ctx.respond = false`.

use http::StatusCode;
use http::header::CONTENT_LENGTH;
use hyper::ext::ReasonPhrase;

use crate::context::Context;
use crate::error::Error;
use crate::response::respond::{Ending, answer};
use crate::response::{Body, Response, flush};

/// A response that is sent as it is.
pub(crate) type ByHand = http::Response<Body>;

impl Context {
    /// Answers by hand: `response` is sent as it is, and nothing that is set on the context, before or after, is.
    /// Koa's `ctx.respond = false`: <https://koajs.com/#ctx-respond>.
    ///
    /// The layers run on to their end. Its length is the body's, unless the body is a stream with a `Content-Length`.
    /// Where the headers were [flushed](Self::flush_headers) before, only its body is sent.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn raw(ctx: &mut Context) -> Result {
    ///     let response = koa::http::Response::builder().status(202).body("raw")?;
    ///     ctx.respond_with(response);
    ///     Ok(())
    /// }
    /// # let _ = App::new().with(raw);
    /// ```
    #[doc(alias = "respond")]
    #[doc(alias = "res")]
    pub fn respond_with(&mut self, response: http::Response<impl Into<Body>>) {
        self.response.by_hand = Some(Box::new(response.map(Into::into)));
    }

    /// Answers with an error and tells the listeners of it, as if it had gone up through all layers; these then run on
    /// to their end, and what they set is not sent. Koa's `ctx.onerror(err)`.
    ///
    /// Where the headers were [flushed](Self::flush_headers) before, the connection is cut instead.
    pub fn onerror(&mut self, error: impl Into<Error>) {
        let error = error.into();
        if self.response.head_is_sent() {
            return flush::fail(self, &error);
        }
        let text = answer(self, error);
        let mut response = http::Response::new(Body::from(text));
        *response.status_mut() = self.response.status;
        *response.headers_mut() = self.response.headers.clone();
        self.response.by_hand = Some(Box::new(response));
    }

    /// Whether the status and the headers are settled, so that nothing that sets them has an effect any more: after
    /// [`flush_headers`](Self::flush_headers), [`respond_with`](Self::respond_with) or [`onerror`](Self::onerror).
    /// <https://koajs.com/#response-headersent>
    #[must_use]
    #[doc(alias = "headerSent")]
    pub fn header_sent(&self) -> bool {
        self.response.header_sent()
    }

    /// Whether a body that is set on the context is still sent. <https://koajs.com/#response-writable>
    #[must_use]
    pub fn writable(&self) -> bool {
        self.response.writable()
    }
}

impl Response {
    /// As [`Context::header_sent`]. <https://koajs.com/#response-headersent>
    #[must_use]
    #[doc(alias = "headerSent")]
    pub fn header_sent(&self) -> bool {
        self.sent || self.by_hand.is_some()
    }

    /// As [`Context::writable`]. That the client may have gone away does not make it false: what is then sent is
    /// dropped. <https://koajs.com/#response-writable>
    #[must_use]
    pub fn writable(&self) -> bool {
        self.by_hand.is_none()
    }
}

/// Makes the context's response the one that was made by hand.
#[cold]
pub(crate) fn conclude_by_hand(ctx: &mut Context, by_hand: ByHand) -> Ending {
    let (head, body) = by_hand.into_parts();
    // Only a 101 is an answer, and the end of the exchange.
    if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS {
        let status = head.status;
        let error = Error::internal(format!(
            "status {status}: an informational status cannot be the answer to a request"
        ));
        return Ending::Whole(answer(ctx, error));
    }
    let came_as_head = ctx.request.came_as_head();
    let response = &mut ctx.response;
    response.message = head
        .extensions
        .get::<ReasonPhrase>()
        .and_then(|phrase| std::str::from_utf8(phrase.as_bytes()).ok())
        .map(Into::into);
    response.status = head.status;
    response.headers = head.headers;
    if came_as_head {
        return Ending::Whole(bytes::Bytes::new());
    }
    // hyper writes the length of a whole body itself, and a wrong one would break the connection.
    let length = response.headers.remove(CONTENT_LENGTH);
    response.length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    body.into_ending(ctx)
}
