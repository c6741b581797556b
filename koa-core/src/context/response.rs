//! Koa's response aliases: <https://koajs.com/#response-aliases>. What each does stands at the method of the same name
//! of [`Response`](crate::Response).

use std::borrow::Cow;
use std::time::SystemTime;

use crate::context::Context;
use crate::error::Result;
use crate::response::{Attachment, IntoDate, IntoFields, IntoHeaderValues};

impl Context {
    /// The reason phrase. <https://koajs.com/#response-message>
    #[must_use]
    pub fn message(&self) -> &str {
        self.response.message()
    }

    /// Sets the reason phrase. <https://koajs.com/#response-message-1>
    ///
    /// # Errors
    ///
    /// A control character in it.
    pub fn set_message(&mut self, message: impl Into<String>) -> Result {
        self.response.set_message(message)
    }

    /// The length of the response, in bytes, where it is known. <https://koajs.com/#response-length-1>
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.response.length()
    }

    /// Sets the length of a stream, in bytes. <https://koajs.com/#response-length>
    pub fn set_length(&mut self, length: u64) {
        self.response.set_length(length);
    }

    /// Sets several response headers, in their order. <https://koajs.com/#response-set-1>
    ///
    /// # Errors
    ///
    /// A name or a value that cannot be sent; the headers before it are set.
    pub fn set_all<N: AsRef<str>, V: IntoHeaderValues>(
        &mut self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result {
        self.response.set_all(fields)
    }

    /// The media type of the response. <https://koajs.com/#response-type>
    #[must_use]
    #[doc(alias = "type")]
    pub fn type_(&self) -> Cow<'_, str> {
        self.response.type_()
    }

    /// Sets the type of the response, by media type, extension or file name. <https://koajs.com/#response-type-1>
    ///
    /// # Errors
    ///
    /// A character that must not be in a header.
    #[doc(alias = "type")]
    pub fn set_type(&mut self, name: &str) -> Result {
        self.response.set_type(name)
    }

    /// Adds to what the response varies on. <https://koajs.com/#response-vary>
    ///
    /// # Errors
    ///
    /// What is not the name of a header.
    pub fn vary(&mut self, fields: impl IntoFields) -> Result {
        self.response.vary(fields)
    }

    /// Makes the response a download. <https://koajs.com/#response-attachment-filename-options>
    ///
    /// # Errors
    ///
    /// A kind that is not a token, or a fallback with characters beyond ISO-8859-1.
    pub fn attachment<'a>(&mut self, attachment: impl Into<Attachment<'a>>) -> Result {
        self.response.attachment(attachment)
    }

    /// The `ETag` of the response.
    #[must_use]
    pub fn etag(&self) -> Cow<'_, str> {
        self.response.etag()
    }

    /// Sets the `ETag` of the response. <https://koajs.com/#response-etag>
    ///
    /// # Errors
    ///
    /// A character that must not be in a header.
    pub fn set_etag(&mut self, tag: &str) -> Result {
        self.response.set_etag(tag)
    }

    /// The `Last-Modified` date of the response. <https://koajs.com/#response-lastmodified>
    #[must_use]
    #[doc(alias = "lastModified")]
    pub fn last_modified(&self) -> Option<SystemTime> {
        self.response.last_modified()
    }

    /// Sets the `Last-Modified` date of the response. <https://koajs.com/#response-lastmodified-1>
    ///
    /// # Errors
    ///
    /// A text that is no date, or a year that does not have four digits.
    #[doc(alias = "lastModified")]
    pub fn set_last_modified(&mut self, date: impl IntoDate) -> Result {
        self.response.set_last_modified(date)
    }
}
