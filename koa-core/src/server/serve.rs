//! A connection's task: HTTP on what was accepted.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::app::Callback;
use crate::chain::Onion;
use crate::server::connection::Connection;
use crate::server::io::Io;
use crate::server::limits::{Limit, Limits};
use crate::server::registry::Registry;
use crate::server::wire::{ReadHalf, Wire};

/// What is served, and how.
pub(super) struct Served<C> {
    pub(super) callback: Callback<C>,
    pub(super) registry: Arc<Registry>,
    pub(super) limits: Limits,
    http1: http1::Builder,
}

impl<C> Served<C> {
    pub(super) fn new(callback: Callback<C>, registry: Arc<Registry>, limits: Limits) -> Self {
        let mut http1 = http1::Builder::new();
        // A request runs to its end when the client goes away, as in Koa, and hyper need not watch for that.
        // The header timeout is the registry's: hyper's own sets a timer for each request.
        http1
            .half_close(true)
            .header_read_timeout(None)
            .max_header_size(limits.header_size);
        if let Some(headers) = limits.own_headers() {
            http1.max_headers(headers);
        }
        Self {
            callback,
            registry,
            limits,
            http1,
        }
    }
}

/// Serves a plain connection.
pub(super) fn serve<C: Onion>(
    read: ReadHalf,
    connection: Arc<Connection>,
    served: Arc<Served<C>>,
) -> impl Future<Output = ()> + Send {
    let wire = Wire::new(read, Arc::clone(&connection));
    serve_http(wire, connection, served)
}

/// Serves HTTP/1.1, and HTTP/2 where the client begins with it.
///
/// What is served is made before the future, which then holds it once: an `async fn` would keep its arguments beside what
/// it makes of them, for as long as the connection is open.
#[cfg_attr(
    not(feature = "http2"),
    allow(
        clippy::needless_pass_by_value,
        reason = "HTTP/2 goes on with what is served"
    )
)]
pub(super) fn serve_http<C: Onion, S>(
    stream: S,
    connection: Arc<Connection>,
    served: Arc<Served<C>>,
) -> impl Future<Output = ()> + Send
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = served.callback.service_on(Arc::clone(&connection));
    let io = Io::new(stream, Arc::clone(&connection));
    let mut http = served.http1.serve_connection(io, service).with_upgrades();
    async move {
        let outcome = poll_fn(|cx| Future::poll(Pin::new(&mut http), cx)).await;
        let parts = http.into_parts();
        // A client that broke off or sent what is no HTTP; hyper has answered it where that makes sense.
        if let Err(error) = outcome {
            if error.is_parse_too_large() {
                connection.exceeds(Limit::HeaderSize);
            }
            #[cfg(feature = "http2")]
            if error.is_parse_version_h2() {
                if let Some(parts) = parts {
                    let stream = parts.io.into_inner();
                    let begun = parts.read_buf;
                    Box::pin(crate::server::http2::serve(
                        stream, begun, connection, served,
                    ))
                    .await;
                }
                return;
            }
        } else if parts.is_none() {
            // Somebody else has the stream from now on.
            return connection.upgrade();
        }
        drop(parts);
        Box::pin(connection.linger()).await;
    }
}
