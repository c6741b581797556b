//! How the body of a request is coded on its way: RFC 9112, sections 6.1 and 7.

use http::HeaderMap;
use http::header::TRANSFER_ENCODING;

use crate::request::Request;

impl Request {
    /// Whether nothing but `chunked` has been done to the body, and that once.
    ///
    /// hyper looks at the last coding alone: it would hand over what is still coded by another, and undo `chunked` once
    /// where somebody else undoes it twice. A body whose length is said, or that is not there, has no coding.
    #[inline]
    pub(crate) fn is_decoded(&self) -> bool {
        let length = self.body.as_ref().map(|body| body.size_hint().exact());
        length != Some(None) || is_chunked(&self.head.headers)
    }
}

/// Whether `chunked` is the only coding, or there is none, as in HTTP/2.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let first = codings.next();
    first.is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        && codings.next().is_none()
}
