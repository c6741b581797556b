//! The body of a request: whole, as a type, or as a stream, and never more of it than was asked for.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::media_type;
use crate::request::charset::Charset;
use crate::request::{Request, typed};
use crate::server::{Connection, Limit};

/// The most that is reserved for a body before any of it has come, in bytes: a length is only a claim.
const RESERVED: u64 = 64 * 1024;

/// Reads the body of a request up to a limit of one's own, as [`Request::up_to`] says.
#[derive(Debug)]
pub struct UpTo<'a> {
    request: &'a mut Request,
    limit: usize,
}

impl Request {
    /// The body. <https://koajs.com/#request>: Koa leaves it to a middleware, Egg has it as `ctx.request.body`.
    ///
    /// # Errors
    ///
    /// A 413 if it is longer than the app's [`body_limit`](crate::App::body_limit), a 400 if it ends before its
    /// length, and a 500 if it was read before.
    ///
    /// A coded body is given as it came. [`text`](Self::text), [`json`](Self::json) and [`form`](Self::form) decode
    /// gzip, deflate and br with the feature `compression`, up to the same limit, and answer 415 to any other coding.
    pub async fn bytes(&mut self) -> Result<Bytes> {
        self.limited().bytes().await
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// Those of [`bytes`](Self::bytes); a 400 for bytes that are not of the body's charset, which says where; a 415 for
    /// a charset that is not known. Without the feature `charsets` that is any but UTF-8 and its part US-ASCII; with
    /// it those of the [Encoding Standard](https://encoding.spec.whatwg.org/#names-and-labels) are decoded, in JSON and
    /// in forms too. A body that does not say is UTF-8.
    pub async fn text(&mut self) -> Result<String> {
        self.limited().text().await
    }

    /// The JSON body as a `T`.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[derive(serde::Deserialize)]
    /// struct NewPost {
    ///     title: String,
    /// }
    ///
    /// #[middleware]
    /// async fn create(ctx: &mut Context) -> Result<String> {
    ///     let post: NewPost = ctx.request.json().await?;
    ///     Ok(post.title)
    /// }
    /// # let _ = App::new().with(create);
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`text`](Self::text); a 415 unless the type is `application/json` or ends with `+json`; a 400 that
    /// names the field, the line and the column where it is not a `T`.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.limited().json().await
    }

    /// The form (`application/x-www-form-urlencoded`) as a `T`.
    ///
    /// # Errors
    ///
    /// Those of [`text`](Self::text), also for what is escaped; a 415 for another type; a 400 that names the field where
    /// it is not a `T`.
    pub async fn form<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.limited().form().await
    }

    /// The body as it comes, for bodies that do not fit into memory. It has no limit but
    /// [`BodyStream::up_to`]'s, and can itself be the body of the response.
    ///
    /// # Errors
    ///
    /// A 500 if the body was read before.
    pub fn stream(&mut self) -> Result<BodyStream> {
        let body = self.body.take().ok_or_else(read_before)?;
        let body = Paced::new(body, Arc::clone(&self.connection));
        Ok(BodyStream::new(body))
    }

    /// Reads the body up to `limit` bytes instead of the app's limit.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn upload(ctx: &mut Context) -> Result<String> {
    ///     let image = ctx.request.up_to(16 * 1024 * 1024).bytes().await?;
    ///     Ok(format!("{} bytes", image.len()))
    /// }
    /// # let _ = App::new().with(upload);
    /// ```
    pub fn up_to(&mut self, limit: usize) -> UpTo<'_> {
        UpTo {
            request: self,
            limit,
        }
    }

    /// How long the body says itself that it is: one that is too long need not be read.
    fn announced(&self) -> u64 {
        self.body
            .as_ref()
            .map_or(0, |body| body.size_hint().lower())
    }

    /// That it says to be longer than `limit`.
    #[cold]
    fn refuse(&self, limit: u64) -> Error {
        self.connection.exceeds(Limit::BodySize);
        Error::new(413, format!("the body is longer than {limit} bytes"))
    }

    pub(super) fn limited(&mut self) -> UpTo<'_> {
        let limit = self.app().body_limit();
        self.up_to(limit)
    }

    /// A 415 unless the body is of one of the types.
    pub(super) fn expect_type(&self, types: &[&str], what: &str) -> Result {
        // The type itself, as most clients send it, needs no closer look.
        let header = self.headers().get(CONTENT_TYPE);
        if header.is_some_and(|header| types.iter().any(|ty| header == ty)) {
            return Ok(());
        }
        let header = self.line("content-type").unwrap_or_default();
        if media_type::matches(&header, types).is_some_and(|_| !header.is_empty()) {
            return Ok(());
        }
        Err(match &*header {
            "" => Error::new(
                415,
                format!("{what} is expected, and the request has no Content-Type"),
            ),
            _ => Error::new(415, format!("{what} is expected")),
        })
    }

    /// The charset that the body is said to be in, or a 415.
    fn body_charset(&self) -> Result<Charset> {
        let header = self.headers().get(CONTENT_TYPE);
        // A type without parameters, as most are, needs no closer look.
        if header.is_none_or(|header| !header.as_bytes().contains(&b';')) {
            return Ok(Charset::Utf8);
        }
        Charset::named(&self.charset())
    }
}

impl<'a> UpTo<'a> {
    #[cfg(feature = "multipart")]
    pub(super) fn into_parts(self) -> Result<(&'a mut Request, usize)> {
        if let Some(coding) = self.coding() {
            return Err(unknown_coding(&coding));
        }
        let limit = self.limit as u64;
        if self.request.announced() > limit {
            return Err(self.request.refuse(limit));
        }
        Ok((self.request, self.limit))
    }

    /// The body, with its coding undone where the feature `compression` knows it, and a 415 for any other.
    async fn decoded(self) -> Result<Bytes> {
        let Some(coding) = self.coding() else {
            return self.bytes().await;
        };
        #[cfg(feature = "compression")]
        {
            let limit = self.limit;
            let coded = self.bytes().await?;
            if let Some(decoded) = super::coded::decode(&coding, &coded, limit).await {
                return decoded;
            }
        }
        Err(unknown_coding(&coding))
    }

    /// What the body is coded as, if it is.
    fn coding(&self) -> Option<String> {
        if !self.request.headers().contains_key(CONTENT_ENCODING) {
            return None;
        }
        let coding = self.request.line("content-encoding")?;
        let plain = coding.is_empty() || coding.eq_ignore_ascii_case("identity");
        (!plain).then(|| coding.into_owned())
    }

    /// As [`Request::bytes`].
    ///
    /// # Errors
    ///
    /// Those of [`Request::bytes`].
    pub async fn bytes(self) -> Result<Bytes> {
        let limit = self.limit as u64;
        let length = self.request.announced();
        if length > limit {
            return Err(self.request.refuse(limit));
        }
        let mut body = self.request.stream()?.up_to(limit);
        let mut first = None;
        let mut whole = BytesMut::new();
        while let Some(chunk) = body.next().await.transpose()? {
            match first.take() {
                None if whole.is_empty() => first = Some(chunk),
                None => whole.extend_from_slice(&chunk),
                // A body of one chunk, as most are, is not copied.
                Some(begin) => {
                    let begin: Bytes = begin;
                    whole.reserve(usize::try_from(length.min(RESERVED)).unwrap_or(0));
                    whole.extend_from_slice(&begin);
                    whole.extend_from_slice(&chunk);
                }
            }
        }
        Ok(first.unwrap_or_else(|| whole.freeze()))
    }

    /// As [`Request::text`].
    ///
    /// # Errors
    ///
    /// Those of [`Request::text`].
    pub async fn text(self) -> Result<String> {
        let charset = self.request.body_charset()?;
        let bytes = self.decoded().await?;
        charset.decode(bytes, "the body is")
    }

    /// As [`Request::json`].
    ///
    /// # Errors
    ///
    /// Those of [`Request::json`].
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        self.request
            .expect_type(&["application/json", "+json"], "JSON")?;
        let charset = self.request.body_charset()?;
        let bytes = charset.decode_json(self.decoded().await?)?;
        if let Ok(value) = serde_json::from_slice(&bytes) {
            return Ok(value);
        }
        // Again, to find out where: nobody else pays for that.
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| typed::unreadable("JSON", &error))?;
        json.end()
            .map_err(|error| Error::new(400, format!("JSON: {error}")))?;
        Ok(value)
    }

    /// As [`Request::form`].
    ///
    /// # Errors
    ///
    /// Those of [`Request::form`].
    pub async fn form<T: DeserializeOwned>(self) -> Result<T> {
        self.request.expect_type(
            &["urlencoded"],
            "a form (application/x-www-form-urlencoded)",
        )?;
        let charset = self.request.body_charset()?;
        let bytes = charset.decode_form(self.decoded().await?)?;
        typed::form(&bytes, "form")
    }
}

/// Where the body of a request comes from.
pub(crate) enum Carried {
    /// From the wire.
    Wire(Incoming),
    /// From a server or a layer of someone else's.
    #[cfg(feature = "tower")]
    Given(crate::tower::Given),
}

impl From<Incoming> for Carried {
    #[inline]
    fn from(body: Incoming) -> Self {
        Self::Wire(body)
    }
}

impl Carried {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        match self {
            Self::Wire(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(broken)))
            }
            #[cfg(feature = "tower")]
            Self::Given(body) => body.poll_frame(cx),
        }
    }

    /// Whether it is known that nothing more comes.
    fn is_end(&self) -> bool {
        match self {
            Self::Wire(body) => body.is_end_stream(),
            #[cfg(feature = "tower")]
            Self::Given(_) => false,
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Wire(body) => body.size_hint(),
            #[cfg(feature = "tower")]
            Self::Given(body) => body.size_hint(),
        }
    }
}

/// The body of a request as it comes, made by [`Request::stream`].
///
/// ```
/// # use koa::prelude::*;
/// #[middleware]
/// async fn echo(ctx: &mut Context) -> Result<Body> {
///     Ok(Body::stream(ctx.request.stream()?))
/// }
///
/// #[middleware]
/// async fn count(ctx: &mut Context) -> Result<String> {
///     let mut body = ctx.request.stream()?.up_to(1 << 30);
///     let mut bytes = 0;
///     while let Some(chunk) = body.next().await {
///         bytes += chunk?.len();
///     }
///     Ok(bytes.to_string())
/// }
/// # let _ = App::new().with(echo);
/// ```
pub struct BodyStream {
    /// Nothing after its end, or after an error.
    body: Option<Paced>,
    left: u64,
}

impl BodyStream {
    pub(crate) fn new(body: Paced) -> Self {
        Self {
            body: Some(body),
            left: u64::MAX,
        }
    }

    /// With a limit, in bytes, after which it fails with a 413.
    #[must_use]
    pub fn up_to(mut self, limit: u64) -> Self {
        self.left = limit;
        self
    }

    /// The next chunk; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let Some(body) = &mut this.body else {
                return Poll::Ready(None);
            };
            let frame = match ready!(body.poll_frame(cx)) {
                None => {
                    this.body = None;
                    return Poll::Ready(None);
                }
                Some(Err(error)) => {
                    this.body = None;
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Ok(frame)) => frame,
            };
            // Trailers are no part of the body.
            let Ok(chunk) = frame.into_data() else {
                continue;
            };
            let Some(left) = this.left.checked_sub(chunk.len() as u64) else {
                body.waiting.connection.exceeds(Limit::BodySize);
                this.body = None;
                let error = Error::new(413, "the body is longer than allowed");
                return Poll::Ready(Some(Err(error)));
            };
            this.left = left;
            // What ends with its last chunk need not be asked for more.
            if body.body.is_end() {
                this.body = None;
            }
            return Poll::Ready(Some(Ok(chunk)));
        }
    }
}

/// The body of a request, which has to come as fast as the server says.
pub(crate) struct Paced {
    body: Carried,
    /// The bytes that have come.
    came: u64,
    /// Whether it was waited for at all.
    waited: bool,
    waiting: Waiting,
}

/// Whether a body is waited for. As long as it is there, the body is lent.
struct Waiting {
    connection: Arc<Connection>,
    waits: bool,
}

impl Paced {
    pub(super) fn new(body: Carried, connection: Arc<Connection>) -> Self {
        connection.lends_body();
        Self {
            body,
            came: 0,
            waited: false,
            waiting: Waiting {
                connection,
                waits: false,
            },
        }
    }

    /// The next frame, or that the body comes too slowly.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let Waiting { connection, waits } = &mut self.waiting;
        let pace = connection.pace();
        let Poll::Ready(frame) = self.body.poll_frame(cx) else {
            if *waits && pace.is_late() {
                return Poll::Ready(Some(Err(late())));
            }
            if !std::mem::replace(&mut self.waited, true) {
                connection.begin_reading();
            }
            *waits = true;
            pace.wait(self.came, cx.waker());
            return Poll::Pending;
        };
        if std::mem::take(waits) {
            pace.go_on();
        }
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.came = self.came.saturating_add(length as u64);
        }
        Poll::Ready(frame)
    }
}

#[cfg(feature = "tower")]
impl Paced {
    pub(crate) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    /// The body itself, for another one who reads on.
    pub(crate) fn into_carried(self) -> Carried {
        self.body
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.waits {
            self.connection.pace().go_on();
        }
        self.connection.takes_body_back();
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyStream")
    }
}

fn unknown_coding(coding: &str) -> Error {
    Error::new(
        415,
        format!("the coding {coding:?} of the body is not supported"),
    )
}

/// A body of which too little has come in its time.
#[cold]
fn late() -> Error {
    Error::new(408, "the body comes too slowly")
}

/// A body that ends before its length, or whose chunks are malformed.
fn broken(error: hyper::Error) -> Error {
    Error::new(400, "the body could not be read to its end").with_source(error)
}

#[cold]
fn read_before() -> Error {
    Error::internal("the body of the request was read before; it comes only once")
}
