//! The request's target, taken apart and put together: [`request.url`](https://koajs.com/#request-url), `path`,
//! `search`, `querystring`, their setters, `origin`, `href` and `URL`.
//!
//! [RFC 9112 section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2). A target of the usual form is borrowed
//! from, byte for byte. One with a space or a `#` in it, which only a setter can bring in, and one in absolute form is
//! read as Node's legacy `url.parse` does: trimmed, `\` before the query taken for `/`, what no URL may hold escaped.

use std::borrow::Cow;

use percent_encoding::percent_encode_byte;
use url::Url;

/// The path of a target: Koa's `request.path`. Empty where it has none (Koa: `null`).
pub(crate) fn path(target: &str) -> Cow<'_, str> {
    usual(target).map_or_else(|| Target::parse(target).path, |(path, _)| Cow::from(path))
}

/// What follows the first `?`, with it, or nothing: Koa's `request.search`.
pub(crate) fn search(target: &str) -> Cow<'_, str> {
    let search = usual(target).map_or_else(
        || Target::parse(target).search,
        |(_, search)| Cow::from(search),
    );
    if search == "?" { Cow::from("") } else { search }
}

/// Path and search of a target in origin form, unless something in it needs a closer look.
fn usual(target: &str) -> Option<(&str, &str)> {
    if !target.starts_with('/') {
        return None;
    }
    let mut question = target.len();
    for (at, byte) in target.bytes().enumerate() {
        match byte {
            b'?' => question = question.min(at),
            b'#' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' => return None,
            _ => {}
        }
    }
    target.split_at_checked(question)
}

/// The parts of a target. Put together they are the target again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// Scheme and authority of an absolute target, `http://example.com`; else empty.
    authority: Cow<'a, str>,
    path: Cow<'a, str>,
    /// With its `?`; empty where there is none.
    search: Cow<'a, str>,
    /// With its `#`; empty where there is none.
    hash: Cow<'a, str>,
}

impl<'a> Target<'a> {
    /// Takes a target of any form apart. Never fails.
    pub(crate) fn parse(target: &'a str) -> Self {
        if let Some((path, search)) = usual(target) {
            return Self {
                authority: "".into(),
                path: path.into(),
                search: search.into(),
                hash: "".into(),
            };
        }
        let target = target.trim_matches(|c| c <= ' ');
        let (authority, rest) = match target.split_once("://") {
            Some((scheme, _)) if is_scheme(scheme) => {
                split_authority(target, scheme.len().saturating_add(3))
            }
            _ if is_authority(target) => (Cow::from(target), ""),
            _ => (Cow::from(""), target),
        };
        let (rest, hash) = split_before(rest, '#');
        let (path, search) = split_before(rest, '?');
        // What only had to be trimmed is as good as one of the usual form.
        let kept = usual(target).is_some();
        let path = match path {
            "" if authority.contains("://") => Cow::from("/"),
            path if path.contains('\\') => {
                Cow::from(escaped(&path.replace('\\', "/"), kept).into_owned())
            }
            path => escaped(path, kept),
        };
        let (search, hash) = (escaped(search, kept), escaped(hash, kept));
        Self {
            authority,
            path,
            search,
            hash,
        }
    }

    /// The target with another path, for `request.path=`. `None` where it has that path already.
    ///
    /// A `?` and a `#` in the path are escaped; nothing else is.
    pub(crate) fn with_path(&self, path: &str) -> Option<String> {
        (self.path != path).then(|| self.join(path, &self.search))
    }

    /// The target with another query string, for `request.querystring=` and `request.search=`: with or without `?`;
    /// empty to remove it. `None` where it has that query string already.
    ///
    /// A `#` in it is escaped; nothing else is.
    pub(crate) fn with_querystring(&self, query: &str) -> Option<String> {
        (self.search.strip_prefix('?') != Some(query)).then(|| self.join(&self.path, query))
    }

    fn join(&self, path: &str, search: &str) -> String {
        let length = [&self.authority, path, search, &self.hash].map(str::len);
        let mut target = String::with_capacity(
            length
                .iter()
                .fold(2, |sum, length| sum.saturating_add(*length)),
        );
        target.push_str(&self.authority);
        if !self.authority.is_empty() && !path.is_empty() && !path.starts_with('/') {
            target.push('/');
        }
        for c in path.chars() {
            match c {
                '?' => target.push_str("%3F"),
                '#' => target.push_str("%23"),
                _ => target.push(c),
            }
        }
        if !search.is_empty() && !search.starts_with('?') {
            target.push('?');
        }
        for c in search.chars() {
            match c {
                '#' => target.push_str("%23"),
                _ => target.push(c),
            }
        }
        target.push_str(&self.hash);
        target
    }
}

/// Escapes what no URL may hold, beyond ASCII nothing, unless all is to be kept.
fn escaped(part: &str, kept: bool) -> Cow<'_, str> {
    let refused = |c: char| {
        matches!(
            c,
            '\t' | '\n' | '\r' | ' ' | '"' | '\'' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}'
        )
    };
    if kept || !part.contains(refused) {
        return Cow::from(part);
    }
    let mut escaped = String::with_capacity(part.len().saturating_add(16));
    for c in part.chars() {
        match u8::try_from(c) {
            Ok(byte) if refused(c) => escaped.push_str(percent_encode_byte(byte)),
            _ => escaped.push(c),
        }
    }
    Cow::from(escaped)
}

/// Splits an absolute target behind its authority, whose scheme and host are in lower case.
fn split_authority(target: &str, start: usize) -> (Cow<'_, str>, &str) {
    let (scheme, rest) = target.split_at_checked(start).unwrap_or((target, ""));
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (user, host) = authority
        .rsplit_once('@')
        .map_or(("", authority), |(user, host)| (user, host));
    if !scheme
        .bytes()
        .chain(host.bytes())
        .any(|byte| byte.is_ascii_uppercase())
    {
        let length = scheme.len().saturating_add(authority.len());
        return (Cow::from(target.get(..length).unwrap_or_default()), rest);
    }
    let at = if user.is_empty() { "" } else { "@" };
    (
        Cow::from(format!(
            "{}{user}{at}{}",
            scheme.to_ascii_lowercase(),
            host.to_ascii_lowercase()
        )),
        rest,
    )
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Whether this is a host and a port, the target of `CONNECT`.
fn is_authority(target: &str) -> bool {
    target.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && !host.contains(['/', '?', '#'])
            && !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.find(mark)
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""))
}

/// Whether a target or URL begins with `http://` or `https://`, in any case.
pub(crate) fn is_absolute(target: &str) -> bool {
    let begins = |with: &str| {
        target
            .get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    begins("http://") || begins("https://")
}

/// Scheme and host: Koa's [`request.origin`](https://koajs.com/#request-origin).
pub(crate) fn origin(protocol: &str, host: &str) -> String {
    [protocol, "://", host].concat()
}

/// The full URL of the request as it was received: Koa's [`request.href`](https://koajs.com/#request-href). A target
/// in absolute form is that itself.
pub(crate) fn href<'a>(protocol: &str, host: &str, original_target: &'a str) -> Cow<'a, str> {
    if is_absolute(original_target) {
        Cow::from(original_target)
    } else {
        Cow::from([protocol, "://", host, original_target].concat())
    }
}

/// The same, parsed: Koa's [`request.URL`](https://koajs.com/#request-url-1). `None` where it is not a URL (Koa: an
/// empty object).
///
/// Unlike in Koa a target in absolute form is not glued to the origin: its own URL counts.
pub(crate) fn url(protocol: &str, host: &str, original_target: &str) -> Option<Url> {
    Url::parse(&href(protocol, host, original_target)).ok()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Target, href, path, search, url};

    fn querystring(target: &str) -> Cow<'_, str> {
        match search(target) {
            Cow::Borrowed(search) => Cow::Borrowed(search.strip_prefix('?').unwrap_or("")),
            Cow::Owned(search) => Cow::Owned(search.strip_prefix('?').unwrap_or("").to_owned()),
        }
    }

    fn parts(target: &str) -> (Cow<'_, str>, Cow<'_, str>, Cow<'_, str>) {
        (path(target), querystring(target), search(target))
    }

    #[test]
    fn the_usual_form_is_borrowed_as_it_is() {
        for (target, path, query, search) in [
            ("/a?b=1?c", "/a", "b=1?c", "?b=1?c"),
            ("/a?", "/a", "", ""),
            ("//evil.example/x?y", "//evil.example/x", "y", "?y"),
            ("/a\\b<c>%zz", "/a\\b<c>%zz", "", ""),
        ] {
            assert_eq!(
                parts(target),
                (path.into(), query.into(), search.into()),
                "{target}"
            );
            assert!(matches!(
                parts(target),
                (Cow::Borrowed(_), Cow::Borrowed(_), Cow::Borrowed(_))
            ));
        }
    }

    #[test]
    fn other_forms() {
        for (target, path, query) in [
            ("http://Other.example?x=1", "/", "x=1"),
            ("http://[::1]:3000/six#h", "/six", ""),
            ("*", "*", ""),
            ("example.com:443", "", ""),
            ("relative?x", "relative", "x"),
            ("/a b\\c?d e#f", "/a%20b/c", "d%20e"),
            ("?x", "", "x"),
            ("", "", ""),
        ] {
            assert_eq!(
                (super::path(target), querystring(target)),
                (path.into(), query.into()),
                "{target}"
            );
        }
    }

    #[test]
    fn setters_keep_the_rest() {
        let target = Target::parse("/a?b#c");
        assert_eq!(
            target.with_path("/x y?z#").as_deref(),
            Some("/x y%3Fz%23?b#c")
        );
        assert_eq!(target.with_querystring("q#").as_deref(), Some("/a?q%23#c"));
        assert_eq!(target.with_querystring("?q").as_deref(), Some("/a?q#c"));
        assert_eq!(target.with_querystring("").as_deref(), Some("/a#c"));
        assert_eq!(
            (target.with_path("/a"), target.with_querystring("b")),
            (None, None)
        );
        let absolute = Target::parse("HTTP://User@Abs.example/a?b");
        assert_eq!(
            absolute.with_path("c").as_deref(),
            Some("http://User@abs.example/c?b")
        );
        assert_eq!(
            absolute.with_querystring("z=9").as_deref(),
            Some("http://User@abs.example/a?z=9")
        );
    }

    #[test]
    fn urls_of_both_forms() {
        assert_eq!(
            href("http", "example.com", "/a?b"),
            "http://example.com/a?b"
        );
        assert_eq!(
            href("http", "example.com", "HTTPS://other.example/"),
            "HTTPS://other.example/"
        );
        let url_of = |host, target| url("http", host, target).map(String::from);
        assert_eq!(
            url_of("EXAMPLE.com:80", "/a/../b").as_deref(),
            Some("http://example.com/b")
        );
        assert_eq!(
            url_of("example.com", "http://other.example/a").as_deref(),
            Some("http://other.example/a")
        );
        assert_eq!(url_of("", "/"), None);
        assert_eq!(url_of("exa mple.com", "/"), None);
    }
}
