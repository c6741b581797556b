//! Opening a session when it is asked for.

use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::SET_COOKIE;
use serde_json::Value;

use crate::base64;
use crate::context::Context;
use crate::cookies::keys::{Purpose, ROOM};
use crate::cookies::{Cookies, Form};
use crate::error::{Error, Result};
use crate::request::header::bytes_as_text;
use crate::session::SessionData;
use crate::session::buffers;
use crate::session::events::{SessionExpired, SessionInvalid, SessionMissed};
use crate::session::form::{self, Meta, Written};
use crate::session::handle::{Life, Session};
use crate::session::id::{Id, LENGTH};
use crate::session::shared::{Shared, is_of, millis};
use crate::session::store::{AnyStore, Load, Stored};

/// A session that has not been opened yet.
pub(crate) trait Source: Send + Sync + 'static {
    /// Whether it is asked for by this type.
    fn is(&self, wanted: TypeId) -> bool;

    /// The name of its cookie.
    fn name(&self) -> &'static str;

    /// Whether a store may keep the request waiting.
    fn waits(&self) -> bool;

    /// Opens it in its place, where nothing waits.
    fn open_now(self: Arc<Self>, ctx: &mut Context, at: usize) -> Result;

    /// Opens it in its place.
    fn open<'a>(
        self: Arc<Self>,
        ctx: &'a mut Context,
        at: usize,
    ) -> Pin<Box<dyn Future<Output = Result> + Send + 'a>>;

    /// Begins another one in its place, unread; false where the one before has to be read.
    fn begin(self: Arc<Self>, ctx: &mut Context, at: usize) -> Result<bool>;
}

impl<S: SessionData> Source for Shared<S> {
    fn is(&self, wanted: TypeId) -> bool {
        is_of::<S>(wanted)
    }

    fn name(&self) -> &'static str {
        self.config.cookie.name
    }

    fn waits(&self) -> bool {
        Shared::waits(self)
    }

    fn open_now(self: Arc<Self>, ctx: &mut Context, at: usize) -> Result {
        let session = match self.look(ctx, at)? {
            Looked::Opened(session) => session,
            Looked::In(store, id) => {
                let load = self.load(ctx);
                let asked = store.load(self.key(&id), &load);
                let stored = self.ask_now(ctx, "load", asked)?;
                self.loaded(ctx, id, stored, load.now)?
            }
        };
        ctx.provided.open(at, session);
        Ok(())
    }

    fn open<'a>(
        self: Arc<Self>,
        ctx: &'a mut Context,
        at: usize,
    ) -> Pin<Box<dyn Future<Output = Result> + Send + 'a>> {
        Box::pin(self.opening(ctx, at))
    }

    fn begin(self: Arc<Self>, ctx: &mut Context, at: usize) -> Result<bool> {
        // What is in its place has to be known: from when it is, and that it is to be written over.
        if self.store.is_some() || self.config.form == Form::Own {
            return Ok(false);
        }
        let session = Self::begin(&self, ctx, true)?;
        ctx.provided.open(at, session);
        Ok(true)
    }
}

/// Data and what is known of it, as they came.
struct Found<S> {
    meta: Meta,
    data: S,
    written: Written,
    version: Option<u64>,
    /// Whether an older key sealed it.
    stale: bool,
}

impl<S: SessionData> Shared<S> {
    async fn opening(self: Arc<Self>, ctx: &mut Context, at: usize) -> Result {
        let session = match self.look(ctx, at)? {
            Looked::Opened(session) => session,
            Looked::In(store, id) => {
                let load = self.load(ctx);
                let asked = store.load(self.key(&id), &load);
                let stored = self.ask(ctx, "load", asked).await?;
                self.loaded(ctx, id, stored, load.now)?
            }
        };
        ctx.provided.open(at, session);
        Ok(())
    }

    /// The session, or where it is.
    #[inline(always)]
    fn look(self: &Arc<Self>, ctx: &mut Context, at: usize) -> Result<Looked<'_, S>> {
        // Where they are provided by a layer of the program's own, nobody has looked at their keys before.
        if ctx.provided.len() > 1 && ctx.provided.has_other_session(at, Shared::name(self)) {
            return Err(twice(Shared::name(self)));
        }
        let Some(store) = &self.store else {
            return self.from_cookie(ctx).map(Looked::Opened);
        };
        Ok(match self.id(ctx)? {
            Some(id) => Looked::In(store, id),
            None => Looked::Opened(self.begin(ctx, false)?),
        })
    }

    /// The session that the cookie holds.
    fn from_cookie(self: &Arc<Self>, ctx: &mut Context) -> Result<Box<Session<S>>> {
        let now = ctx.app().now();
        let (text, stale) = match self.seals() {
            true => match self.unsealed(ctx) {
                Sealed::Missing => return self.begin(ctx, false),
                Sealed::Broken => return self.begin(ctx, true),
                Sealed::Opened(bytes, stale) => {
                    let read = Written::read(bytes, ROOM);
                    return self.from_own(ctx, read, None, stale, None, now);
                }
            },
            false => {
                let cookie = self.cookie(None);
                (Cookies::in_form(ctx, self.config.form).get(cookie)?, false)
            }
        };
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return self.begin(ctx, false);
        };
        if self.config.form == Form::Own && self.codec.is_none() {
            let read = Written::read(base64::decode(&text), 0);
            return self.from_own(ctx, read, None, stale, None, now);
        }
        let json = match &self.codec {
            None => base64::decode(&text),
            Some((_, decode)) => match decode(&text) {
                Ok(json) => json.into_bytes(),
                Err(error) => return Err(self.undecodable(ctx, error)?),
            },
        };
        match serde_json::from_slice(&json) {
            Ok(value) => self.from_value(ctx, value, None, None),
            // What is no JSON is no session.
            Err(_) => self.begin(ctx, true),
        }
    }

    /// An error of the program's own decoding; the cookie is removed, so that the next request does not fail too.
    fn undecodable(&self, ctx: &mut Context, error: crate::Error) -> Result<crate::Error> {
        let cookie = self.cookie(None);
        Cookies::in_form(ctx, self.config.form).remove(cookie)?;
        let lines = ctx.response.headers().get_all(SET_COOKIE).iter();
        Ok(lines.fold(error, |error, line| {
            error.with_header("set-cookie", line.to_str().unwrap_or(""))
        }))
    }

    /// The session that the store has under an id, or another one.
    #[inline(always)]
    fn loaded(
        self: &Arc<Self>,
        ctx: &mut Context,
        id: Id,
        stored: Option<Stored>,
        now: SystemTime,
    ) -> Result<Box<Session<S>>> {
        let Some(Stored { value, version }) = stored else {
            self.missed(ctx, Some(&id));
            return self.begin(ctx, true);
        };
        if self.config.form == Form::Own {
            let read = Written::read(value, 0);
            return self.from_own(ctx, read, Some(id), false, Some(version), now);
        }
        let value = serde_json::from_slice(&value).unwrap_or(Value::Null);
        self.from_value(ctx, value, Some(id), Some(version))
    }

    /// The id that came.
    #[inline(always)]
    fn id(&self, ctx: &mut Context) -> Result<Option<Id>> {
        let prefix = self.config.prefix;
        let text = match &self.external_id {
            Some((get, _)) => get(ctx),
            None if self.is_bare() => {
                let text = Cookies::raw(ctx, Shared::name(self));
                return Ok(text.filter(|text| !text.is_empty()).map(|text| {
                    let new = || Id::new(bytes_as_text(&text).into_owned(), prefix);
                    // What somebody made up may be long, and is not worth remembering.
                    match <&[u8; LENGTH]>::try_from(&*text) {
                        Ok(text) => {
                            let connection = &ctx.request.connection;
                            connection.session(|last| last.is(text, prefix), new)
                        }
                        Err(_) => new(),
                    }
                }));
            }
            None => {
                let cookie = self.cookie(None);
                Cookies::in_form(ctx, self.config.form).get(cookie)?
            }
        };
        let text = text.filter(|text| !text.is_empty());
        Ok(text.map(|text| Id::new(text, prefix)))
    }

    pub(super) fn load(&self, ctx: &Context) -> Load {
        Load {
            now: ctx.app().now(),
            max_age: self.config.max_age,
            rolling: self.config.rolling,
        }
    }

    fn unsealed(&self, ctx: &Context) -> Sealed {
        let Some(text) = Cookies::raw(ctx, Shared::name(self)) else {
            return Sealed::Missing;
        };
        let app = ctx.app();
        // The session's own expiry counts, and is told of.
        let now = SystemTime::UNIX_EPOCH;
        let name = Shared::name(self);
        let open = |sealed| app.ring.open(Purpose::Session, name, sealed, now);
        match base64::decode_url_bare_into(&text, buffers::take()).and_then(open) {
            Some(fitted) => Sealed::Opened(fitted.value.bytes, !fitted.current),
            None => Sealed::Broken,
        }
    }

    /// A session of our own form.
    #[inline(always)]
    fn from_own(
        self: &Arc<Self>,
        ctx: &mut Context,
        read: Option<(Meta, Written)>,
        id: Option<Id>,
        stale: bool,
        version: Option<u64>,
        now: SystemTime,
    ) -> Result<Box<Session<S>>> {
        let Some((meta, written)) = read else {
            self.invalid(ctx, id.as_ref(), Value::Null);
            return self.begin(ctx, true);
        };
        let value = || serde_json::from_slice(written.json()).unwrap_or(Value::Null);
        if self.is_over(&meta, millis(now)) {
            self.expired(ctx, id.as_ref(), value());
            return self.begin(ctx, true);
        }
        match serde_json::from_slice(written.json()) {
            Ok(data) => {
                let found = Found {
                    meta,
                    data,
                    written,
                    version,
                    stale,
                };
                self.found(ctx, found, id)
            }
            Err(_) => {
                self.invalid(ctx, id.as_ref(), value());
                self.begin(ctx, true)
            }
        }
    }

    /// A session of koa-session's form.
    fn from_value(
        self: &Arc<Self>,
        ctx: &mut Context,
        value: Value,
        id: Option<Id>,
        version: Option<u64>,
    ) -> Result<Box<Session<S>>> {
        let is_nothing = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        if is_nothing {
            self.missed(ctx, id.as_ref());
            return self.begin(ctx, true);
        }
        let expires = value.get("_expire").and_then(form::number);
        if expires.is_some_and(|at| at != 0 && at < millis(ctx.app().now())) {
            self.expired(ctx, id.as_ref(), value);
            return self.begin(ctx, true);
        }
        match form::from_json::<S>(value.clone()) {
            Ok((meta, data)) => {
                if self.valid.as_ref().is_some_and(|valid| !valid(ctx, &data)) {
                    self.invalid(ctx, id.as_ref(), value);
                    return self.begin(ctx, true);
                }
                let written = Written::of(&data)?;
                let found = Found {
                    meta,
                    data,
                    written,
                    version,
                    stale: false,
                };
                Ok(self.opened(found, id))
            }
            Err(_) => {
                self.invalid(ctx, id.as_ref(), value);
                self.begin(ctx, true)
            }
        }
    }

    /// Whether the time of a session of our own form is over.
    fn is_over(&self, meta: &Meta, now: u64) -> bool {
        let absolute = self.config.absolute.map(|age| {
            let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
            meta.created.saturating_add(age)
        });
        meta.expires.is_some_and(|at| at <= now) || absolute.is_some_and(|at| at <= now)
    }

    #[inline(always)]
    fn found(
        self: &Arc<Self>,
        ctx: &mut Context,
        found: Found<S>,
        id: Option<Id>,
    ) -> Result<Box<Session<S>>> {
        let valid = self.valid.as_ref();
        if valid.is_some_and(|valid| !valid(ctx, &found.data)) {
            let value = serde_json::from_slice(found.written.json()).unwrap_or(Value::Null);
            self.invalid(ctx, id.as_ref(), value);
            return self.begin(ctx, true);
        }
        Ok(self.opened(found, id))
    }

    #[inline(always)]
    fn opened(self: &Arc<Self>, found: Found<S>, id: Option<Id>) -> Box<Session<S>> {
        let max_age = found.meta.max_age.or(self.config.max_age);
        Box::new(Session {
            data: found.data,
            life: Life {
                before: Some(found.written),
                expires: found.meta.expires,
                created: found.meta.created,
                max_age,
                age_before: max_age,
                must_save: found.stale,
                id,
                version: found.version,
                has_cookie: true,
                ..Life::default()
            },
            shared: Arc::clone(self),
        })
    }

    fn missed(&self, ctx: &Context, id: Option<&Id>) {
        let (cookie, id) = (Shared::name(self), id.map(as_told));
        ctx.app().emit(&SessionMissed { cookie, id });
    }

    fn expired(&self, ctx: &Context, id: Option<&Id>, value: Value) {
        let (cookie, id) = (Shared::name(self), id.map(as_told));
        ctx.app().emit(&SessionExpired { cookie, id, value });
    }

    fn invalid(&self, ctx: &Context, id: Option<&Id>, value: Value) {
        let (cookie, id) = (Shared::name(self), id.map(as_told));
        ctx.app().emit(&SessionInvalid { cookie, id, value });
    }
}

/// Where a session is.
enum Looked<'s, S> {
    Opened(Box<Session<S>>),
    In(&'s Arc<dyn AnyStore>, Id),
}

/// The id for a listener.
fn as_told(id: &Id) -> String {
    id.text().to_owned()
}

#[cold]
fn twice(name: &str) -> Error {
    Error::internal(format!(
        "two sessions of this app are kept under {name:?}: give one of them another `key`"
    ))
}

/// What a sealed cookie came to.
enum Sealed {
    Missing,
    Broken,
    /// The bytes, and whether an older key sealed them.
    Opened(Vec<u8>, bool),
}
