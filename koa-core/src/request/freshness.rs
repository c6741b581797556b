//! Whether what the client holds is still good: [`request.fresh`](https://koajs.com/#request-fresh).
//!
//! [RFC 9110 section 13.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2): unlike in Koa, `If-None-Match`
//! decides alone where it is present, and `If-Modified-Since` is then not looked at.

use http::{HeaderMap, HeaderName, header};

use crate::date;

/// Whether a `GET` or `HEAD` may be answered with 304; method and status are the caller's to check.
///
/// `Cache-Control: no-cache` asks for a whole answer. Tags compare weakly. A date that cannot be read is stale.
pub(crate) fn is_fresh(request: &HeaderMap, response: &HeaderMap) -> bool {
    let present = |name: HeaderName| request.get_all(name).iter().any(|value| !value.is_empty());
    let tagged = present(header::IF_NONE_MATCH);
    if !tagged && !present(header::IF_MODIFIED_SINCE) {
        return false;
    }
    if elements(request, header::CACHE_CONTROL)
        .any(|directive| directive.trim_ascii() == b"no-cache")
    {
        return false;
    }
    if tagged {
        matches_a_tag(request, response)
    } else {
        unmodified(request, response).unwrap_or(false)
    }
}

fn matches_a_tag(request: &HeaderMap, response: &HeaderMap) -> bool {
    let mut lines = request.get_all(header::IF_NONE_MATCH).iter();
    if lines.next().is_some_and(|value| value == "*") && lines.next().is_none() {
        return true;
    }
    let Some(tag) = response
        .get(header::ETAG)
        .map(http::HeaderValue::as_bytes)
        .filter(|tag| !tag.is_empty())
    else {
        return false;
    };
    elements(request, header::IF_NONE_MATCH)
        .map(<[u8]>::trim_ascii)
        .any(|held| {
            held == tag
                || held.strip_prefix(b"W/") == Some(tag)
                || tag.strip_prefix(b"W/") == Some(held)
        })
}

fn unmodified(request: &HeaderMap, response: &HeaderMap) -> Option<bool> {
    let date = |headers: &HeaderMap, name| date::parse(headers.get(name)?.to_str().ok()?);
    let since = date(request, header::IF_MODIFIED_SINCE)?;
    Some(date(response, header::LAST_MODIFIED)? <= since)
}

/// The parts between commas, over all lines of a header.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(name)
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::is_fresh;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let lines = lines.iter();
        lines
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn fresh(
        request: &[(&'static str, &'static str)],
        response: &[(&'static str, &'static str)],
    ) -> bool {
        is_fresh(&headers(request), &headers(response))
    }

    #[test]
    fn tags_compare_weakly() {
        for (held, tag) in [
            ("\"a\"", "W/\"a\""),
            ("W/\"a\"", "\"a\""),
            ("\"x\" , \"a\"", "\"a\""),
            ("*", "\"a\""),
        ] {
            assert!(
                fresh(&[("if-none-match", held)], &[("etag", tag)]),
                "{held} {tag}"
            );
        }
        for (held, tag) in [
            ("\"b\"", "\"a\""),
            ("a", "\"a\""),
            ("w/\"a\"", "\"a\""),
            ("*, \"a\"", "\"b\""),
        ] {
            assert!(
                !fresh(&[("if-none-match", held)], &[("etag", tag)]),
                "{held} {tag}"
            );
        }
        assert!(!fresh(&[("if-none-match", "\"a\"")], &[]));
        assert!(fresh(&[("if-none-match", "*")], &[]));
    }

    #[test]
    fn several_lines_are_one_list() {
        let mut request = headers(&[("if-none-match", "\"a\"")]);
        request.append("if-none-match", HeaderValue::from_static("\"b\""));
        assert!(is_fresh(&request, &headers(&[("etag", "\"b\"")])));
    }

    #[test]
    fn dates() {
        let modified = [("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")];
        assert!(fresh(
            &[("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT")],
            &modified
        ));
        assert!(!fresh(
            &[("if-modified-since", "Wed, 31 Dec 2025 23:59:59 GMT")],
            &modified
        ));
        assert!(!fresh(&[("if-modified-since", "garbage")], &modified));
        assert!(!fresh(&[("if-modified-since", "")], &modified));
        assert!(!fresh(
            &[("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT")],
            &[]
        ));
    }

    #[test]
    fn the_tag_decides_where_there_is_one() {
        let answer = [
            ("etag", "\"a\""),
            ("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ];
        let older = ("if-modified-since", "Wed, 31 Dec 2025 00:00:00 GMT");
        let newer = ("if-modified-since", "Fri, 02 Jan 2026 00:00:00 GMT");
        assert!(fresh(&[("if-none-match", "\"a\""), older], &answer));
        assert!(!fresh(&[("if-none-match", "\"b\""), newer], &answer));
    }

    #[test]
    fn a_reload_is_never_fresh() {
        let answer = [("etag", "\"a\"")];
        assert!(!fresh(
            &[
                ("if-none-match", "\"a\""),
                ("cache-control", "max-age=0, no-cache")
            ],
            &answer
        ));
        assert!(fresh(
            &[
                ("if-none-match", "\"a\""),
                ("cache-control", "no-cachex, no-cache=x")
            ],
            &answer
        ));
        assert!(!fresh(&[], &answer));
    }
}
