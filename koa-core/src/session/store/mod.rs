//! Where sessions are kept, if not in the cookie.

mod egg;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{self, Poll, Waker};
use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};
use crate::session::config::MaxAge;

pub(super) use egg::STORE_LONGER;
pub use egg::{EggStore, FromEgg};
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::{RedisLink, RedisStore};
#[cfg(feature = "tower-sessions")]
pub use tower_sessions::FromTowerSessions;

/// A store of sessions, for [`Sessions::store`](crate::Sessions::store).
///
/// A store knows each session by a key, and keeps bytes and a version that changes with each write. What it fails with is
/// an error that the client sees as a 503; a session that it does not have is `None`, and never an error.
///
/// A store that has no versions implements [`EggStore`], which has Egg's three functions.
pub trait SessionStore: Send + Sync + 'static {
    /// Whether it answers without waiting for anything, as one in memory does: each of its futures is ready when it is first
    /// polled. A request then needs no box for it. A store that says so and waits all the same fails.
    const IMMEDIATE: bool = false;

    /// The session under a key, unless its time to live is over.
    ///
    /// # Errors
    ///
    /// That the store cannot be asked.
    fn load(&self, key: &str, load: &Load) -> impl Future<Output = Result<Option<Stored>>> + Send;

    /// Keeps a new session, and gives its version. With [`Save::replace`] it takes the place of one that is there.
    ///
    /// # Errors
    ///
    /// That the store cannot be asked, or that there is one under this key.
    fn create(&self, key: &str, save: Save<'_>) -> impl Future<Output = Result<u64>> + Send;

    /// Writes a session again, if it is still there, at the version that was read.
    ///
    /// # Errors
    ///
    /// That the store cannot be asked.
    fn update(
        &self,
        key: &str,
        version: u64,
        save: Save<'_>,
    ) -> impl Future<Output = Result<Updated>> + Send;

    /// Removes a session; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// That the store cannot be asked.
    fn destroy(&self, key: &str) -> impl Future<Output = Result> + Send;
}

/// What is said to a store when a session is read.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Load {
    /// What time it is, by the [app's clock](crate::App::clock).
    pub now: SystemTime,

    /// How long sessions live, if that is set.
    pub max_age: Option<MaxAge>,

    /// Whether each use prolongs them, if that is set.
    pub rolling: bool,
}

/// Nothing but the time: to try a store by itself.
impl Default for Load {
    fn default() -> Self {
        Self {
            now: SystemTime::now(),
            max_age: None,
            rolling: false,
        }
    }
}

/// What is said to a store when a session is written.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Save<'a> {
    /// The session.
    pub value: &'a [u8],

    /// What time it is, by the [app's clock](crate::App::clock).
    pub now: SystemTime,

    /// After how long it may be dropped; `None` where nothing says so.
    pub time_to_live: Option<Duration>,

    /// Whether the data changed, and not its life alone.
    pub changed: bool,

    /// Whether each use prolongs it, if that is set.
    pub rolling: bool,

    /// Whether a new one takes the place of one that is there: under `compat`, whose ids may be anybody's.
    pub replace: bool,
}

impl<'a> Save<'a> {
    /// A session of which nothing else is said: to try a store by itself.
    #[must_use]
    pub fn new(value: &'a [u8]) -> Self {
        Self {
            value,
            now: SystemTime::now(),
            time_to_live: None,
            changed: true,
            rolling: false,
            replace: false,
        }
    }

    /// The same, to be kept for this long.
    #[must_use]
    pub fn for_at_most(mut self, time_to_live: Duration) -> Self {
        self.time_to_live = Some(time_to_live);
        self
    }
}

/// A session as a store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The session, as it was given.
    pub value: Vec<u8>,

    /// Which write it is of; 0 where the store has no versions.
    pub version: u64,
}

/// What came of an [`update`](SessionStore::update).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// It was written, and has this version.
    To(u64),

    /// It has been destroyed since it was read: nothing was written.
    Gone,

    /// It has been written since it was read: nothing was written.
    Conflict,
}

/// What comes of asking a store.
pub(super) enum Asked<'a, T> {
    Answered(Result<T>),
    Waiting(Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>),
}

impl<'a, T> Asked<'a, T> {
    fn of<S: SessionStore>(answer: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        if !S::IMMEDIATE {
            return Self::Waiting(Box::pin(answer));
        }
        let mut task = task::Context::from_waker(Waker::noop());
        match pin!(answer).poll(&mut task) {
            Poll::Ready(answer) => Self::Answered(answer),
            Poll::Pending => Self::Answered(Err(waited())),
        }
    }
}

#[cold]
pub(super) fn waited() -> Error {
    Error::internal("a session store that is `IMMEDIATE` has waited")
}

/// [`SessionStore`] without its type.
pub(super) trait AnyStore: Send + Sync + 'static {
    fn is_immediate(&self) -> bool;
    fn load<'a>(&'a self, key: &'a str, load: &'a Load) -> Asked<'a, Option<Stored>>;
    fn create<'a>(&'a self, key: &'a str, save: Save<'a>) -> Asked<'a, u64>;
    fn update<'a>(&'a self, key: &'a str, version: u64, save: Save<'a>) -> Asked<'a, Updated>;
    fn destroy<'a>(&'a self, key: &'a str) -> Asked<'a, ()>;
}

impl<T: SessionStore> AnyStore for T {
    fn is_immediate(&self) -> bool {
        T::IMMEDIATE
    }

    fn load<'a>(&'a self, key: &'a str, load: &'a Load) -> Asked<'a, Option<Stored>> {
        Asked::of::<T>(SessionStore::load(self, key, load))
    }

    fn create<'a>(&'a self, key: &'a str, save: Save<'a>) -> Asked<'a, u64> {
        Asked::of::<T>(SessionStore::create(self, key, save))
    }

    fn update<'a>(&'a self, key: &'a str, version: u64, save: Save<'a>) -> Asked<'a, Updated> {
        Asked::of::<T>(SessionStore::update(self, key, version, save))
    }

    fn destroy<'a>(&'a self, key: &'a str) -> Asked<'a, ()> {
        Asked::of::<T>(SessionStore::destroy(self, key))
    }
}

impl<T: SessionStore> SessionStore for std::sync::Arc<T> {
    const IMMEDIATE: bool = T::IMMEDIATE;

    fn load(&self, key: &str, load: &Load) -> impl Future<Output = Result<Option<Stored>>> + Send {
        SessionStore::load(&**self, key, load)
    }

    fn create(&self, key: &str, save: Save<'_>) -> impl Future<Output = Result<u64>> + Send {
        SessionStore::create(&**self, key, save)
    }

    fn update(
        &self,
        key: &str,
        version: u64,
        save: Save<'_>,
    ) -> impl Future<Output = Result<Updated>> + Send {
        SessionStore::update(&**self, key, version, save)
    }

    fn destroy(&self, key: &str) -> impl Future<Output = Result> + Send {
        SessionStore::destroy(&**self, key)
    }
}

impl fmt::Debug for dyn AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionStore")
    }
}
