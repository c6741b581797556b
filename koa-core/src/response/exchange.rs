//! A response as others know it, lent to a layer of tower's, and taken back.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};

use crate::context::Context;
use crate::response::body::{Body, Repr};
use crate::response::has_no_body;
use crate::tower::Body as Lent;

/// What a response has that others do not know.
#[derive(Clone)]
enum Kept {
    Usual {
        message: Option<Box<str>>,
        explicit: bool,
        status: http::StatusCode,
    },
    /// It was made by hand, and is sent as it is.
    ByHand,
}

impl Context {
    /// The response as it would be sent.
    pub(crate) fn lend_response(&mut self) -> http::Response<Lent> {
        let response = &mut self.response;
        if response.sent {
            // Its body was begun by the head: no layer may make another one of it.
            let mut lent = http::Response::new(Lent::default());
            *lent.status_mut() = response.status;
            lent.headers_mut().clone_from(&response.headers);
            return lent;
        }
        if let Some(by_hand) = response.by_hand.take() {
            let mut lent = by_hand.map(Lent::response);
            lent.extensions_mut().insert(Kept::ByHand);
            return lent;
        }
        let body = response.take_body();
        if let (Repr::Stream(_), Some(length)) = (body.repr(), response.length) {
            let length = HeaderValue::from(length);
            response.headers.insert(CONTENT_LENGTH, length);
        }
        let mut lent = http::Response::new(Lent::response(body));
        *lent.status_mut() = response.status;
        *lent.headers_mut() = std::mem::take(&mut response.headers);
        lent.extensions_mut().insert(Kept::Usual {
            message: response.message.take(),
            explicit: response.status_is_explicit,
            status: response.status,
        });
        lent
    }

    /// Takes a response for the context's own, in place of all that it had; only its body where the head is sent.
    pub(crate) fn take_response(&mut self, answer: http::Response<Lent>) {
        if self.response.sent {
            let body = answer.into_body().into_response();
            self.set_body(if body.is_none() { Body::null() } else { body });
            return;
        }
        let (mut head, body) = answer.into_parts();
        let kept = head.extensions.remove::<Kept>();
        let body = body.into_response();
        if let Some(Kept::ByHand) = kept {
            self.respond_with(http::Response::from_parts(head, body));
            return;
        }
        let came_as_head = *self.method() == Method::HEAD;
        let says_type = kept.is_none() && head.headers.contains_key(CONTENT_TYPE);
        let response = &mut self.response;
        let length = head.headers.remove(CONTENT_LENGTH);
        response.length = length
            .and_then(|length| length.to_str().ok()?.parse().ok())
            .or_else(|| body.len());
        response.by_hand = None;
        response.headers = head.headers;
        response.status = head.status;
        response.status_is_explicit = true;
        response.message = None;
        if let Some(Kept::Usual {
            message,
            explicit,
            status,
        }) = kept
            && status == head.status
        {
            response.message = message;
            response.status_is_explicit = explicit;
        }
        response.body = match body {
            body if has_no_body(head.status) && !body.is_none() => Body::null(),
            // A length may stand without its body there.
            body if came_as_head && body.is_empty() => Body::unset(),
            // Koa takes the type from an empty body, but not from that of a service.
            body if says_type && body.is_none() => Body::from(Bytes::new()),
            body => body,
        };
    }

    /// The headers set so far, to be put back where a layer answers by itself.
    pub(crate) fn headers_so_far(&self) -> HeaderMap {
        self.response.headers.clone()
    }
}
