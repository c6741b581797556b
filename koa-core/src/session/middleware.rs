//! The middleware that provides a session.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use sync_wrapper::SyncWrapper;

use crate::context::Context;
use crate::cookies::{Cookie, Form};
use crate::describe::{Layer, short};
use crate::error::{Error, Result};
use crate::middleware::{Middleware, Next};
use crate::session::SessionData;
use crate::session::config::{MaxAge, SessionConfig};
use crate::session::handle::{Session, Why};
use crate::session::keys::{Found, Keys};
use crate::session::open::Source;
use crate::session::shared::Shared;
use crate::session::store::SessionStore;
use crate::session::wanted;
use crate::wiring::{Provision, Requires};

/// Provides a session to the layers below: what `UserSession::middleware()` gives. koa-session's `session(opts, app)`.
///
/// The methods override what the attribute says, for what is known only where the app is built:
///
/// ```
/// use std::time::Duration;
///
/// use koa::prelude::*;
/// use koa::session;
///
/// #[session(max_age = "1d", renew)]
/// pub struct UserSession {
///     pub user: Option<String>,
/// }
///
/// let in_production = false;
/// let app = App::new()
///     .keys(["a long random key"])
///     .with(UserSession::middleware().max_age(Duration::from_secs(3600)).secure(in_production));
/// ```
///
/// Two sessions of an app that have one key are an error: when compiling, where their attributes say the keys; for one whose
/// key is [overridden](KeyOverridden), when the app starts.
pub struct Sessions<S, Key = KeyAsDeclared> {
    shared: Arc<Shared<S>>,
    key: PhantomData<fn() -> Key>,
}

/// That the key of [`Sessions`] is the one in the struct's attribute.
#[derive(Debug, Clone, Copy)]
pub struct KeyAsDeclared;

/// That the key of [`Sessions`] has been given to them: `Sessions<UserSession, KeyOverridden>`.
#[derive(Debug, Clone, Copy)]
pub struct KeyOverridden;

/// What is known of a key when compiling.
#[doc(hidden)]
pub trait Key<S>: 'static {
    const KEYS: Keys;

    /// Whether the form may be another one than ours.
    const MAY_BE_FOREIGN: bool = true;
}

impl<S: SessionData> Key<S> for KeyAsDeclared {
    const KEYS: Keys = Keys::One(S::CONFIG.cookie.name, S::ORIGIN);
    const MAY_BE_FOREIGN: bool = !matches!(S::CONFIG.form, Form::Own);
}

impl<S: SessionData> Key<S> for KeyOverridden {
    const KEYS: Keys = Keys::None;
}

impl<S: SessionData> Sessions<S> {
    /// With the settings of the struct's attribute.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Shared::new(S::CONFIG))
    }

    /// With other settings.
    #[must_use]
    pub fn with_config(config: SessionConfig) -> Sessions<S, KeyOverridden> {
        Sessions::of(Shared::new(config))
    }
}

impl<S: SessionData, Key> Sessions<S, Key> {
    fn of(shared: Shared<S>) -> Self {
        Self {
            shared: Arc::new(shared),
            key: PhantomData,
        }
    }

    /// Keeps sessions in a store, and their ids in the cookie.
    #[must_use]
    pub fn store(self, store: impl SessionStore) -> Self {
        self.change(|shared| shared.store = Some(Arc::new(store)))
    }

    /// How long the store may take to answer, by default two seconds; after that the request is answered with a 503.
    #[must_use]
    pub fn store_timeout(self, patience: Duration) -> Self {
        self.change(|shared| shared.patience = patience)
    }

    /// How long a session lives from when it was last saved.
    #[must_use]
    pub fn max_age(self, age: impl Into<MaxAge>) -> Self {
        let age = age.into();
        self.change(|shared| shared.config.max_age = Some(age))
    }

    /// Whether the cookie is sent over TLS only.
    #[must_use]
    pub fn secure(self, secure: bool) -> Self {
        self.change(|shared| shared.config.cookie = shared.config.cookie.secure(secure))
    }

    /// The cookie, with its name and all of its attributes.
    #[must_use]
    pub fn cookie(self, cookie: Cookie<'static>) -> Sessions<S, KeyOverridden> {
        Sessions {
            shared: self.change(|shared| shared.config.cookie = cookie).shared,
            key: PhantomData,
        }
    }

    /// Takes only sessions of which this is true; others are told of with [`SessionInvalid`](crate::SessionInvalid).
    /// koa-session's `valid`.
    #[must_use]
    pub fn valid(self, valid: impl Fn(&Context, &S) -> bool + Send + Sync + 'static) -> Self {
        self.change(|shared| shared.valid = Some(Box::new(valid)))
    }

    /// Changes each session before it is saved. koa-session's `beforeSave`.
    #[must_use]
    pub fn before_save(self, change: impl Fn(&Context, &mut S) + Send + Sync + 'static) -> Self {
        self.change(|shared| shared.before_save = Some(Box::new(change)))
    }

    /// Where the id comes from and goes to, in place of a cookie. koa-session's `externalKey`.
    #[must_use]
    pub fn external_key(
        self,
        get: impl Fn(&Context) -> Option<String> + Send + Sync + 'static,
        set: impl Fn(&mut Context, &str) -> Result + Send + Sync + 'static,
    ) -> Self {
        self.change(|shared| shared.external_id = Some((Box::new(get), Box::new(set))))
    }

    /// How ids are made, in place of 256 random bits. koa-session's `genid`. Whoever can guess an id has its session.
    #[must_use]
    pub fn genid(self, make: impl Fn(&Context) -> String + Send + Sync + 'static) -> Self {
        self.change(|shared| shared.make_id = Some(Box::new(make)))
    }

    /// How the JSON of a session is written into the cookie under `compat`, in place of base64. koa-session's `encode` and
    /// `decode`.
    #[must_use]
    pub fn codec(
        self,
        encode: impl Fn(&str) -> String + Send + Sync + 'static,
        decode: impl Fn(&str) -> Result<String> + Send + Sync + 'static,
    ) -> Self {
        self.change(|shared| shared.codec = Some((Box::new(encode), Box::new(decode))))
    }

    fn change(mut self, change: impl FnOnce(&mut Shared<S>)) -> Self {
        // Nobody else has it before it is put into an app.
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            change(shared);
        }
        self
    }
}

impl<S: SessionData> Default for Sessions<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, Key> fmt::Debug for Sessions<S, Key> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

/// It asks for nothing.
impl<List, S, Key> Requires<List, ()> for Sessions<S, Key> {}

impl<S: SessionData, K: Key<S>> Middleware for Sessions<S, K> {
    type Provides = (Session<S>,);
    type Wiring = Self;

    const SESSIONS: Keys = K::KEYS;

    fn sessions(&self, found: &mut Found) {
        found.add::<S>(self.shared.name());
    }

    fn describe(&self) -> Vec<Layer> {
        // However it came to its key.
        let name = format!("Sessions<{}>", short(std::any::type_name::<S>()));
        let layer = Layer::middleware::<Self>(Self::ABOUT, Self::Provides::name());
        vec![Layer { name, ..layer }]
    }

    #[allow(
        clippy::manual_async_fn,
        reason = "an `async fn` has each argument twice, and every request carries it"
    )]
    fn call<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next<Session<S>> + 'a,
    {
        async move {
            let at = ctx.provided.push_source(Arc::clone(&self.shared) as _);
            // koa-session asks its store for every request.
            let is_foreign = K::MAY_BE_FOREIGN && self.shared.config.form != Form::Own;
            if is_foreign && self.shared.store.is_some() {
                let shared: Arc<dyn Source> = Arc::clone(&self.shared) as _;
                Waiting::new(shared.open(ctx, at)).await?;
            }
            let result = next.go(ctx).await;
            if ctx.provided.pop_unopened(at) {
                return result;
            }
            match self.shared.close(ctx, at, result) {
                Closing::Done(result) => result,
                Closing::Waiting(committed) => committed.await,
            }
        }
    }
}

/// What is still to be done when the layers below are.
enum Closing<'a> {
    Done(Result),
    Waiting(Waiting<'a>),
}

/// The time in which a store keeps a request waiting.
///
/// It is boxed, so that every other request has less to carry; and in an `Arc`, though nobody shares it, since the drop of one is
/// so short that the compiler writes it where a layer ends. To call a function there would cost every request.
struct Waiting<'a>(Arc<SyncWrapper<Pin<Box<dyn Future<Output = Result> + Send + 'a>>>>);

impl<'a> Waiting<'a> {
    fn new(store: Pin<Box<dyn Future<Output = Result> + Send + 'a>>) -> Self {
        Self(Arc::new(SyncWrapper::new(store)))
    }
}

impl Future for Waiting<'_> {
    type Output = Result;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Result> {
        match Arc::get_mut(&mut self.0) {
            Some(store) => store.get_mut().as_mut().poll(cx),
            None => Poll::Ready(Err(Error::internal(
                "a wait of a session is waited for twice",
            ))),
        }
    }
}

impl<S: SessionData> Shared<S> {
    /// Takes a session that somebody asked for out of its place, and saves it; `result` is what came of the layers below.
    #[inline(never)]
    fn close<'a>(&self, ctx: &'a mut Context, at: usize, result: Result) -> Closing<'a> {
        let session = ctx.provided.take_at::<Session<S>>(at);
        ctx.provided.truncate(at);
        let Some(mut session) = session.filter(|_| self.config.auto_commit) else {
            return Closing::Done(result);
        };
        match session.commit_now(ctx) {
            Some(committed) => Closing::Done(committed.and(result)),
            None => Closing::Waiting(Waiting::new(Box::pin(async move {
                session.commit(ctx, Why::Done).await?;
                result
            }))),
        }
    }
}

impl Context {
    /// The session, opened now if it is not yet: for a layer that needs it only sometimes, and so does not ask for it in
    /// its signature. Koa's `ctx.session`.
    ///
    /// # Errors
    ///
    /// No layer above provides such a session; or its store cannot be asked, a 503.
    pub async fn session<S: SessionData>(&mut self) -> Result<&mut Session<S>> {
        wanted::open(self, &[std::any::TypeId::of::<S>()]).await?;
        self.provided.get_mut().ok_or_else(unprovided::<S>)
    }

    /// Puts other data in the place of the session, or ends it with `None`. Koa's `ctx.session = ..`: under `compat` the one
    /// before is not read, if it is kept in the cookie.
    ///
    /// # Errors
    ///
    /// Those of [`session`](Self::session).
    pub async fn set_session<S: SessionData>(&mut self, data: Option<S>) -> Result {
        let id = [std::any::TypeId::of::<S>()];
        if let Some((at, source)) = self.provided.unopened(&id)
            && !source.begin(self, at)?
        {
            wanted::open(self, &id).await?;
        }
        let session: &mut Session<S> = self.provided.get_mut().ok_or_else(unprovided::<S>)?;
        match data {
            Some(data) => session.replace(data),
            None => session.destroy(),
        }
        Ok(())
    }

    /// Saves the session now, whether it changed or not; see [`Session::save`].
    ///
    /// # Errors
    ///
    /// Those of [`session`](Self::session) and [`Session::save`].
    pub async fn save_session<S: SessionData>(&mut self) -> Result {
        let (at, mut session) = self.taken::<S>().await?;
        let result = session.save(self).await;
        self.provided.put_back(at, session);
        result
    }

    /// Saves the session under a new id; see [`Session::regenerate`].
    ///
    /// # Errors
    ///
    /// Those of [`session`](Self::session) and [`Session::regenerate`].
    pub async fn regenerate_session<S: SessionData>(&mut self) -> Result {
        let (at, mut session) = self.taken::<S>().await?;
        let result = session.regenerate(self).await;
        self.provided.put_back(at, session);
        result
    }

    /// Saves the session now if it changed; see [`Session::manually_commit`].
    ///
    /// # Errors
    ///
    /// Those of [`session`](Self::session) and [`Session::manually_commit`].
    pub async fn commit_session<S: SessionData>(&mut self) -> Result {
        let (at, mut session) = self.taken::<S>().await?;
        let result = session.manually_commit(self).await;
        self.provided.put_back(at, session);
        result
    }

    async fn taken<S: SessionData>(&mut self) -> Result<(usize, Box<Session<S>>)> {
        self.session::<S>().await?;
        self.provided.take().ok_or_else(unprovided::<S>)
    }
}

#[cold]
fn unprovided<S>() -> Error {
    Error::internal(format!(
        "no layer above provides the session `{name}`: put `{name}::middleware()` above this one",
        name = std::any::type_name::<S>()
    ))
}
