//! Two requests that changed one session at once.

use serde_json::{Map, Value};

/// The fields that `mine` changed from what was `before`, put into `theirs`; `None` where both changed the same field to
/// different values.
pub(super) fn merged(before: &[u8], mine: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    let fields = |json: &[u8]| serde_json::from_slice::<Map<String, Value>>(json).ok();
    let (before, mine, mut all) = (fields(before)?, fields(mine)?, fields(theirs)?);
    let names = before.keys().chain(mine.keys());
    for name in names {
        let (was, is, other) = (before.get(name), mine.get(name), all.get(name));
        if was == is || is == other {
            continue;
        }
        if was != other {
            return None;
        }
        match is.cloned() {
            Some(value) => all.insert(name.clone(), value),
            None => all.remove(name),
        };
    }
    serde_json::to_vec(&all).ok()
}

/// Whether both are the same JSON, in whatever order their fields are: a `HashMap` has another one each time.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let value = |json: &[u8]| serde_json::from_slice::<Value>(json).ok();
    one == other || may_be_reordered(one, other) && value(one) == value(other)
}

/// Whether both are of the same bytes, as far as their sum tells.
fn may_be_reordered(one: &[u8], other: &[u8]) -> bool {
    let pairs = one.iter().zip(other);
    let differences = pairs.map(|(one, other)| one.wrapping_sub(*other));
    one.len() == other.len() && differences.fold(0, u8::wrapping_add) == 0
}

#[cfg(test)]
mod tests {
    use super::{is_same, merged};

    #[test]
    fn the_order_of_fields_is_no_difference() {
        assert!(is_same(br#"{"a":1,"b":2}"#, br#"{"b":2,"a":1}"#));
        assert!(!is_same(br#"{"a":1,"b":2}"#, br#"{"a":2,"b":1}"#));
        assert!(!is_same(br#"{"a":[1,2]}"#, br#"{"a":[2,1]}"#));
        assert!(!is_same(b"{}", br#"{"a":1}"#));
    }

    fn merge(before: &str, mine: &str, theirs: &str) -> Option<String> {
        let all = merged(before.as_bytes(), mine.as_bytes(), theirs.as_bytes())?;
        Some(String::from_utf8(all).unwrap())
    }

    #[test]
    fn different_fields_are_put_together() {
        let before = r#"{"a":1,"b":1}"#;
        assert_eq!(
            merge(before, r#"{"a":2,"b":1}"#, r#"{"a":1,"b":3,"c":4}"#).as_deref(),
            Some(r#"{"a":2,"b":3,"c":4}"#)
        );
        assert_eq!(
            merge(before, r#"{"b":1}"#, before).as_deref(),
            Some(r#"{"b":1}"#)
        );
        assert_eq!(
            merge(before, r#"{"a":2,"b":1}"#, r#"{"a":2,"b":1}"#).as_deref(),
            Some(r#"{"a":2,"b":1}"#)
        );
    }

    #[test]
    fn the_same_field_is_a_conflict() {
        assert_eq!(merge(r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#), None);
        assert_eq!(merge(r#"{"a":1}"#, "{}", r#"{"a":3}"#), None);
        assert_eq!(merge("{}", r#"{"a":2}"#, r#"{"a":3}"#), None);
        assert_eq!(merge("{}", "no JSON", "{}"), None);
    }
}
