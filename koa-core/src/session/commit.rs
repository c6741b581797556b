//! Saving a session: when that is due, and how.

use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{self, Poll, Waker};
use std::time::{Duration, SystemTime};

use crate::base64;
use crate::context::Context;
use crate::cookies::keys::Purpose;
use crate::cookies::{Cookies, Form, Value};
use crate::error::{Error, Result};
use crate::session::SessionData;
use crate::session::buffers;
use crate::session::compat;
use crate::session::config::MaxAge;
use crate::session::form::{self, Meta, Written};
use crate::session::handle::{Session, Why};
use crate::session::id::Id;
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
    /// Saves it when the layers below are done, where that waits for nothing.
    pub(super) fn commit_now(&mut self, ctx: &mut Context) -> Option<Result> {
        if self.shared.waits() {
            return None;
        }
        #[cfg(feature = "tracing")]
        let _entered = crate::spans::of_commit(self.shared.name()).entered();
        match self.commit_at_once(ctx) {
            Ok(true) => return Some(Ok(())),
            Err(error) => return Some(Err(error)),
            Ok(false) => {}
        }
        let mut commit = pin!(self.commit_if_due(ctx, Why::Done));
        let mut task = task::Context::from_waker(Waker::noop());
        match commit.as_mut().poll(&mut task) {
            Poll::Ready(committed) => Some(committed),
            Poll::Pending => None,
        }
    }

    /// Saves it where that is one step, as it mostly is; false, and nothing is done, where it is more than one.
    fn commit_at_once(&self, ctx: &mut Context) -> Result<bool> {
        let (shared, life) = (&*self.shared, &self.life);
        let has_steps = life.removed || life.begun_anew || life.forgotten.is_some();
        if has_steps || shared.before_save.is_some() || shared.config.form != Form::Own {
            return Ok(false);
        }
        let Some((mut data, changed)) = self.due(ctx, Why::Done)? else {
            return Ok(true);
        };
        let Writing { now, meta, .. } = self.writing(ctx);
        let Some(store) = &shared.store else {
            self.set_in_cookie(ctx, &meta, data, life.max_age, now)?;
            return Ok(true);
        };
        let key = life.id.as_ref().map_or("", |id| shared.key(id));
        let save = Save {
            value: data.with_head(&meta),
            ..self.saving(&meta, now, changed)
        };
        match life.version {
            None => {
                shared.ask_now(ctx, "create", store.create(key, save))?;
            }
            Some(version) => {
                let updated = store.update(key, version, save);
                match shared.ask_now(ctx, "update", updated)? {
                    Updated::To(_) => {}
                    Updated::Gone => return Ok(true),
                    Updated::Conflict => return Ok(false),
                }
            }
        }
        self.hand_out_id(ctx, life.max_age, now)?;
        Ok(true)
    }

    /// Saves it where that is due.
    pub(super) fn commit<'a>(
        &'a mut self,
        ctx: &'a mut Context,
        why: Why,
    ) -> impl Future<Output = Result> + Send + 'a {
        #[cfg(feature = "tracing")]
        {
            let span = crate::spans::of_commit(self.shared.name());
            tracing::Instrument::instrument(self.commit_if_due(ctx, why), span)
        }
        #[cfg(not(feature = "tracing"))]
        self.commit_if_due(ctx, why)
    }

    async fn commit_if_due(&mut self, ctx: &mut Context, why: Why) -> Result {
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
        if why == Why::Regenerate {
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
        let Some((mut data, changed)) = self.due(ctx, why)? else {
            return Ok(());
        };
        if let Some(before_save) = &self.shared.before_save {
            before_save(ctx, &mut self.data);
            data = Written::of(&self.data)?;
        }
        let written = self.store(ctx, data, changed, why == Why::Done).await?;
        if is_own {
            self.life.before = written;
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
        let data = Written::of(&self.data)?;
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
            self.life.version = None;
        }
        Ok(())
    }

    /// Ends what is under the id from before.
    async fn forget(&mut self, ctx: &Context) -> Result {
        if let (Some(id), Some(store)) = (&self.life.forgotten, &self.shared.store) {
            let destroyed = store.destroy(self.shared.key(id));
            self.shared.ask(ctx, "destroy", destroyed).await?;
            self.life.forgotten = None;
        }
        Ok(())
    }

    /// What is to be saved, if anything is, and whether since it changed.
    #[inline(always)]
    fn due(&self, ctx: &Context, why: Why) -> Result<Option<(Written, bool)>> {
        let data = Written::of(&self.data)?;
        let changed = self.reason(data.json(), why, ctx);
        Ok(changed.map(|changed| (data, changed)))
    }

    /// Whether it is to be saved, and whether since it changed.
    #[inline(always)]
    fn reason(&self, data: &[u8], why: Why, ctx: &Context) -> Option<bool> {
        if matches!(why, Why::Save | Why::Regenerate) || self.life.must_save {
            return Some(false);
        }
        let config = &self.shared.config;
        match &self.life.before {
            None if data == self.shared.empty() => return None,
            Some(before) if is_same(before.json(), data) => {}
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
            let destroyed = store.destroy(shared.key(id));
            shared.ask(ctx, "destroy", destroyed).await?;
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

    /// Writes it to where it is kept, and the cookie; gives back what of the data was written, unless it was the last time.
    async fn store(
        &mut self,
        ctx: &mut Context,
        data: Written,
        changed: bool,
        last: bool,
    ) -> Result<Option<Written>> {
        let shared = Arc::clone(&self.shared);
        let Writing { now, age, meta } = self.writing(ctx);
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
            let kept = (!last).then(|| data.clone());
            self.set_in_cookie(ctx, &meta, data, cookie_age, now)?;
            self.life.has_cookie = true;
            return Ok(kept);
        };
        let age_said = self.life.max_age;
        let written = self.keep(ctx, store, meta, data, changed).await?;
        if self.life.removed {
            return Ok(Some(written));
        }
        if shared.config.form == Form::Own || self.life.max_age != age_said {
            cookie_age = self.life.max_age;
        }
        self.life.has_cookie |= shared.external_id.is_none();
        self.hand_out_id(ctx, cookie_age, now)?;
        Ok(Some(written))
    }

    /// What is said of it when it is written now.
    #[inline(always)]
    fn writing(&self, ctx: &Context) -> Writing {
        let (now, age) = (ctx.app().now(), self.age());
        let meta = self.meta(age, millis(now));
        Writing { now, age, meta }
    }

    /// Sends the id of what is in the store.
    #[inline(always)]
    fn hand_out_id(&self, ctx: &mut Context, max_age: Option<MaxAge>, now: SystemTime) -> Result {
        let shared = &self.shared;
        let id = self.life.id.as_ref().map_or("", Id::text);
        if let Some((_, set)) = &shared.external_id {
            return set(ctx, id);
        }
        let value = match shared.config.form == Form::Own && shared.make_id.is_none() {
            true => Value::Encoded(id),
            false => Value::Text(id),
        };
        shared.set_cookie(ctx, value, max_age, now)
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

    /// Sets the cookie to the session itself.
    fn set_in_cookie(
        &self,
        ctx: &mut Context,
        meta: &Meta,
        mut data: Written,
        cookie_age: Option<MaxAge>,
        now: SystemTime,
    ) -> Result {
        let shared = &self.shared;
        if shared.seals() && shared.codec.is_none() {
            let value = data.sealable(meta);
            let sealed = ctx
                .app()
                .ring
                .seal(Purpose::Session, shared.name(), value, None);
            let sealed = sealed.unwrap_or_else(|| Err(without_keys(shared.name())))?;
            let value = Value::Bytes(&sealed);
            fits(shared.name(), value)?;
            shared.set_cookie(ctx, value, cookie_age, now)?;
            buffers::put_back(sealed);
            return Ok(());
        }
        if shared.config.form == Form::Own && shared.codec.is_none() {
            let text = base64::encode_url(data.with_head(meta));
            let value = Value::Encoded(&text);
            fits(shared.name(), value)?;
            return shared.set_cookie(ctx, value, cookie_age, now);
        }
        let json = form::to_json(meta, data.json());
        match &shared.codec {
            Some((encode, _)) => {
                shared.set_cookie(ctx, Value::Text(&encode(&json)), cookie_age, now)
            }
            None => {
                let text = base64::encode(json.as_bytes());
                shared.set_cookie(ctx, Value::Encoded(&text), cookie_age, now)
            }
        }
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
        mut data: Written,
        changed: bool,
    ) -> Result<Written> {
        let shared = Arc::clone(&self.shared);
        let id = self.life.id.clone();
        let key = id.as_ref().map_or("", |id| shared.key(id));
        let is_own = shared.config.form == Form::Own;
        let now = ctx.app().now();
        let save = self.saving(&meta, now, changed);
        let Some(mut version) = self.life.version else {
            let value = self.stored_as(&meta, &mut data);
            let save = Save {
                value: &value,
                ..save
            };
            let created = store.create(key, save);
            self.life.version = Some(shared.ask(ctx, "create", created).await?);
            return Ok(data);
        };
        // As it was before others' changes were put to it.
        let mut mine: Option<Written> = None;
        for _ in 0..MERGES {
            let value = self.stored_as(&meta, &mut data);
            let save = Save {
                value: &value,
                time_to_live: time_to_live(&meta, now),
                ..save
            };
            let updated = store.update(key, version, save);
            match shared.ask(ctx, "update", updated).await? {
                Updated::To(version) => {
                    self.life.version = Some(version);
                    if mine.is_some_and(|mine| mine.json() != data.json()) {
                        self.data = serde_json::from_slice(data.json())?;
                    }
                    return Ok(data);
                }
                Updated::Gone => {
                    self.is_gone();
                    return Ok(data);
                }
                Updated::Conflict => {}
            }
            let load = shared.load(ctx);
            let stored = shared.ask(ctx, "load", store.load(key, &load)).await?;
            let Some(stored) = stored else {
                self.is_gone();
                return Ok(data);
            };
            let theirs = match is_own {
                true => Written::read(stored.value, 0),
                false => compat::read(&stored.value)?,
            };
            let (their_meta, theirs) = theirs.ok_or_else(conflict)?;
            let before = self.life.before.as_ref().map_or(&b"{}"[..], Written::json);
            let mine = mine.get_or_insert_with(|| data.clone());
            let all = merged(before, mine.json(), theirs.json()).ok_or_else(conflict)?;
            data = Written::from_json(&all);
            match is_own {
                true => self.agree_on_age(ctx, &mut meta, &their_meta)?,
                false => self.agree_on_age_with_node(ctx, &mut meta, &their_meta)?,
            }
            version = stored.version;
        }
        Err(conflict())
    }

    /// What is said to the store beside what it keeps.
    fn saving(&self, meta: &Meta, now: SystemTime, changed: bool) -> Save<'static> {
        let config = &self.shared.config;
        Save {
            value: &[],
            now,
            time_to_live: time_to_live(meta, now),
            changed,
            rolling: config.rolling,
            // Under `compat` an id may be anybody's.
            replace: config.form != Form::Own,
        }
    }

    /// What a store is given to keep.
    fn stored_as<'d>(&self, meta: &Meta, data: &'d mut Written) -> Cow<'d, [u8]> {
        match self.shared.config.form {
            Form::Own => data.with_head(meta).into(),
            Form::Koa | Form::Egg => form::to_json(meta, data.json()).into_bytes().into(),
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

/// What is said of a session that is being written.
struct Writing {
    now: SystemTime,
    age: MaxAge,
    meta: Meta,
}

/// How long a store keeps it.
fn time_to_live(meta: &Meta, now: SystemTime) -> Option<Duration> {
    match (meta.expires, meta.max_age) {
        (_, Some(MaxAge::For(age))) => Some(age.saturating_add(STORE_LONGER)),
        (Some(expires), _) => {
            let left = expires.saturating_sub(millis(now));
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

/// Refuses a value that is too long for a cookie of this name.
fn fits(name: &str, value: Value<'_>) -> Result {
    match name.len() + value.len() {
        ..=COOKIE => Ok(()),
        length => Err(too_big(name, length)),
    }
}

#[cold]
fn too_big(name: &str, length: usize) -> Error {
    Error::internal(format!(
        "the session {name:?} takes {length} bytes of cookie, and browsers drop one of more than {COOKIE}: keep it in a \
         store (`middleware().store(..)`), or keep less in it"
    ))
}
