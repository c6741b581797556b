//! The headers of a request, as text.

use std::borrow::Cow;

use http::header::{
    AGE, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, ETAG, EXPIRES, FROM, HOST,
    IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, MAX_FORWARDS,
    PROXY_AUTHORIZATION, REFERER, RETRY_AFTER, SERVER, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::request::Request;

/// Headers of which only the first line counts, as in Node: a second one is a mistake, or an attack.
const SINGLE: [HeaderName; 18] = [
    AGE,
    AUTHORIZATION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    ETAG,
    EXPIRES,
    FROM,
    HOST,
    IF_MODIFIED_SINCE,
    IF_UNMODIFIED_SINCE,
    LAST_MODIFIED,
    LOCATION,
    MAX_FORWARDS,
    PROXY_AUTHORIZATION,
    REFERER,
    RETRY_AFTER,
    SERVER,
    USER_AGENT,
];

/// A value as text. Bytes beyond ASCII are read as ISO-8859-1, as Node does.
pub(crate) fn text(value: &HeaderValue) -> Cow<'_, str> {
    bytes_as_text(value.as_bytes())
}

/// The same of a part of a value.
pub(crate) fn bytes_as_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

/// All lines of a header as one, as Node joins them. `None` where there is no such header.
pub(crate) fn joined<'a>(headers: &'a HeaderMap, field: &str) -> Option<Cow<'a, str>> {
    let mut lines = headers.get_all(field).iter();
    let first = text(lines.next()?);
    let Some(second) = lines.next() else {
        return Some(first);
    };
    if SINGLE
        .iter()
        .any(|name| field.eq_ignore_ascii_case(name.as_str()))
    {
        return Some(first);
    }
    let between = if field.eq_ignore_ascii_case(COOKIE.as_str()) {
        "; "
    } else {
        ", "
    };
    let mut all = first.into_owned();
    for line in std::iter::once(second).chain(lines) {
        all.push_str(between);
        all.push_str(&text(line));
    }
    Some(Cow::Owned(all))
}

impl Request {
    /// The headers. <https://koajs.com/#request-header>
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The headers, to be changed for the layers below. Koa's `request.headers.name = value`.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.head.headers
    }

    /// Puts other headers in the place of all of them. <https://koajs.com/#request-header-1>
    pub fn set_headers(&mut self, headers: HeaderMap) {
        self.head.headers = headers;
    }

    /// The value of a header, empty if it was not sent. <https://koajs.com/#request-get>
    ///
    /// Several lines are one, with commas between them; of headers that may stand only once, such as `Content-Type`,
    /// it is the first. `Referrer` is `Referer`, however it is spelt. Bytes beyond ASCII are read as ISO-8859-1, as
    /// Node does; [`headers`](Self::headers) has them as they came.
    #[must_use]
    pub fn get(&self, field: &str) -> Cow<'_, str> {
        let is_referrer = ["referer", "referrer"]
            .iter()
            .any(|name| field.eq_ignore_ascii_case(name));
        let value = if is_referrer {
            self.line("referrer")
                .filter(|value| !value.is_empty())
                .or_else(|| self.line("referer"))
        } else {
            self.line(field)
        };
        value.unwrap_or_default()
    }

    /// All lines of a header as one; `None` where it was not sent.
    pub(crate) fn line(&self, field: &str) -> Option<Cow<'_, str>> {
        joined(&self.head.headers, field)
    }

    /// The cookies that came, as one line.
    #[inline]
    pub(crate) fn cookie_line(&self) -> Option<Cow<'_, [u8]>> {
        let headers = &self.head.headers;
        // Mostly no header is there twice.
        if headers.len() == headers.keys_len() {
            return headers.get(COOKIE).map(|line| line.as_bytes().into());
        }
        let lines = headers.get_all(COOKIE).iter();
        let lines: Vec<_> = lines.map(HeaderValue::as_bytes).collect();
        match lines.as_slice() {
            [] => None,
            [line] => Some((*line).into()),
            lines => Some(lines.join(&b"; "[..]).into()),
        }
    }

    /// The `Content-Length`, in bytes, if the request has one. <https://koajs.com/#request-length>
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        let value = self.head.headers.get(CONTENT_LENGTH)?.to_str().ok()?;
        value.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::joined;

    fn headers(lines: &[(&'static str, &'static [u8])]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static [u8])| {
            let value = HeaderValue::from_bytes(value).unwrap();
            (HeaderName::from_static(name), value)
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn lines_are_joined_as_node_joins_them() {
        let headers = headers(&[
            ("accept", b"a"),
            ("accept", b"b"),
            ("cookie", b"a=1"),
            ("cookie", b"b=2"),
            ("host", b"first"),
            ("host", b"second"),
            ("x-latin", b"caf\xe9"),
        ]);
        assert_eq!(joined(&headers, "Accept").as_deref(), Some("a, b"));
        assert_eq!(joined(&headers, "Cookie").as_deref(), Some("a=1; b=2"));
        assert_eq!(joined(&headers, "HOST").as_deref(), Some("first"));
        assert_eq!(joined(&headers, "x-latin").as_deref(), Some("café"));
        assert_eq!(joined(&headers, "x-none"), None);
        assert_eq!(joined(&headers, "not a name"), None);
    }
}
