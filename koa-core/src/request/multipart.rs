//! Forms in parts (`multipart/form-data`), as files are uploaded. With the feature `multipart`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use multer::{Constraints, SizeLimit};

use crate::error::{Error, Result};
use crate::request::body::BodyStream;
use crate::request::{Request, UpTo};

impl Request {
    /// The form in parts, read part by part as they come. All of it counts for the app's
    /// [`body_limit`](crate::App::body_limit); a larger one is set with [`up_to`](Self::up_to).
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn upload(ctx: &mut Context) -> Result<String> {
    ///     let mut form = ctx.request.up_to(16 * 1024 * 1024).multipart()?;
    ///     let mut files = Vec::new();
    ///     while let Some(mut part) = form.next().await? {
    ///         let name = part.file_name().unwrap_or("no file").to_owned();
    ///         let mut length = 0;
    ///         while let Some(chunk) = part.chunk().await? {
    ///             length += chunk.len();
    ///         }
    ///         files.push(format!("{name}: {length} bytes"));
    ///     }
    ///     Ok(files.join("\n"))
    /// }
    /// # let _ = App::new().with(upload);
    /// ```
    ///
    /// # Errors
    ///
    /// A 415 for another type, a 400 for a type without a boundary, and a 500 if the body was read before.
    pub fn multipart(&mut self) -> Result<Multipart> {
        self.limited().multipart()
    }
}

impl UpTo<'_> {
    /// As [`Request::multipart`].
    ///
    /// # Errors
    ///
    /// Those of [`Request::multipart`].
    pub fn multipart(self) -> Result<Multipart> {
        let (request, limit) = self.into_parts();
        request.expect_type(
            &["multipart/form-data"],
            "a form in parts (multipart/form-data)",
        )?;
        let header = request.line("content-type").unwrap_or_default();
        let boundary = multer::parse_boundary(&*header).map_err(|error| broken(&error))?;
        let limits = SizeLimit::new().whole_stream(limit as u64);
        let body = Chunks(request.stream()?);
        let constraints = Constraints::new().size_limit(limits);
        let form = multer::Multipart::with_constraints(body, boundary, constraints);
        Ok(Multipart(form))
    }
}

/// A form in parts, made by [`Request::multipart`].
pub struct Multipart(multer::Multipart<'static>);

impl Multipart {
    /// The next part; `None` after the last. What is left of the part before is skipped.
    ///
    /// # Errors
    ///
    /// A 413 if the form is longer than allowed, a 400 if it is malformed or ends too early.
    pub async fn next(&mut self) -> Result<Option<Part>> {
        let part = self.0.next_field().await.map_err(|error| broken(&error))?;
        Ok(part.map(Part))
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Multipart")
    }
}

/// One part of a form: a field, or a file.
pub struct Part(multer::Field<'static>);

impl Part {
    /// The name of the field.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name()
    }

    /// The name of the file, as the client says it: not to be used as a path.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.0.file_name()
    }

    /// The media type, as the client says it; empty if it does not.
    #[must_use]
    pub fn type_(&self) -> &str {
        let mime = self.0.content_type();
        mime.map_or("", |mime| mime.essence_str())
    }

    /// The next chunk; `None` at the end of the part.
    ///
    /// # Errors
    ///
    /// Those of [`Multipart::next`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.0.chunk().await.map_err(|error| broken(&error))
    }

    /// All of it.
    ///
    /// # Errors
    ///
    /// Those of [`Multipart::next`].
    pub async fn bytes(self) -> Result<Bytes> {
        self.0.bytes().await.map_err(|error| broken(&error))
    }

    /// All of it as text.
    ///
    /// # Errors
    ///
    /// Those of [`Multipart::next`], and a 400 for bytes that are not UTF-8.
    pub async fn text(self) -> Result<String> {
        let name = self.name().unwrap_or("").to_owned();
        let bytes = self.bytes().await?;
        String::from_utf8(bytes.into()).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Error::new(400, format!("form: {name}: not UTF-8 at byte {at}"))
        })
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name())
            .field("file_name", &self.file_name())
            .finish_non_exhaustive()
    }
}

fn broken(error: &multer::Error) -> Error {
    match error {
        multer::Error::StreamSizeExceeded { limit } => {
            Error::new(413, format!("the form is longer than {limit} bytes"))
        }
        error => Error::new(400, format!("form: {error}")),
    }
}

/// The body with errors that can be those of another error.
struct Chunks(BodyStream);

impl Stream for Chunks {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(Pin::new(&mut self.0).poll_next(cx));
        let failed = |error: Error| std::io::Error::other(error.to_string());
        Poll::Ready(chunk.map(|chunk| chunk.map_err(failed)))
    }
}
