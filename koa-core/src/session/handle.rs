//! A request's session.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::context::Context;
use crate::cookies::Form;
use crate::error::Result;
use crate::session::SessionData;
use crate::session::config::MaxAge;
use crate::session::form::Written;
use crate::session::id::Id;
use crate::session::shared::Shared;

/// A request's session: the struct, through which it is read and written, and what can be done with the whole of it. Koa's
/// `ctx.session`: <https://github.com/koajs/session#api>.
///
/// An endpoint takes it as `&mut Session<UserSession>` where `&mut UserSession` does not do:
///
/// ```
/// use std::time::Duration;
///
/// use koa::prelude::*;
/// use koa::{MaxAge, Session, session};
///
/// #[session]
/// pub struct UserSession {
///     pub user: Option<String>,
/// }
///
/// #[middleware]
/// async fn log_in(ctx: &mut Context, session: &mut Session<UserSession>) -> Result<&'static str> {
///     session.user = Some("ada".to_owned());
///     session.set_max_age(Duration::from_secs(30 * 24 * 60 * 60)); // remember me
///     session.regenerate(ctx).await?; // a new id, since somebody may know the one from before
///     Ok("welcome")
/// }
///
/// #[middleware]
/// async fn log_out(session: &mut Session<UserSession>) -> &'static str {
///     session.destroy();
///     "bye"
/// }
/// # let _ = App::new().keys(["k"]).with(UserSession::middleware()).with(log_in).with(log_out);
/// ```
pub struct Session<S> {
    pub(super) data: S,
    pub(super) life: Life,
    pub(super) shared: Arc<Shared<S>>,
}

/// What is known of a session beside its data.
#[derive(Default)]
pub(super) struct Life {
    /// It was set to null.
    pub(super) removed: bool,
    /// Somebody else ended it.
    pub(super) is_gone: bool,
    pub(super) is_new: bool,
    /// The data as it was when it was loaded or last saved.
    pub(super) before: Option<Written>,
    /// Until when it counted when it was loaded.
    pub(super) expires: Option<u64>,
    pub(super) created: u64,
    pub(super) max_age: Option<MaxAge>,
    pub(super) must_save: bool,
    pub(super) id: Option<Id>,
    /// How long it lived when it was loaded or last saved.
    pub(super) age_before: Option<MaxAge>,
    /// It was destroyed, and another one was begun in its place.
    pub(super) begun_anew: bool,
    /// The id from before it was regenerated, as long as it is in the store.
    pub(super) forgotten: Option<Id>,
    /// The version that was read from the store, of a session that is in it.
    pub(super) version: Option<u64>,
    /// Whether the browser has a cookie of it.
    pub(super) has_cookie: bool,
}

impl<S> Session<S> {
    pub(crate) fn data(&self) -> &S {
        &self.data
    }

    pub(crate) fn data_mut(&mut self) -> &mut S {
        &mut self.data
    }

    /// Whether it began with this request. koa-session's `isNew`.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.life.is_new
    }

    /// The id of a session that is kept in a store; it changes with [`regenerate`](Self::regenerate). koa-session's
    /// `externalKey`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.life.id.as_ref().map(Id::text)
    }

    /// How long it lives from when it is saved. koa-session's `maxAge`.
    #[must_use]
    pub fn max_age(&self) -> Option<MaxAge> {
        self.life.max_age
    }

    /// Sets how long this session lives from when it is saved, which it then is: "remember me". koa-session's `maxAge=`.
    pub fn set_max_age(&mut self, age: impl Into<MaxAge>) {
        self.life.max_age = Some(age.into());
        self.life.must_save = true;
    }

    /// Whether it was destroyed.
    #[must_use]
    pub fn is_destroyed(&self) -> bool {
        self.life.removed
    }
}

impl<S: SessionData> Session<S> {
    /// Ends it: it is removed from the store and from the browser when the layers below are done. What is written to it
    /// afterwards is not kept; [`replace`](Self::replace) begins another one. Koa's `ctx.session = null`.
    pub fn destroy(&mut self) {
        self.life.removed = true;
        self.life.is_new = false;
        self.life.must_save = false;
        self.life.expires = None;
        if self.shared.config.form == Form::Own {
            self.life.max_age = self.shared.config.max_age;
        }
        self.data = S::default();
    }

    /// Puts other data in the place of all of it. Koa's `ctx.session = { .. }`. After [`destroy`](Self::destroy) it begins
    /// another session, under another id.
    pub fn replace(&mut self, data: S) {
        self.data = data;
        self.life.is_gone = false;
        if self.shared.config.form == Form::Own {
            if std::mem::take(&mut self.life.removed) {
                self.life.begun_anew = true;
                self.life.is_new = true;
            }
            return;
        }
        self.life.removed = false;
        self.life.is_new = false;
        self.life.must_save = false;
        self.life.expires = None;
    }

    /// How many fields are set, as they are written. koa-session's `length`.
    ///
    /// # Errors
    ///
    /// What serde refuses.
    pub fn length(&self) -> Result<usize> {
        let value = serde_json::to_value(&self.data)?;
        Ok(value.as_object().map_or(0, serde_json::Map::len))
    }

    /// Whether anything is in it that is not there by default. koa-session's `populated`.
    ///
    /// # Errors
    ///
    /// What serde refuses.
    pub fn populated(&self) -> Result<bool> {
        Ok(Written::of(&self.data)?.json() != self.shared.empty())
    }

    /// Saves it now, whether it changed or not. koa-session's `save`.
    ///
    /// # Errors
    ///
    /// That the store cannot be asked, a 503; that it is too big for a cookie; that another request changed the same
    /// fields, a 409.
    pub async fn save(&mut self, ctx: &mut Context) -> Result {
        self.commit(ctx, Why::Save).await
    }

    /// Saves it under a new id, and forgets the one before: at a login, so that nobody who knows the old one is logged in
    /// too. A session in a cookie has no id, and is written anew. koa-session's `regenerate`.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save).
    pub async fn regenerate(&mut self, ctx: &mut Context) -> Result {
        self.commit(ctx, Why::Regenerate).await
    }

    /// Saves it now if it changed, for a session that is not saved by itself (`auto_commit = false`). koa-session's
    /// `manuallyCommit`.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save).
    pub async fn manually_commit(&mut self, ctx: &mut Context) -> Result {
        self.commit(ctx, Why::Asked).await
    }
}

/// Why a session is saved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The layers below are done, and nobody has it any more. Only if it is due.
    Done,
    /// The program asks for it, if it is due.
    Asked,
    Save,
    Regenerate,
}

impl<S> Deref for Session<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.data
    }
}

impl<S> DerefMut for Session<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.data
    }
}

/// Nothing of what is in it, nor its id.
impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("is_new", &self.life.is_new)
            .field("is_destroyed", &self.life.removed)
            .finish_non_exhaustive()
    }
}
