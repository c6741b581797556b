//! Where a redirect leads and what its body says: [`response.redirect()`](https://koajs.com/#response-redirect-url-alt-).
//!
//! The [`Location`](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.2) is visible ASCII whatever the URL: neither a
//! header nor a backslash (GHSA-c5vw-j4hf-j526) can be slipped in. `back` stays on the site (CVE-2025-8129).

use std::{borrow::Cow, error, fmt};

use url::Url;

use crate::request::target::is_absolute;

/// What begins with `http://` or `https://` is not a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidUrl;

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the redirect does not lead to a valid URL")
    }
}

impl error::Error for InvalidUrl {}

/// The URL as the body shows it: one with `http:` or `https:` as
/// [the URL standard](https://url.spec.whatwg.org/) writes it, any other as it is.
///
/// # Errors
/// It begins with `http://` or `https://` and is not a URL.
pub(crate) fn destination(url: &str) -> Result<Cow<'_, str>, InvalidUrl> {
    if is_absolute(url) {
        Url::parse(url)
            .map(|url| Cow::from(String::from(url)))
            .map_err(|_| InvalidUrl)
    } else {
        Ok(Cow::from(url))
    }
}

/// The URL as the `Location` header has it: escaped where it has to be and is not yet.
pub(crate) fn location(url: &str) -> Cow<'_, str> {
    let mut rest = url.as_bytes();
    let mut escaped: Option<String> = None;
    let mut unchanged = 0_usize;
    while let Some((&byte, behind)) = rest.split_first() {
        let stays = match byte {
            b'%' => matches!(behind, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()),
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            _ => byte.is_ascii_graphic(),
        };
        match (&mut escaped, stays) {
            (None, true) => unchanged = unchanged.saturating_add(1),
            (Some(escaped), true) => escaped.push(char::from(byte)),
            (escaped, false) => escaped
                .get_or_insert_with(|| url.get(..unchanged).unwrap_or_default().to_owned())
                .push_str(percent_encoding::percent_encode_byte(byte)),
        }
        rest = behind;
    }
    escaped.map_or(Cow::from(url), Cow::from)
}

/// The body of the answer, for a client that takes HTML or for one that does not.
pub(crate) fn body(destination: &str, html: bool) -> String {
    let shown = if html {
        escape_html(destination)
    } else {
        Cow::from(destination)
    };
    format!("Redirecting to {shown}.")
}

/// Escapes what means something in HTML, also within attributes.
pub(crate) fn escape_html(text: &str) -> Cow<'_, str> {
    if !text.contains(['"', '&', '\'', '<', '>']) {
        return Cow::from(text);
    }
    let mut escaped = String::with_capacity(text.len().saturating_add(16));
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("&quot;"),
            '&' => escaped.push_str("&amp;"),
            '\'' => escaped.push_str("&#39;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ => escaped.push(c),
        }
    }
    Cow::from(escaped)
}

/// The referrer, for `redirect("back")`, if it leads to the origin of the request: the same scheme, host and port.
/// `None` for any other, for one that cannot be read, and where the request has no origin.
///
/// `href` is the request's own, which a relative referrer is relative to.
pub(crate) fn back<'a>(referrer: &'a str, origin: &str, href: &str) -> Option<&'a str> {
    if referrer.is_empty() {
        return None;
    }
    let own = Url::parse(origin).ok()?;
    let base = Url::parse(href).ok()?;
    let stays = |url: &str| {
        base.join(url).is_ok_and(|url| {
            url.scheme() == own.scheme()
                && url.host() == own.host()
                && url.port_or_known_default() == own.port_or_known_default()
        })
    };
    // Looked at twice, since a backslash that is escaped on the way to the client moves where the host ends.
    (stays(referrer) && stays(&location(&destination(referrer).ok()?))).then_some(referrer)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{InvalidUrl, back, body, destination, escape_html, location};

    #[test]
    fn absolute_urls_are_normalised_and_others_are_not() {
        assert_eq!(
            destination("HTTP://EXAMPLE.com:80").as_deref(),
            Ok("http://example.com/")
        );
        assert_eq!(
            destination("http://h.example\\path").as_deref(),
            Ok("http://h.example/path")
        );
        assert_eq!(destination("/a b").as_deref(), Ok("/a b"));
        assert_eq!(destination("http://["), Err(InvalidUrl));
        assert_eq!(destination("https://"), Err(InvalidUrl));
    }

    #[test]
    fn locations_are_escaped_once() {
        assert_eq!(
            location("/你 \"<>`{|}^"),
            "/%E4%BD%A0%20%22%3C%3E%60%7B%7C%7D%5E"
        );
        assert_eq!(location("/%41%zz%"), "/%41%25zz%25");
        assert!(matches!(location("/a?b=c&d=%20#[e]"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_backslash_or_a_line_break_leads_nowhere_else() {
        assert_eq!(location("http\\://evil.com"), "http%5C://evil.com");
        assert_eq!(location("\\\\evil.com"), "%5C%5Cevil.com");
        assert_eq!(location("/a\r\nSet-Cookie: b"), "/a%0D%0ASet-Cookie:%20b");
    }

    #[test]
    fn markup_in_the_body_is_escaped() {
        assert_eq!(
            body("/<b a='\"'>&", true),
            "Redirecting to /&lt;b a=&#39;&quot;&#39;&gt;&amp;."
        );
        assert_eq!(body("/<b>", false), "Redirecting to /<b>.");
        assert!(matches!(escape_html("/plain"), Cow::Borrowed("/plain")));
    }

    fn back_on_example(referrer: &str) -> Option<&str> {
        back(referrer, "http://example.com", "http://example.com/here?x")
    }

    #[test]
    fn back_stays_on_the_origin() {
        for referrer in [
            "http://example.com/a",
            "http://EXAMPLE.com:80/",
            "/a",
            "?b",
            "//example.com/x",
            "a",
        ] {
            assert_eq!(back_on_example(referrer), Some(referrer));
        }
        for referrer in [
            "",
            "https://example.com/a",
            "http://example.com:8080/",
            "http://evil.com/",
            "http://example.com@evil.com/",
            "http://example.com.evil.com/",
            "//evil.com",
            "\\\\evil.com",
            "/\t/evil.com",
            "//example.com\\@evil.com",
            "javascript:alert(1)",
            "blob:http://example.com/a",
            "http://[",
        ] {
            assert_eq!(back_on_example(referrer), None, "{referrer}");
        }
        assert_eq!(back("/a", "http://", "http:///"), None);
    }
}
