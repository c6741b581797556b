//! Forms in parts (`multipart/form-data`), as files are uploaded. With the feature `multipart`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use multer::{Constraints, SizeLimit};

use crate::error::{Error, Result};
use crate::request::body::BodyStream;
use crate::request::charset::Charset;
use crate::request::{Request, UpTo, typed};

/// The longest boundary, in bytes (RFC 2046, 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// How much of a body is gathered before it is looked at, in bytes.
const GATHERED: usize = 16 * 1024;

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
        let (request, limit) = self.into_parts()?;
        request.expect_type(
            &["multipart/form-data"],
            "a form in parts (multipart/form-data)",
        )?;
        let header = request.line("content-type").unwrap_or_default();
        let boundary = multer::parse_boundary(&*header).map_err(broken)?;
        if boundary.len() > LONGEST_BOUNDARY {
            return Err(Error::new(400, "form: the boundary is too long"));
        }
        let limits = SizeLimit::new().whole_stream(limit as u64);
        let gathered = Arc::new(Mutex::new(Gathered {
            body: request.stream()?,
            chunk: BytesMut::new(),
            end: None,
        }));
        let body = Chunks(Arc::clone(&gathered));
        let constraints = Constraints::new().size_limit(limits);
        let form = multer::Multipart::with_constraints(body, boundary, constraints);
        Ok(Multipart { form, gathered })
    }
}

/// A form in parts, made by [`Request::multipart`].
pub struct Multipart {
    form: multer::Multipart<'static>,
    gathered: Shared,
}

impl Multipart {
    /// The next part; `None` after the last. What is left of the part before is skipped.
    ///
    /// # Errors
    ///
    /// A 413 if the form is longer than allowed, a 400 if it is malformed or ends too early.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>> {
        let part = drive(&self.gathered, self.form.next_field()).await;
        Ok(part.map_err(broken)?.map(|field| Part {
            field,
            gathered: &self.gathered,
        }))
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Multipart")
    }
}

/// One part of a form: a field, or a file.
pub struct Part<'a> {
    field: multer::Field<'static>,
    /// Borrowed from the form, whose next part begins where this one ends.
    gathered: &'a Shared,
}

impl Part<'_> {
    /// The name of the field.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.field.name()
    }

    /// The name of the file, as the client says it: not to be used as a path.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.field.file_name()
    }

    /// The media type, as the client says it; empty if it does not.
    #[must_use]
    pub fn type_(&self) -> &str {
        let mime = self.field.content_type();
        mime.map_or("", |mime| mime.essence_str())
    }

    /// The next chunk; `None` at the end of the part.
    ///
    /// # Errors
    ///
    /// Those of [`Multipart::next`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let chunk = drive(self.gathered, self.field.chunk()).await;
        chunk.map_err(broken)
    }

    /// All of it.
    ///
    /// # Errors
    ///
    /// Those of [`Multipart::next`].
    pub async fn bytes(self) -> Result<Bytes> {
        drive(self.gathered, self.field.bytes())
            .await
            .map_err(broken)
    }

    /// All of it as text.
    ///
    /// # Errors
    ///
    /// Those of [`Multipart::next`], and of [`Request::text`] for the charset that the part says itself.
    pub async fn text(self) -> Result<String> {
        let mime = self.field.content_type();
        let charset = mime.and_then(|mime| mime.get_param("charset"));
        let charset = Charset::named(charset.map_or("", |charset| charset.as_str()))?;
        let what = format!("form: {}:", typed::shortened(self.name().unwrap_or("")));
        charset.decode(self.bytes().await?, &what)
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name())
            .field("file_name", &self.file_name())
            .finish_non_exhaustive()
    }
}

fn broken(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamSizeExceeded { limit } => {
            Error::new(413, format!("the form is longer than {limit} bytes"))
        }
        error @ multer::Error::StreamReadFailed(_) => {
            Error::new(400, "form: the body could not be read to its end").with_source(error)
        }
        error @ multer::Error::LockFailure => Error::from(error),
        // It may show what the client sent.
        error => Error::new(
            400,
            format!("form: {}", typed::shortened(&error.to_string())),
        ),
    }
}

/// What has come of the body, gathered into chunks of some size.
///
/// The reader of the form looks at all that it holds whenever it is polled, so that a body in many tiny chunks would
/// cost the square of its length. So it is polled when there is enough to look at.
struct Gathered {
    body: BodyStream,
    chunk: BytesMut,
    /// Set at the end, and how it ended.
    end: Option<Option<Error>>,
}

type Shared = Arc<Mutex<Gathered>>;

fn lock(gathered: &Shared) -> MutexGuard<'_, Gathered> {
    gathered.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gathered {
    fn poll_fill(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        while self.end.is_none() && self.chunk.len() < GATHERED {
            match ready!(Pin::new(&mut self.body).poll_next(cx)) {
                Some(Ok(chunk)) => self.chunk.extend_from_slice(&chunk),
                Some(Err(error)) => self.end = Some(Some(error)),
                None => self.end = Some(None),
            }
        }
        Poll::Ready(())
    }
}

/// Polls a future of the form's reader, each time that enough has been gathered for it.
async fn drive<F: Future>(gathered: &Shared, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        loop {
            ready!(lock(gathered).poll_fill(cx));
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
        }
    })
    .await
}

/// The body as the form's reader takes it: what has been gathered, and then nothing until there is more.
struct Chunks(Shared);

impl Stream for Chunks {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let mut gathered = lock(&self.0);
        if !gathered.chunk.is_empty() {
            return Poll::Ready(Some(Ok(gathered.chunk.split().freeze())));
        }
        match &mut gathered.end {
            // `drive` polls again when there is more.
            None => Poll::Pending,
            Some(end) => {
                let failed = end.take();
                Poll::Ready(failed.map(|error| Err(std::io::Error::other(error.to_string()))))
            }
        }
    }
}
