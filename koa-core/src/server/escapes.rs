//! Whether a request's path has escapes that can be undone: RFC 3986, section 2.1.

/// Whether each `%` of a path stands before two hexadecimal digits. What follows the path, a query, is read by rules of its
/// own.
#[inline]
pub(crate) fn are_whole(path: &str) -> bool {
    !path.as_bytes().contains(&b'%') || is_each(path.as_bytes())
}

#[cold]
fn is_each(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'%').skip(1).all(|after| {
        let digits = after.get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::are_whole;

    #[test]
    fn an_escape_is_two_hexadecimal_digits() {
        for path in [
            "",
            "/",
            "*",
            "/a/b",
            "/%20",
            "/%2f%2F/%aA",
            "/a%00b",
            "/%ff%fe",
            "/%25zz",
            "/\u{e9}",
        ] {
            assert!(are_whole(path), "{path:?}");
        }
        for path in [
            "%", "/%", "/%2", "/%zz", "/%2g", "/%g2", "/%%", "/%%20", "/%2%30", "/a/%2/b",
            "/%20/%", "/%u0041", "/%-1", "/%+1", "/% 1", "/%\u{e9}",
        ] {
            assert!(!are_whole(path), "{path:?}");
        }
    }
}
