//! `Accept-Language`: [`ctx.acceptsLanguages()`](https://koajs.com/#request-acceptslanguages-langs-).
//!
//! [RFC 9110 section 12.5.4](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4), with prefixes matched both ways:
//! `en` in the header covers the offer `en-US`, and `en-US` in the header covers the offer `en`.

use super::quality::{Rank, acceptable, best, number, rank};

/// The best offer, as given. Without a header every language is as good as another.
pub(crate) fn preferred<'a>(header: Option<&str>, offers: &[&'a str]) -> Option<&'a str> {
    let header = header.unwrap_or("*");
    best(offers, |offer| {
        let offer = Range::parse(offer)?;
        rank(header.split(',').enumerate().filter_map(|(place, range)| {
            let range = Range::parse(range)?;
            Some(Rank {
                specificity: range.covers(&offer)?,
                quality: range.quality,
                place,
            })
        }))
    })
}

/// The languages that the client lists, best first. Without a header that is `*`.
pub(crate) fn all(header: Option<&str>) -> Vec<&str> {
    let ranges = header.unwrap_or("*").split(',').filter_map(Range::parse);
    acceptable(ranges.map(|range| (range.tag, range.quality)))
}

struct Range<'a> {
    tag: &'a str,
    /// The tag up to its first hyphen.
    language: &'a str,
    quality: f64,
}

impl<'a> Range<'a> {
    fn parse(range: &'a str) -> Option<Self> {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let tag = tag.trim();
        let (language, rest) = tag.split_once('-').unwrap_or((tag, "-"));
        if language.is_empty() || rest.is_empty() || tag.contains(char::is_whitespace) {
            return None;
        }
        // Unlike in the other headers the last `q` counts, and only one without a space before it.
        let quality = parameters
            .trim_end()
            .rsplit(';')
            .map(|parameter| parameter.split('='))
            .find_map(|mut parts| (parts.next() == Some("q")).then(|| number(parts.next())));
        Some(Self {
            tag,
            language,
            quality: quality.unwrap_or(1.0),
        })
    }

    /// How exactly this range names the offer: the same, its language, or something more special than the offer.
    fn covers(&self, offer: &Self) -> Option<u8> {
        if self.tag.eq_ignore_ascii_case(offer.tag) {
            Some(4)
        } else if self.language.eq_ignore_ascii_case(offer.tag) {
            Some(2)
        } else if self.tag.eq_ignore_ascii_case(offer.language) {
            Some(1)
        } else {
            (self.tag == "*").then_some(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{all, preferred};

    #[test]
    fn prefixes_match_both_ways_but_the_exact_tag_wins() {
        assert_eq!(preferred(Some("en"), &["en-US"]), Some("en-US"));
        assert_eq!(preferred(Some("en-US"), &["en"]), Some("en"));
        assert_eq!(preferred(Some("en-US"), &["en-GB"]), None);
        assert_eq!(preferred(Some("en, de"), &["en-GB", "de"]), Some("de"));
    }

    #[test]
    fn the_exact_range_decides_over_the_general_one() {
        assert_eq!(preferred(Some("en, en-GB;q=0"), &["en-GB"]), None);
        assert_eq!(preferred(Some("*;q=0.1, en"), &["fr", "EN"]), Some("EN"));
    }

    #[test]
    fn a_quality_behind_a_space_is_not_read() {
        assert_eq!(all(Some("fr; q=0.1, en;q=0.5, de")), ["fr", "de", "en"]);
        assert_eq!(all(Some("fr;q=0.1;q=0.9, en;q=0.5")), ["fr", "en"]);
    }

    #[test]
    fn half_a_tag_is_no_tag() {
        assert!(all(Some("en-, -us, , e n")).is_empty());
        assert_eq!(all(None), ["*"]);
    }
}
