//! A layer of tower's as a middleware.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LINK, SET_COOKIE, TRANSFER_ENCODING, VARY,
    WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, Request, Response};
use http_body::Body as HttpBody;
use tower_layer::Layer;
use tower_service::Service;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::middleware::{Middleware, Next};
use crate::response::TEXT;
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
/// headers that it has set: so an error has its CORS headers. Where the layer makes a new response, or one with another
/// status or `Content-Type`, that is the answer: the app's listeners hear of the error, and the layers above do not.
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
        let mut failed = None;
        meeting.answer(match below {
            Err(answer) => return by_itself(ctx, before, answer),
            Ok(Ok(Ok(()))) => Outcome::Response(ctx.lend_response()),
            Ok(Ok(Err(error))) => Outcome::Response(as_response(failed.insert(error))),
            Ok(Err(payload)) => Outcome::Panic(payload),
        });
        let answer = answer.await;
        if let Some(error) = failed {
            return after_error(ctx, before, error, answer);
        }
        let answer = answer.map_err(into_error)?;
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

/// What becomes of an error of the layers below: it goes on up, or is told of where the layer has an answer of its own.
fn after_error(
    ctx: &mut Context,
    before: HeaderMap,
    error: Error,
    answer: Result<Response<Body>, BoxError>,
) -> Result {
    if let Ok(answer) = &answer
        && (is_still(&error, answer) || ctx.response.head_is_sent())
    {
        return Err(with_headers(error, answer.headers()));
    }
    if !error.is_disconnect() {
        ctx.app().emit_error(&error, ctx);
    }
    by_itself(ctx, before, answer)
}

/// Among the extensions of the response that an error would become.
#[derive(Clone)]
struct Returned;

fn as_response(error: &Error) -> Response<Body> {
    let text = error.public_text().into_owned();
    let mut response = Response::new(Body::response(text.into()));
    *response.status_mut() = error.status_code();
    let headers = response.headers_mut();
    headers.clone_from(error.headers());
    for name in OF_THE_TEXT {
        headers.remove(name);
    }
    headers.insert(CONTENT_TYPE, TEXT);
    response.extensions_mut().insert(Returned);
    response
}

/// Whether a layer has left the error's response as it was, but for its headers. What it did to the body is not seen: it
/// may have been wrapped.
fn is_still(error: &Error, answer: &Response<Body>) -> bool {
    let ty = answer.headers().get(CONTENT_TYPE);
    answer.extensions().get::<Returned>().is_some()
        && answer.status() == error.status_code()
        && ty.is_none_or(|ty| ty == TEXT)
}

/// The headers of an error's text, which are its own.
const OF_THE_TEXT: [HeaderName; 4] = [
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    TRANSFER_ENCODING,
];

/// Headers of which one value says nothing against another.
const LISTS: [HeaderName; 4] = [LINK, SET_COOKIE, VARY, WWW_AUTHENTICATE];

/// The error, with the headers that its response has now.
fn with_headers(mut error: Error, answer: &HeaderMap) -> Error {
    let own = std::mem::take(error.headers_mut());
    let headers = error.headers_mut();
    for (name, value) in &own {
        let is_said = || answer.get_all(name).iter().any(|said| said == value);
        if OF_THE_TEXT.contains(name)
            || LISTS.contains(name) && answer.contains_key(name) && !is_said()
        {
            headers.append(name.clone(), value.clone());
        }
    }
    for (name, value) in answer {
        if !OF_THE_TEXT.contains(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    error
}
