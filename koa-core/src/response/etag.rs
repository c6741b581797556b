//! The quotes around an entity tag: [`response.etag=`](https://koajs.com/#response-etag-).
//!
//! [RFC 9110 section 8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3).

use std::borrow::Cow;

/// The tag with quotes around it, unless it begins with one or with `W/"`.
pub(crate) fn quoted(tag: &str) -> Cow<'_, str> {
    if tag.strip_prefix("W/").unwrap_or(tag).starts_with('"') {
        Cow::from(tag)
    } else {
        Cow::from(format!("\"{tag}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn quotes_are_put_once() {
        assert_eq!(quoted("abc"), "\"abc\"");
        assert_eq!(quoted("\"abc\""), "\"abc\"");
        assert_eq!(quoted("W/\"abc\""), "W/\"abc\"");
        assert_eq!(quoted("W/abc"), "\"W/abc\"");
        assert_eq!(quoted(""), "\"\"");
    }
}
