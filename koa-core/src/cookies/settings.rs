//! What an app says about all of its cookies.

use crate::cookies::Cookie;

/// How an app's cookies are written and read, for [`App::cookies`](crate::App::cookies). Egg's `config.cookies`:
/// <https://www.eggjs.org/core/cookie-and-session>.
///
/// ```
/// use koa::prelude::*;
/// use koa::{Compat, Cookie, CookieSettings, SameSite};
///
/// // A site that comes from Egg: its cookies are still read, and those written are ours.
/// let app = App::new().keys("new key,old key").cookies(
///     CookieSettings::new()
///         .accept(Compat::Egg)
///         .defaults(Cookie::defaults().same_site(SameSite::Lax)),
/// );
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "give it to `App::cookies`"]
pub struct CookieSettings {
    pub(super) form: Form,
    pub(super) accepts_koa: bool,
    pub(super) accepts_egg: bool,
    pub(super) defaults: Cookie<'static>,
    pub(super) auto_chips: bool,
}

/// The cookies of the Node packages, byte for byte.
///
/// What they write over their own keys is read here, and what is written here they read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compat {
    /// Koa's: those of the `cookies` package, signed with HMAC-SHA1 (or the algorithm of the app's
    /// [`Keygrip`](crate::Keygrip)).
    Koa,

    /// Egg's: those of `egg-cookies`, signed with HMAC-SHA256, encrypted with AES-256-CBC, which is not authenticated:
    /// whoever holds a cookie can change parts of what it says.
    Egg,
}

/// How cookies are written, and what is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Own,
    Koa,
    Egg,
}

impl CookieSettings {
    /// Cookies of our own form: signed as Koa's, encrypted with authentication, and held to the rules of
    /// [RFC 6265bis](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis-20).
    pub const fn new() -> Self {
        Self {
            form: Form::Own,
            accepts_koa: false,
            accepts_egg: false,
            defaults: Cookie::defaults(),
            auto_chips: false,
        }
    }

    /// Writes and reads cookies as a Node package does, and refuses only what it refuses; a `;` is refused in all of
    /// them. For an app beside a Node app that reads the same cookies.
    pub const fn compat(mut self, compat: Compat) -> Self {
        self.form = match compat {
            Compat::Koa => Form::Koa,
            Compat::Egg => Form::Egg,
        };
        self
    }

    /// Reads what a Node package wrote as well, and writes it anew in the app's own form when it is read. For the time
    /// of a move, after which it should go: with [`Compat::Egg`] encrypted cookies without authentication count.
    pub const fn accept(mut self, compat: Compat) -> Self {
        match compat {
            Compat::Koa => self.accepts_koa = true,
            Compat::Egg => self.accepts_egg = true,
        }
        self
    }

    /// The attributes of cookies that do not say otherwise.
    pub const fn defaults(mut self, defaults: Cookie<'static>) -> Self {
        self.defaults = defaults;
        self
    }

    /// Whether each cookie that is `SameSite=None` gets a partitioned twin with `_CHIPS-` before its name, where the
    /// browser knows partitioned cookies; it is read where the other one is missing. Egg's `autoChips`.
    pub const fn auto_chips(mut self, auto: bool) -> Self {
        self.auto_chips = auto;
        self
    }
}

impl Default for CookieSettings {
    fn default() -> Self {
        Self::new()
    }
}
