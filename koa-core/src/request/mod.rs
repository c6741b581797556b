//! The request, as hyper parsed it and as mounts rewrite it.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Method, Uri, Version};
use hyper::body::Incoming;

use crate::app::Application;
use crate::server::Connection;

/// A request. Koa's `ctx.request`: <https://koajs.com/#request>.
///
/// A [`Context`](crate::Context) has the same methods for what is used most.
pub struct Request {
    inner: http::Request<Incoming>,
    connection: Arc<Connection>,
    /// How much of the path the mounts around the running layer have taken, in bytes.
    mounted: usize,
}

/// Where a mount begins: what [`Request::leave_mount`] goes back to.
#[derive(Debug, Clone)]
pub(crate) struct Mounted(usize);

impl Request {
    #[inline]
    pub(crate) fn new(request: http::Request<Incoming>, connection: Arc<Connection>) -> Self {
        Self {
            inner: request,
            connection,
            mounted: 0,
        }
    }

    pub(crate) fn app(&self) -> &Arc<Application> {
        self.connection.app()
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    #[inline]
    pub(crate) fn into_headers(mut self) -> HeaderMap {
        std::mem::take(self.inner.headers_mut())
    }

    /// The method. <https://koajs.com/#request-method>
    #[must_use]
    pub fn method(&self) -> &Method {
        self.inner.method()
    }

    /// The version of HTTP it was made in.
    #[must_use]
    pub fn version(&self) -> Version {
        self.inner.version()
    }

    /// The headers. <https://koajs.com/#request-header>
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The value of a header, empty if it was not sent; the first of several, and empty where it is not text.
    /// <https://koajs.com/#request-get>
    ///
    /// `Referrer` is `Referer`, however it is spelt.
    #[must_use]
    pub fn get(&self, field: &str) -> &str {
        let field = if field.eq_ignore_ascii_case("referrer") {
            "referer"
        } else {
            field
        };
        let value = self.inner.headers().get(field);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The target of the request as it came, which no mount changes. <https://koajs.com/#request-originalurl>
    #[must_use]
    pub fn original_uri(&self) -> &Uri {
        self.inner.uri()
    }

    /// The path, without the prefixes of mounts around the running layer. <https://koajs.com/#request-path>
    #[must_use]
    pub fn path(&self) -> &str {
        let path = self.inner.uri().path();
        match path.get(self.mounted..) {
            Some("") | None => "/",
            Some(rest) => rest,
        }
    }

    /// What mounts around the running layer have taken of the path, empty outside of any.
    #[must_use]
    pub fn mount_path(&self) -> &str {
        let path = self.inner.uri().path();
        path.get(..self.mounted).unwrap_or("")
    }

    /// The query string, without the `?`; empty if there is none. <https://koajs.com/#request-querystring>
    #[must_use]
    pub fn querystring(&self) -> &str {
        self.inner.uri().query().unwrap_or("")
    }

    /// Takes `prefix` off the path, if the path is under it.
    pub(crate) fn enter_mount(&mut self, prefix: &str) -> Option<Mounted> {
        let bare = prefix.strip_suffix('/').unwrap_or(prefix);
        let rest = self.path().strip_prefix(bare)?;
        if !(rest.starts_with('/') || rest.is_empty() && bare.len() == prefix.len()) {
            return None;
        }
        let outside = self.mounted;
        self.mounted += bare.len();
        Some(Mounted(outside))
    }

    /// Makes the path what it was.
    pub(crate) fn leave_mount(&mut self, to: Mounted) {
        self.mounted = to.0;
    }

    /// Makes the path what it was, and says what it is now.
    pub(crate) fn swap_mount(&mut self, to: Mounted) -> Mounted {
        Mounted(std::mem::replace(&mut self.mounted, to.0))
    }

    /// The body, as hyper reads it.
    pub fn body_mut(&mut self) -> &mut Incoming {
        self.inner.body_mut()
    }

    /// The client's address, unless it came over a socket that has none.
    #[must_use]
    pub fn peer_addr(&self) -> Option<std::net::SocketAddr> {
        self.connection.peer_addr()
    }
}

/// The method, the path and the names of the headers; their values may be secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", self.method())
            .field("path", &self.path())
            .field("headers", &self.headers().keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
