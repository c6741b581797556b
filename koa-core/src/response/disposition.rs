//! The `Content-Disposition` header: [`response.attachment()`](https://koajs.com/#response-attachment-filename-options-).
//!
//! [RFC 6266](https://www.rfc-editor.org/rfc/rfc6266), names beyond ASCII after
//! [RFC 8187](https://www.rfc-editor.org/rfc/rfc8187). The value is visible ASCII whatever the name: nothing can be
//! put into the header beside it. Where Koa sends Latin-1 bytes in `filename`, this sends a fallback and `filename*`,
//! as appendix D of RFC 6266 advises.

use std::{borrow::Cow, error, fmt};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::media_type::is_token;

/// What stays as it is in an extended value.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!');

/// The name for clients that do not understand `filename*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fallback<'a> {
    /// The name itself, with `?` for what is not ASCII.
    #[default]
    Auto,
    /// No such name.
    Off,
    /// This name.
    Name(&'a str),
}

/// Why there is no header for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidDisposition {
    /// The type is not a token.
    Type,
    /// The fallback has characters beyond Latin-1.
    Fallback,
}

impl fmt::Display for InvalidDisposition {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "invalid type",
            Self::Fallback => "fallback must be ISO-8859-1 string",
        })
    }
}

impl error::Error for InvalidDisposition {}

/// The header's value; `kind` is usually `attachment`. Of a path as the file name only the last part is sent.
///
/// # Errors
/// The kind is not a token, or the fallback has characters beyond Latin-1.
pub(crate) fn content_disposition(
    kind: &str,
    filename: Option<&str>,
    fallback: Fallback,
) -> Result<String, InvalidDisposition> {
    let beyond_latin1 = |c: char| !matches!(c, ' '..='~' | '\u{a0}'..='\u{ff}');
    if filename.is_some()
        && matches!(fallback, Fallback::Name(fallback) if fallback.contains(beyond_latin1))
    {
        return Err(InvalidDisposition::Fallback);
    }
    if !is_token(kind) {
        return Err(InvalidDisposition::Type);
    }
    let mut value = kind.to_ascii_lowercase();
    let Some(name) = filename.map(base_name) else {
        return Ok(value);
    };

    let fallback = match fallback {
        Fallback::Auto => Some(ascii(name)),
        Fallback::Off => None,
        Fallback::Name(fallback) => Some(ascii(base_name(fallback))),
    };
    let fallback = fallback.filter(|fallback| fallback != name);
    let plain = is_printable(name);
    if plain || fallback.is_some() {
        value.push_str("; filename=\"");
        for c in fallback.as_deref().unwrap_or(name).chars() {
            if matches!(c, '"' | '\\') {
                value.push('\\');
            }
            value.push(c);
        }
        value.push('"');
    }
    // Some clients would take `%41` in a plain name for an escape.
    if !plain || fallback.is_some() || has_escape(name) {
        value.push_str("; filename*=UTF-8''");
        value.extend(utf8_percent_encode(name, ESCAPED));
    }
    Ok(value)
}

/// The last part of a path: Node's `path.basename`.
fn base_name(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default()
}

fn is_printable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A question mark for each UTF-16 unit that is not printable ASCII.
fn ascii(name: &str) -> Cow<'_, str> {
    if name.is_empty() || is_printable(name) {
        return Cow::from(name);
    }
    let mut ascii = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            ' '..='~' => ascii.push(c),
            _ => ascii.extend(std::iter::repeat_n('?', c.len_utf16())),
        }
    }
    Cow::from(ascii)
}

fn has_escape(name: &str) -> bool {
    name.as_bytes().windows(3).any(
        |bytes| matches!(bytes, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()),
    )
}

#[cfg(test)]
mod tests {
    use super::{Fallback, InvalidDisposition, content_disposition};

    fn attachment(name: &str) -> String {
        content_disposition("attachment", Some(name), Fallback::Auto).unwrap()
    }

    #[test]
    fn plain_names_are_quoted() {
        assert_eq!(
            content_disposition("attachment", None, Fallback::Auto).as_deref(),
            Ok("attachment")
        );
        assert_eq!(
            attachment("a \"b\"\\c.txt"),
            r#"attachment; filename="a \"b\"\\c.txt""#
        );
        assert_eq!(
            attachment("/etc/passwd/"),
            r#"attachment; filename="passwd""#
        );
        assert_eq!(attachment(""), "attachment; filename*=UTF-8''");
        assert_eq!(
            attachment("%41"),
            "attachment; filename=\"%41\"; filename*=UTF-8''%2541"
        );
    }

    #[test]
    fn other_names_are_sent_twice() {
        assert_eq!(
            attachment("你😀'.pdf"),
            "attachment; filename=\"???'.pdf\"; filename*=UTF-8''%E4%BD%A0%F0%9F%98%80%27.pdf"
        );
        assert_eq!(
            attachment("café"),
            "attachment; filename=\"caf?\"; filename*=UTF-8''caf%C3%A9"
        );
        let named = content_disposition("Inline", Some("你.txt"), Fallback::Name("ni.txt"));
        assert_eq!(
            named.as_deref(),
            Ok("inline; filename=\"ni.txt\"; filename*=UTF-8''%E4%BD%A0.txt")
        );
        let off = content_disposition("attachment", Some("你.txt"), Fallback::Off);
        assert_eq!(
            off.as_deref(),
            Ok("attachment; filename*=UTF-8''%E4%BD%A0.txt")
        );
    }

    #[test]
    fn no_name_breaks_out_of_the_header() {
        assert_eq!(
            attachment("a\r\nSet-Cookie: b\0"),
            "attachment; filename=\"a??Set-Cookie: b?\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b%00"
        );
        for kind in ["", "in;line", "a\"b", "caf\u{e9}", "a\r\nb: c"] {
            assert_eq!(
                content_disposition(kind, None, Fallback::Auto),
                Err(InvalidDisposition::Type)
            );
        }
    }

    #[test]
    fn a_fallback_beyond_latin1_is_refused() {
        let result = content_disposition("attachment", Some("a"), Fallback::Name("\u{20ac}"));
        assert_eq!(result, Err(InvalidDisposition::Fallback));
    }
}
