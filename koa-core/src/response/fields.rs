//! The headers of a response that have a meaning of their own: type, tag, date, what it varies on, and whether it is a
//! download.

use std::borrow::Cow;
use std::time::SystemTime;

use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderName, HeaderValue};

use crate::date;
use crate::error::{Error, Result};
use crate::media_type;
use crate::negotiation::Names;
use crate::request::header::{joined, text};
use crate::response::disposition::{Fallback, content_disposition};
use crate::response::{IntoHeaderValue, Response, etag, vary};

impl Response {
    /// The media type, without parameters; empty if there is none. <https://koajs.com/#response-type>
    #[must_use]
    #[doc(alias = "type")]
    pub fn type_(&self) -> Cow<'_, str> {
        match self.headers.get(CONTENT_TYPE).map(text) {
            Some(Cow::Borrowed(value)) => Cow::Borrowed(media_type::essence(value)),
            Some(Cow::Owned(value)) => Cow::Owned(media_type::essence(&value).to_owned()),
            None => Cow::Borrowed(""),
        }
    }

    /// Sets the `Content-Type`: to a media type, or to that of an extension (`"png"`, `".png"`) or a file name, with
    /// the charset that belongs to it. One that is not known removes it. <https://koajs.com/#response-type-1>
    ///
    /// # Errors
    ///
    /// A character that must not be in a header.
    #[doc(alias = "type")]
    pub fn set_type(&mut self, name: &str) -> Result {
        match media_type::content_type(name) {
            Some(value) => self.put(CONTENT_TYPE, value),
            None => {
                self.remove(CONTENT_TYPE.as_str());
                Ok(())
            }
        }
    }

    /// Which of the `types` the response is of; `None` if it is of none of them or has no type.
    /// <https://koajs.com/#response-is-types>
    ///
    /// The types are those of [`Request::is`](crate::Request::is).
    #[must_use]
    pub fn is<'a>(&'a self, types: impl Names<'a>) -> Option<Cow<'a, str>> {
        match self.headers.get(CONTENT_TYPE).map(text)? {
            Cow::Borrowed(value) => {
                types.with(|types| media_type::matches(media_type::essence(value), types))
            }
            // A type with bytes beyond ASCII is not well formed.
            Cow::Owned(_) => None,
        }
    }

    /// The `ETag`, with its quotes; empty if there is none.
    #[must_use]
    pub fn etag(&self) -> Cow<'_, str> {
        self.headers.get(ETAG).map(text).unwrap_or_default()
    }

    /// Sets the `ETag`; quotes are put around it unless it has them. <https://koajs.com/#response-etag>
    ///
    /// # Errors
    ///
    /// A character that must not be in a header.
    pub fn set_etag(&mut self, tag: &str) -> Result {
        self.put(ETAG, etag::quoted(tag))
    }

    /// The `Last-Modified` date, if there is one that can be read. <https://koajs.com/#response-lastmodified>
    #[must_use]
    #[doc(alias = "lastModified")]
    pub fn last_modified(&self) -> Option<SystemTime> {
        date::parse(self.headers.get(LAST_MODIFIED)?.to_str().ok()?)
    }

    /// Sets the `Last-Modified` date, to the second: to a [`SystemTime`], or to a date as text (as HTTP writes it, or
    /// ISO 8601). <https://koajs.com/#response-lastmodified-1>
    ///
    /// # Errors
    ///
    /// A text that is no date, or a year that does not have four digits.
    #[doc(alias = "lastModified")]
    pub fn set_last_modified(&mut self, date: impl IntoDate) -> Result {
        let date = date.into_date()?;
        let value =
            date::format(date).ok_or_else(|| Error::internal("a date that HTTP cannot write"))?;
        self.put(LAST_MODIFIED, value)
    }

    /// Adds to what the response varies on: the name of a header, several between commas, or several in an array.
    /// <https://koajs.com/#response-vary>
    ///
    /// # Errors
    ///
    /// What is not the name of a header.
    pub fn vary(&mut self, fields: impl IntoFields) -> Result {
        let header = joined(&self.headers, VARY.as_str()).unwrap_or_default();
        let value = fields.add_to(&header)?;
        if value.is_empty() {
            return Ok(());
        }
        self.put(VARY, value)
    }

    /// Sets `Content-Disposition` so that the client saves the body, under a file name if one is given, which then
    /// also says the type. <https://koajs.com/#response-attachment-filename-options>
    ///
    /// ```
    /// # use koa::prelude::*;
    /// use koa::Attachment;
    ///
    /// #[middleware]
    /// async fn download(ctx: &mut Context) -> Result {
    ///     ctx.attachment("report.pdf")?;
    ///     ctx.attachment(Attachment::new("€ rates.txt").fallback("EUR rates.txt"))?;
    ///     ctx.attachment(Attachment::unnamed())
    /// }
    /// # let _ = App::new().with(download);
    /// ```
    ///
    /// # Errors
    ///
    /// A [`kind`](Attachment::kind) that is not a token, or a [`fallback`](Attachment::fallback) with characters beyond
    /// ISO-8859-1.
    pub fn attachment<'a>(&mut self, attachment: impl Into<Attachment<'a>>) -> Result {
        let Attachment {
            name,
            kind,
            fallback,
        } = attachment.into();
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            self.set_type(media_type::extension(name))?;
        }
        let kind = if kind.is_empty() { "attachment" } else { kind };
        let value = content_disposition(kind, name, fallback)
            .map_err(|error| Error::internal(error.to_string()))?;
        self.put(CONTENT_DISPOSITION, value)
    }

    fn put(&mut self, name: HeaderName, value: impl IntoHeaderValue) -> Result {
        let value: HeaderValue = value
            .into_header_value()
            .map_err(|error| Error::internal(format!("the header {:?}: {error}", name.as_str())))?;
        if !self.sent {
            self.headers.insert(name, value);
        }
        Ok(())
    }
}

/// What [`set_last_modified`](Response::set_last_modified) takes: a [`SystemTime`], or a date as text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a date",
    note = "a `SystemTime` is, and so is a date as text"
)]
pub trait IntoDate {
    /// The date.
    ///
    /// # Errors
    ///
    /// A text that is no date.
    fn into_date(self) -> Result<SystemTime>;
}

impl IntoDate for SystemTime {
    fn into_date(self) -> Result<SystemTime> {
        Ok(self)
    }
}

impl IntoDate for &str {
    fn into_date(self) -> Result<SystemTime> {
        date::parse(self).ok_or_else(|| Error::internal(format!("{self:?} is not a date")))
    }
}

/// What [`vary`](Response::vary) takes: names of headers between commas, or an array of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name headers",
    note = "a name does, several between commas do, and so does an array of names"
)]
pub trait IntoFields {
    /// The value of `Vary`, with these names added to it.
    ///
    /// # Errors
    ///
    /// What is not the name of a header.
    fn add_to(self, header: &str) -> Result<String>;
}

impl IntoFields for &str {
    fn add_to(self, header: &str) -> Result<String> {
        let value = vary::append(header, self).map_err(|error| bad_field(&error))?;
        Ok(value.into_owned())
    }
}

impl IntoFields for &[&str] {
    fn add_to(self, header: &str) -> Result<String> {
        let value = vary::append_each(header, self.iter().copied());
        Ok(value.map_err(|error| bad_field(&error))?.into_owned())
    }
}

impl<const N: usize> IntoFields for [&str; N] {
    fn add_to(self, header: &str) -> Result<String> {
        self.as_slice().add_to(header)
    }
}

impl IntoFields for &String {
    fn add_to(self, header: &str) -> Result<String> {
        self.as_str().add_to(header)
    }
}

fn bad_field(error: &vary::InvalidField) -> Error {
    Error::internal(error.to_string())
}

/// What [`attachment`](Response::attachment) takes: a file name, or one with options.
#[derive(Debug, Clone, Copy)]
pub struct Attachment<'a> {
    name: Option<&'a str>,
    kind: &'a str,
    fallback: Fallback<'a>,
}

impl<'a> Attachment<'a> {
    /// With a file name; of a path only the last part is sent.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self {
            name: Some(name),
            kind: "attachment",
            fallback: Fallback::Auto,
        }
    }

    /// Without a file name.
    #[must_use]
    pub const fn unnamed() -> Self {
        Self {
            name: None,
            kind: "attachment",
            fallback: Fallback::Auto,
        }
    }

    /// With another kind than `attachment`, such as `inline`. Koa's option `type`.
    #[must_use]
    pub const fn kind(mut self, kind: &'a str) -> Self {
        self.kind = kind;
        self
    }

    /// With a file name for clients that know ASCII only. Koa's option `fallback`.
    #[must_use]
    pub const fn fallback(mut self, name: &'a str) -> Self {
        self.fallback = Fallback::Name(name);
        self
    }

    /// Without a file name for clients that know ASCII only; by default one is made with `?` for other characters.
    /// Koa's option `fallback: false`.
    #[must_use]
    pub const fn without_fallback(mut self) -> Self {
        self.fallback = Fallback::Off;
        self
    }
}

impl<'a> From<&'a str> for Attachment<'a> {
    fn from(name: &'a str) -> Self {
        Self::new(name)
    }
}

impl<'a> From<&'a String> for Attachment<'a> {
    fn from(name: &'a String) -> Self {
        Self::new(name)
    }
}
