//! Asks an app in process. No connection is waited for, so that the answer is there at once.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use koa::http::{Request, Response};
use tower_service::Service;

/// A body that comes in chunks of so many bytes.
pub struct Chunks {
    pub rest: Bytes,
    pub size: usize,
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.size.clamp(1, self.rest.len());
        let chunk = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }
}

/// The status and the body of the answer.
pub fn ask<S, B>(mut app: S, request: Request<Chunks>) -> (u16, String)
where
    S: Service<Request<Chunks>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    let mut answer = pin!(async move {
        let Ok(response) = app.call(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        (status, body.map(|body| body.to_bytes()).ok())
    });
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1000 {
        if let Poll::Ready((status, body)) = answer.as_mut().poll(&mut context) {
            let body = body.expect("a body that is whole");
            return (
                status,
                String::from_utf8(body.into()).expect("a body of text"),
            );
        }
    }
    panic!("nobody answers");
}
