//! What a `Content-Type` header says: [`request.type`](https://koajs.com/#request-type) and
//! [`request.charset`](https://koajs.com/#request-charset).

use std::borrow::Cow;

/// The media type without its parameters, otherwise as it stands: Koa's `request.type` and `response.type`.
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default()
}

/// The `charset` parameter, as it stands; the last where there are several. `None` where there is none, or where any
/// part of the header is malformed.
pub(crate) fn charset(content_type: &str) -> Option<Cow<'_, str>> {
    let (media_type, parameters) = match content_type.find(';') {
        Some(at) => content_type.split_at_checked(at)?,
        None => (content_type, ""),
    };
    let (kind, subtype) = media_type.trim().split_once('/')?;
    if !is_token(kind) || !is_token(subtype) {
        return None;
    }
    let mut charset = None;
    for parameter in Parameters(parameters) {
        let (name, value) = parameter.ok()?;
        if name.eq_ignore_ascii_case("charset") {
            charset = Some(value);
        }
    }
    charset.map(unquoted)
}

/// Whether everything from the first semicolon on is well formed.
pub(super) fn has_valid_parameters(content_type: &str) -> bool {
    let parameters = content_type.find(';').and_then(|at| content_type.get(at..));
    Parameters(parameters.unwrap_or_default()).all(|parameter| parameter.is_ok())
}

struct Malformed;

/// Iterates over `; name=value`, as [RFC 9110 section 5.6.6](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.6)
/// has it, with spaces (but no tabs) also around the `=`.
struct Parameters<'a>(&'a str);

impl<'a> Parameters<'a> {
    fn parse(&mut self) -> Result<(&'a str, &'a str), Malformed> {
        let rest = self
            .0
            .strip_prefix(';')
            .ok_or(Malformed)?
            .trim_start_matches(' ');
        let (name, rest) = rest.split_once('=').ok_or(Malformed)?;
        let name = name.trim_end_matches(' ');
        if !is_token(name) {
            return Err(Malformed);
        }
        let rest = rest.trim_start_matches(' ');
        let end = match rest.strip_prefix('"') {
            Some(quoted) => end_of_quoted(quoted)?.saturating_add(1),
            None => rest.bytes().take_while(|byte| is_token_byte(*byte)).count(),
        };
        let (value, rest) = rest.split_at_checked(end).ok_or(Malformed)?;
        if value.is_empty() {
            return Err(Malformed);
        }
        self.0 = rest.trim_start_matches(' ');
        Ok((name, value))
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<(&'a str, &'a str), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let parameter = self.parse();
        if parameter.is_err() {
            self.0 = "";
        }
        Some(parameter)
    }
}

/// How many bytes of a quoted string there are behind its opening quote.
fn end_of_quoted(quoted: &str) -> Result<usize, Malformed> {
    let mut escaped = false;
    for (at, byte) in quoted.bytes().enumerate() {
        match byte {
            b'\0'..b' ' | 0x7f => return Err(Malformed),
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Ok(at.saturating_add(1)),
            _ => {}
        }
    }
    Err(Malformed)
}

/// A value without its quotes and their backslashes.
fn unquoted(value: &str) -> Cow<'_, str> {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
    else {
        return Cow::from(value);
    };
    if !inner.contains('\\') {
        return Cow::from(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    Cow::from(plain)
}

/// Whether this is a [token](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::{charset, essence, has_valid_parameters};

    #[test]
    fn the_type_is_what_stands_before_the_semicolon() {
        assert_eq!(essence("text/html; charset=utf-8"), "text/html");
        assert_eq!(essence("text/plain ;x"), "text/plain ");
    }

    #[test]
    fn charsets() {
        for (header, expected) in [
            ("text/html; charset=utf-8", Some("utf-8")),
            ("text/html;CHARSET = \"a\\\"b\" ; x=y", Some("a\"b")),
            ("text/html; charset=a; charset=b", Some("b")),
            ("text/html; a=\"x;charset=no\"", None),
            ("text/html; charset=\"\"", Some("")),
            ("text/html", None),
        ] {
            assert_eq!(charset(header).as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn a_malformed_header_has_no_charset() {
        for header in [
            "text; charset=a",
            "/html; charset=a",
            "text/html; charset=a;",
            "text/html; charset=a b",
            "text/html; charset=\"a",
            "text/html; charset=\"a\\",
            "text/html; charset=",
            "text/html; charset",
            "text/html; =a; charset=b",
            "text/html;\tcharset=a",
        ] {
            assert_eq!(charset(header), None, "{header}");
        }
        assert!(has_valid_parameters("text/html;a=b ; c=\"d\""));
        assert!(!has_valid_parameters("text/html; bad"));
    }
}
