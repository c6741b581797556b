//! `Accept-Charset`: [`ctx.acceptsCharsets()`](https://koajs.com/#request-acceptscharsets-charsets-).
//!
//! [RFC 9110 section 12.5.2](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.2).

use super::quality::{acceptable, best, name_ranges, name_rank};

/// The best offer, as given. Without a header every charset is as good as another.
pub(crate) fn preferred<'a>(header: Option<&str>, offers: &[&'a str]) -> Option<&'a str> {
    let header = header.unwrap_or("*");
    best(offers, |offer| name_rank(offer, name_ranges(header)))
}

/// The charsets that the client lists, best first. Without a header that is `*`.
pub(crate) fn all(header: Option<&str>) -> Vec<&str> {
    let listed = name_ranges(header.unwrap_or("*"));
    acceptable(listed.map(|(_, name, quality)| (name, quality)))
}

#[cfg(test)]
mod tests {
    use super::{all, preferred};

    #[test]
    fn the_higher_quality_wins_over_the_order_of_offers() {
        let header = Some("utf-8, iso-8859-1;q=0.2, utf-7;q=0.5");
        assert_eq!(preferred(header, &["utf-7", "utf-8"]), Some("utf-8"));
        assert_eq!(preferred(header, &["UTF-7"]), Some("UTF-7"));
        assert_eq!(preferred(header, &["koi8-r"]), None);
        assert_eq!(all(header), ["utf-8", "utf-7", "iso-8859-1"]);
    }

    #[test]
    fn a_zero_refuses_what_the_star_allows() {
        assert_eq!(preferred(Some("*, utf-8;q=0"), &["utf-8"]), None);
        assert_eq!(
            preferred(Some("*, utf-8;q=0"), &["utf-8", "utf-7"]),
            Some("utf-7")
        );
    }

    #[test]
    fn no_header_accepts_anything_and_an_empty_one_nothing() {
        assert_eq!(preferred(None, &["b", "a"]), Some("b"));
        assert_eq!(all(None), ["*"]);
        assert_eq!(preferred(Some(""), &["b"]), None);
        assert!(all(Some("")).is_empty());
    }
}
