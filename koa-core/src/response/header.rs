//! Setting and reading the headers of the response.

use std::borrow::Cow;
use std::fmt;

use http::header::{CONTENT_LENGTH, Entry, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Result};
use crate::request::header::text;
use crate::response::Response;

/// What can be the value of a header: text, a number, or an [`http::HeaderValue`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a header",
    note = "text, a number or an `http::HeaderValue` can; make it text with `.to_string()` or `format!`"
)]
pub trait IntoHeaderValue {
    /// The value.
    ///
    /// # Errors
    ///
    /// A character that must not be in a header: a line break, a control character, or one beyond ASCII.
    fn into_header_value(self) -> Result<HeaderValue>;
}

impl IntoHeaderValue for HeaderValue {
    fn into_header_value(self) -> Result<HeaderValue> {
        Ok(self)
    }
}

impl IntoHeaderValue for &str {
    fn into_header_value(self) -> Result<HeaderValue> {
        check_ascii(self)?;
        HeaderValue::from_str(self).map_err(|_| bad_value())
    }
}

impl IntoHeaderValue for String {
    fn into_header_value(self) -> Result<HeaderValue> {
        check_ascii(&self)?;
        HeaderValue::try_from(self).map_err(|_| bad_value())
    }
}

impl IntoHeaderValue for &String {
    fn into_header_value(self) -> Result<HeaderValue> {
        self.as_str().into_header_value()
    }
}

impl IntoHeaderValue for Cow<'_, str> {
    fn into_header_value(self) -> Result<HeaderValue> {
        match self {
            Cow::Borrowed(text) => text.into_header_value(),
            Cow::Owned(text) => text.into_header_value(),
        }
    }
}

macro_rules! number {
    ($($number:ty),*) => {$(
        impl IntoHeaderValue for $number {
            fn into_header_value(self) -> Result<HeaderValue> {
                Ok(self.into())
            }
        }
    )*};
}

number!(u16, i16, u32, i32, u64, i64, usize, isize);

/// `http` would send text beyond ASCII as UTF-8, where its readers expect ISO-8859-1.
fn check_ascii(text: &str) -> Result {
    match text.chars().find(|c| !c.is_ascii()) {
        Some(c) => Err(Error::internal(format!("{c:?}, which is beyond ASCII"))),
        None => Ok(()),
    }
}

fn bad_value() -> Error {
    Error::internal("a character that must not be in a header")
}

/// What can be set as a header: one value, or several, each sent in a line of its own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a header",
    note = "text, a number or an `http::HeaderValue` can, and an array or a `Vec` of them; make it text with \
            `.to_string()` or `format!`"
)]
pub trait IntoHeaderValues {
    /// The values, in their order.
    ///
    /// # Errors
    ///
    /// That of [`IntoHeaderValue`], for the first of them that has one.
    fn into_header_values(self, each: &mut dyn FnMut(HeaderValue) -> Result) -> Result;
}

impl<V: IntoHeaderValue> IntoHeaderValues for V {
    fn into_header_values(self, each: &mut dyn FnMut(HeaderValue) -> Result) -> Result {
        each(self.into_header_value()?)
    }
}

impl<V: IntoHeaderValue, const N: usize> IntoHeaderValues for [V; N] {
    fn into_header_values(self, each: &mut dyn FnMut(HeaderValue) -> Result) -> Result {
        self.into_iter()
            .try_for_each(|value| each(value.into_header_value()?))
    }
}

impl<V: IntoHeaderValue> IntoHeaderValues for Vec<V> {
    fn into_header_values(self, each: &mut dyn FnMut(HeaderValue) -> Result) -> Result {
        self.into_iter()
            .try_for_each(|value| each(value.into_header_value()?))
    }
}

/// The name of a header, from text in any case.
fn name_of(field: &str) -> Result<HeaderName> {
    HeaderName::from_bytes(field.as_bytes())
        .map_err(|_| Error::internal(format!("{field:?} cannot be the name of a header")))
}

fn for_field(field: &str) -> impl FnOnce(Error) -> Error {
    move |error| Error::internal(format!("the header {field:?}: {error}"))
}

/// A length, from what was set as `Content-Length`.
fn length_of(value: &HeaderValue) -> Result<u64> {
    value
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Error::internal("the header \"Content-Length\": not a number of bytes"))
}

/// Refuses codings of a response's transfer but the one that the server applies.
fn check_coding(name: &HeaderName, value: &HeaderValue) -> Result {
    if name == TRANSFER_ENCODING && !value.as_bytes().eq_ignore_ascii_case(b"chunked") {
        let message = "only \"chunked\" can be set";
        return Err(Error::internal(message));
    }
    Ok(())
}

/// Refuses what would end a line.
pub(super) fn check_text(text: &str, what: &str) -> Result {
    match text.chars().find(|c| c.is_control() && *c != '\t') {
        Some(c) => Err(Error::internal(format!("{c:?} must not be in {what}"))),
        None => Ok(()),
    }
}

impl Response {
    /// Sets a header to one value, or to several (`["a", "b"]`), in place of what it was.
    /// <https://koajs.com/#response-set>
    ///
    /// # Errors
    ///
    /// A name or a value that cannot be sent, a `Content-Length` that is no number, or a `Transfer-Encoding` other than
    /// `chunked`. The header is then as it was.
    pub fn set(&mut self, field: &str, values: impl IntoHeaderValues) -> Result {
        let name = name_of(field)?;
        let mut all = None;
        let mut more = Vec::new();
        values
            .into_header_values(&mut |value| {
                check_coding(&name, &value)?;
                match &all {
                    None => all = Some(value),
                    Some(_) => more.push(value),
                }
                Ok(())
            })
            .map_err(for_field(field))?;
        if self.sent {
            return Ok(());
        }
        if name == CONTENT_LENGTH {
            self.length = all.as_ref().map(length_of).transpose()?;
            return Ok(());
        }
        match all {
            Some(value) => {
                self.headers.insert(name.clone(), value);
                for value in more {
                    self.headers.append(name.clone(), value);
                }
            }
            None => {
                self.headers.remove(name);
            }
        }
        Ok(())
    }

    /// Sets several headers, in their order. <https://koajs.com/#response-set-1>
    ///
    /// ```
    /// # use koa::prelude::*;
    /// # #[middleware]
    /// # async fn cached(ctx: &mut Context) -> Result {
    /// ctx.set_all([("ETag", "\"1234\""), ("Cache-Control", "max-age=60")])
    /// # }
    /// # let _ = App::new().with(cached);
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set), for the first header that has one; those before it are set.
    pub fn set_all<N: AsRef<str>, V: IntoHeaderValues>(
        &mut self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result {
        let mut fields = fields.into_iter();
        fields.try_for_each(|(field, values)| self.set(field.as_ref(), values))
    }

    /// Adds one value, or several, to those that a header has. <https://koajs.com/#response-append>
    ///
    /// # Errors
    ///
    /// A name or a value that cannot be sent.
    pub fn append(&mut self, field: &str, values: impl IntoHeaderValues) -> Result {
        let name = name_of(field)?;
        if name == CONTENT_LENGTH {
            return self.set(field, values);
        }
        let mut added = Vec::new();
        values
            .into_header_values(&mut |value| {
                check_coding(&name, &value)?;
                added.push(value);
                Ok(())
            })
            .map_err(for_field(field))?;
        if self.sent {
            return Ok(());
        }
        // Koa takes an empty value for none.
        if self.headers.get(&name).is_some_and(HeaderValue::is_empty) {
            self.headers.remove(&name);
        }
        for value in added {
            self.headers.append(name.clone(), value);
        }
        Ok(())
    }

    /// Removes a header. <https://koajs.com/#response-remove>
    pub fn remove(&mut self, field: &str) {
        if self.sent {
            return;
        }
        if field.eq_ignore_ascii_case(CONTENT_LENGTH.as_str()) {
            self.length = None;
        } else if let Ok(Entry::Occupied(entry)) = self.headers.try_entry(field) {
            entry.remove_entry_mult();
        }
    }

    /// The value of a header, empty if it is not set; the first of several. <https://koajs.com/#response-get>
    ///
    /// All lines of it are in [`headers`](Self::headers). Bytes beyond ASCII are read as ISO-8859-1.
    #[must_use]
    pub fn get(&self, field: &str) -> Cow<'_, str> {
        if field.eq_ignore_ascii_case(CONTENT_LENGTH.as_str()) {
            return self
                .length
                .map_or(Cow::Borrowed(""), |length| Cow::Owned(length.to_string()));
        }
        self.headers.get(field).map(text).unwrap_or_default()
    }

    /// Whether a header is set. <https://koajs.com/#response-has>
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        if field.eq_ignore_ascii_case(CONTENT_LENGTH.as_str()) {
            self.length.is_some()
        } else {
            self.headers.contains_key(field)
        }
    }
}

/// The names of headers: their values may be secret.
pub(super) struct Names<'a>(pub(super) &'a HeaderMap);

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}
