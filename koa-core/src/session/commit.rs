//! Saving a session: when that is due, and how.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{self, Poll, Waker};
use std::time::Duration;

use crate::base64;
use crate::context::Context;
use crate::cookies::keys::Purpose;
use crate::cookies::{Cookies, Form};
use crate::error::{Error, Result};
use crate::session::SessionData;
use crate::session::compat;
use crate::session::config::MaxAge;
use crate::session::form::{self, Meta};
use crate::session::handle::{Forced, Session};
use crate::session::merge::{is_same, merged};
use crate::session::shared::millis;
use crate::session::store::{AnyStore, STORE_LONGER, Save, Updated};

/// How long a session lives for which nothing says it.
pub(super) const ONE_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What browsers take of a cookie, its name and its value together:
/// <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.7>
const COOKIE: usize = 4096;

/// How often a session is merged with what others wrote before that is given up.
const MERGES: usize = 8;

impl<S: SessionData> Session<S> {
    /// Saves it, if it is kept in its cookie: that waits for nothing.
    pub(super) fn commit_now(&mut self, ctx: &mut Context) -> Option<Result> {
        if self.shared.store.is_some() {
            return None;
        }
        let mut commit = pin!(self.commit(ctx, None));
        let mut task = task::Context::from_waker(Waker::noop());
        match commit.as_mut().poll(&mut task) {
            Poll::Ready(committed) => Some(committed),
            Poll::Pending => None,
        }
    }

    /// Saves it where that is due.
    pub(super) fn commit<'a>(
        &'a mut self,
        ctx: &'a mut Context,
        forced: Option<Forced>,
    ) -> impl Future<Output = Result> + Send + 'a {
        #[cfg(feature = "tracing")]
        {
            let span = crate::spans::of_commit(self.shared.name());
            tracing::Instrument::instrument(self.commit_if_due(ctx, forced), span)
        }
        #[cfg(not(feature = "tracing"))]
        self.commit_if_due(ctx, forced)
    }

    async fn commit_if_due(&mut self, ctx: &mut Context, forced: Option<Forced>) -> Result {
        if self.life.removed {
            return self.remove(ctx).await;
        }
        let is_own = self.shared.config.form == Form::Own;
        if self.life.begun_anew {
            self.remove(ctx).await?;
            self.life.begun_anew = false;
            self.life.created = millis(ctx.app().now());
            self.begin_id(ctx)?;
        }
        if forced == Some(Forced::Regenerate) {
            let has_versions = self
                .life
                .version
                .is_some_and(|version| is_own || version != 0);
            if has_versions {
                // What others wrote meanwhile comes along, and one that they ended stays so.
                self.write_again(ctx).await?;
                if self.life.removed {
                    return Ok(());
                }
            }
            if !is_own {
                self.remove(ctx).await?;
            } else if has_versions {
                // Should the store fail now, the commit at the end tries again.
                self.life.forgotten = self.life.id.take();
                self.life.must_save = true;
            }
            self.begin_id(ctx)?;
        }
        let mut data = form::data(&self.data)?;
        let Some(changed) = self.reason(&data, forced, ctx) else {
            return Ok(());
        };
        let shared = Arc::clone(&self.shared);
        if let Some(before_save) = &shared.before_save {
            before_save(ctx, &mut self.data);
            data = form::data(&self.data)?;
        }
        let written = self.store(ctx, data, changed).await?;
        if is_own {
            self.life.before = Some(written);
            self.life.age_before = self.life.max_age;
            self.life.must_save = false;
        }
        self.forget(ctx).await
    }

    /// Writes what the store has under the present id.
    async fn write_again(&mut self, ctx: &Context) -> Result {
        let shared = Arc::clone(&self.shared);
        let Some(store) = &shared.store else {
            return Ok(());
        };
        let data = form::data(&self.data)?;
        let meta = self.meta(self.age(), millis(ctx.app().now()));
        self.life.before = Some(self.keep(ctx, store, meta, data, true).await?);
        self.life.age_before = self.life.max_age;
        Ok(())
    }

    /// How long it is to live from now.
    fn age(&self) -> MaxAge {
        let age = self.life.max_age;
        let age = age.filter(|age| *age != MaxAge::For(Duration::ZERO));
        age.unwrap_or(MaxAge::For(ONE_DAY))
    }

    fn begin_id(&mut self, ctx: &Context) -> Result {
        if self.shared.store.is_some() {
            self.life.id = Some(self.shared.new_id(ctx)?);
            self.life.key = None;
            self.life.version = None;
        }
        Ok(())
    }

    /// Ends what is under the id from before.
    async fn forget(&mut self, ctx: &Context) -> Result {
        if let (Some(id), Some(store)) = (&self.life.forgotten, &self.shared.store) {
            let key = self.shared.key(id);
            let destroyed = store.destroy(&key);
            self.shared.ask(ctx, "destroy", destroyed).await?;
            self.life.forgotten = None;
        }
        Ok(())
    }

    /// Whether it is to be saved, and whether since it changed.
    fn reason(&self, data: &[u8], forced: Option<Forced>, ctx: &Context) -> Option<bool> {
        if forced.is_some() || self.life.must_save {
            return Some(false);
        }
        let config = &self.shared.config;
        match &self.life.before {
            None if data == self.shared.empty() => return None,
            Some(before) if is_same(before, data) => {}
            _ => return Some(true),
        }
        if config.rolling {
            return Some(false);
        }
        let (expires, age) = (self.life.expires?, self.life.max_age?.millis()?);
        let now = millis(ctx.app().now());
        let left = expires.saturating_sub(now);
        // What ends by its absolute age cannot be renewed.
        let is_renewed = || {
            self.meta(MaxAge::For(Duration::from_millis(age)), now)
                .expires
        };
        let is_due = config.renew && left < age / 2 + age % 2;
        (is_due && is_renewed() > Some(expires)).then_some(false)
    }

    async fn remove(&mut self, ctx: &mut Context) -> Result {
        if self.life.is_gone {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let is_own = shared.config.form == Form::Own;
        if let (Some(id), Some(store)) = (&self.life.id, &shared.store)
            && (!is_own || self.life.version.is_some())
        {
            let key = shared.key(id);
            shared.ask(ctx, "destroy", store.destroy(&key)).await?;
        }
        self.life.version = None;
        if is_own {
            self.forget(ctx).await?;
            self.life.before = None;
            let had_cookie = std::mem::take(&mut self.life.has_cookie);
            if !had_cookie || shared.external_id.is_some() {
                return Ok(());
            }
        }
        let cookie = shared.cookie(None);
        Cookies::in_form(ctx, shared.config.form).remove(cookie)
    }

    /// Writes it to where it is kept, and the cookie; says what of the data was written.
    async fn store(&mut self, ctx: &mut Context, data: Vec<u8>, changed: bool) -> Result<Vec<u8>> {
        let shared = Arc::clone(&self.shared);
        let now = ctx.app().now();
        let age = self.age();
        let meta = self.meta(age, millis(now));
        let mut cookie_age = match age {
            MaxAge::Session => None,
            MaxAge::For(_) => self.life.max_age,
        };
        if shared.config.form == Form::Own {
            self.life.expires = meta.expires;
        } else if age == MaxAge::Session {
            // As koa-session does: its own option is gone then.
            self.life.max_age = None;
        }
        let Some(store) = &shared.store else {
            let cookie = shared.cookie(cookie_age);
            let text = self.in_cookie(ctx, &meta, &data)?;
            self.life.has_cookie = true;
            let encoded = shared.codec.is_none();
            Cookies::in_form(ctx, shared.config.form).set_text(cookie, &text, encoded, now)?;
            return Ok(data);
        };
        let age_said = self.life.max_age;
        let written = self.keep(ctx, store, meta, data, changed).await?;
        if self.life.removed {
            return Ok(written);
        }
        if shared.config.form == Form::Own || self.life.max_age != age_said {
            cookie_age = self.life.max_age;
        }
        let cookie = shared.cookie(cookie_age);
        let id = self.life.id.clone().unwrap_or_default();
        if let Some((_, set)) = &shared.external_id {
            set(ctx, &id)?;
        } else {
            self.life.has_cookie = true;
            let encoded = shared.config.form == Form::Own && shared.make_id.is_none();
            Cookies::in_form(ctx, shared.config.form).set_text(cookie, &id, encoded, now)?;
        }
        Ok(written)
    }

    pub(super) fn meta(&self, age: MaxAge, now: u64) -> Meta {
        let mut expires = age.millis().map(|age| now.saturating_add(age));
        if let Some(absolute) = self.shared.config.absolute {
            let absolute = u64::try_from(absolute.as_millis()).unwrap_or(u64::MAX);
            let end = self.life.created.saturating_add(absolute);
            expires = Some(expires.map_or(end, |expires| expires.min(end)));
        }
        Meta {
            expires,
            created: self.life.created,
            max_age: Some(age),
        }
    }

    /// What the cookie holds.
    fn in_cookie(&self, ctx: &Context, meta: &Meta, data: &[u8]) -> Result<String> {
        let shared = &self.shared;
        if shared.config.form == Form::Own && shared.codec.is_none() {
            let text = if shared.seals() {
                let ring = &ctx.app().ring;
                let parts = [&form::head(meta), data];
                let sealed = ring.seal(Purpose::Session, shared.name(), parts, None);
                sealed.unwrap_or_else(|| Err(without_keys(shared.name())))?
            } else {
                base64::encode_url(&form::to_bytes(meta, data))
            };
            return match shared.name().len() + text.len() {
                ..=COOKIE => Ok(text),
                length => Err(too_big(shared.name(), length)),
            };
        }
        let json = form::to_json(meta, data);
        Ok(match &shared.codec {
            Some((encode, _)) => encode(&json),
            None => base64::encode(json.as_bytes()),
        })
    }

    /// Somebody ended it meanwhile. The browser may have another one by now: its cookie is left alone.
    fn is_gone(&mut self) {
        self.life.removed = true;
        self.life.is_gone = true;
        self.life.version = None;
        self.life.has_cookie = false;
    }

    /// Writes it to the store: a new one, or one that is still there.
    async fn keep(
        &mut self,
        ctx: &Context,
        store: &Arc<dyn AnyStore>,
        mut meta: Meta,
        data: Vec<u8>,
        changed: bool,
    ) -> Result<Vec<u8>> {
        let shared = Arc::clone(&self.shared);
        let key = match self.life.key.take() {
            Some(key) => key,
            None => shared.key(self.life.id.as_deref().unwrap_or_default()),
        };
        let is_own = shared.config.form == Form::Own;
        let save = Save {
            value: &[],
            time_to_live: time_to_live(&meta, ctx),
            changed,
            rolling: shared.config.rolling,
            // Under `compat` an id may be anybody's.
            replace: !is_own,
        };
        let Some(mut version) = self.life.version else {
            let value = self.stored_as(&meta, &data);
            let save = Save {
                value: &value,
                ..save
            };
            let created = store.create(&key, save);
            self.life.version = Some(shared.ask(ctx, "create", created).await?);
            return Ok(data);
        };
        let mut written = data.clone();
        for _ in 0..MERGES {
            let value = self.stored_as(&meta, &written);
            let save = Save {
                value: &value,
                time_to_live: time_to_live(&meta, ctx),
                ..save
            };
            let updated = store.update(&key, version, save);
            match shared.ask(ctx, "update", updated).await? {
                Updated::To(version) => {
                    self.life.version = Some(version);
                    if written != data {
                        self.data = serde_json::from_slice(&written)?;
                    }
                    return Ok(written);
                }
                Updated::Gone => {
                    self.is_gone();
                    return Ok(written);
                }
                Updated::Conflict => {}
            }
            let load = shared.load();
            let stored = shared.ask(ctx, "load", store.load(&key, &load)).await?;
            let Some(stored) = stored else {
                self.is_gone();
                return Ok(written);
            };
            let theirs = match is_own {
                true => form::from_bytes(&stored.value).map(|(meta, data)| (meta, data.into())),
                false => compat::read(&stored.value)?,
            };
            let (their_meta, theirs) = theirs.ok_or_else(conflict)?;
            let before = self.life.before.as_deref().unwrap_or(b"{}");
            written = merged(before, &data, &theirs).ok_or_else(conflict)?;
            match is_own {
                true => self.agree_on_age(ctx, &mut meta, &their_meta)?,
                false => self.agree_on_age_with_node(ctx, &mut meta, &their_meta)?,
            }
            version = stored.version;
        }
        Err(conflict())
    }

    /// What a store is given to keep.
    fn stored_as(&self, meta: &Meta, data: &[u8]) -> Vec<u8> {
        match self.shared.config.form {
            Form::Own => form::to_bytes(meta, data),
            Form::Koa | Form::Egg => form::to_json(meta, data).into_bytes(),
        }
    }

    /// How long it lives now that somebody else has written it too: as the one says who has changed that.
    fn agree_on_age(&mut self, ctx: &Context, meta: &mut Meta, theirs: &Meta) -> Result {
        let their_age = theirs.max_age.or(self.life.max_age);
        if self.life.max_age == self.life.age_before {
            self.life.max_age = their_age;
            if let Some(age) = their_age {
                *meta = self.meta(age, millis(ctx.app().now()));
                self.life.expires = meta.expires;
            }
        } else if their_age != self.life.age_before && their_age != self.life.max_age {
            return Err(conflict());
        }
        Ok(())
    }
}

/// How long a store keeps it.
fn time_to_live(meta: &Meta, ctx: &Context) -> Option<Duration> {
    match (meta.expires, meta.max_age) {
        (_, Some(MaxAge::For(age))) => Some(age.saturating_add(STORE_LONGER)),
        (Some(expires), _) => {
            let left = expires.saturating_sub(millis(ctx.app().now()));
            Some(Duration::from_millis(left))
        }
        (None, _) => None,
    }
}

#[cold]
pub(super) fn conflict() -> Error {
    Error::new(
        409,
        "Another request changed the session at the same time; please try again",
    )
}

#[cold]
fn without_keys(name: &str) -> Error {
    Error::internal(format!(
        "the session {name:?} is encrypted, and the app has no keys: give it some with `App::keys`"
    ))
}

#[cold]
fn too_big(name: &str, length: usize) -> Error {
    Error::internal(format!(
        "the session {name:?} takes {length} bytes of cookie, and browsers drop one of more than {COOKIE}: keep it in a \
         store (`middleware().store(..)`), or keep less in it"
    ))
}
