//! What came back.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use http::response::Parts;
use serde::de::DeserializeOwned;

use crate::error::Result;

/// A response, read to its end.
pub struct Answer {
    head: Parts,
    body: Bytes,
}

impl Answer {
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        Self { head, body }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The value of a header, the first if there are several lines; `None` without one, or where it is not ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text; what is not UTF-8 in it becomes `U+FFFD`.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body, in JSON, as a `T`.
    ///
    /// # Errors
    ///
    /// A body that is no such JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// All of it: it is for tests, which print it where they fail.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status())
            .field("headers", self.headers())
            .field("body", &self.text())
            .finish()
    }
}
