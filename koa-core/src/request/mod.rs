//! The request: what came over the wire, and what layers make of it. Its url stands in `url`, who asks and for which
//! host in `origin`, its headers in `header`, what the client would like in `accept`, its body in `content` and `body`.
//! `target`, `forwarded`, `query` and `freshness` are the rules, as functions of text.

mod accept;
mod body;
mod charset;
#[cfg(feature = "compression")]
mod coded;
mod content;
#[cfg(feature = "tower")]
mod exchange;
pub(crate) mod forwarded;
pub(crate) mod freshness;
pub(crate) mod header;
#[cfg(feature = "multipart")]
mod multipart;
mod origin;
pub(crate) mod query;
pub(crate) mod target;
mod transfer;
pub(crate) mod typed;
mod url;

use std::fmt;
use std::future::Future;
use std::mem;
use std::sync::Arc;

use http::request::Parts;
use http::{Extensions, Method, Uri, Version};
use hyper::upgrade::OnUpgrade;

use crate::app::Application;
use crate::controller::Route;
use crate::request::url::Rewritten;
use crate::server::{Connection, Socket};

pub(crate) use body::Carried;
#[cfg(feature = "tower")]
pub(crate) use body::Paced;
pub use body::{BodyStream, UpTo};
pub use content::Is;
#[cfg(feature = "multipart")]
pub use multipart::{Multipart, Part};
pub use query::QueryPairs;
pub(crate) use url::Mounted;

/// A request. Koa's `ctx.request`: <https://koajs.com/#request>.
///
/// A [`Context`](crate::Context) has the same methods for what is used most. Everything is read when it is asked for:
/// a request of which only the path is looked at has nothing else taken apart.
pub struct Request {
    pub(crate) head: Parts,
    /// `None` once it has been read, or given away as a stream.
    body: Option<Carried>,
    pub(crate) connection: Arc<Connection>,
    /// How much of the path the mounts around the running layer have taken, in bytes.
    mounted: usize,
    /// What a layer has put in place of the url.
    rewritten: Option<Arc<Rewritten>>,
    /// Whether it came as a `HEAD`, where a layer has changed the method.
    came_as_head: Option<bool>,
    /// The route that was found for it.
    route: Option<&'static Route>,
}

impl Request {
    /// One that waits for a request.
    pub(crate) fn vacant(connection: Arc<Connection>) -> Self {
        Self {
            head: http::Request::new(()).into_parts().0,
            body: None,
            connection,
            mounted: 0,
            rewritten: None,
            came_as_head: None,
            route: None,
        }
    }

    /// Becomes this request; what is in place of a connection comes back.
    #[inline(always)]
    pub(crate) fn begin(
        &mut self,
        request: http::Request<impl Into<Carried>>,
        connection: Arc<Connection>,
    ) -> Arc<Connection> {
        let (head, body) = request.into_parts();
        // There is nothing in a vacant one that has to be freed.
        mem::forget(mem::replace(&mut self.head, head));
        mem::forget(self.body.replace(body.into()));
        mem::replace(&mut self.connection, connection)
    }

    /// Drops what belongs to a request, but for its connection. Its headers are gone already.
    #[inline]
    pub(crate) fn vacate(&mut self) {
        let Self {
            head,
            body,
            connection: _,
            mounted,
            rewritten,
            came_as_head,
            route,
        } = self;
        head.method = Method::GET;
        head.uri = Uri::default();
        head.extensions = Extensions::new();
        *body = None;
        *mounted = 0;
        *rewritten = None;
        *came_as_head = None;
        *route = None;
    }

    pub(crate) fn app(&self) -> &Arc<Application> {
        self.connection.app()
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The request as hyper parsed it, without its body: also what hyper or a layer around the app has put into its
    /// extensions. Node's request, Koa's `ctx.req`: <https://koajs.com/#ctx-req>.
    #[must_use]
    #[doc(alias = "req")]
    pub fn parts(&self) -> &Parts {
        &self.head
    }

    /// The same, to be changed, for what has no method here.
    pub fn parts_mut(&mut self) -> &mut Parts {
        &mut self.head
    }

    /// What the connection becomes once a response with status 101 has been sent
    /// ([`respond_with`](crate::Context::respond_with)); `None` if the client asks for no upgrade, or the second time.
    ///
    /// The layers end first: what goes on afterwards is a task of its own, and the server's limits do not count for it
    /// any more. A server of one's own has to allow it; with hyper that is `serve_connection(..).with_upgrades()`.
    ///
    /// It may be given also where a layer above has put another answer in place of the 101, once that connection ends: so
    /// what is behind the handshake must not be sent before the client has sent something that only a client can that was
    /// let in. `Context::websocket` begins with a 101 alone.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn shout(ctx: &mut Context) -> Result {
    ///     let Some(upgrade) = ctx.request.upgrade() else { throw!(426) };
    ///     tokio::spawn(async move {
    ///         if let Ok(connection) = upgrade.await {
    ///             // .. read and write it, for example through `hyper_util::rt::TokioIo` ..
    ///             drop(connection);
    ///         }
    ///     });
    ///     let switch = koa::http::Response::builder()
    ///         .status(101)
    ///         .header("Connection", "upgrade")
    ///         .header("Upgrade", "shout");
    ///     ctx.respond_with(switch.body(())?);
    ///     Ok(())
    /// }
    /// # let _ = App::new().with(shout);
    /// ```
    pub fn upgrade(&mut self) -> Option<OnUpgrade> {
        self.head.extensions.remove()
    }

    /// Ready when the server begins to shut down, for what lasts longer than a request should: an upgraded connection,
    /// a stream of events. Under a server of one's own it never is.
    pub fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        let closing = self.connection.closing();
        async move {
            match closing {
                // Without its sender the server is gone.
                Some(mut closing) => drop(closing.wait_for(|closing| *closing).await),
                None => std::future::pending().await,
            }
        }
    }

    /// The method. <https://koajs.com/#request-method>
    #[inline]
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// Sets the method, for layers that let a client say it elsewhere. <https://koajs.com/#request-method-1>
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn method_override(ctx: &mut Context, next: impl Next) -> Result {
    ///     if ctx.get("X-HTTP-Method-Override") == "DELETE" {
    ///         ctx.set_method(koa::http::Method::DELETE);
    ///     }
    ///     next.run(ctx).await
    /// }
    /// # let _ = App::new().with(method_override);
    /// ```
    pub fn set_method(&mut self, method: Method) {
        let old = mem::replace(&mut self.head.method, method);
        self.came_as_head.get_or_insert(old == Method::HEAD);
    }

    /// Whether the client waits for a response without a body, whatever the method is now.
    pub(crate) fn came_as_head(&self) -> bool {
        self.came_as_head
            .unwrap_or(self.head.method == Method::HEAD)
    }

    /// Whether the method is one that may be repeated: `GET`, `HEAD`, `PUT`, `DELETE`, `OPTIONS` or `TRACE`.
    /// <https://koajs.com/#request-idempotent>
    #[must_use]
    pub fn idempotent(&self) -> bool {
        matches!(
            self.head.method,
            Method::GET
                | Method::HEAD
                | Method::PUT
                | Method::DELETE
                | Method::OPTIONS
                | Method::TRACE
        )
    }

    /// The path of the route that was found for it, with the names of its parameters: `/posts/:id`. `None` before and
    /// where there is none. `@koa/router`'s `ctx._matchedRoute`.
    #[must_use]
    pub fn route(&self) -> Option<&'static str> {
        self.route.map(|route| route.path)
    }

    pub(crate) fn matched(&mut self, route: &'static Route) {
        self.route = Some(route);
    }

    /// The version of HTTP it was made in.
    #[must_use]
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The connection: the addresses of both ends, and whether it is encrypted.
    /// <https://koajs.com/#request-socket>
    #[must_use]
    pub fn socket(&self) -> Socket {
        self.connection.ends()
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
