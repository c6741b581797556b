//! The app: its layers and its settings, put together before it serves.

mod answering;
mod application;
mod caught;
mod events;
mod flushing;

use std::any::TypeId;
use std::convert::Infallible;
use std::fmt;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::StatusCode;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};

use crate::Result;
use crate::app::answering::{Answer, Answering};
use crate::app::caught::Caught;
use crate::chain::{
    self, Deeper, Grown, Holds, HoldsRoutes, Identity, Inside, Mount, Onion, Shallow, Stack,
    WithRoutes,
};
use crate::context::{Context, Place};
use crate::controller::{Controller, conflict};
use crate::cookies::{CookieSettings, Keygrip};
use crate::describe::{self, Description};
use crate::error::Error;
use crate::extract::Rejection;
use crate::middleware::{Done, Middleware};
use crate::request::Carried;
use crate::response::Outgoing;
use crate::response::respond::{Ending, conclude, conclude_stream};
use crate::server::{Addresses, Connection, Server, Socket, escapes, host};
use crate::session::Found;
use crate::wiring::{Nothing, Provision, Requires, Shared};

pub use application::Application;

/// An app: layers in their order, settings, values and listeners. Koa's `Application`:
/// <https://koajs.com/#application>.
///
/// ```no_run
/// use koa::prelude::*;
///
/// #[middleware]
/// async fn hello() -> &'static str {
///     "Hello World"
/// }
///
/// #[koa::main]
/// async fn main() -> Result {
///     App::new().with(hello).listen("127.0.0.1:3000").await
/// }
/// ```
///
/// The type parameters are inferred. They are the layers, the list of what they provide, and how deep they nest; a
/// function that makes a part of an app returns a [`Group`](crate::Group).
pub struct App<C = Identity, List = Nothing, Depth = Shallow> {
    stack: Stack<C, Depth>,
    application: Application,
    list: PhantomData<fn() -> List>,
}

impl App {
    /// An app without layers, which answers 404 to every request.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stack: Stack::new(),
            application: Application::new(),
            list: PhantomData,
        }
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Onion, List, Depth> App<C, List, Depth> {
    /// Adds a layer below those before it. Koa's `app.use`: <https://koajs.com/#app-use-function>.
    ///
    /// It does not compile where the layer asks for something that nothing above it provides.
    #[allow(
        clippy::type_complexity,
        reason = "it is inferred, and nobody writes it"
    )]
    pub fn with<M, Indices>(
        self,
        middleware: M,
    ) -> App<Grown<C, Depth, M>, <M::Provides as Provision>::Add<List>, Deeper<Depth, M>>
    where
        M: Middleware,
        M::Wiring: Requires<List, Indices>,
        Depth: Holds<M::Provides>,
    {
        const { chain::check::<C, M>() };
        M::serve_once::<C>();
        App {
            stack: self.stack.push(middleware),
            application: self.application,
            list: PhantomData,
        }
    }

    /// Adds a layer for the paths under `prefix`, which it does not see. Koa's `mount(prefix, app)`.
    ///
    /// See [`Mount`] for which paths those are.
    #[allow(
        clippy::type_complexity,
        reason = "it is inferred, and nobody writes it"
    )]
    #[track_caller]
    pub fn mount<M, Indices>(
        self,
        prefix: impl Into<String>,
        middleware: M,
    ) -> App<Grown<C, Depth, Mount<M>>, List, Deeper<Depth, Mount<M>>>
    where
        M: Middleware,
        M::Wiring: Requires<List, Indices>,
        Inside<M>: Provision<Value = ()>,
        Depth: Holds<Inside<M>>,
    {
        const { chain::check::<C, Mount<M>>() };
        Mount::<M>::serve_once::<C>();
        App {
            stack: self.stack.push(Mount::new(prefix, middleware)),
            application: self.application,
            list: PhantomData,
        }
    }

    /// Adds the routes of a controller below the layers before it. Egg's `app.router`, Koa's `app.use(router.routes())`
    /// with `app.use(router.allowedMethods())`.
    ///
    /// Controllers that stand together share one matcher. A request that none of their routes is for goes to the layers
    /// after them; if these leave it unanswered, it gets a 405 with `Allow`, the allowed methods (`OPTIONS`), a 501, or a
    /// 404. It does not compile where a handler asks for something that nothing above it provides, or where two
    /// controllers of the app serve one route.
    ///
    /// ```
    /// use koa::prelude::*;
    ///
    /// struct Hello {
    ///     greeting: &'static str,
    /// }
    ///
    /// #[controller("/hello")]
    /// impl Hello {
    ///     #[get("/:name")]
    ///     async fn greet(&self, name: String) -> String {
    ///         format!("{}, {name}!", self.greeting)
    ///     }
    /// }
    ///
    /// let app = App::new().controller(Hello { greeting: "Hello" });
    /// ```
    pub fn controller<K, Indices>(
        self,
        controller: K,
    ) -> App<WithRoutes<C, Depth, K>, List, Depth::After>
    where
        K: Controller + Requires<List, Indices>,
        Depth: HoldsRoutes,
    {
        const { chain::check_controller::<C, K>() };
        K::serve_once::<C>();
        App {
            stack: self.stack.push_controller(controller),
            application: self.application,
            list: PhantomData,
        }
    }

    /// Gives a value to the whole app: endpoints below take it as `&T`, everything reads it with
    /// [`ctx.app().value::<T>()`](Application::value). Koa's `app.context`: <https://koajs.com/#app-context>.
    ///
    /// There is one of each type: where a second one has been given, a layer that asks for it does not compile.
    pub fn context<T: Send + Sync + 'static>(mut self, value: T) -> App<C, Shared<T, List>, Depth> {
        self.application
            .values
            .insert(TypeId::of::<T>(), Arc::new(value));
        App {
            stack: self.stack,
            application: self.application,
            list: PhantomData,
        }
    }

    /// Sets the environment, which is otherwise `KOA_ENV`, or "development"; an empty one changes nothing. Koa's
    /// `app.env`.
    #[must_use]
    pub fn env(mut self, env: impl Into<String>) -> Self {
        let env = env.into();
        if !env.is_empty() {
            self.application.env = env;
        }
        self
    }

    /// Sets the keys of signed and sealed cookies: the first one signs and seals, all of them verify and open. Koa's
    /// `app.keys`: <https://koajs.com/#app-keys>.
    ///
    /// It takes an array or a `Vec` of keys, one string with commas between them, or a [`Keygrip`]:
    ///
    /// ```
    /// use koa::prelude::*;
    /// use koa::{Algorithm, Keygrip};
    ///
    /// # fn main() {
    /// let app = App::new().keys(["new key", "old key"]);
    /// let app = App::new().keys("new key,old key");
    /// let app = App::new().keys(Keygrip::new(["new key", "old key"]).algorithm(Algorithm::Sha256));
    /// # }
    /// ```
    #[must_use]
    pub fn keys(mut self, keys: impl Into<Keygrip>) -> Self {
        self.application.keys = keys.into();
        self
    }

    /// Sets how cookies are written and read: whose form they have, and which attributes by default. Egg's
    /// `config.cookies`.
    #[must_use]
    pub fn cookies(mut self, settings: CookieSettings) -> Self {
        self.application.cookies = settings;
        self
    }

    /// Sets the clock by which cookies and sessions expire, in place of the system's: for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.application.set_clock(clock);
        self
    }

    /// Sets whether the headers of a proxy in front are trusted; by default they are not. Koa's `app.proxy`.
    #[must_use]
    pub fn proxy(mut self, trusted: bool) -> Self {
        self.application.proxy = trusted;
        self
    }

    /// Sets how many labels at the end of a host name are not subdomains, by default 2. Koa's `app.subdomainOffset`.
    #[must_use]
    pub fn subdomain_offset(mut self, labels: usize) -> Self {
        self.application.subdomain_offset = labels;
        self
    }

    /// Sets the header in which a proxy says the client's address, by default `X-Forwarded-For`; an empty name
    /// changes nothing. Koa's `app.proxyIpHeader`.
    #[must_use]
    pub fn proxy_ip_header(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !name.is_empty() {
            self.application.proxy_ip_header = name;
        }
        self
    }

    /// Sets how many addresses of that header count, from its end; 0, the default, for all of them. Koa's
    /// `app.maxIpsCount`.
    #[must_use]
    pub fn max_ips_count(mut self, count: usize) -> Self {
        self.application.max_ips_count = count;
        self
    }

    /// Sets how much of a request's body is read into memory, in bytes, by default 1 MiB; one that is longer is a 413.
    /// A single handler may read more with [`Request::up_to`](crate::Request::up_to). It does not hold for what layers
    /// and services of tower's read.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.application.body_limit = bytes;
        self
    }

    /// Sets whether the default error handler prints nothing; by default it prints to stderr. Koa's `app.silent`.
    #[must_use]
    pub fn silent(mut self, silent: bool) -> Self {
        self.application.silent = silent;
        self
    }

    /// Sets whether layers may send the headers before they are done, with
    /// [`ctx.flush_headers()`](Context::flush_headers); by default they may not. Koa's `ctx.flushHeaders()`:
    /// <https://koajs.com/#response-flushheaders>.
    ///
    /// It costs every request of the app some allocations, since the layers can then outlive the making of its response.
    #[must_use]
    pub fn flush_headers(mut self, allowed: bool) -> Self {
        self.application.flushes = allowed;
        self
    }

    /// Adds a listener that hears of every error once, in place of the default handler, which prints to stderr.
    /// Koa's `app.on('error', (err, ctx) => {})`: <https://koajs.com/#error-handling>.
    ///
    /// ```
    /// use koa::prelude::*;
    ///
    /// let app = App::new().on_error(|error, ctx| {
    ///     eprintln!("{} {}: {error}", ctx.method(), ctx.path());
    /// });
    /// ```
    #[must_use]
    pub fn on_error(mut self, listener: impl Fn(&Error, &Context) + Send + Sync + 'static) -> Self {
        self.application.events.on_error(listener);
        self
    }

    /// Adds a listener that hears of every request once its response is settled, and how long that took: for metrics and
    /// logs. Of a stream that is when its first chunk is there, and where the headers were
    /// [flushed](Context::flush_headers), when the layers are done. A request that is refused before the layers (400) is
    /// heard of too, but nothing of what is no HTTP. Without a listener, no clock is read.
    ///
    /// ```
    /// use koa::prelude::*;
    ///
    /// let app = App::new().on_answer(|ctx, time| {
    ///     println!("{} {} {} {time:?}", ctx.method(), ctx.path(), ctx.status());
    /// });
    /// ```
    #[must_use]
    pub fn on_answer(
        mut self,
        listener: impl Fn(&Context, Duration) + Send + Sync + 'static,
    ) -> Self {
        self.application.events.on_answer(listener);
        self
    }

    /// Sets what becomes of an argument that a request has nothing good for, in all handlers of the app: the error that is
    /// answered. Without it that is [`Rejection::into_error`].
    ///
    /// ```
    /// use koa::prelude::*;
    ///
    /// let app = App::new().on_rejection(|rejection, _ctx| {
    ///     let argument = rejection.argument();
    ///     rejection.into_error().with_status(422).with_property("wrong", argument)
    /// });
    /// ```
    #[must_use]
    pub fn on_rejection(
        mut self,
        customise: impl Fn(Rejection, &Context) -> Error + Send + Sync + 'static,
    ) -> Self {
        self.application.on_rejection = Some(Box::new(customise));
        self
    }

    /// Adds a listener for events of one type, which [`ctx.app().emit(..)`](Application::emit) sends. Koa's
    /// `app.on(event, listener)`.
    ///
    /// ```
    /// use koa::prelude::*;
    ///
    /// struct SignedUp {
    ///     name: String,
    /// }
    ///
    /// #[middleware]
    /// async fn sign_up(ctx: &mut Context) -> &'static str {
    ///     ctx.app().emit(&SignedUp { name: "ada".to_owned() });
    ///     "Welcome"
    /// }
    ///
    /// let app = App::new()
    ///     .on(|event: &SignedUp| println!("{} signed up", event.name))
    ///     .with(sign_up);
    /// ```
    #[must_use]
    pub fn on<E: Send + Sync + 'static>(
        mut self,
        listener: impl Fn(&E) + Send + Sync + 'static,
    ) -> Self {
        self.application.events.on(listener);
        self
    }

    /// A map of the app: its layers and its routes, what each provides and asks for, and where it stands. An app that
    /// listens prints it where the environment has `KOA_DESCRIBE=1` (or `json`, `mermaid`).
    #[must_use]
    pub fn describe(&self) -> Description {
        Description {
            layers: self.stack.chain.describe(),
        }
    }

    /// Why it cannot serve: what the types of its layers do not tell.
    fn unusable(&self) -> Option<String> {
        let mut sessions = Found::default();
        self.stack.chain.sessions(&mut sessions);
        let twice = || conflict::served_twice(&self.describe().layers);
        sessions.refused().or_else(twice)
    }

    /// The app as a service, for a server of one's own. Koa's `app.callback()`:
    /// <https://koajs.com/#app-callback>.
    ///
    /// What [`Server`] does for an app is up to that server then: its limits (times, rates, sizes of heads, connections)
    /// do not apply, and nobody refuses a request for its `Host`, the escapes in its path or the coding of its transfer.
    /// [`body_limit`](Self::body_limit) holds.
    ///
    /// Where two sessions have been given one key, or two controllers serve one route under the prefixes of mounts, it says
    /// so on stderr, and each request is answered with that error, a 500; [`bind`](Self::bind) and
    /// [`listen`](Self::listen) fail with it.
    pub fn callback(mut self) -> Callback<C> {
        self.application.unusable = self.unusable();
        if let Some(why) = &self.application.unusable {
            eprintln!("the app cannot serve: {why}");
        }
        self.application.start();
        Callback {
            chain: Arc::new(self.stack.chain),
            application: Arc::new(self.application),
        }
    }

    /// Binds the addresses, so that they are known (a port 0 is then a real one), and serves once
    /// [`Server::run`] is awaited.
    ///
    /// # Errors
    ///
    /// An address that cannot be read, resolved or bound; two sessions under one key; two controllers that serve one route
    /// under the prefixes of mounts, which the compiler does not know.
    pub async fn bind(self, addresses: impl Addresses) -> Result<Server<C>> {
        describe::print_if_asked(&self.describe());
        if let Some(why) = self.unusable() {
            return Err(Error::internal(why));
        }
        Server::bind(self.callback(), addresses).await
    }

    /// Binds the addresses and serves, until the process is told to end (SIGTERM, SIGINT): then it finishes what is in
    /// flight, as [`Server::shutdown_on`] says, and returns. Koa's `app.listen`: <https://koajs.com/#app-listen>.
    ///
    /// An address is a port (`3000`, on all interfaces), text (`"127.0.0.1:3000"`, `"localhost:3000"`, `":3000"`),
    /// a [`SocketAddr`](std::net::SocketAddr), a pair of host and port, an [`Address`](crate::Address) with options of
    /// its own (a Unix socket, TLS), or several of these in an array or a `Vec`.
    ///
    /// # Errors
    ///
    /// Those of [`bind`](Self::bind).
    pub async fn listen(self, addresses: impl Addresses) -> Result {
        self.bind(addresses)
            .await?
            .shutdown_on_signals()
            .run()
            .await
    }
}

impl<C, List, Depth> fmt::Debug for App<C, List, Depth> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("stack", &self.stack)
            .field("application", &self.application)
            .finish()
    }
}

/// An app that is ready to serve, as [`App::callback`] gives it. Clones share the app.
///
/// ```no_run
/// use hyper::server::conn::http1;
/// use hyper_util::rt::TokioIo;
/// use koa::prelude::*;
///
/// # async fn serve() -> Result {
/// let callback = App::new().callback();
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// loop {
///     let (stream, peer) = listener.accept().await?;
///     let service = callback.service(peer);
///     tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
/// }
/// # }
/// ```
pub struct Callback<C> {
    chain: Arc<C>,
    application: Arc<Application>,
}

impl<C: Onion> Callback<C> {
    /// The service for one connection, of which `socket` says what is known: the client's address, or all of
    /// [`Socket`].
    pub fn service(
        &self,
        socket: impl Into<Socket>,
    ) -> impl Service<
        http::Request<Incoming>,
        Response = http::Response<Outgoing>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static {
        let application = Arc::clone(&self.application);
        let service = self.service_on(Arc::new(Connection::detached(application, socket.into())));
        service_fn(move |request| service.call(host::as_in_http1(request)))
    }

    /// The service for a connection of our own server.
    pub(crate) fn service_on(
        &self,
        connection: Arc<Connection>,
    ) -> impl Service<
        http::Request<Incoming>,
        Response = http::Response<Outgoing>,
        Error = Infallible,
        Future: Send + 'static,
    >
    + Clone
    + Send
    + Sync
    + 'static
    + use<C> {
        let chain = Arc::clone(&self.chain);
        service_fn(move |request| handle(Arc::clone(&chain), Arc::clone(&connection), request))
    }

    /// What becomes of one request, for one of several on a connection.
    #[cfg(any(feature = "http2", feature = "tower"))]
    pub(crate) fn handle_on<B: Into<Carried> + Send + 'static>(
        &self,
        connection: Arc<Connection>,
        request: http::Request<B>,
    ) -> impl Future<Output = Result<http::Response<Outgoing>, Infallible>> + Send + use<C, B> {
        handle(Arc::clone(&self.chain), connection, request)
    }

    pub(crate) fn application(&self) -> &Arc<Application> {
        &self.application
    }
}

impl<C> Clone for Callback<C> {
    fn clone(&self) -> Self {
        Self {
            chain: Arc::clone(&self.chain),
            application: Arc::clone(&self.application),
        }
    }
}

impl<C> fmt::Debug for Callback<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Callback").field(&self.application).finish()
    }
}

/// A request's way: through the layers, and out as a response.
///
/// The future begins with the context in its place: an `async fn` would keep the request beside it, and copy both.
#[inline(always)]
fn handle<C: Onion, B: Into<Carried>>(
    chain: Arc<C>,
    connection: Arc<Connection>,
    request: http::Request<B>,
) -> impl Future<Output = Result<http::Response<Outgoing>, Infallible>> + Send + use<C, B> {
    let mut ctx = Place::of(request, connection);
    let head = &ctx.request.head;
    let refused = ctx.request.connection().begin_request()
        && !(host::is_said(head.version, &head.headers)
            && escapes::are_whole(head.uri.path())
            && ctx.request.is_decoded());
    let mut began = None;
    let mut is_other = false;
    // One look for all that few apps have.
    let app = ctx.app();
    if app.is_special {
        began = app.events.begin();
        is_other = app.flushes || app.unusable.is_some();
    }
    Answering::new(async move {
        if refused {
            unseen(&mut ctx, began);
            #[cfg(feature = "tracing")]
            crate::spans::of_request(&ctx).record("status", ctx.status());
            return Answer::Refused(ctx);
        }
        if is_other {
            return match ctx.app().unusable.clone() {
                Some(why) => {
                    let bytes = unusable(&mut ctx, why, began);
                    #[cfg(feature = "tracing")]
                    crate::spans::of_request(&ctx).record("status", ctx.status());
                    Answer::Whole(ctx, bytes)
                }
                None => Answer::Later(Box::pin(flushing::handle(chain, ctx, began))),
            };
        }
        #[cfg(feature = "tracing")]
        let span = crate::spans::of_request(&ctx);
        let work = chain.enter::<(), _>(&mut ctx, Done);
        #[cfg(feature = "tracing")]
        let work = tracing::Instrument::instrument(work, span.clone());
        let outcome = Caught::new(work).await;
        let ending = conclude(&mut ctx, outcome);
        ctx.request.connection().begin_body();
        match ending {
            Ending::Whole(bytes) => {
                #[cfg(feature = "tracing")]
                span.record("status", ctx.status());
                ctx.app().events.answered(&ctx, began);
                Answer::Whole(ctx, bytes)
            }
            Ending::Stream(stream) => {
                let rest = conclude_stream(ctx, stream, began);
                #[cfg(feature = "tracing")]
                let rest = crate::spans::until_sent(span, rest);
                Answer::Later(Box::pin(rest))
            }
        }
    })
}

/// Tells of a request that no layer gets to see: it is one all the same.
#[cold]
fn unseen(ctx: &mut Context, began: Option<Instant>) {
    ctx.response.status = StatusCode::BAD_REQUEST;
    ctx.app().events.answered(ctx, began);
}

/// The answer of an app that cannot serve.
#[cold]
fn unusable(ctx: &mut Context, why: String, began: Option<Instant>) -> Bytes {
    let bytes = match conclude(ctx, Err(Error::internal(why))) {
        Ending::Whole(bytes) => bytes,
        // The answer to an error is no stream.
        Ending::Stream(_) => Bytes::new(),
    };
    ctx.request.connection().begin_body();
    ctx.app().events.answered(ctx, began);
    bytes
}
