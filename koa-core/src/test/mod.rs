//! An app under test, in process and without a socket: with the feature `test`.
//!
//! ```
//! use koa::prelude::*;
//! use koa::test::Client;
//!
//! struct Greetings;
//!
//! #[controller("/greetings")]
//! impl Greetings {
//!     #[post("/:name")]
//!     async fn greet(&self, name: String, Json(times): Json<usize>) -> Json<Vec<String>> {
//!         Json(vec![format!("Hello, {name}!"); times])
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result {
//! let client = Client::new(App::new().controller(Greetings));
//! let answer = client.post(Greetings::greet_path("ada")).json(&2).await?;
//! assert_eq!(answer.status(), 200);
//! assert_eq!(answer.json::<Vec<String>>()?, ["Hello, ada!", "Hello, ada!"]);
//! # Ok(())
//! # }
//! ```

mod answer;
mod jar;
mod request;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::Method;

use crate::app::{App, Callback};
use crate::chain::Onion;
use crate::server::Socket;

pub use answer::Answer;
use jar::Jar;
pub use request::RequestBuilder;

/// A client of one app, with a cookie jar of its own.
///
/// Requests go through hyper, as they do on a socket, and through all layers of the app; the connection is in memory. It
/// runs on tokio's runtime. Redirects are not followed.
pub struct Client<C> {
    callback: Callback<C>,
    shared: Arc<Mutex<Shared>>,
    socket: Socket,
}

/// What the requests of a client share.
struct Shared {
    jar: Jar,
    now: SystemTime,
}

impl<C: Onion> Client<C> {
    /// A client of `app`, whose clock is the client's from here on: it stands still until it is
    /// [advanced](Self::advance).
    pub fn new<List, Depth>(app: App<C, List, Depth>) -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            jar: Jar::default(),
            now: SystemTime::now(),
        }));
        let clock = Arc::clone(&shared);
        Self {
            callback: app.clock(move || lock(&clock).now).callback(),
            shared,
            socket: Socket::new(([127, 0, 0, 1], 50_000).into()),
        }
    }

    /// With another connection: the client's address, or one that is encrypted, over which `Secure` cookies go.
    #[must_use]
    pub fn with_socket(mut self, socket: impl Into<Socket>) -> Self {
        self.socket = socket.into();
        self
    }

    /// Advances the clock by which cookies and sessions expire.
    pub fn advance(&self, by: Duration) {
        lock(&self.shared).now += by;
    }

    /// The value of a cookie that the client has and that has not expired.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        let shared = lock(&self.shared);
        shared.jar.get(name, shared.now)
    }

    /// Sets a cookie, for all paths of the app.
    pub fn set_cookie(&self, name: &str, value: &str) {
        lock(&self.shared).jar.set(name, value);
    }

    /// Forgets all cookies, as another visitor.
    pub fn clear_cookies(&self) {
        lock(&self.shared).jar = Jar::default();
    }

    /// A request with any method.
    pub fn request(&self, method: Method, path: impl Into<String>) -> RequestBuilder<'_, C> {
        RequestBuilder::new(self, method, path.into())
    }

    /// A `GET` request.
    pub fn get(&self, path: impl Into<String>) -> RequestBuilder<'_, C> {
        self.request(Method::GET, path)
    }

    /// A `HEAD` request.
    pub fn head(&self, path: impl Into<String>) -> RequestBuilder<'_, C> {
        self.request(Method::HEAD, path)
    }

    /// A `POST` request.
    pub fn post(&self, path: impl Into<String>) -> RequestBuilder<'_, C> {
        self.request(Method::POST, path)
    }

    /// A `PUT` request.
    pub fn put(&self, path: impl Into<String>) -> RequestBuilder<'_, C> {
        self.request(Method::PUT, path)
    }

    /// A `PATCH` request.
    pub fn patch(&self, path: impl Into<String>) -> RequestBuilder<'_, C> {
        self.request(Method::PATCH, path)
    }

    /// A `DELETE` request.
    pub fn delete(&self, path: impl Into<String>) -> RequestBuilder<'_, C> {
        self.request(Method::DELETE, path)
    }

    /// An `OPTIONS` request.
    pub fn options(&self, path: impl Into<String>) -> RequestBuilder<'_, C> {
        self.request(Method::OPTIONS, path)
    }
}

/// A test that panicked elsewhere leaves what is shared as it was.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("callback", &self.callback)
            .finish_non_exhaustive()
    }
}
