//! Whether a request says for which host it is as often as it must: RFC 9112, section 3.2.

use http::header::HOST;
use http::{HeaderMap, Version};

/// Whether a request of HTTP/1 has one `Host`, or none where it may.
///
/// Clients send it first, and no header twice: then it is not searched for.
#[inline]
pub(crate) fn is_said_once(version: Version, headers: &HeaderMap) -> bool {
    let is_first = headers.keys().next() == Some(&HOST);
    (is_first && headers.len() == headers.keys_len()) || is_found_once(version, headers)
}

#[cold]
fn is_found_once(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(_), second) => second.is_none(),
    }
}
