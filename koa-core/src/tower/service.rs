//! A service of tower's as an endpoint.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tower_service::Service;

use crate::context::Context;
use crate::error::Result;
use crate::middleware::{Middleware, Next};
use crate::tower::{Body, BoxError, into_error, keep};
use crate::wiring::Requires;

/// Makes an endpoint of a `tower::Service`: an axum router, `tower-http`'s static files.
///
/// It sees the url as the endpoint does, so without the prefix of a mount, and finds the connection as a
/// [`Socket`](crate::Socket) among the extensions. What was set on the response before is kept where its answer does not
/// say otherwise; cookies and `Vary` are kept beside those of its own.
///
/// ```
/// use koa::prelude::*;
///
/// let router: axum::Router = axum::Router::new()
///     .route("/hello", axum::routing::get(|| async { "Hello from axum" }));
/// let app = App::new().mount("/axum", koa::tower::service(router));
/// ```
pub fn service<S, B>(service: S) -> Mounted<S, B>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Mounted {
        service,
        body: PhantomData,
    }
}

/// A service of tower's as an endpoint, made by [`service`].
pub struct Mounted<S, B> {
    service: S,
    body: PhantomData<fn() -> B>,
}

impl<S, B> fmt::Debug for Mounted<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mounted")
    }
}

impl<List, S, B> Requires<List, ()> for Mounted<S, B> {}

impl<S, B> Middleware for Mounted<S, B>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Provides = ();
    type Wiring = Self;

    async fn call<'a, N: Next + 'a>(&'a self, ctx: &'a mut Context, _: N) -> Result {
        let socket = ctx.socket();
        let mut request = ctx.request.lend();
        request.extensions_mut().insert(socket);
        let mut service = self.service.clone();
        let ready = poll_fn(|cx| service.poll_ready(cx)).await;
        ready.map_err(|error| into_error(error.into()))?;
        let answer = service.call(request).await;
        let mut answer = answer
            .map_err(|error| into_error(error.into()))?
            .map(Body::from_any);
        keep(ctx.headers_so_far(), answer.headers_mut());
        ctx.take_response(answer);
        Ok(())
    }
}
