//! Koa's onion of middleware around one [`Context`], put together by the compiler, on a small
//! [hyper](https://hyper.rs) core.
//!
//! ```no_run
//! use std::time::Instant;
//!
//! use koa::prelude::*;
//!
//! #[middleware]
//! async fn response_time(ctx: &mut Context, next: impl Next) -> Result {
//!     let start = Instant::now();
//!     next.run(ctx).await?; // downstream ... and back upstream
//!     ctx.set("X-Response-Time", format!("{}ms", start.elapsed().as_millis()))
//! }
//!
//! #[middleware]
//! async fn hello() -> &'static str {
//!     "Hello World"
//! }
//!
//! #[koa::main]
//! async fn main() -> Result {
//!     App::new().with(response_time).with(hello).listen("127.0.0.1:3000").await
//! }
//! ```
//!
//! # The onion
//!
//! A middleware is an `async fn` with [`#[middleware]`](macro@middleware) on it. It runs what stands below it with
//! `next.run(ctx).await`, and what it does after that happens on the way back up. `next` is used up by running it, so
//! it cannot run twice; an `.await` that is missing, or an error that is dropped, does not compile.
//!
//! One without `next` is an endpoint, and may return its body: [`Reply`] says what that can be. Layers are put into an
//! [`App`] in their order with [`with`](App::with), several as a group with [`Stack`], under a prefix with
//! [`mount`](App::mount). Where the composition is decided at run time, there is [`BoxMiddleware`].
//!
//! # The wiring
//!
//! A middleware that takes `next: impl Next<User>` provides a `User`: it goes on with `next.provide(ctx, user)`, and
//! cannot go on without. What stands below asks for one in its signature. An endpoint takes `&User` or `&mut User`; a
//! middleware that runs `next` takes a [`Slot<User>`](Slot), and finds it at `ctx[user]`. An endpoint also takes `&T` of
//! what the whole app has, given with [`App::context`].
//!
//! ```
//! use koa::prelude::*;
//!
//! struct User {
//!     name: String,
//! }
//!
//! #[middleware]
//! async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
//!     let name = ctx.get("X-User").into_owned();
//!     ensure!(!name.is_empty(), 401, "Please log in");
//!     next.provide(ctx, User { name }).await
//! }
//!
//! #[middleware]
//! async fn me(user: &User) -> String {
//!     format!("You are {}.", user.name)
//! }
//!
//! let app = App::new().with(signed_in).with(me);
//! ```
//!
//! Without `.with(signed_in)` above it, `.with(me)` does not compile: *nothing above this point provides `User`*.
//!
//! # Controllers
//!
//! Routes are declared on the methods of a struct with [`#[controller]`](macro@controller), and put into an app with
//! [`App::controller`]. Their arguments come from the path, the query string, the body, from what the layers above
//! provide, or from a type of one's own ([`FromContext`]): [all about them](docs::controllers).
//!
//! ```
//! use koa::prelude::*;
//!
//! struct Posts {
//!     titles: Vec<String>,
//! }
//!
//! #[controller("/posts")]
//! impl Posts {
//!     #[get("/:id")]
//!     async fn show(&self, id: usize) -> Option<String> {
//!         self.titles.get(id).cloned()
//!     }
//! }
//!
//! let app = App::new().controller(Posts { titles: vec!["Hello".to_owned()] });
//! assert_eq!(Posts::show_path(0), "/posts/0");
//! ```
//!
//! # Errors
//!
//! [`throw!`] and [`ensure!`] fail with a status and a message, `?` with any error. An [`Error`] goes up through the
//! layers; at the top it is told to the [listeners](App::on_error) and answered. The client sees the message of those
//! below 500 and of no other. A panic is a 500, and the server goes on.
//!
//! # Features
//!
//! | feature | what it brings |
//! | --- | --- |
//! | `charsets` | bodies of requests in charsets other than UTF-8 |
//! | `compression` | bodies of requests that come compressed |
//! | `memory` | sessions in the memory of the process |
//! | `multipart` | forms in parts: `ctx.request.multipart()` |
//! | `http2` | HTTP/2, on the ports of HTTP/1.1 |
//! | `tls` | TLS, by rustls: `Address::tls` |
//! | `systemd` | sockets that systemd has opened: `Address::inherited` |
//! | `tower` | `koa::tower`: an app as a service, tower's layers and services in an app |
//! | `tracing` | spans: of each request, its layers, and the saving of its session |
//! | `websocket` | WebSockets: `ctx.websocket(..)` |
//! | `redis` | sessions in a Redis: `RedisStore` |
//! | `redis-tls`, `redis-cluster` | the same over TLS, and in a cluster |
//! | `tower-sessions` | sessions in SQLite, Postgres or MySQL: `FromTowerSessions` |
//! | `test` | a client that asks an app in process, for tests: `koa::test::Client` |
//!
//! None is on by default. The server's limits and how to deploy are in [`docs`].
//!
//! # Cookies
//!
//! [`ctx.cookies()`](Context::cookies) reads and sets them, signed and encrypted with the app's keys, readable for Koa and
//! Egg where that is asked for. [`docs::cookies`] says how.
//!
//! # Which runtime
//!
//! `#[koa::main]` runs on tokio's, with a thread for each core. An app runs just as well under `#[tokio::main]`, on a
//! current-thread runtime (with its drivers enabled: `enable_all`), or, through [`App::callback`], under a server of
//! one's own.

// Pages link to what is there with all features: those are checked then.
#![cfg_attr(
    not(all(feature = "memory", feature = "redis")),
    allow(rustdoc::broken_intra_doc_links)
)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod docs;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod prelude;
#[cfg(feature = "test")]
pub mod test;

mod app;
mod base64;
mod chain;
mod context;
mod controller;
mod cookies;
mod date;
mod describe;
mod error;
mod extract;
mod media_type;
mod middleware;
mod negotiation;
mod refusal;
mod reply;
mod request;
mod response;
mod server;
mod session;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "websocket")]
pub mod websocket;
mod wiring;

pub use app::{App, Application, Callback};
pub use chain::{BoxMiddleware, Group, Mount, Onion, Stack};
pub use context::{Context, State};
pub use controller::Controller;
pub use cookies::{
    Algorithm, Compat, Cookie, CookieLimitExceeded, CookieSettings, Cookies, EggKeygrip, Encoding,
    Keygrip, Priority, SameSite, WeakKey, Weakness,
};
pub use describe::Description;
pub use error::{Error, IntoStatus, Result};
pub use extract::{Form, FromContext, FromPath, Header, NamedHeader, PathValue, Query, Rejection};
pub use http;
pub use koa_macros::{controller, cookie, main, middleware, session};
pub use middleware::{Middleware, Next, ProvidesNothing};
pub use negotiation::Names;
#[cfg(feature = "redis")]
pub use redis;
pub use reply::Reply;
pub use request::{BodyStream, Is, QueryPairs, Request, UpTo};
#[cfg(feature = "multipart")]
pub use request::{Multipart, Part};
pub use response::{
    Aborted, Attachment, Body, Event, Html, IntoDate, IntoFields, IntoHeaderValue,
    IntoHeaderValues, Json, Outgoing, Redirect, Response,
};
#[cfg(feature = "tls")]
pub use server::Tls;
pub use server::{
    Address, Addresses, Exceeded, Limit, Server, Socket, cancel_on_disconnect, shutdown_signal,
};
#[cfg(feature = "tower-sessions")]
pub use session::store::FromTowerSessions;
#[cfg(feature = "memory")]
pub use session::store::MemoryStore;
pub use session::store::{EggStore, FromEgg, Load, Save, SessionStore, Stored, Updated};
#[cfg(feature = "redis")]
pub use session::store::{RedisLink, RedisStore};
pub use session::{
    KeyAsDeclared, KeyOverridden, MaxAge, Session, SessionConfig, SessionData, SessionExpired,
    SessionInvalid, SessionMissed, SessionStoreFailed, Sessions,
};
#[cfg(feature = "tower-sessions")]
pub use tower_sessions_core;
pub use url;
pub use wiring::{Above, Asks, Nothing, Provides, ProvidesMut, Provision, Requires, Shared, Slot};

/// The programs of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
