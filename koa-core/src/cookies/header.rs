//! Finding a cookie in what the browser sent.

/// The first value of the name with this ending (`.sig`, or none), as the `cookies` package reads it: spaces before a name
/// do not count, quotes and what stands around a value do. One pass over the header, without taking it apart.
pub(super) fn find<'h>(header: &'h str, name: &str, ending: &str) -> Option<&'h str> {
    let bare = name.trim_start_matches(' ');
    let indent = name.len() - bare.len();
    header.split(';').find_map(|pair| {
        let trimmed = pair.trim_start_matches(' ');
        let value = trimmed.strip_prefix(bare)?.strip_prefix(ending)?;
        let value = value.strip_prefix('=')?;
        (pair.len() - trimmed.len() >= indent).then_some(value)
    })
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

#[cfg(test)]
mod tests {
    use super::{find, unquoted};

    #[test]
    fn the_first_of_a_name_is_found() {
        assert_eq!(find("a=1; b=2;c=3", "b", ""), Some("2"));
        assert_eq!(find("a=1; b=2;c=3", "c", ""), Some("3"));
        assert_eq!(find("a=1; a=2", "a", ""), Some("1"));
        assert_eq!(find("aa=1; a=2", "a", ""), Some("2"));
        assert_eq!(find("a.sig=1; a=2=3 ", "a", ""), Some("2=3 "));
        assert_eq!(find("a=1; a.sig=2", "a", ".sig"), Some("2"));
        assert_eq!(find("A=1; a", "a", ""), None);
        assert_eq!(find("  a=1", " a", ""), Some("1"));
        assert_eq!(find("a=1", " a", ""), None);
        assert_eq!(find("\ta=1", "a", ""), None);
    }

    #[test]
    fn quotes_are_taken_off() {
        assert_eq!(unquoted("\"a\""), "a");
        assert_eq!(unquoted("\"é"), "");
        assert_eq!(unquoted("\""), "");
        assert_eq!(unquoted("a\""), "a\"");
    }
}
