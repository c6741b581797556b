//! What the four headers share: quality values, and how an offer is ranked among others.
//!
//! [RFC 9110 section 12.4.2](https://www.rfc-editor.org/rfc/rfc9110#section-12.4.2).

use std::cmp::Ordering;

/// How well the header speaks of one offer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rank {
    /// How exactly the range names the offer; more is more exact.
    pub(super) specificity: u8,
    /// The quality given; not a number where it is unreadable.
    pub(super) quality: f64,
    /// The range's place in the header.
    pub(super) place: usize,
}

impl Rank {
    /// Whether this range decides about the offer rather than `other`: the more specific one does, then the one of
    /// higher quality, then the later one. An unreadable quality compares as neither higher nor lower.
    fn decides_over(&self, other: &Self) -> bool {
        self.specificity
            .cmp(&other.specificity)
            .then(by_quality(self.quality, other.quality))
            .then(self.place.cmp(&other.place))
            .is_gt()
    }

    /// How an offer of this rank compares with one of rank `other`; greater is better.
    fn preference(&self, other: &Self) -> Ordering {
        by_quality(self.quality, other.quality)
            .then(self.specificity.cmp(&other.specificity))
            .then(other.place.cmp(&self.place))
    }
}

fn by_quality(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}

/// The rank of one offer, from those of all ranges that cover it. `None`: none does, or it is refused (`q=0`).
pub(super) fn rank(ranges: impl Iterator<Item = Rank>) -> Option<Rank> {
    let mut decided: Option<Rank> = None;
    for range in ranges {
        let wins = match &decided {
            Some(rank) => range.decides_over(rank),
            // A negative quality counts only from a specific range.
            None => range.specificity > 0 || range.quality >= 0.0 || range.quality.is_nan(),
        };
        if wins {
            decided = Some(range);
        }
    }
    decided.filter(|rank| rank.quality > 0.0)
}

/// A range of a header that lists names: its place, the name, and the quality.
pub(super) type NameRange<'a> = (usize, &'a str, f64);

/// The ranges of a header that lists names, without those that cannot be read.
pub(super) fn name_ranges(header: &str) -> impl Iterator<Item = NameRange<'_>> {
    header.split(',').enumerate().filter_map(|(place, range)| {
        let (name, parameters) = name_and_parameters(range)?;
        Some((place, name, first_quality(parameters)))
    })
}

/// The rank of the name `offer`: a range of that name covers it, and so does `*`.
pub(super) fn name_rank<'a>(
    offer: &str,
    ranges: impl Iterator<Item = NameRange<'a>>,
) -> Option<Rank> {
    rank(ranges.filter_map(|(place, name, quality)| {
        let specificity = if name.eq_ignore_ascii_case(offer) {
            1
        } else if name == "*" {
            0
        } else {
            return None;
        };
        Some(Rank {
            specificity,
            quality,
            place,
        })
    }))
}

/// The offer whose rank is best; of equal ones the first.
pub(super) fn best<'a>(
    offers: &[&'a str],
    rank: impl Fn(&'a str) -> Option<Rank>,
) -> Option<&'a str> {
    let mut best: Option<(&'a str, Rank)> = None;
    for &offer in offers {
        let Some(rank) = rank(offer) else { continue };
        if best
            .as_ref()
            .is_none_or(|(_, held)| rank.preference(held).is_gt())
        {
            best = Some((offer, rank));
        }
    }
    best.map(|(offer, _)| offer)
}

/// The names of acceptable ranges, best first; of equal quality in the order of the header.
pub(super) fn acceptable<'a>(ranges: impl Iterator<Item = (&'a str, f64)>) -> Vec<&'a str> {
    let mut ranges: Vec<_> = ranges.filter(|(_, quality)| *quality > 0.0).collect();
    ranges.sort_by(|a, b| by_quality(b.1, a.1));
    ranges.into_iter().map(|(name, _)| name).collect()
}

/// Takes `name ; parameters` apart. `None` where there is no name, or something else behind it.
fn name_and_parameters(range: &str) -> Option<(&str, &str)> {
    let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
    let name = name.trim();
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some((name, parameters))
}

/// The value of the first `q` among parameters, 1 without one.
fn first_quality(parameters: &str) -> f64 {
    for parameter in parameters.split(';') {
        let mut parts = parameter.trim().split('=');
        if parts.next() == Some("q") {
            return number(parts.next());
        }
    }
    1.0
}

/// Reads the number a text begins with, as JavaScript's `parseFloat` does: `"0.5x"` is 0.5, `"x"` is not a number.
pub(super) fn number(text: Option<&str>) -> f64 {
    let text = text.unwrap_or_default().trim_start();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.starts_with("Infinity") {
        return if text.starts_with('-') {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        };
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = text.len().saturating_sub(unsigned.len());
    let mut end = sign.saturating_add(digits(unsigned));
    if let Some(fraction) = text.get(end..).and_then(|rest| rest.strip_prefix('.')) {
        end = end.saturating_add(1).saturating_add(digits(fraction));
    }
    if let Some(exponent) = text
        .get(end..)
        .and_then(|rest| rest.strip_prefix(['e', 'E']))
    {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let count = digits(unsigned);
        if count > 0 {
            let sign = exponent.len().saturating_sub(unsigned.len());
            end = end
                .saturating_add(1)
                .saturating_add(sign)
                .saturating_add(count);
        }
    }
    text.get(..end)
        .and_then(|number| number.parse().ok())
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{first_quality, name_and_parameters, number};

    #[test]
    fn a_number_ends_where_it_stops_being_one() {
        for (text, value) in [
            ("1", 1.0),
            (".5", 0.5),
            ("0.5x", 0.5),
            ("-1", -1.0),
            ("2e1", 20.0),
            ("2e", 2.0),
            ("1.", 1.0),
        ] {
            assert_eq!(number(Some(text)), value, "{text}");
        }
        for text in ["", "x", ".", "-", "nan", "inf", "e5"] {
            assert!(number(Some(text)).is_nan(), "{text}");
        }
        assert!(number(None).is_nan());
    }

    #[test]
    fn the_first_quality_counts_and_its_name_is_lower_case() {
        assert_eq!(first_quality(" a=b; q=0.5;q=0.9"), 0.5);
        assert_eq!(first_quality("Q=0.5"), 1.0);
        assert_eq!(first_quality("q=0.5=0.9"), 0.5);
        assert!(first_quality("q").is_nan());
    }

    #[test]
    fn a_range_is_one_word() {
        assert_eq!(name_and_parameters(" gzip ;q=1"), Some(("gzip", "q=1")));
        assert_eq!(name_and_parameters("g zip"), None);
        assert_eq!(name_and_parameters(" ;q=1"), None);
    }
}
