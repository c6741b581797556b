//! `Accept`: [`ctx.accepts()`](https://koajs.com/#request-accepts-types-).
//!
//! [RFC 9110 section 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1). An offer is a media type or the
//! name of one: a file extension such as `html`.

use std::borrow::Cow;

use super::quality::{Rank, acceptable, best, number, rank};
use crate::media_type::lookup;

/// The best offer, as given. Without a header (or with an empty one) that is the first, whatever it is.
pub(crate) fn preferred<'a>(header: Option<&str>, offers: &[&'a str]) -> Option<&'a str> {
    let header = match header {
        None | Some("") => return offers.first().copied(),
        Some(header) => header,
    };
    best(offers, |offer| {
        let media_type = if offer.contains('/') {
            offer
        } else {
            lookup(offer)?
        };
        let offer = Range::parse(media_type)?;
        rank(split(header, ',').enumerate().filter_map(|(place, range)| {
            let range = Range::parse(range)?;
            Some(Rank {
                specificity: range.covers(&offer)?,
                quality: range.quality,
                place,
            })
        }))
    })
}

/// The media types that the client lists, without parameters, best first. Without a header that is `*/*`.
pub(crate) fn all(header: Option<&str>) -> Vec<&str> {
    let ranges = split(header.unwrap_or("*/*"), ',').filter_map(Range::parse);
    acceptable(ranges.map(|range| (range.full, range.quality)))
}

struct Range<'a> {
    /// `type/subtype`.
    full: &'a str,
    kind: &'a str,
    subtype: &'a str,
    /// What stands between the subtype and `q`, if anything does.
    parameters: Option<&'a str>,
    quality: f64,
}

impl<'a> Range<'a> {
    fn parse(range: &'a str) -> Option<Self> {
        let (full, behind) = range.split_once(';').unwrap_or((range, ""));
        let full = full.trim();
        let (kind, subtype) = full.split_once('/')?;
        if kind.is_empty() || subtype.is_empty() || full.contains(char::is_whitespace) {
            return None;
        }
        let behind = behind.trim_end();
        let mut parameters = (!behind.is_empty()).then_some(behind);
        let mut quality = 1.0;
        let mut end = None; // of the parameter before the one at hand
        for parameter in split(behind, ';') {
            let (name, value) = name_and_value(parameter);
            if name.eq_ignore_ascii_case("q") {
                quality = number(value);
                // Whatever follows `q` was meant for an extension that HTTP has dropped.
                parameters = end.and_then(|end| behind.get(..end));
                break;
            }
            let start = end.map_or(0, |end: usize| end.saturating_add(1));
            end = Some(start.saturating_add(parameter.len()));
        }
        Some(Self {
            full,
            kind,
            subtype,
            parameters,
            quality,
        })
    }

    /// How exactly this range names the offer: 4 for the type, 2 for the subtype, 1 for the parameters.
    fn covers(&self, offer: &Self) -> Option<u8> {
        let part = |range: &str, offer: &str, exact: u8| {
            if range.eq_ignore_ascii_case(offer) {
                Some(exact)
            } else {
                (range == "*").then_some(0)
            }
        };
        let specificity = part(self.kind, offer.kind, 4)? | part(self.subtype, offer.subtype, 2)?;
        let Some(parameters) = self.parameters else {
            return Some(specificity);
        };
        let offered = offer.parameters.map(last_of_each_name).unwrap_or_default();
        let matches = last_of_each_name(parameters).iter().all(|(name, value)| {
            let offered = offered
                .iter()
                .find(|(other, _)| other == name)
                .map_or("", |(_, value)| value);
            *value == "*" || value.eq_ignore_ascii_case(offered)
        });
        matches.then_some(specificity | 1)
    }
}

/// Parts between separators that stand outside of double quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// `name=value`, the value without its quotes.
fn name_and_value(parameter: &str) -> (&str, Option<&str>) {
    let parameter = parameter.trim();
    let Some((name, value)) = parameter.split_once('=') else {
        return (parameter, None);
    };
    let bare = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"').or(rest.is_empty().then_some("")));
    (name, Some(bare.unwrap_or(value)))
}

/// Parameters by name in lower case; of two of one name the later.
fn last_of_each_name(parameters: &str) -> Vec<(Cow<'_, str>, &str)> {
    let mut pairs: Vec<_> = split(parameters, ';')
        .map(|parameter| {
            let (name, value) = name_and_value(parameter);
            let upper = name.contains(|c: char| c.is_ascii_uppercase());
            let name = if upper {
                Cow::from(name.to_ascii_lowercase())
            } else {
                Cow::from(name)
            };
            (name, value.unwrap_or_default())
        })
        .collect();
    // Sorted, since a comparison of each with each is what a long header would want us to do.
    pairs.reverse();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    pairs.dedup_by(|a, b| a.0 == b.0);
    pairs
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{all, preferred};

    #[test]
    fn names_are_extensions_and_come_back_as_given() {
        assert_eq!(
            preferred(Some("text/html"), &["json", ".HTML"]),
            Some(".HTML")
        );
        assert_eq!(preferred(Some("text/html"), &["no-such-name"]), None);
        assert_eq!(preferred(None, &["no-such-name"]), Some("no-such-name"));
        assert_eq!(preferred(Some(""), &["b", "a"]), Some("b"));
    }

    #[test]
    fn quality_then_specificity_then_order_decide() {
        assert_eq!(
            preferred(Some("text/*, application/json"), &["html", "json"]),
            Some("json")
        );
        assert_eq!(
            preferred(Some("text/html;q=0.4, text/plain"), &["html", "text"]),
            Some("text")
        );
        assert_eq!(
            preferred(Some("text/plain, text/html"), &["html", "text"]),
            Some("text")
        );
        assert_eq!(preferred(Some("*/*"), &["html", "text"]), Some("html"));
    }

    #[test]
    fn a_zero_refuses_what_a_wildcard_allows() {
        assert_eq!(preferred(Some("text/html;q=0, */*"), &["html"]), None);
        assert_eq!(
            preferred(Some("text/html;q=0, */*"), &["html", "png"]),
            Some("png")
        );
    }

    #[test]
    fn parameters_must_match_quoted_or_not() {
        let header = Some(r#"text/html;level="1";q=0.5, text/plain;a="x,y;z""#);
        assert_eq!(preferred(header, &["text/html"]), None);
        assert_eq!(
            preferred(header, &["text/html;LEVEL=1"]),
            Some("text/html;LEVEL=1")
        );
        assert_eq!(all(header), ["text/plain", "text/html"]);
        assert_eq!(
            preferred(Some("text/html;level=*"), &["text/html;level=7"]),
            Some("text/html;level=7")
        );
        assert_eq!(
            preferred(Some("text/html;a=1;a=2"), &["text/html;a=2"]),
            Some("text/html;a=2")
        );
    }

    #[test]
    fn what_is_no_media_type_is_passed_over() {
        assert_eq!(
            all(Some("text, /x, a/, te xt/html, ,text/html")),
            ["text/html"]
        );
    }

    #[test]
    fn a_hostile_header_takes_linear_time() {
        let many_ranges = "a/b;q=0.1,".repeat(6_500);
        let many_parameters = format!("text/html;{}", "a=b;".repeat(16_000));
        let one_quote = format!("text/html;a=\"{}", ",".repeat(65_000));
        let started = Instant::now();
        for header in [many_ranges, many_parameters, one_quote] {
            assert_eq!(preferred(Some(&header), &["html", "json"]), None);
            assert!(all(Some(&header)).len() <= 6_500);
        }
        // Quadratic time would take minutes.
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
