//! Tower both ways: an app as a service, and tower's layers and services in an app. With the feature `tower`.
//!
//! # An app as a service
//!
//! [`App::callback`](crate::App::callback) gives a [`Callback`](crate::Callback), which is a `tower::Service` for
//! requests with any body: it is mounted into an axum router, or served by hyper. What is known of the connection it
//! finds as a [`Socket`](crate::Socket) among the request's extensions; without one there is no address. The limits of
//! [`Server`](crate::Server) are not there, as [`App::callback`](crate::App::callback) says.
//!
//! ```
//! use koa::prelude::*;
//!
//! #[middleware]
//! async fn hello() -> &'static str {
//!     "Hello World"
//! }
//!
//! let app = App::new().with(hello).callback();
//! let router: axum::Router = axum::Router::new().nest_service("/koa", app);
//! ```
//!
//! # Layers in an app
//!
//! [`layer`] makes a middleware of a `tower::Layer`: compression, CORS, timeouts and more come from
//! [`tower-http`](https://docs.rs/tower-http).
//!
//! ```
//! use std::time::Duration;
//!
//! use koa::prelude::*;
//! use koa::tower::layer;
//! use tower_http::compression::CompressionLayer;
//! use tower_http::cors::CorsLayer;
//!
//! let app = App::new()
//!     .with(layer(CorsLayer::permissive()))
//!     .with(layer(CompressionLayer::new()));
//! ```
//!
//! # Services in an app
//!
//! [`service`] makes an endpoint of a `tower::Service`: files, or an axum router.
//!
//! ```
//! use koa::prelude::*;
//! use koa::tower::service;
//! use tower_http::services::ServeDir;
//!
//! let app = App::new().mount("/static", service(ServeDir::new("public")));
//! ```
//!
//! # What they have to be
//!
//! A service, and what a layer makes of one, has to be `Clone + Send + Sync`: each request gets a clone. One that cannot be
//! cloned or shared goes behind tower's `Buffer`, and one whose type is erased is a `BoxCloneSyncService`, as
//! `BoxCloneService` is not `Sync`.
//!
//! # Bodies
//!
//! A body that a layer or a service reads has to come as fast as [`min_body_rate`](crate::Server::min_body_rate) says, but
//! [`App::body_limit`](crate::App::body_limit) does not hold there: it is for what the app reads. `tower-http`'s
//! `RequestBodyLimitLayer` is for that, and axum has a limit of its own for its extractors. The trailers of a response are
//! passed on.
//!
//! # gRPC
//!
//! A service of [tonic's](https://docs.rs/tonic) is an endpoint like any other, with the feature `http2`. It goes by the whole
//! path, so it is not mounted under a prefix: it stands last, and answers with its own status what it does not know. A client
//! that streams messages with long pauses needs [`min_body_rate(0, ..)`](crate::Server::min_body_rate).
//!
//! ```
//! use koa::prelude::*;
//! use koa::tower::service;
//!
//! #[middleware]
//! async fn pages(ctx: &mut Context, next: impl Next) -> Result {
//!     match ctx.path() {
//!         "/" => ctx.set_body("a page"),
//!         _ => next.run(ctx).await?,
//!     }
//!     Ok(())
//! }
//!
//! let (_reporter, health) = tonic_health::server::health_reporter();
//! let app = App::new().with(pages).with(service(health));
//! ```

mod body;
mod callback;
mod layer;
mod meeting;
mod service;

use std::error::Error as StdError;
use std::fmt;

use http::HeaderMap;
use http::header::{SET_COOKIE, VARY};
use http_body_util::LengthLimitError;

use crate::error::Error;

pub use body::Body;
pub(crate) use body::Given;
pub use layer::{Layered, layer};
pub use meeting::{Answer, Below};
pub use service::{Mounted, service};

/// Any error, as tower's layers pass them on.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// An error of the app, on its way through what knows only standard errors.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Error);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl StdError for Failed {}

/// An error of someone else's.
#[derive(Debug)]
struct Foreign(BoxError);

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Foreign {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

/// The app's own error where it was one, a 413 where a layer has limited the body, else a 500.
fn into_error(error: BoxError) -> Error {
    match error.downcast::<Failed>() {
        Ok(failed) => failed.0,
        Err(error) if is_too_long(&*error) => {
            Error::new(413, "the body is longer than allowed").with_source(Foreign(error))
        }
        Err(error) => Error::from(Foreign(error)),
    }
}

fn is_too_long(error: &(dyn StdError + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| (**error).source());
    causes.any(<dyn StdError>::is::<LengthLimitError>)
}

/// Keeps the headers that were set before an answer came beside its own, which count where both have one. A cookie or a
/// `Vary` says nothing against another.
fn keep(before: HeaderMap, answer: &mut HeaderMap) {
    let own = std::mem::replace(answer, before);
    for name in own.keys() {
        if *name != SET_COOKIE && *name != VARY {
            answer.remove(name);
        }
    }
    for (name, value) in &own {
        answer.append(name.clone(), value.clone());
    }
}
