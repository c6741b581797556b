//! The response: its status, its headers, its body, and the rules by which they follow from one another. What is on its
//! way to the wire stands in `respond`.

mod answers;
pub(crate) mod body;
pub(crate) mod by_hand;
pub(crate) mod disposition;
pub(crate) mod etag;
mod events;
#[cfg(feature = "tower")]
mod exchange;
mod fields;
pub(crate) mod flush;
mod header;
pub(crate) mod reason;
pub(crate) mod redirect;
pub(crate) mod respond;
pub(crate) mod stream;
pub(crate) mod vary;

use std::fmt;

use http::header::{CONTENT_TYPE, Entry, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::error::{IntoStatus, Result};
use crate::response::body::Repr;

pub use answers::{Html, Redirect};
pub use body::{Body, Json, Outgoing};
pub use events::Event;
pub use fields::{Attachment, IntoDate, IntoFields};
pub use header::{IntoHeaderValue, IntoHeaderValues};
pub use stream::Aborted;

pub(crate) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The response to a request. Koa's `ctx.response`: <https://koajs.com/#response>.
///
/// A [`Context`](crate::Context) has the same methods for what is used most. Once its head is sent
/// ([`flush_headers`](crate::Context::flush_headers)), what sets the status or a header changes nothing, as in Koa.
pub struct Response {
    pub(crate) status: StatusCode,
    status_is_explicit: bool,
    /// Whether the head has been sent. The status is explicit then.
    sent: bool,
    pub(crate) message: Option<Box<str>>,
    /// Without `Content-Length`, which is `length`.
    pub(crate) headers: HeaderMap,
    length: Option<u64>,
    body: Body,
    /// What is sent in place of all that.
    by_hand: Option<Box<by_hand::ByHand>>,
}

impl Response {
    /// 404 and no body, with an empty header map that was used before.
    #[inline]
    pub(crate) fn new(headers: HeaderMap) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            status_is_explicit: false,
            sent: false,
            message: None,
            headers,
            length: None,
            body: Body::unset(),
            by_hand: None,
        }
    }

    /// Drops what belongs to a response that is on its way. Its headers have been replaced by empty or used ones.
    #[inline]
    pub(crate) fn vacate(&mut self) {
        let Self {
            status,
            status_is_explicit,
            sent,
            message,
            headers,
            length,
            body,
            by_hand,
        } = self;
        *status = StatusCode::NOT_FOUND;
        *status_is_explicit = false;
        *sent = false;
        *message = None;
        headers.clear();
        *length = None;
        if !matches!(body.repr(), Repr::Unset) {
            *body = Body::unset();
        }
        *by_hand = None;
    }

    /// The status; 404 until a body or a status is set. <https://koajs.com/#response-status>
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Sets the status. One that has no body (204, 205, 304) drops a body that was set.
    ///
    /// # Errors
    ///
    /// A status that is not between 100 and 999.
    pub fn set_status(&mut self, status: impl IntoStatus) -> Result {
        let status = status.into_status()?;
        if self.sent {
            return Ok(());
        }
        self.status_is_explicit = true;
        self.put_status(status);
        Ok(())
    }

    fn put_status(&mut self, status: StatusCode) {
        self.status = status;
        self.message = None;
        if !self.body.is_none() && has_no_body(status) {
            self.set_body(Body::null());
        }
    }

    /// The reason phrase: the status's own unless another one was set, empty for a status that has none.
    /// <https://koajs.com/#response-message>
    #[must_use]
    pub fn message(&self) -> &str {
        self.message
            .as_deref()
            .or_else(|| reason::reason(self.status))
            .unwrap_or("")
    }

    /// Sets the reason phrase, which HTTP/1 sends. A later status takes its place.
    ///
    /// # Errors
    ///
    /// A control character in it.
    pub fn set_message(&mut self, message: impl Into<String>) -> Result {
        let message = message.into();
        header::check_text(&message, "the reason phrase")?;
        if self.sent {
            return Ok(());
        }
        self.message = Some(message.into_boxed_str());
        Ok(())
    }

    /// The body. <https://koajs.com/#response-body>
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Takes the body out, so that a middleware can send another one made from it.
    pub fn take_body(&mut self) -> Body {
        std::mem::replace(&mut self.body, Body::unset())
    }

    /// Sets the body. <https://koajs.com/#response-body-1>
    ///
    /// The status becomes 200 unless one was set, 204 for nothing. Without a type, text is `text/plain`, or
    /// `text/html` where it begins with `<`; bytes and streams are `application/octet-stream`. JSON is
    /// `application/json` whatever was set.
    pub fn set_body(&mut self, body: impl Into<Body>) {
        let body = body.into();
        if body.is_none() {
            if self.sent {
                self.body = body;
                return;
            }
            if !has_no_body(self.status) {
                self.status_is_explicit = true;
                self.put_status(StatusCode::NO_CONTENT);
            }
            self.headers.remove(CONTENT_TYPE);
            self.headers.remove(TRANSFER_ENCODING);
            self.length = None;
            self.body = body;
            return;
        }
        if !self.status_is_explicit {
            self.status_is_explicit = true;
            self.put_status(StatusCode::OK);
        } else if self.sent {
            self.body = body;
            return;
        }
        match body.repr() {
            Repr::Text(text) => {
                let html = looks_like_html(text);
                self.describe(&body, if html { HTML } else { TEXT });
            }
            Repr::Binary(_) => self.describe(&body, BINARY),
            // A stream of unknown length keeps the one that was set for it, but not that of another body.
            Repr::Stream(_) if self.body.is_none() && body.len().is_none() => {
                self.type_by_default(BINARY);
            }
            Repr::Stream(_) => self.describe(&body, BINARY),
            Repr::Json(_) | Repr::Failed(_) => {
                self.length = None;
                self.headers.insert(CONTENT_TYPE, JSON);
            }
            Repr::Unset | Repr::Null => {}
        }
        self.body = body;
    }

    /// Sets the length to the body's, and the type unless one was set.
    fn describe(&mut self, body: &Body, value: HeaderValue) {
        let coded = !self.headers.is_empty() && self.headers.contains_key(TRANSFER_ENCODING);
        self.length = if coded { None } else { body.len() };
        self.type_by_default(value);
    }

    #[inline]
    fn type_by_default(&mut self, value: HeaderValue) {
        // Mostly it is the first header, and then there is nothing to look for.
        if self.headers.is_empty() {
            self.headers.insert(CONTENT_TYPE, value);
        } else if let Entry::Vacant(entry) = self.headers.entry(CONTENT_TYPE) {
            entry.insert(value);
        }
    }

    /// The `Content-Length`, or the length of the body where that is known, in bytes; as in Koa that of the JSON `false`
    /// and `0` is not, until it is sent. <https://koajs.com/#response-length>
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length.or_else(|| self.body.told_len())
    }

    /// Sets the `Content-Length`, in bytes, of a stream; that of any other body is its own.
    pub fn set_length(&mut self, length: u64) {
        if !self.sent && !self.headers.contains_key(TRANSFER_ENCODING) {
            self.length = Some(length);
        }
    }

    /// The headers set so far, without `Content-Length`, which is [`length`](Self::length).
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The headers, for what writes its own lines; to no effect once they are sent.
    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("message", &self.message())
            .field("headers", &header::Names(&self.headers))
            .field("length", &self.length())
            .field("body", &self.body)
            .finish()
    }
}

/// Whether a response of this status never has a body.
fn has_no_body(status: StatusCode) -> bool {
    matches!(status.as_u16(), 204 | 205 | 304)
}

/// Whether text begins with a tag, after JavaScript's `\s`. Only the beginning is looked at.
#[inline]
fn looks_like_html(text: &[u8]) -> bool {
    match text {
        // As nearly all of it does.
        [b'!'..=b';' | b'='..=b'~', ..] => false,
        _ => begins_with_tag(text),
    }
}

fn begins_with_tag(text: &[u8]) -> bool {
    let mut rest = text;
    while let [first, ..] = rest {
        let skip = match first {
            b'<' => return true,
            b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' => 1,
            0..0x80 => return false,
            _ => match leading_char(rest) {
                Some(c) if (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}' => c.len_utf8(),
                _ => return false,
            },
        };
        rest = rest.get(skip..).unwrap_or_default();
    }
    false
}

fn leading_char(text: &[u8]) -> Option<char> {
    let head = text.get(..text.len().min(4))?;
    head.utf8_chunks().next()?.valid().chars().next()
}

#[cfg(test)]
mod tests {
    use super::looks_like_html;

    #[test]
    fn html_begins_with_a_tag() {
        for html in ["<p>", " \r\n\t<p>", "\u{feff}<p>", "\u{3000}\u{a0}<p>"] {
            assert!(looks_like_html(html.as_bytes()), "{html:?}");
        }
        for text in ["", " ", "a<p>", "\u{85}<p>", "é<p>", "\u{200b}<"] {
            assert!(!looks_like_html(text.as_bytes()), "{text:?}");
        }
    }
}
