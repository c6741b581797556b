//! What all requests share of a session: its settings, its store, its hooks.

use std::any::TypeId;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use crate::context::Context;
use crate::cookies::{Cookie, Form, Prepared, Value};
use crate::error::{Error, Result};
use crate::session::SessionData;
use crate::session::config::{MaxAge, SessionConfig};
use crate::session::events::SessionStoreFailed;
use crate::session::form::Written;
use crate::session::handle::{Life, Session};
use crate::session::id::{self, Id};
use crate::session::store::{AnyStore, Asked, waited};

type Check<S> = Box<dyn Fn(&Context, &S) -> bool + Send + Sync>;
type Change<S> = Box<dyn Fn(&Context, &mut S) + Send + Sync>;
type GetId = Box<dyn Fn(&Context) -> Option<String> + Send + Sync>;
type SetId = Box<dyn Fn(&mut Context, &str) -> Result + Send + Sync>;
type MakeId = Box<dyn Fn(&Context) -> String + Send + Sync>;
type Encode = Box<dyn Fn(&str) -> String + Send + Sync>;
type Decode = Box<dyn Fn(&str) -> Result<String> + Send + Sync>;

pub(super) struct Shared<S> {
    pub(super) config: SessionConfig,
    pub(super) store: Option<Arc<dyn AnyStore>>,
    /// How long the store may take.
    pub(super) patience: Duration,
    pub(super) valid: Option<Check<S>>,
    pub(super) before_save: Option<Change<S>>,
    pub(super) external_id: Option<(GetId, SetId)>,
    pub(super) make_id: Option<MakeId>,
    pub(super) codec: Option<(Encode, Decode)>,
    empty: OnceLock<Written>,
    prepared: OnceLock<Prepared>,
}

impl<S: SessionData> Shared<S> {
    pub(super) fn new(config: SessionConfig) -> Self {
        Self {
            config,
            store: None,
            patience: Duration::from_secs(2),
            valid: None,
            before_save: None,
            external_id: None,
            make_id: None,
            codec: None,
            empty: OnceLock::new(),
            prepared: OnceLock::new(),
        }
    }

    /// How a session is written in which nothing is set.
    pub(super) fn empty(&self) -> &[u8] {
        self.empty
            .get_or_init(|| Written::of(&S::default()).unwrap_or_default())
            .json()
    }

    /// The cookie, to be kept for the age of this session.
    pub(super) fn cookie(&self, max_age: Option<MaxAge>) -> Cookie<'static> {
        let mut cookie = self.config.cookie;
        cookie.max_age = age_of_cookie(max_age);
        if self.config.form == Form::Own {
            cookie.encrypt = Some(false);
            let signed = self.store.is_none() && self.config.cookie.encrypt != Some(true);
            cookie.signed = Some(self.config.cookie.signed.unwrap_or(signed));
        }
        cookie
    }

    /// Sets the cookie, to be kept for the age of this session.
    #[inline(always)]
    pub(super) fn set_cookie(
        &self,
        ctx: &mut Context,
        value: Value<'_>,
        max_age: Option<MaxAge>,
        now: SystemTime,
    ) -> Result {
        let prepared = self
            .prepared
            .get_or_init(|| Prepared::new(ctx.app(), self.config.form, self.cookie(None), now));
        prepared.set(ctx, value, age_of_cookie(max_age), now)
    }

    /// Whether the data is sealed in the cookie.
    pub(super) fn seals(&self) -> bool {
        self.config.form == Form::Own
            && self.store.is_none()
            && self.config.cookie.encrypt == Some(true)
    }

    /// Whether the cookie holds an id of ours as it is, neither signed nor encrypted.
    pub(super) fn is_bare(&self) -> bool {
        self.config.form == Form::Own
            && self.store.is_some()
            && self.config.cookie.signed != Some(true)
    }

    pub(super) fn name(&self) -> &'static str {
        self.config.cookie.name
    }

    /// A session that begins.
    pub(super) fn begin(
        self: &Arc<Self>,
        ctx: &Context,
        has_cookie: bool,
    ) -> Result<Box<Session<S>>> {
        let id = match self.store {
            Some(_) => Some(self.new_id(ctx)?),
            None => None,
        };
        Ok(Box::new(Session {
            data: S::default(),
            life: Life {
                is_new: true,
                created: millis(ctx.app().now()),
                max_age: self.config.max_age,
                id,
                has_cookie,
                ..Life::default()
            },
            shared: Arc::clone(self),
        }))
    }

    pub(super) fn new_id(&self, ctx: &Context) -> Result<Id> {
        let prefix = self.config.prefix;
        let text = match (&self.make_id, self.config.form) {
            (Some(make), _) => make(ctx),
            (None, Form::Own) => id::random()?,
            (None, Form::Koa | Form::Egg) => [prefix, &id::uuid()?].concat(),
        };
        Ok(Id::new(text, prefix))
    }

    /// What the store knows a session by.
    pub(super) fn key<'i>(&self, id: &'i Id) -> &'i str {
        match self.config.form {
            Form::Own => id.hashed(),
            Form::Koa | Form::Egg => id.text(),
        }
    }

    /// Whether its store may keep a request waiting.
    pub(super) fn waits(&self) -> bool {
        let store = self.store.as_ref();
        store.is_some_and(|store| !store.is_immediate())
    }

    /// The answer of the store, for which it may take its time.
    pub(super) async fn ask<T>(
        &self,
        ctx: &Context,
        operation: &'static str,
        asked: Asked<'_, T>,
    ) -> Result<T> {
        let asked = match asked {
            Asked::Waiting(mut answer) => {
                // A store that has the answer at hand after all needs no timer.
                let at_once = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
                Asked::Answered(match at_once {
                    Poll::Ready(answer) => answer,
                    Poll::Pending => tokio::time::timeout(self.patience, answer)
                        .await
                        .unwrap_or_else(|_| Err(late(self.patience))),
                })
            }
            answered @ Asked::Answered(_) => answered,
        };
        self.ask_now(ctx, operation, asked)
    }

    /// The answer of a store that does not wait.
    #[inline(always)]
    pub(super) fn ask_now<T>(
        &self,
        ctx: &Context,
        operation: &'static str,
        asked: Asked<'_, T>,
    ) -> Result<T> {
        let answer = match asked {
            Asked::Answered(answer) => answer,
            Asked::Waiting(_) => Err(waited()),
        };
        answer.map_err(|error| self.failed(ctx, operation, error))
    }

    /// Tells of an error of the store.
    #[cold]
    fn failed(&self, ctx: &Context, operation: &'static str, error: Error) -> Error {
        ctx.app().emit(&SessionStoreFailed {
            cookie: self.name(),
            operation,
            message: error.message().to_owned(),
        });
        match self.config.form {
            Form::Own => error.with_status(503),
            Form::Koa | Form::Egg => error,
        }
    }
}

#[cold]
fn late(patience: Duration) -> Error {
    let message = format!("the session store did not answer within {patience:?}");
    Error::new(503, message)
}

#[inline]
fn age_of_cookie(max_age: Option<MaxAge>) -> Option<Duration> {
    match max_age? {
        MaxAge::For(age) if !age.is_zero() => Some(age.max(Duration::from_millis(1))),
        MaxAge::For(_) | MaxAge::Session => None,
    }
}

/// The milliseconds since 1970.
#[inline]
pub(super) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Whether a type is a session's, or what it holds.
pub(super) fn is_of<S: 'static>(id: TypeId) -> bool {
    id == TypeId::of::<S>() || id == TypeId::of::<Session<S>>()
}
