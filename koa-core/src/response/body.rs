//! What a response carries, and how hyper gets it.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use serde::Serialize;
use sync_wrapper::SyncWrapper;
use tokio::io::{AsyncRead, ReadBuf};

use crate::error::{Error, Result};
use crate::response::respond::{Ending, answer};
use crate::response::stream::{Aborted, Streamed};
use crate::server::InFlight;

/// How much of a body is handed to hyper at a time, in bytes.
pub(crate) const PART: usize = 256 * 1024;

/// How much of it is handed over last on a stream of HTTP/2, in bytes: what hyper has of a body that has ended waits for
/// the client where no limit counts.
pub(crate) const LAST: usize = 16 * 1024;

/// How much of a reader is read at a time, in bytes.
const CHUNK: usize = 64 * 1024;

/// What a response carries: text, bytes, JSON, a stream, or nothing. Koa's `ctx.body`:
/// <https://koajs.com/#response-body>.
///
/// | from | as |
/// | --- | --- |
/// | `&'static str`, `String`, `Cow<'static, str>` | text |
/// | `Vec<u8>`, `Bytes`, `&'static [u8]` | bytes |
/// | [`Json`], `serde_json::Value` | JSON |
/// | [`Body::stream`], [`Body::reader`], [`Body::file`] | a stream |
/// | `()` | nothing: 204, or an empty response if another status is set after it (Koa's `null`) |
/// | `None` | nothing: 204, or the text of another status that is set after it (Koa's `undefined`) |
pub struct Body(Repr);

pub(crate) enum Repr {
    /// No body was set.
    Unset,
    /// The body was set to nothing.
    Null,
    Text(Bytes),
    Binary(Bytes),
    Json(Bytes),
    Stream(Streaming),
    /// A value that could not be serialised; the error comes out when the response is made.
    Failed(Error),
}

type FrameStream = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>>> + Send>>;

pub(crate) struct Streaming {
    frames: SyncWrapper<FrameStream>,
    /// The bytes to come, where they are known.
    length: Option<u64>,
}

/// How much is reserved for a body in JSON, in bytes: what the last one of the thread had, within these limits.
const JSON: std::ops::Range<usize> = 128..4096;

thread_local! {
    static LAST_JSON: Cell<usize> = const { Cell::new(0) };
}

impl Body {
    pub(crate) const fn unset() -> Self {
        Self(Repr::Unset)
    }

    pub(crate) const fn null() -> Self {
        Self(Repr::Null)
    }

    /// `value` as JSON. A value that cannot be serialised makes the response a 500.
    pub fn json(value: &(impl Serialize + ?Sized)) -> Self {
        let guess = LAST_JSON.get().clamp(JSON.start, JSON.end);
        let mut bytes = Vec::with_capacity(guess);
        match serde_json::to_writer(&mut bytes, value) {
            Ok(()) => {
                LAST_JSON.set(bytes.len());
                Self(Repr::Json(bytes.into()))
            }
            Err(error) => Self(Repr::Failed(error.into())),
        }
    }

    /// The chunks of a stream, sent as they come. The stream is dropped when the client goes away.
    ///
    /// If it fails before its first chunk, the response is a 500; later, the connection is cut. In both cases the
    /// error reaches the app's listeners.
    pub fn stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes>,
        E: Into<Error>,
    {
        Self::streaming(Chunks { stream }, None)
    }

    /// What a reader reads, to its end.
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self::streaming(Reader::new(reader, None), None)
    }

    /// A file, with its length at the time it is opened.
    ///
    /// # Errors
    ///
    /// What opening it fails with; a missing file is a 404, a directory too.
    pub async fn file(path: impl AsRef<Path>) -> Result<Self> {
        let file = tokio::fs::File::open(path).await?;
        let metadata = file.metadata().await?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotFound).into());
        }
        let length = metadata.is_file().then_some(metadata.len());
        Ok(Self::streaming(Reader::new(file, length), length))
    }

    pub(crate) fn streaming(
        frames: impl Stream<Item = Result<Frame<Bytes>>> + Send + 'static,
        length: Option<u64>,
    ) -> Self {
        Self(Repr::Stream(Streaming::new(frames, length)))
    }

    /// Whether there is none: never set, or set to nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self.0, Repr::Unset | Repr::Null)
    }

    /// Whether it is a stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.0, Repr::Stream(_))
    }

    /// Whether it is JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self.0, Repr::Json(_))
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Repr::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The bytes of text, bytes or JSON.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Text(bytes) | Repr::Binary(bytes) | Repr::Json(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Its length in bytes, where that is known.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        match &self.0 {
            Repr::Stream(stream) => stream.length,
            _ => self.as_bytes().map(|bytes| bytes.len() as u64),
        }
    }

    /// Whether it is known to have no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_none() || self.len() == Some(0)
    }

    /// Its length as Koa works it out before it is sent: not that of `false` and `0`.
    pub(crate) fn told_len(&self) -> Option<u64> {
        match &self.0 {
            Repr::Json(json) if is_falsy(json) => None,
            _ => self.len(),
        }
    }

    pub(crate) fn repr(&self) -> &Repr {
        &self.0
    }

    /// What is to be sent of a body that was put into a response by hand.
    pub(crate) fn into_ending(self, ctx: &mut crate::Context) -> Ending {
        match self.0 {
            Repr::Text(bytes) | Repr::Binary(bytes) | Repr::Json(bytes) => Ending::Whole(bytes),
            Repr::Stream(stream) => Ending::Stream(stream),
            Repr::Unset | Repr::Null => Ending::Whole(Bytes::new()),
            Repr::Failed(error) => Ending::Whole(answer(ctx, error)),
        }
    }

    #[cfg(feature = "tower")]
    pub(crate) fn repr_mut(&mut self) -> &mut Repr {
        &mut self.0
    }

    /// The bytes of one that is no stream; nothing where there are none.
    #[cfg(feature = "tower")]
    pub(crate) fn into_bytes(self) -> Option<Result<Bytes>> {
        match self.0 {
            Repr::Text(bytes) | Repr::Binary(bytes) | Repr::Json(bytes) => {
                (!bytes.is_empty()).then_some(Ok(bytes))
            }
            Repr::Failed(error) => Some(Err(error)),
            Repr::Unset | Repr::Null | Repr::Stream(_) => None,
        }
    }

    pub(crate) fn into_repr(self) -> Repr {
        self.0
    }
}

/// Whether JSON is what JavaScript takes for nothing.
pub(crate) fn is_falsy(json: &[u8]) -> bool {
    matches!(json, b"false" | b"0" | b"-0" | b"0.0" | b"-0.0")
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Repr::Unset => "unset",
            Repr::Null => "null",
            Repr::Text(_) => "text",
            Repr::Binary(_) => "bytes",
            Repr::Json(_) => "json",
            Repr::Stream(_) => "stream",
            Repr::Failed(_) => "failed",
        };
        match self.len() {
            Some(length) => write!(f, "Body({kind}, {length} bytes)"),
            None => write!(f, "Body({kind})"),
        }
    }
}

/// A value to be sent, or read, as JSON.
///
/// ```
/// use koa::prelude::*;
///
/// #[derive(serde::Serialize)]
/// struct Greeting {
///     hello: &'static str,
/// }
///
/// #[middleware]
/// async fn greet() -> Json<Greeting> {
///     Json(Greeting { hello: "world" })
/// }
/// # let _ = App::new().with(greet);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

impl<T: Serialize> From<Json<T>> for Body {
    fn from(Json(value): Json<T>) -> Self {
        Self::json(&value)
    }
}

impl From<serde_json::Value> for Body {
    fn from(value: serde_json::Value) -> Self {
        Self::json(&value)
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::null()
    }
}

impl<B: Into<Body>> From<Option<B>> for Body {
    fn from(body: Option<B>) -> Self {
        body.map_or(Self::unset(), Into::into)
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self(Repr::Text(Bytes::from_static(text.as_bytes())))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(Repr::Text(text.into()))
    }
}

impl From<Cow<'static, str>> for Body {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Self(Repr::Binary(Bytes::from_static(bytes)))
    }
}

impl<const N: usize> From<&'static [u8; N]> for Body {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self(Repr::Binary(Bytes::from_static(bytes)))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Repr::Binary(bytes.into()))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Repr::Binary(bytes))
    }
}

impl Streaming {
    pub(crate) fn new(
        frames: impl Stream<Item = Result<Frame<Bytes>>> + Send + 'static,
        length: Option<u64>,
    ) -> Self {
        Self {
            frames: SyncWrapper::new(Box::pin(frames)),
            length,
        }
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        self.frames.get_mut().as_mut().poll_next(cx)
    }
}

pin_project! {
    /// A user's stream, its chunks and errors made ours.
    struct Chunks<S> {
        #[pin]
        stream: S,
    }
}

impl<S, B, E> Stream for Chunks<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    E: Into<Error>,
{
    type Item = Result<Frame<Bytes>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(self.project().stream.poll_next(cx));
        Poll::Ready(chunk.map(|chunk| match chunk {
            Ok(chunk) => Ok(Frame::data(chunk.into())),
            Err(error) => Err(error.into()),
        }))
    }
}

pin_project! {
    /// The chunks of a reader.
    struct Reader<R> {
        #[pin]
        reader: R,
        buffer: BytesMut,
        left: Option<u64>,
    }
}

impl<R> Reader<R> {
    /// `length`: where the reader ends at the latest, and before which it must not end.
    fn new(reader: R, length: Option<u64>) -> Self {
        Self {
            reader,
            buffer: BytesMut::new(),
            left: length,
        }
    }
}

impl<R: AsyncRead> Stream for Reader<R> {
    type Item = Result<Frame<Bytes>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if *this.left == Some(0) {
            return Poll::Ready(None);
        }
        this.buffer.resize(CHUNK, 0);
        let mut unread = ReadBuf::new(this.buffer);
        let outcome = ready!(this.reader.poll_read(cx, &mut unread));
        let mut read = unread.filled().len();
        if let Err(error) = outcome {
            return Poll::Ready(Some(Err(error.into())));
        }
        if let Some(left) = this.left {
            if read == 0 {
                let error = io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("the file ended {left} bytes before its length"),
                );
                return Poll::Ready(Some(Err(error.into())));
            }
            read = read.min(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= read as u64;
        }
        if read == 0 {
            return Poll::Ready(None);
        }
        let chunk = this.buffer.split_to(read).freeze();
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }
}

pin_project! {
    /// What hyper sends: a body on its way to the wire.
    #[derive(Debug)]
    pub struct Outgoing {
        repr: Wire,
        in_flight: InFlight,
    }
}

#[derive(Debug)]
enum Wire {
    Whole(Bytes),
    Stream(Box<Streamed>),
}

impl Outgoing {
    pub(crate) const fn whole(bytes: Bytes, in_flight: InFlight) -> Self {
        Self {
            repr: Wire::Whole(bytes),
            in_flight,
        }
    }

    pub(crate) const fn stream(stream: Box<Streamed>, in_flight: InFlight) -> Self {
        Self {
            repr: Wire::Stream(stream),
            in_flight,
        }
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        match this.repr {
            Wire::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            // hyper copies what it is given behind the head, to write both at once: a large body goes in parts, so that
            // it is never there twice.
            Wire::Whole(bytes) if bytes.len() > LAST => {
                let part = this.in_flight.part_of(bytes.len());
                this.in_flight.hands_over(true);
                Poll::Ready(Some(Ok(Frame::data(bytes.split_to(part)))))
            }
            Wire::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Wire::Stream(stream) => {
                let frame = stream.poll_frame(cx);
                this.in_flight.hands_over(frame.is_ready());
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.repr {
            Wire::Whole(bytes) => bytes.is_empty(),
            Wire::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.repr {
            Wire::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Wire::Stream(stream) => stream.size_hint(),
        }
    }
}
