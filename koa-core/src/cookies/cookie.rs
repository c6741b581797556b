//! A cookie as a program describes it: its name, its attributes, and how its value is protected.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::error::Error;

/// A cookie's name and attributes, for [`Cookies`](crate::Cookies) to read, write or remove it with.
///
/// What `cookies.set` takes as options: <https://koajs.com/#ctx-cookies-set-name-value-options>. All of it is `const`,
/// so that a cookie is described once, and read as it was written:
///
/// ```
/// use std::time::Duration;
///
/// use koa::prelude::*;
/// use koa::{Cookie, SameSite};
///
/// const THEME: Cookie = Cookie::new("theme")
///     .max_age(Duration::from_secs(30 * 24 * 60 * 60))
///     .same_site(SameSite::Lax)
///     .http_only(false);
///
/// #[middleware]
/// async fn dark(ctx: &mut Context) -> Result {
///     ctx.cookies().set(THEME, "dark")
/// }
/// # let _ = App::new().with(dark);
/// ```
///
/// [`cookie!`](crate::cookie) says the same in short, and checks its literals when compiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it only describes a cookie: give it to `ctx.cookies()`"]
pub struct Cookie<'a> {
    pub(crate) name: &'a str,
    pub(super) path: Option<&'a str>,
    pub(super) domain: Option<&'a str>,
    pub(crate) max_age: Option<Duration>,
    pub(super) expires: Option<SystemTime>,
    pub(super) secure: Option<bool>,
    pub(super) http_only: Option<bool>,
    pub(super) same_site: Option<SameSite>,
    pub(super) priority: Option<Priority>,
    pub(super) partitioned: Option<bool>,
    pub(super) remove_unpartitioned: Option<bool>,
    pub(crate) signed: Option<bool>,
    pub(crate) encrypt: Option<bool>,
    pub(super) overwrite: Option<bool>,
}

impl<'a> Cookie<'a> {
    /// A cookie of this name, for the path `/`, until the browser is closed, out of reach of scripts, and signed if the
    /// app has keys.
    pub const fn new(name: &'a str) -> Self {
        Self {
            name,
            path: None,
            domain: None,
            max_age: None,
            expires: None,
            secure: None,
            http_only: None,
            same_site: None,
            priority: None,
            partitioned: None,
            remove_unpartitioned: None,
            signed: None,
            encrypt: None,
            overwrite: None,
        }
    }

    /// Attributes without a name: the defaults of an app, for
    /// [`CookieSettings::defaults`](crate::CookieSettings::defaults).
    pub const fn defaults() -> Self {
        Self::new("")
    }

    /// How long it is kept, from when it is set; 400 days at most ([RFC 6265bis, 5.5]). By default until the browser is
    /// closed. On the wire it is Koa's `expires`. `maxAge`, which is in milliseconds there.
    ///
    /// [RFC 6265bis, 5.5]: https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis-20#section-5.5
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Until when it is kept, at most 400 days from when it is set; [`max_age`](Self::max_age) goes before it.
    pub const fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// The path below which it is sent, by default `/`; with an empty one, that of the request, as browsers see it.
    pub const fn path(mut self, path: &'a str) -> Self {
        self.path = Some(path);
        self
    }

    /// The domain to whose hosts it is sent, by default only the one it came from.
    pub const fn domain(mut self, domain: &'a str) -> Self {
        self.domain = Some(domain);
        self
    }

    /// Whether it is sent over TLS only, by default where it is set over TLS. A secure cookie that is set over a plain
    /// connection is an error.
    pub const fn secure(mut self, secure: bool) -> Self {
        self.secure = Some(secure);
        self
    }

    /// Whether scripts in the page cannot see it, by default true.
    pub const fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = Some(http_only);
        self
    }

    /// To which requests from other sites it is added; by default it is not said, and browsers take `Lax`.
    ///
    /// [`SameSite::None`] is left out over a plain connection, and for browsers that mishandle it, as Egg does.
    pub const fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = Some(same_site);
        self
    }

    /// Which cookies Chromium drops first when there are too many.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Whether an embedded site has a cookie of its own for each site that embeds it (CHIPS), by default false. It
    /// needs [`SameSite::None`], and is left out over a plain connection and for browsers that do not know it, as Egg
    /// does. <https://developer.mozilla.org/en-US/docs/Web/Privacy/Guides/Privacy_sandbox/Partitioned_cookies>
    pub const fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = Some(partitioned);
        self
    }

    /// Whether to remove the cookie of this name that is not partitioned, where a partitioned one is set. Egg's
    /// `removeUnpartitioned`.
    pub const fn remove_unpartitioned(mut self, remove: bool) -> Self {
        self.remove_unpartitioned = Some(remove);
        self
    }

    /// Whether a signature stands beside it, in a cookie of the same name and `.sig`; by default it does where the app
    /// has keys. A value whose signature is missing or wrong is not there.
    pub const fn signed(mut self, signed: bool) -> Self {
        self.signed = Some(signed);
        self
    }

    /// Whether its value is encrypted, by default false. What is encrypted is authenticated too, and needs no
    /// signature.
    pub const fn encrypt(mut self, encrypt: bool) -> Self {
        self.encrypt = Some(encrypt);
        self
    }

    /// Whether it takes the place of cookies of the same name that were set before it in this response, by default
    /// false.
    pub const fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = Some(overwrite);
        self
    }

    /// What is not said here is as in `defaults`.
    pub(super) fn or(self, defaults: &Cookie<'a>) -> Self {
        Self {
            name: self.name,
            path: self.path.or(defaults.path),
            domain: self.domain.or(defaults.domain),
            max_age: self.max_age.or(defaults.max_age),
            expires: self.expires.or(defaults.expires),
            secure: self.secure.or(defaults.secure),
            http_only: self.http_only.or(defaults.http_only),
            same_site: self.same_site.or(defaults.same_site),
            priority: self.priority.or(defaults.priority),
            partitioned: self.partitioned.or(defaults.partitioned),
            remove_unpartitioned: self.remove_unpartitioned.or(defaults.remove_unpartitioned),
            signed: self.signed.or(defaults.signed),
            encrypt: self.encrypt.or(defaults.encrypt),
            overwrite: self.overwrite.or(defaults.overwrite),
        }
    }
}

impl<'a> From<&'a str> for Cookie<'a> {
    fn from(name: &'a str) -> Self {
        Self::new(name)
    }
}

impl<'a> From<&'a String> for Cookie<'a> {
    fn from(name: &'a String) -> Self {
        Self::new(name)
    }
}

impl<'a> From<&Cookie<'a>> for Cookie<'a> {
    fn from(cookie: &Cookie<'a>) -> Self {
        *cookie
    }
}

/// To which requests from other sites a cookie is added.
/// <https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#samesitesamesite-value>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// To none. Koa's `true` as well.
    Strict,

    /// When a link leads to the site.
    Lax,

    /// To all of them. Browsers take it from secure cookies only.
    None,

    /// It is not said, also where the app's defaults say something. Koa's `false`.
    Unset,

    /// What [`named`](Self::named) does not know: a cookie with it cannot be set.
    Unknown,
}

impl SameSite {
    /// As Koa says it: `"strict"`, `"lax"` or `"none"`, in any case. With any other text the cookie is an error when it is
    /// set, as in Koa.
    ///
    /// ```
    /// use koa::{Cookie, SameSite};
    ///
    /// const THEME: Cookie = Cookie::new("theme").same_site(SameSite::named("lax"));
    /// # assert_eq!(THEME, Cookie::new("theme").same_site(SameSite::Lax));
    /// ```
    #[must_use]
    pub const fn named(text: &str) -> Self {
        let text = text.as_bytes();
        if text.eq_ignore_ascii_case(b"strict") {
            Self::Strict
        } else if text.eq_ignore_ascii_case(b"lax") {
            Self::Lax
        } else if text.eq_ignore_ascii_case(b"none") {
            Self::None
        } else {
            Self::Unknown
        }
    }
}

impl FromStr for SameSite {
    type Err = Error;

    /// `strict`, `lax` or `none`, in any case.
    fn from_str(text: &str) -> Result<Self, Error> {
        match Self::named(text) {
            Self::Unknown => Err(Error::internal("option sameSite is invalid")),
            known => Ok(known),
        }
    }
}

/// Which cookies Chromium drops first when there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Among the first.
    Low,

    /// As if nothing was said.
    Medium,

    /// Among the last.
    High,

    /// What [`named`](Self::named) does not know: a cookie with it cannot be set.
    Unknown,
}

impl Priority {
    /// As Koa says it: `"low"`, `"medium"` or `"high"`, in any case. With any other text the cookie is an error when it is
    /// set, as in Koa.
    #[must_use]
    pub const fn named(text: &str) -> Self {
        let text = text.as_bytes();
        if text.eq_ignore_ascii_case(b"low") {
            Self::Low
        } else if text.eq_ignore_ascii_case(b"medium") {
            Self::Medium
        } else if text.eq_ignore_ascii_case(b"high") {
            Self::High
        } else {
            Self::Unknown
        }
    }
}

impl FromStr for Priority {
    type Err = Error;

    /// `low`, `medium` or `high`, in any case.
    fn from_str(text: &str) -> Result<Self, Error> {
        match Self::named(text) {
            Self::Unknown => Err(Error::internal("option priority is invalid")),
            known => Ok(known),
        }
    }
}
