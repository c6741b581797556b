//! A layer of tower's as a middleware.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, Request, Response};
use http_body::Body as HttpBody;
use tower_layer::Layer;
use tower_service::Service;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::middleware::{Middleware, Next};
use crate::tower::meeting::{Below, Meeting, Outcome};
use crate::tower::{Body, BoxError, into_error, keep};
use crate::wiring::Requires;

/// Makes a middleware of a `tower::Layer`.
///
/// The layer sees the request as the middleware does, and the response as it would be sent; what it changes of either
/// is changed on the context. It is put around a service once, so what it keeps is shared by all requests. Where it
/// answers by itself (a timeout, CORS), the layers below do not run, or are dropped. With the feature `tracing` they run
/// in the span in which it waits for them.
///
/// An error of the layers below reaches it as the response that the error would become, and then goes on up with the
/// headers that it has added: so an error has its CORS headers, and the app's listeners hear of it once.
///
/// ```
/// use koa::prelude::*;
/// use koa::tower::layer;
/// use tower_http::compression::CompressionLayer;
///
/// let app = App::new().with(layer(CompressionLayer::new()));
/// ```
pub fn layer<L, B>(layer: L) -> Layered<L::Service, B>
where
    L: Layer<Below>,
    L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    <L::Service as Service<Request<Body>>>::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Layered {
        service: layer.layer(Below(())),
        body: PhantomData,
    }
}

/// A layer of tower's as a middleware, made by [`layer`].
pub struct Layered<S, B> {
    service: S,
    body: PhantomData<fn() -> B>,
}

impl<S, B> fmt::Debug for Layered<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layered")
    }
}

impl<List, S, B> Requires<List, ()> for Layered<S, B> {}

impl<S, B> Middleware for Layered<S, B>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Provides = ();
    type Wiring = Self;

    async fn call<'a, N: Next + 'a>(&'a self, ctx: &'a mut Context, next: N) -> Result {
        let meeting = Meeting::default();
        let mut request = ctx.request.lend();
        request.extensions_mut().insert(meeting.clone());
        let url = request.uri().clone();
        let before = ctx.headers_so_far();
        let mut service = self.service.clone();
        let mut answer = pin!(async {
            let ready = poll_fn(|cx| service.poll_ready(cx)).await;
            ready.map_err(Into::<BoxError>::into)?;
            let answer = service.call(request).await;
            answer
                .map(|answer| answer.map(Body::from_any))
                .map_err(Into::<BoxError>::into)
        });
        let called = poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Err(answer)),
            Poll::Pending => meeting.poll_request(cx).map(Ok),
        });
        match called.await {
            Err(answer) => return by_itself(ctx, before, answer),
            Ok(request) => ctx.request.take_back(request, &url),
        }
        // The layers below are not run by the layer, but are to be in its span.
        #[cfg(feature = "tracing")]
        let span = meeting.span();
        let below = {
            let mut below = pin!(next.run(ctx));
            poll_fn(|cx| {
                #[cfg(feature = "tracing")]
                let inside = span.as_ref().map(tracing::Span::enter);
                // The context is not looked at before the layer has said what becomes of the panic.
                match catch_unwind(AssertUnwindSafe(|| below.as_mut().poll(cx))) {
                    Ok(Poll::Ready(result)) => return Poll::Ready(Ok(Ok(result))),
                    Ok(Poll::Pending) => {}
                    Err(payload) => return Poll::Ready(Ok(Err(payload))),
                }
                #[cfg(feature = "tracing")]
                drop(inside);
                answer.as_mut().poll(cx).map(Err)
            })
            .await
        };
        meeting.answer(match below {
            Err(answer) => return by_itself(ctx, before, answer),
            Ok(Ok(Ok(()))) => Outcome::Response(ctx.lend_response()),
            Ok(Ok(Err(error))) => Outcome::Response(as_response(error)),
            Ok(Err(payload)) => Outcome::Panic(payload),
        });
        let mut answer = answer.await.map_err(into_error)?;
        if let Some(returned) = answer.extensions_mut().remove::<Returned>() {
            return Err(returned.with(answer.headers()));
        }
        // Its body is encoded as the head says that is sent, and no layer can change that any more.
        if !ctx.response.head_is_sent() {
            ctx.take_response(answer);
        }
        Ok(())
    }
}

/// An answer of the layer's own, beside which the headers stay that were set above it.
fn by_itself(
    ctx: &mut Context,
    before: HeaderMap,
    answer: Result<Response<Body>, BoxError>,
) -> Result {
    let mut answer = answer.map_err(into_error)?;
    keep(before, answer.headers_mut());
    ctx.take_response(answer);
    Ok(())
}

/// An error on its way up, among the extensions of the response that it would become.
#[derive(Clone)]
struct Returned(Arc<Mutex<Option<Error>>>);

impl Returned {
    /// The error, with the headers that were added to its response.
    fn with(self, headers: &HeaderMap) -> Error {
        let error = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut error) = error else {
            return Error::internal("an error was taken out of its response twice");
        };
        for name in headers.keys() {
            // Those of the text are its own.
            let texts = [
                CONTENT_ENCODING,
                CONTENT_LENGTH,
                CONTENT_TYPE,
                TRANSFER_ENCODING,
            ];
            if texts.contains(name) || error.headers().contains_key(name) {
                continue;
            }
            for value in headers.get_all(name) {
                error.headers_mut().append(name.clone(), value.clone());
            }
        }
        error
    }
}

fn as_response(error: Error) -> Response<Body> {
    let text = error.public_text().into_owned();
    let mut response = Response::new(Body::response(text.into()));
    *response.status_mut() = error.status_code();
    response.headers_mut().clone_from(error.headers());
    let error = Returned(Arc::new(Mutex::new(Some(error))));
    response.extensions_mut().insert(error);
    response
}
