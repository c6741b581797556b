//! Finding a cookie in what the browser sent.

/// The first value of the name with this ending (`.sig`, or none), as the `cookies` package reads it: spaces before a name
/// do not count, quotes and what stands around a value do. One pass over the header, without taking it apart.
#[inline(always)]
pub(super) fn find<'h>(header: &'h [u8], name: &str, ending: &str) -> Option<&'h [u8]> {
    let in_latin1;
    let name = match name.is_ascii() {
        true => name.as_bytes(),
        false => {
            in_latin1 = as_sent(name)?;
            &in_latin1
        }
    };
    let bare = without_indent(name);
    let indent = name.len() - bare.len();
    let mut rest = header;
    loop {
        let trimmed = without_indent(rest);
        let value = trimmed
            .strip_prefix(bare)
            .and_then(|rest| rest.strip_prefix(ending.as_bytes()))
            .and_then(|rest| rest.strip_prefix(b"="));
        if let Some(value) = value
            && rest.len() - trimmed.len() >= indent
        {
            let end = memchr::memchr(b';', value);
            return Some(end.map_or(value, |end| &value[..end]));
        }
        let end = memchr::memchr(b';', trimmed)?;
        rest = &trimmed[end + 1..];
    }
}

/// A name as it stands in a header, whose bytes are ISO-8859-1, as Node reads them.
#[cold]
fn as_sent(name: &str) -> Option<Vec<u8>> {
    name.chars().map(|c| u8::try_from(c).ok()).collect()
}

fn without_indent(pair: &[u8]) -> &[u8] {
    let indent = pair.iter().take_while(|byte| **byte == b' ').count();
    &pair[indent..]
}

/// A value without the quotes around it, as the `cookies` package reads it: what opens with one loses its last
/// character, whatever that is.
pub(super) fn unquoted(value: &str) -> &str {
    match value.strip_prefix('"') {
        Some(rest) => {
            let last = rest.char_indices().next_back();
            last.map_or("", |(at, _)| &rest[..at])
        }
        None => value,
    }
}

/// The same of a value as it came.
pub(super) fn unquoted_bytes(value: &[u8]) -> &[u8] {
    match value {
        [b'"', rest @ .., _] => rest,
        [b'"'] => &[],
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::{unquoted, unquoted_bytes};

    #[test]
    fn the_first_of_a_name_is_found() {
        let find = |header: &str, name, ending| {
            let value = super::find(header.as_bytes(), name, ending);
            value.map(|value| String::from_utf8(value.to_vec()).unwrap())
        };
        let value = |value: &str| Some(value.to_owned());
        assert_eq!(find("a=1; b=2;c=3", "b", ""), value("2"));
        assert_eq!(find("a=1; b=2;c=3", "c", ""), value("3"));
        assert_eq!(find("a=1; a=2", "a", ""), value("1"));
        assert_eq!(find("aa=1; a=2", "a", ""), value("2"));
        assert_eq!(find("a.sig=1; a=2=3 ", "a", ""), value("2=3 "));
        assert_eq!(find("a=1; a.sig=2", "a", ".sig"), value("2"));
        assert_eq!(find("A=1; a", "a", ""), None);
        assert_eq!(find("  a=1", " a", ""), value("1"));
        assert_eq!(find("a=1", " a", ""), None);
        assert_eq!(find("\ta=1", "a", ""), None);
        assert_eq!(find("b= a=1; a=2", "a", ""), value("2"));
        assert_eq!(super::find(b"\xe9=1", "é", ""), Some(&b"1"[..]));
        assert_eq!(find("é=1", "é", ""), None);
    }

    #[test]
    fn quotes_are_taken_off() {
        assert_eq!(unquoted("\"a\""), "a");
        assert_eq!(unquoted("\"é"), "");
        for value in ["\"a\"", "\"a", "\"", "a\"", "\"\""] {
            assert_eq!(unquoted_bytes(value.as_bytes()), unquoted(value).as_bytes());
        }
        assert_eq!(unquoted("\""), "");
        assert_eq!(unquoted("a\""), "a\"");
    }
}
