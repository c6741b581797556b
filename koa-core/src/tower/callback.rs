//! An app as a service of tower's.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body as HttpBody;
use tower_service::Service;

use crate::app::Callback;
use crate::chain::Onion;
use crate::request::Carried;
use crate::response::Outgoing;
use crate::server::{Connection, Socket, host};
use crate::tower::{Body, BoxError};

/// For requests with any body. Where the extensions hold a [`Socket`], it says what is known of the connection.
impl<C, B> Service<http::Request<B>> for Callback<C>
where
    C: Onion,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = http::Response<Outgoing>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let socket = request.extensions().get::<Socket>().copied();
        let application = Arc::clone(self.application());
        let connection = Connection::detached(application, socket.unwrap_or_default());
        let request = host::as_in_http1(request).map(|body| {
            let body = Body::from_any(body).into_request();
            body.unwrap_or_else(|| Carried::from_any(Body::default()))
        });
        Box::pin(self.handle_on(Arc::new(connection), request))
    }
}
