//! Whether a body is of one of some types: [`is()`](https://koajs.com/#request-is-types-) of the request and of the
//! response.

use std::borrow::Cow;

use http::{HeaderMap, header};

use super::{header::has_valid_parameters, lookup};

/// Whether a request announces a body: it has a `Transfer-Encoding`, or a `Content-Length`, be it zero. Without one
/// Koa's `request.is()` is `null`, whatever the types.
pub(crate) fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length.as_bytes().iter().all(u8::is_ascii_digit))
}

/// The first of `types` that the media type is: the type as given, or the media type itself where what was asked for
/// is a pattern or nothing at all. `None` where it is none of them or not well formed.
///
/// A type may be an extension (`json`), a media type, one with wildcards (`text/*`, `*/xml`), a suffix (`+json`),
/// `urlencoded` or `multipart`.
pub(crate) fn matches<'a>(content_type: &'a str, types: &[&'a str]) -> Option<Cow<'a, str>> {
    let actual = normalized(content_type)?;
    if types.is_empty() {
        return Some(actual);
    }
    let asked = types.iter().copied().find(|asked| is(&actual, asked))?;
    Some(if asked.starts_with('+') || asked.contains('*') {
        actual
    } else {
        Cow::Borrowed(asked)
    })
}

fn is(actual: &str, asked: &str) -> bool {
    let expected = match asked {
        "urlencoded" => "application/x-www-form-urlencoded",
        "multipart" => "multipart/*",
        _ if asked.starts_with('+') => return has_suffix(actual, asked),
        _ if asked.contains('/') => asked,
        _ => match lookup(asked) {
            Some(media_type) => media_type,
            None => return false,
        },
    };
    let (Some((kind, subtype)), Some((expected_kind, expected_subtype))) =
        (actual.split_once('/'), expected.split_once('/'))
    else {
        return false;
    };
    if expected_kind != "*" && expected_kind != kind {
        return false;
    }
    match expected_subtype.strip_prefix('*') {
        Some(suffix) if suffix.starts_with('+') => has_suffix(subtype, suffix),
        Some("") => true,
        _ => expected_subtype == subtype,
    }
}

/// Whether a type ends with `+suffix`. No `/` may be in it: that would not be a suffix.
fn has_suffix(actual: &str, suffix: &str) -> bool {
    !suffix.contains('/') && actual.ends_with(suffix)
}

/// The media type in lower case without its parameters. `None` if it, or any of them, is malformed.
///
/// [RFC 6838 section 4.2](https://www.rfc-editor.org/rfc/rfc6838#section-4.2) has the grammar.
fn normalized(content_type: &str) -> Option<Cow<'_, str>> {
    if !has_valid_parameters(content_type) {
        return None;
    }
    let essence = super::essence(content_type).trim_matches(' ');
    let (kind, subtype) = essence.split_once('/')?;
    let (name, suffix) = subtype.rsplit_once('+').unwrap_or((subtype, ""));
    let valid =
        is_name(kind, b"") && is_name(name, b".") && (suffix.is_empty() || is_name(suffix, b""));
    if !valid || subtype.len() > LONGEST_NAME {
        return None;
    }
    // An empty suffix is none.
    let essence = essence.strip_suffix('+').unwrap_or(essence);
    Some(if essence.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::from(essence.to_ascii_lowercase())
    } else {
        Cow::from(essence)
    })
}

const LONGEST_NAME: usize = 127;

fn is_name(name: &str, also: &[u8]) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric())
        && bytes.all(|byte| {
            byte.is_ascii_alphanumeric() || b"!#$&^_-".contains(&byte) || also.contains(&byte)
        })
        && name.len() <= LONGEST_NAME
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{has_body, matches};

    #[test]
    fn a_name_comes_back_as_given_and_a_pattern_as_the_type() {
        let json = "application/vnd.api+json; charset=utf-8";
        assert_eq!(
            matches(json, &["json", "+json"]).as_deref(),
            Some("application/vnd.api+json")
        );
        assert_eq!(
            matches(json, &["application/*"]).as_deref(),
            Some("application/vnd.api+json")
        );
        assert_eq!(
            matches(json, &["*/*+json"]).as_deref(),
            Some("application/vnd.api+json")
        );
        assert_eq!(
            matches("text/html", &["json", "html"]).as_deref(),
            Some("html")
        );
        assert_eq!(
            matches("TEXT/HTML", &["text/html"]).as_deref(),
            Some("text/html")
        );
        assert_eq!(matches("TEXT/HTML", &[]).as_deref(), Some("text/html"));
        assert_eq!(
            matches("multipart/form-data; boundary=x", &["multipart"]).as_deref(),
            Some("multipart")
        );
    }

    #[test]
    fn what_does_not_match() {
        assert_eq!(
            matches(
                "text/html",
                &["json", "image/*", "no-such-type", "TEXT/HTML", "+html", ""]
            ),
            None
        );
        assert_eq!(matches("application/json", &["+json"]), None);
    }

    #[test]
    fn malformed_types_match_nothing() {
        for header in [
            "",
            "text",
            "text/",
            "/html",
            "te xt/html",
            "image/*",
            "a/b/c",
            "text/html; bad",
            "a+b/c",
        ] {
            assert_eq!(matches(header, &["*/*"]), None, "{header}");
            assert_eq!(matches(header, &[]), None, "{header}");
        }
    }

    #[test]
    fn an_announced_body_is_a_body_even_if_empty() {
        let mut headers = HeaderMap::new();
        assert!(!has_body(&headers));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        assert!(has_body(&headers));
        headers.clear();
        headers.insert(
            header::TRANSFER_ENCODING,
            HeaderValue::from_static("chunked"),
        );
        assert!(has_body(&headers));
    }
}
