//! Adding fields to a `Vary` header: [`response.vary()`](https://koajs.com/#response-vary-field-).
//!
//! [RFC 9110 section 12.5.5](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5).

use std::{borrow::Cow, error, fmt};

use crate::media_type::is_token;

/// What was given is not the name of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidField;

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("field argument contains an invalid header name")
    }
}

impl error::Error for InvalidField {}

/// The header with `fields` added, a list of names between commas. Names that are there already, in any case, are
/// not added again; `*` stands for all and stands alone.
///
/// # Errors
/// One of `fields` is not the name of a header; also where there is none.
pub(crate) fn append<'a>(header: &'a str, fields: &str) -> Result<Cow<'a, str>, InvalidField> {
    append_each(
        header,
        fields.split(',').map(|field| field.trim_matches(' ')),
    )
}

/// The same with names that are apart already, none or many.
///
/// # Errors
/// One of `fields` is not the name of a header.
pub(crate) fn append_each<'a, 'f>(
    header: &'a str,
    fields: impl Iterator<Item = &'f str> + Clone,
) -> Result<Cow<'a, str>, InvalidField> {
    if !fields.clone().all(is_token) {
        return Err(InvalidField);
    }
    let has = |header: &str, field: &str| {
        header
            .split(',')
            .any(|held| held.trim_matches(' ').eq_ignore_ascii_case(field))
    };
    if has(header, "*") || fields.clone().any(|field| field == "*") {
        return Ok(Cow::Borrowed("*"));
    }
    let mut header = Cow::from(header);
    for field in fields {
        if has(&header, field) {
            continue;
        }
        let header = header.to_mut();
        if !header.is_empty() {
            header.push_str(", ");
        }
        header.push_str(field);
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{InvalidField, append, append_each};

    #[test]
    fn fields_are_added_once_in_any_case() {
        assert_eq!(append("", "Accept").as_deref(), Ok("Accept"));
        assert_eq!(
            append("Accept", "Origin, accept").as_deref(),
            Ok("Accept, Origin")
        );
        assert_eq!(
            append_each("", ["A", "a", "B"].into_iter()).as_deref(),
            Ok("A, B")
        );
        assert!(matches!(
            append("Accept,origin", " Origin "),
            Ok(Cow::Borrowed("Accept,origin"))
        ));
        assert_eq!(append_each("", [].into_iter()).as_deref(), Ok(""));
    }

    #[test]
    fn a_star_stands_alone() {
        assert_eq!(append("Accept", "*").as_deref(), Ok("*"));
        assert_eq!(append("Accept, *", "Origin").as_deref(), Ok("*"));
        assert_eq!(append("*", "Origin").as_deref(), Ok("*"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for field in [
            "",
            "Bad Name",
            "a:b",
            "a,,b",
            "x\u{e9}",
            "a\r\nSet-Cookie: b",
        ] {
            assert_eq!(append("", field), Err(InvalidField), "{field:?}");
        }
        assert_eq!(append_each("", ["a,b"].into_iter()), Err(InvalidField));
    }
}
