//! Bodies on their way between an app and tower's layers and services.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use sync_wrapper::SyncWrapper;

use crate::error::Result;
use crate::request::{Carried, Paced};
use crate::response::body::Repr;
use crate::tower::{BoxError, Failed, into_error};

/// The body of a request or a response, as tower's layers and services get it from an app. The default is an empty one.
#[derive(Default)]
pub struct Body(Inner);

#[derive(Default)]
enum Inner {
    #[default]
    Empty,
    /// The body of the request itself.
    Lent(Paced),
    /// What others have given as one.
    Request(Carried),
    Response(crate::Body),
}

impl Body {
    pub(crate) fn request(body: Paced) -> Self {
        Self(Inner::Lent(body))
    }

    pub(crate) fn response(body: crate::Body) -> Self {
        Self(Inner::Response(body))
    }

    /// `body`, unchanged where it is one of these.
    pub(super) fn from_any<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut body = Some(body);
        if let Some(body) = (&mut body as &mut dyn Any).downcast_mut::<Option<Self>>() {
            return body.take().unwrap_or_default();
        }
        match body {
            Some(body) if !body.is_end_stream() => Self(Inner::Request(Carried::from_any(body))),
            _ => Self::default(),
        }
    }

    /// As the body of a request.
    pub(crate) fn into_request(self) -> Option<Carried> {
        match self.0 {
            Inner::Empty => None,
            Inner::Lent(body) => Some(body.into_carried()),
            Inner::Request(body) => Some(body),
            Inner::Response(_) => Some(Carried::from_any(self)),
        }
    }

    /// As the body of a response.
    pub(crate) fn into_response(self) -> crate::Body {
        match self.0 {
            Inner::Empty => crate::Body::null(),
            Inner::Response(body) => body,
            Inner::Lent(_) | Inner::Request(_) => {
                let length = self.size_hint().exact();
                crate::Body::streaming(Frames(self), length)
            }
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let frame = match &mut this.0 {
            Inner::Empty => return Poll::Ready(None),
            Inner::Lent(body) => ready!(body.poll_frame(cx)),
            Inner::Request(body) => ready!(body.poll_frame(cx)),
            Inner::Response(body) => match body.repr_mut() {
                Repr::Stream(stream) => ready!(stream.poll_frame(cx)),
                _ => std::mem::replace(body, crate::Body::null())
                    .into_bytes()
                    .map(|bytes| bytes.map(Frame::data)),
            },
        };
        Poll::Ready(frame.map(|frame| frame.map_err(|error| Failed(error).into())))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Empty => true,
            Inner::Lent(_) | Inner::Request(_) => false,
            Inner::Response(body) => body.is_empty() && !body.is_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Empty => SizeHint::with_exact(0),
            Inner::Lent(body) => body.size_hint(),
            Inner::Request(body) => body.size_hint(),
            Inner::Response(body) if body.is_none() => SizeHint::with_exact(0),
            Inner::Response(body) => body
                .len()
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Empty => f.write_str("Body(empty)"),
            Inner::Lent(_) | Inner::Request(_) => f.write_str("Body(stream)"),
            Inner::Response(body) => body.fmt(f),
        }
    }
}

type BoxBody = Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError> + Send>>;

/// A body that someone else gave.
pub(crate) struct Given {
    body: SyncWrapper<BoxBody>,
    hint: SizeHint,
}

impl Given {
    fn new(body: BoxBody, hint: SizeHint) -> Self {
        let body = SyncWrapper::new(body);
        Self { body, hint }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let frame = ready!(self.body.get_mut().as_mut().poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(into_error)))
    }

    /// What it said of its length at the beginning.
    pub(crate) fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

pin_project! {
    /// A body whose errors are boxed.
    struct Boxed<B> {
        #[pin]
        body: B,
    }
}

impl<B> HttpBody for Boxed<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }
}

impl Carried {
    /// Any body as that of a request.
    pub(super) fn from_any<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let hint = body.size_hint();
        Self::Given(Given::new(Box::pin(Boxed { body }), hint))
    }
}

/// A body as the frames of a response, with its trailers.
struct Frames(Body);

impl Stream for Frames {
    type Item = Result<Frame<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(into_error)))
    }
}
