//! `Accept-Encoding`: [`ctx.acceptsEncodings()`](https://koajs.com/#request-acceptsencodings-encodings-).
//!
//! [RFC 9110 section 12.5.3](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3). `identity`, the body as it is,
//! is acceptable unless the header refuses it by name or by `*;q=0`; it then comes last, at the lowest quality given.

use super::quality::{NameRange, acceptable, best, name_ranges, name_rank};

/// The best offer, as given. Without a header only `identity` is acceptable.
pub(crate) fn preferred<'a>(header: Option<&str>, offers: &[&'a str]) -> Option<&'a str> {
    let header = header.unwrap_or_default();
    let identity = implied_identity(header);
    best(offers, |offer| {
        name_rank(offer, name_ranges(header).chain(identity))
    })
}

/// The encodings that the client takes, best first.
pub(crate) fn all(header: Option<&str>) -> Vec<&str> {
    let header = header.unwrap_or_default();
    let listed = name_ranges(header).chain(implied_identity(header));
    acceptable(listed.map(|(_, name, quality)| (name, quality)))
}

/// What the header says of `identity` without naming it, as a range of its own behind all others.
fn implied_identity(header: &str) -> Option<NameRange<'static>> {
    let mut lowest = 1.0_f64;
    for (_, name, quality) in name_ranges(header) {
        if name == "*" || name.eq_ignore_ascii_case("identity") {
            return None;
        }
        if quality != 0.0 {
            lowest = lowest.min(quality); // which passes over what is not a number
        }
    }
    Some((usize::MAX, "identity", lowest))
}

#[cfg(test)]
mod tests {
    use super::{all, preferred};

    #[test]
    fn identity_is_the_last_resort() {
        assert_eq!(all(Some("gzip, br;q=0.3")), ["gzip", "br", "identity"]);
        assert_eq!(preferred(Some("gzip"), &["identity", "gzip"]), Some("gzip"));
        assert_eq!(
            preferred(Some("br"), &["gzip", "identity"]),
            Some("identity")
        );
        assert_eq!(preferred(Some("br"), &["gzip"]), None);
        assert_eq!(preferred(None, &["gzip", "identity"]), Some("identity"));
    }

    #[test]
    fn identity_can_be_refused() {
        assert_eq!(preferred(Some("gzip, *;q=0"), &["identity"]), None);
        assert_eq!(
            preferred(Some("identity;q=0, *"), &["identity", "br"]),
            Some("br")
        );
        assert!(all(Some("*;q=0")).is_empty());
    }

    #[test]
    fn a_refused_encoding_is_not_offered() {
        assert_eq!(preferred(Some("*, gzip;q=0"), &["gzip"]), None);
        assert_eq!(
            preferred(Some("gzip;q=0"), &["gzip", "identity"]),
            Some("identity")
        );
    }
}
