//! How long a session lives, and in which cookie: what `#[session(..)]` says.

use std::time::Duration;

use crate::cookies::{Compat, Cookie, Form};

/// How long a session lives from when it was last saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxAge {
    /// Until the browser is closed. koa-session's `'session'`.
    Session,

    /// For this long, in the browser as well as on the server.
    For(Duration),
}

impl MaxAge {
    /// The milliseconds, if there are any.
    pub(crate) fn millis(self) -> Option<u64> {
        match self {
            Self::Session => None,
            Self::For(age) if age.is_zero() => None,
            // Less than one is not for ever.
            Self::For(age) => u64::try_from(age.as_millis()).ok().map(|age| age.max(1)),
        }
    }
}

impl From<Duration> for MaxAge {
    fn from(age: Duration) -> Self {
        Self::For(age)
    }
}

/// The settings of a session: what `#[session(..)]` writes for a struct, and [`Sessions`](crate::Sessions) may override.
/// koa-session's options: <https://github.com/koajs/session#options>.
#[derive(Clone, Copy, Debug)]
#[must_use = "it only describes a session"]
pub struct SessionConfig {
    pub(super) cookie: Cookie<'static>,
    pub(super) form: Form,
    pub(super) max_age: Option<MaxAge>,
    pub(super) absolute: Option<Duration>,
    pub(super) renew: bool,
    pub(super) rolling: bool,
    pub(super) auto_commit: bool,
    pub(super) prefix: &'static str,
}

impl SessionConfig {
    /// Egg's defaults: the cookie `EGG_SESS`, encrypted, for one day; in our own form.
    /// <https://www.eggjs.org/core/cookie-and-session>
    pub const fn new() -> Self {
        Self {
            cookie: Cookie::new("EGG_SESS").overwrite(true).encrypt(true),
            form: Form::Own,
            max_age: Some(MaxAge::For(Duration::from_secs(24 * 60 * 60))),
            absolute: None,
            renew: false,
            rolling: false,
            auto_commit: true,
            prefix: "",
        }
    }

    /// What a Node package does, byte for byte, with its defaults: of koa-session the cookie `koa.sess`, signed and
    /// readable, until the browser is closed, and for a day; of egg-session `EGG_SESS`, encrypted, for one day.
    pub const fn compat(compat: Compat) -> Self {
        let own = Self::new();
        match compat {
            Compat::Koa => Self {
                cookie: Cookie::new("koa.sess").overwrite(true).signed(true),
                form: Form::Koa,
                max_age: None,
                ..own
            },
            Compat::Egg => Self {
                form: Form::Egg,
                ..own
            },
        }
    }

    /// The cookie that holds the session, or its id: its name and attributes. How long it is kept is
    /// [`max_age`](Self::max_age)'s.
    pub const fn cookie(mut self, cookie: Cookie<'static>) -> Self {
        self.cookie = cookie;
        self
    }

    /// How long it lives from when it was last saved.
    pub const fn max_age(mut self, age: MaxAge) -> Self {
        self.max_age = Some(age);
        self
    }

    /// How long it lives from when it began, whatever prolongs it.
    pub const fn absolute(mut self, age: Duration) -> Self {
        self.absolute = Some(age);
        self
    }

    /// Whether its life begins anew when it is used and more than half of it is over.
    pub const fn renew(mut self, renew: bool) -> Self {
        self.renew = renew;
        self
    }

    /// Whether its life begins anew whenever it is used.
    pub const fn rolling(mut self, rolling: bool) -> Self {
        self.rolling = rolling;
        self
    }

    /// Whether it is saved when the layers below are done, by default true; otherwise
    /// [`manually_commit`](crate::Session::manually_commit) does.
    pub const fn auto_commit(mut self, auto: bool) -> Self {
        self.auto_commit = auto;
        self
    }

    /// What stands before the ids in a store.
    pub const fn prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self::new()
    }
}
