//! For which host a request is, and whether it says so, as it must: RFC 9112, section 3.2, and RFC 9113, section 8.3.1.

use std::cell::Cell;
use std::net::Ipv6Addr;

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Uri, Version};

/// How long a host is that is remembered, at most, in bytes.
const KNOWN: usize = 56;

/// A request of HTTP/2 as HTTP/1 has it: the target is a path, and the host is in `Host`.
#[inline]
pub(crate) fn as_in_http1<B>(mut request: Request<B>) -> Request<B> {
    if request.version() == Version::HTTP_2 {
        let uri = std::mem::take(request.uri_mut());
        *request.uri_mut() = path_of(uri, request.headers_mut());
    }
    request
}

/// The path of a target, whose authority becomes the `Host`.
fn path_of(uri: Uri, headers: &mut HeaderMap) -> Uri {
    let authority = uri.authority();
    let Some(host) = authority.and_then(|host| HeaderValue::from_str(host.as_str()).ok()) else {
        return uri;
    };
    headers.insert(HOST, host);
    let path = uri.path_and_query().cloned();
    Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
}

/// Whether a request has one `Host`, or none where it may, and that can be a host.
///
/// Clients of HTTP/1 send it first, and no header twice: then it is not searched for. In HTTP/2 there may be none beside
/// an authority, and the authority has become one.
#[inline]
pub(crate) fn is_said(version: Version, headers: &HeaderMap) -> bool {
    if headers.len() == headers.keys_len()
        && let Some((name, value)) = headers.iter().next()
        && name == HOST
    {
        return is_known(value.as_bytes());
    }
    is_found(version, headers)
}

/// Whether this is a host. Mostly it is that of the request before, which is not looked at again.
#[inline]
fn is_known(value: &[u8]) -> bool {
    thread_local! {
        static LAST: Cell<([u8; KNOWN], usize)> = const { Cell::new(([0; KNOWN], 0)) };
    }
    let (last, length) = LAST.get();
    if last.get(..length) == Some(value) {
        return true;
    }
    if !is_host(value) {
        return false;
    }
    let mut last = [0; KNOWN];
    if let Some(place) = last.get_mut(..value.len()) {
        place.copy_from_slice(value);
        LAST.set((last, value.len()));
    }
    true
}

#[cold]
fn is_found(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version != Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// Whether this is a host, and a port or none, as a URI has them (RFC 3986, section 3.2.2); or nothing at all, for a target
/// that has no host. Somebody's name in front of it (`user@`) is part of no `Host` (RFC 9110, section 7.2).
#[cold]
fn is_host(value: &[u8]) -> bool {
    let end = value.iter().rposition(|byte| !byte.is_ascii_digit());
    let name = match end {
        Some(at) if value.get(at) == Some(&b':') => value.get(..at).unwrap_or_default(),
        _ => value,
    };
    if is_plain(name) {
        return !name.is_empty() || value.is_empty();
    }
    is_address(name) || is_escaped(name)
}

/// Whether all bytes are unreserved, or delimiters that a name may hold.
#[inline]
fn is_plain(name: &[u8]) -> bool {
    let others = name.iter().map(|byte| OTHERS[usize::from(*byte)]);
    others.fold(0, |seen, other| seen | other) == 0
}

/// The bytes that are others: 1.
const OTHERS: [u8; 256] = {
    let mut others = [1; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphanumeric() {
            others[byte] = 0;
        }
        byte += 1;
    }
    let delimiters = b"-._~!$&'()*+,;=";
    let mut at = 0;
    while at < delimiters.len() {
        others[delimiters[at] as usize] = 0;
        at += 1;
    }
    others
};

/// An IPv6 address in its brackets.
#[cold]
fn is_address(name: &[u8]) -> bool {
    let inside = name
        .strip_prefix(b"[")
        .and_then(|name| name.strip_suffix(b"]"));
    let text = inside.and_then(|inside| std::str::from_utf8(inside).ok());
    text.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// A name with percent-encoded bytes.
#[cold]
fn is_escaped(name: &[u8]) -> bool {
    let mut parts = name.split(|byte| *byte == b'%');
    !name.is_empty()
        && parts.next().is_some_and(is_plain)
        && parts.all(|part| {
            part.get(..2)
                .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
                && is_plain(part)
        })
}

#[cfg(test)]
mod tests {
    use super::{is_host, is_known};

    #[test]
    fn only_what_an_authority_can_be_is_a_host() {
        for host in [
            "",
            "a",
            "example.com",
            "EXAMPLE.com.",
            "example.com:",
            "example.com:3000",
            "127.0.0.1:3000",
            "256.1.1.1",
            "12345",
            "a_b-c~d",
            "sub,delims=*",
            "%65xample.com:80",
            "[::1]",
            "[::1]:3000",
            "[::ffff:1.2.3.4]",
        ] {
            assert!(is_host(host.as_bytes()), "{host:?}");
            assert!(is_known(host.as_bytes()), "{host:?}");
        }
        for host in [
            "exa mple.com",
            "a, b",
            "a\tb",
            "example.com/path",
            "a\\b",
            "a?b",
            "a#b",
            "<a>",
            "\"a\"",
            "user@example.com",
            "example.com:bad",
            "example.com:80:80",
            ":80",
            "a:-1",
            "%",
            "%6",
            "%6g",
            "a%zz",
            "[::1",
            "::1",
            "[::1]a",
            "[]",
            "[::1%25lo]",
            "[a]",
            "a[::1]",
            "b\u{fc}cher.example",
            "{a}",
            "a|b",
            "a^b",
            "a`b",
        ] {
            assert!(!is_host(host.as_bytes()), "{host:?}");
            assert!(!is_known(host.as_bytes()), "{host:?}");
        }
    }
}
