//! What the fuzz targets call: the parsers, with what must hold of their answers. There only with `--cfg fuzzing`.

#![allow(missing_docs, reason = "only the fuzz targets use it")]

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::controller::matcher::Matcher;
use crate::controller::{Captures, Place, Route, Verb, captures};
use crate::media_type;
use crate::negotiation::{charsets, encodings, languages, media_types};
use crate::request::{forwarded, freshness, query, target, typed};
use crate::response::{Response, disposition, etag, redirect, vary};

/// A header and what is offered: the answer is one of the offers, and all that is acceptable comes from the header.
pub fn negotiate(header: &str, offers: &[&str]) {
    for preferred in [
        media_types::preferred(Some(header), offers),
        encodings::preferred(Some(header), offers),
        charsets::preferred(Some(header), offers),
        languages::preferred(Some(header), offers),
    ] {
        assert!(preferred.is_none_or(|preferred| offers.contains(&preferred)));
    }
    let most = header.split(',').count() + 1;
    for all in [
        media_types::all(Some(header)),
        encodings::all(Some(header)),
        charsets::all(Some(header)),
        languages::all(Some(header)),
    ] {
        assert!(all.len() <= most);
    }
}

/// A content type and types to match it with.
pub fn match_types(content_type: &str, types: &[&str]) {
    let matched = media_type::matches(content_type, types);
    assert!(
        matched.is_none()
            || !types.is_empty()
            || matched.as_deref() == Some(content_type)
            || !content_type.is_empty()
    );
    let _ = media_type::charset(content_type);
    assert!(
        content_type.starts_with(media_type::essence(content_type).trim_end())
            || content_type.starts_with(char::is_whitespace)
    );
    for name in types {
        let _ = media_type::extension(name);
        let _ = media_type::content_type(name);
    }
}

/// Headers of a request and of a response.
pub fn freshness(request: &[(&str, &str)], response: &[(&str, &str)]) {
    let _ = freshness::is_fresh(&headers(request), &headers(response));
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        })
        .collect()
}

/// A query string: what is parsed from it and written again is parsed to the same.
pub fn query(text: &str) {
    let parsed = query::QueryPairs::parse(text);
    let pairs: Vec<_> = parsed.iter().collect();
    assert!(pairs.len() <= 1000);
    let written = query::stringify(pairs.iter().copied());
    assert!(written.is_ascii());
    let again = query::QueryPairs::parse(&written);
    assert!(
        again.iter().eq(pairs.iter().copied())
            || pairs
                .iter()
                .any(|(name, value)| name.is_empty() && value.is_empty())
    );
}

/// A header of a response: what would end a line is an error, and never in the map.
pub fn set_header(name: &str, value: &str) {
    let mut response = Response::new(HeaderMap::new());
    let set = response.set(name, value).is_ok();
    let appended = response.append(name, value).is_ok();
    let _ = response.set_message(value);
    let _ = response.get(name);
    for (_, value) in response.headers() {
        assert!(
            value
                .as_bytes()
                .iter()
                .all(|byte| !matches!(byte, b'\r' | b'\n' | 0))
        );
    }
    if set || appended {
        assert!(!value.contains(['\r', '\n', '\0']));
    }
    response.remove(name);
    assert!(!response.has(name));
    let _ = etag::quoted(value);
    if let Ok(fields) = vary::append(name, value) {
        assert!(!fields.contains(['\r', '\n', '\0']) || name.contains(['\r', '\n', '\0']));
    }
}

/// Where a redirect leads, what its page says, and the name of a download: nothing gets out of its place.
pub fn leave(url: &str, referrer: &str) {
    if let Ok(destination) = redirect::destination(url) {
        let location = redirect::location(&destination);
        assert!(location.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        let page = redirect::body(&destination, true);
        assert!(!page.contains(['<', '>', '"']));
    }
    if let Some(back) = redirect::back(referrer, "http://example.com", "http://example.com/") {
        assert!(redirect::location(back).is_ascii());
    }
    for fallback in [
        disposition::Fallback::Auto,
        disposition::Fallback::Off,
        disposition::Fallback::Name(referrer),
    ] {
        if let Ok(value) = disposition::content_disposition("attachment", Some(url), fallback) {
            assert!(!value.contains(['\r', '\n', '\0']));
        }
    }
}

/// A target, and a `Host`.
pub fn locate(text: &str, other: &str) {
    let _ = target::path(text);
    let _ = target::search(text);
    let _ = target::href("http", other, text);
    let _ = target::url("http", other, text);
    let parsed = target::Target::parse(text);
    let _ = parsed.with_path(other);
    let _ = parsed.with_querystring(other);
    let headers = forwarded::HostHeaders {
        forwarded: Some(other),
        authority: None,
        host: Some(text),
    };
    let host = forwarded::host(true, headers);
    assert!(!host.contains('@'));
    let name = forwarded::hostname(&host);
    let _ = forwarded::subdomains(&name, 2);
    let _ = forwarded::ips(true, [text, other].into_iter(), 3);
}

/// A path asked of a router: what is found fits, and so does every route that could be.
pub fn route(method: &str, path: &str) {
    static MATCHER: std::sync::LazyLock<Matcher> = std::sync::LazyLock::new(|| {
        let mut matcher = Matcher::default();
        matcher.add(ROUTES, 0);
        matcher
    });
    let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
    let decoded = match captures::decoded(path) {
        Ok(captures::PathText::Decoded(decoded)) => decoded,
        Ok(captures::PathText::AsItCame) => path.into(),
        Err(error) => {
            assert_eq!(error.status(), 400);
            assert!(path.contains('%'));
            return;
        }
    };
    let all = MATCHER.all(&decoded);
    let mut found = Captures::new();
    let Some(entry) = MATCHER.find(&method, &decoded, &mut found) else {
        return;
    };
    assert!(
        all.iter()
            .any(|other| std::ptr::eq(other.route, entry.route))
    );
    // Put together again, text and parameters are the path.
    let mut pieces = entry.route.shape.split([':', '*']);
    let mut rebuilt = pieces.next().unwrap_or_default().to_owned();
    for (from, to) in found.ranges() {
        let value = decoded.get(from..to).expect("a parameter is text");
        assert!(!value.is_empty());
        rebuilt.push_str(value);
        rebuilt.push_str(pieces.next().unwrap_or_default());
    }
    assert_eq!(rebuilt.trim_end_matches('/'), decoded.trim_end_matches('/'));
}

const ROUTES: &[Route] = &[
    fuzzed(Verb::Get, "/", "/"),
    fuzzed(Verb::Get, "/a", "/a"),
    fuzzed(Verb::Post, "/:x", "/:"),
    fuzzed(Verb::All, "/:x.json", "/:.json"),
    fuzzed(Verb::Get, "/v:x", "/v:"),
    fuzzed(Verb::Get, "/a/:x/b", "/a/:/b"),
    fuzzed(Verb::Put, "/:x/:y", "/:/:"),
    fuzzed(Verb::Get, "/a/*rest", "/a/*"),
    fuzzed(Verb::Delete, "/*rest", "/*"),
];

const fn fuzzed(verb: Verb, path: &'static str, shape: &'static str) -> Route {
    Route {
        verb,
        path,
        shape,
        handler: "",
        place: Place { file: "", line: 0 },
        takes: &[],
        layers: &[],
    }
}

/// A query string and a form as types, and a parameter as a number: an error is a 400 with a short message.
pub fn extract(text: &str) {
    let results = [
        typed::form::<Vec<(String, u8)>>(text.as_bytes(), "form").err(),
        typed::form::<HashMap<String, Vec<bool>>>(text.as_bytes(), "form").err(),
        <u64 as crate::FromPath>::from_path(text).err(),
        <bool as crate::FromPath>::from_path(text).err(),
    ];
    for error in results.into_iter().flatten() {
        assert_eq!(error.status(), 400);
        assert!(error.message().len() < 4096);
    }
    let written = crate::extract::written(&["/x/", ""], &[&text], false);
    if let Ok(captures::PathText::Decoded(path)) = captures::decoded(&written) {
        let value = percent_encoding::percent_decode_str(path.get(3..).unwrap_or_default());
        assert_eq!(value.decode_utf8_lossy(), text);
    } else {
        assert_eq!(written.get(3..), Some(text));
    }
}
