//! Query strings: [`request.query`](https://koajs.com/#request-query) and `request.query=`.
//!
//! As Node's [`querystring`](https://nodejs.org/api/querystring.html) reads and writes them, which is how forms do
//! ([WHATWG URL](https://url.spec.whatwg.org/#application/x-www-form-urlencoded)) with three differences: no more than
//! [`MAX_PAIRS`] parts are read, a space is written `%20`, and `!'()~` are written as they are.

use std::{borrow::Cow, collections::HashMap};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// How many parts of a query string are read, empty ones included; what follows is not looked at.
pub(crate) const MAX_PAIRS: usize = 1000;

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*');

/// What a query string says: names and values, decoded, in the order of the string. A name may occur several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryPairs<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> QueryPairs<'a> {
    /// Reads a query string, given without its `?`. A name without `=` has an empty value; escapes that are none stay
    /// as they are; bytes that are not UTF-8 become `U+FFFD`. Never fails.
    pub(crate) fn parse(query: &'a str) -> Self {
        let parts = query
            .split('&')
            .take(MAX_PAIRS)
            .filter(|part| !part.is_empty());
        let pairs = parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        });
        Self {
            pairs: pairs.collect(),
        }
    }

    /// The first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(held, _)| *held == name)
            .map(|(_, value)| value)
    }

    /// All values of a name, in order.
    pub fn all<'q>(&'q self, name: &str) -> impl Iterator<Item = &'q str> {
        self.iter()
            .filter(move |(held, _)| *held == name)
            .map(|(_, value)| value)
    }

    /// Every name with its value, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Each name once, where it first occurs, with all its values: the shape of Koa's `ctx.query`.
    #[must_use]
    pub fn grouped(&self) -> Vec<(&str, Vec<&str>)> {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (name, value) in self.iter() {
            let place = *places.entry(name).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, values)) => values.push(value),
                None => groups.push((name, vec![value])),
            }
        }
        groups
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The same, owning its text.
    #[must_use]
    pub fn into_owned(self) -> QueryPairs<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        QueryPairs {
            pairs: self
                .pairs
                .into_iter()
                .map(|(name, value)| (owned(name), owned(value)))
                .collect(),
        }
    }
}

/// Writes a query string, without `?`; for several values of a name give it several times.
pub(crate) fn stringify<N: AsRef<str>, V: AsRef<str>>(
    pairs: impl IntoIterator<Item = (N, V)>,
) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name.as_ref(), ESCAPED));
        query.push('=');
        query.extend(utf8_percent_encode(value.as_ref(), ESCAPED));
    }
    query
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8_lossy();
    }
    // Before the escapes are undone, so that `%2B` stays a plus.
    let spaced = text.replace('+', " ");
    Cow::from(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{MAX_PAIRS, QueryPairs, decode, stringify};

    #[test]
    fn names_and_values_in_order() {
        let query = QueryPairs::parse("a=1&b=2&a=3&&c&=d&e=f=g");
        assert_eq!(
            query.grouped(),
            [
                ("a", vec!["1", "3"]),
                ("b", vec!["2"]),
                ("c", vec![""]),
                ("", vec!["d"]),
                ("e", vec!["f=g"])
            ]
        );
        assert_eq!(query.get("a"), Some("1"));
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(query.get("z"), None);
        assert!(QueryPairs::parse("").is_empty());
    }

    #[test]
    fn escapes_good_and_bad() {
        for (text, decoded) in [
            ("a+b%20c%2B", "a b c+"),
            ("%zz%20%", "%zz %"),
            ("%E4%BD%A0", "你"),
            ("%E4", "\u{fffd}"),
            ("%ED%A0%80", "\u{fffd}\u{fffd}\u{fffd}"),
            ("%252B", "%2B"),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
        assert!(matches!(decode("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn a_flood_of_names_is_cut_off() {
        let flood: String = (0..2 * MAX_PAIRS).map(|n| format!("k{n}&")).collect();
        assert_eq!(QueryPairs::parse(&flood).iter().len(), MAX_PAIRS);
        assert!(QueryPairs::parse(&("&".repeat(MAX_PAIRS) + "a")).is_empty());
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let pairs = [
            ("na me", "a&b=c#?/+%"),
            ("é", "😀"),
            ("", ""),
            ("k", "-_.!~*'()"),
        ];
        let query = stringify(pairs);
        assert_eq!(
            query,
            "na%20me=a%26b%3Dc%23%3F%2F%2B%25&%C3%A9=%F0%9F%98%80&=&k=-_.!~*'()"
        );
        assert_eq!(QueryPairs::parse(&query).iter().collect::<Vec<_>>(), pairs);
        assert_eq!(stringify::<&str, &str>([]), "");
    }
}
