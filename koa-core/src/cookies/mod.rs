//! Cookies: read from the request, written to the response, signed and sealed in between.
//!
//! How a value is found stands in `header`, what is refused in `check`, what is written in `line` and `twins`, what keys
//! do in `keys`. Sessions are built on this, and not here.

mod check;
mod clients;
mod cookie;
mod header;
pub(crate) mod keys;
mod line;
mod prepared;
mod settings;
pub(crate) mod typed;
mod write;

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base64;
use crate::context::Context;
use crate::cookies::keys::{Fitted, Purpose, Ring};
use crate::error::{Error, Result};
use crate::request::header::bytes_as_text;

pub use cookie::{Cookie, Priority, SameSite};
pub use keys::{Algorithm, EggKeygrip, Encoding, Keygrip, WeakKey, Weakness};
pub(crate) use prepared::{Prepared, Value};
pub(crate) use settings::Form;
pub use settings::{Compat, CookieSettings};
pub use write::CookieLimitExceeded;

/// What a browser's own twin of a cookie is called by, before its name.
const CHIPS: &str = "_CHIPS-";

/// The cookies of a request and its response, as [`ctx.cookies()`](Context::cookies) gives them. Koa's `ctx.cookies`:
/// <https://koajs.com/#ctx-cookies-get-name-options>; Egg's: <https://www.eggjs.org/core/cookie-and-session>.
///
/// ```
/// use koa::prelude::*;
/// use koa::Cookie;
///
/// #[middleware]
/// async fn count(ctx: &mut Context) -> Result<String> {
///     let count = ctx.cookies().get("count")?;
///     let count: u32 = count.and_then(|count| count.parse().ok()).unwrap_or(0);
///     ctx.cookies().set("count", count + 1)?;
///     Ok(format!("{count} visits before this one"))
/// }
///
/// // With keys, cookies are signed: what a client made up is not there.
/// let app = App::new().keys(["k3FNvE9OaJY2cVrJ1xUpWQ=="]).with(count);
/// ```
pub struct Cookies<'a> {
    ctx: &'a mut Context,
    form: Form,
}

impl Context {
    /// The cookies that came and those that are to be sent. <https://koajs.com/#ctx-cookies-get-name-options>
    pub fn cookies(&mut self) -> Cookies<'_> {
        let form = self.app().cookies.form;
        Cookies { ctx: self, form }
    }
}

impl<'a> Cookies<'a> {
    /// Cookies of a form that may be another than the app's.
    pub(crate) fn in_form(ctx: &'a mut Context, form: Form) -> Self {
        Self { ctx, form }
    }

    /// Sets a cookie to a value that is text already; `encoded` where it is base64.
    pub(crate) fn set_text(
        &mut self,
        cookie: Cookie<'_>,
        value: &str,
        encoded: bool,
        now: SystemTime,
    ) -> Result {
        let cookie = cookie.or(&self.ctx.app().cookies.defaults);
        self.write_value(cookie, value, encoded, now)
    }

    /// The value of a cookie as it came.
    pub(crate) fn raw<'c>(ctx: &'c Context, name: &str) -> Option<Cow<'c, [u8]>> {
        fn find<'h>(header: &'h [u8], name: &str, twins: bool) -> Option<&'h [u8]> {
            let twin = || header::find(header, &[CHIPS, name].concat(), "");
            let found = header::find(header, name, "");
            let found = found.or_else(|| twins.then(twin).flatten())?;
            Some(header::unquoted_bytes(found))
        }
        let twins = ctx.app().cookies.auto_chips;
        Some(match ctx.request.cookie_line()? {
            Cow::Borrowed(header) => Cow::Borrowed(find(header, name, twins)?),
            Cow::Owned(header) => Cow::Owned(find(&header, name, twins)?.to_vec()),
        })
    }
}

impl Cookies<'_> {
    /// The value of a cookie, which is named, or described as it was when it was set: whether it is signed or encrypted
    /// must be the same.
    ///
    /// Once the app has keys, a signed cookie without a signature, or with a wrong one, is not there; a wrong signature
    /// is removed. What an older key signed or sealed is signed or sealed anew, with the attributes given here.
    ///
    /// # Errors
    ///
    /// It should be signed or encrypted, and the app has no keys.
    pub fn get<'c>(&mut self, cookie: impl Into<Cookie<'c>>) -> Result<Option<String>> {
        let mut cookie: Cookie<'c> = cookie.into();
        let settings = self.ctx.app().cookies;
        if self.form != Form::Egg {
            cookie = cookie.or(&settings.defaults);
        }
        if let Some(value) = self.read(&cookie)? {
            return Ok(Some(value));
        }
        if settings.auto_chips && self.form != Form::Koa {
            let name = [CHIPS, cookie.name].concat();
            let twin = Cookie {
                name: &name,
                ..cookie
            };
            return self.read(&twin);
        }
        Ok(None)
    }

    /// The value of a cookie that was set with [`set_json`](Self::set_json); `None` where it is not there.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get), and a 400 where the value is no such JSON.
    pub fn get_json<'c, T: DeserializeOwned>(
        &mut self,
        cookie: impl Into<Cookie<'c>>,
    ) -> Result<Option<T>> {
        let cookie = cookie.into();
        let value = self.get(cookie)?;
        value
            .map(|value| typed::from_json(cookie.name, &value))
            .transpose()
    }

    /// Sets a cookie, which is named or described, to a value, as it writes itself. An empty value removes it.
    ///
    /// # Errors
    ///
    /// Characters that the name, the value or an attribute must not have; attributes that contradict one another; what
    /// browsers would drop (more than 4096 bytes, more than 400 days, a `__Host-` name without its rules); a secure
    /// cookie over a plain connection; signing or encrypting without keys; more than 512 lines of cookies in one
    /// response. The response is then as it was.
    pub fn set<'c>(&mut self, cookie: impl Into<Cookie<'c>>, value: impl fmt::Display) -> Result {
        let cookie: Cookie<'c> = cookie.into();
        self.write(
            cookie.or(&self.ctx.app().cookies.defaults),
            &value.to_string(),
        )
    }

    /// Sets a cookie to a value in JSON, percent-encoded as JavaScript's `encodeURIComponent` does.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set), and what serde refuses.
    pub fn set_json<'c>(
        &mut self,
        cookie: impl Into<Cookie<'c>>,
        value: &(impl Serialize + ?Sized),
    ) -> Result {
        self.set(cookie, typed::to_json(value)?)
    }

    /// Removes a cookie from the browser: one of the same name, path and domain. Koa's `cookies.set(name, null)`.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    pub fn remove<'c>(&mut self, cookie: impl Into<Cookie<'c>>) -> Result {
        self.set(cookie, "")
    }

    fn read(&mut self, cookie: &Cookie) -> Result<Option<String>> {
        let found = match self.look_up(cookie)? {
            Found::Nothing => None,
            Found::Current(value) => Some(value),
            Found::Forged => {
                let path = match self.form {
                    Form::Own => cookie.path,
                    Form::Koa | Form::Egg => Some("/"),
                };
                self.refresh_signature(&Cookie { path, ..*cookie }, "");
                None
            }
            Found::SignAnew { value, signature } => {
                self.refresh_signature(cookie, &signature);
                Some(value)
            }
            Found::SealAnew(opened) => {
                let anew = Cookie {
                    max_age: opened.expires.map_or(cookie.max_age, |_| None),
                    expires: opened.expires.or(cookie.expires),
                    overwrite: Some(true),
                    ..*cookie
                };
                // As for signatures.
                let _ = self.write(anew, &opened.value);
                Some(opened.value)
            }
        };
        Ok(found)
    }

    /// Writes the signature that stands beside a cookie anew. Where that cannot be sent (a secure cookie that came over a
    /// plain connection), the next request does it: a client must not be able to make a read fail.
    fn refresh_signature(&mut self, cookie: &Cookie, signature: &str) {
        let name = [cookie.name, ".sig"].concat();
        let described = match self.form {
            Form::Own => Cookie {
                name: &name,
                ..*cookie
            },
            Form::Koa | Form::Egg => {
                let described = Cookie::new(&name);
                described.or(&self.ctx.app().cookies.defaults)
            }
        };
        let replaces = self.form != Form::Koa;
        let described = described.signed(false).encrypt(false).overwrite(replaces);
        let _ = self.write(described, signature);
    }

    /// What the request has under a name, and what is to be done about it.
    fn look_up(&self, cookie: &Cookie) -> Result<Found> {
        let app = self.ctx.app();
        let ring = &app.ring;
        let encrypted = cookie.encrypt == Some(true);
        let signed = !encrypted && self.signs(cookie, ring);
        let name = cookie.name;
        let Some(header) = self.ctx.request.cookie_line() else {
            return Ok(Found::Nothing);
        };
        let Some(raw) = header::find(&header, name, "") else {
            return Ok(Found::Nothing);
        };
        let raw = &*bytes_as_text(raw);
        let value = match self.form {
            Form::Egg => raw,
            Form::Own | Form::Koa => header::unquoted(raw),
        };
        if encrypted {
            if ring.is_empty() {
                return Err(self.without_keys(name));
            }
            return Ok(self.open(cookie, value));
        }
        if !signed {
            return Ok(Found::Current(value.to_owned()));
        }
        let mut signature = header::find(&header, name, ".sig");
        if signature.is_none() && self.form == Form::Egg && app.cookies.auto_chips {
            signature = header::find(&header, &[CHIPS, name].concat(), ".sig");
        }
        let signature = signature.map(bytes_as_text);
        let signature = signature.as_deref().map(|signature| match self.form {
            Form::Egg => signature,
            Form::Own | Form::Koa => header::unquoted(signature),
        });
        let Some(signature) = signature.filter(|signature| !signature.is_empty()) else {
            return Ok(Found::Nothing);
        };
        if ring.is_empty() {
            return Err(self.without_keys(name));
        }
        let Some(fitted) = self.verify(name, raw, value, signature) else {
            return Ok(Found::Forged);
        };
        let value = fitted.value.to_owned();
        if fitted.current {
            return Ok(Found::Current(value));
        }
        let signature = self
            .signer()
            .sign_parts(&[name.as_bytes(), b"=", value.as_bytes()]);
        Ok(Found::SignAnew {
            value,
            signature: signature.unwrap_or_default(),
        })
    }

    /// The value that a signature is over, if it is any of our keys'.
    fn verify<'v>(
        &self,
        name: &str,
        raw: &'v str,
        value: &'v str,
        signature: &str,
    ) -> Option<Fitted<&'v str>> {
        let app = self.ctx.app();
        let index = |keys: &Keygrip, value: &str| {
            keys.index_parts(&[name.as_bytes(), b"=", value.as_bytes()], signature)
        };
        if let Some(index) = index(self.signer(), value) {
            let current = index == 0;
            return Some(Fitted { value, current });
        }
        let current = false;
        if self.form == Form::Own && app.cookies.accepts_koa {
            let koa = app.ring.koa.as_ref();
            if koa.and_then(|keys| index(keys, value)).is_some() {
                return Some(Fitted { value, current });
            }
        }
        if self.form == Form::Own
            && app.cookies.accepts_egg
            && index(app.ring.egg_signer(), raw).is_some()
        {
            return Some(Fitted {
                value: raw,
                current,
            });
        }
        None
    }

    /// What was encrypted, if it was with any of our keys.
    fn open(&self, cookie: &Cookie, text: &str) -> Found {
        let app = self.ctx.app();
        if self.form == Form::Egg {
            let decrypted = app.ring.egg.decrypt_cookie(text);
            return decrypted.map_or(Found::Nothing, |(value, _)| {
                Found::Current(String::from_utf8_lossy(&value).into_owned())
            });
        }
        let sealed = base64::decode_url_bare(text.as_bytes());
        let open = |sealed| {
            app.ring
                .open(Purpose::Cookie, cookie.name, sealed, app.now())
        };
        if let Some(fitted) = sealed.and_then(open) {
            let expires = fitted.value.expires;
            let Ok(value) = String::from_utf8(fitted.value.into_value()) else {
                return Found::Nothing;
            };
            if fitted.current {
                return Found::Current(value);
            }
            return Found::SealAnew(Anew { value, expires });
        }
        if self.form == Form::Own
            && app.cookies.accepts_egg
            && let Some((value, _)) = app.ring.egg.decrypt_cookie(text)
            && let Ok(value) = String::from_utf8(value)
        {
            let expires = None;
            return Found::SealAnew(Anew { value, expires });
        }
        Found::Nothing
    }

    /// Whether a cookie is signed where it does not say so: once there are keys; in Egg always.
    fn signs(&self, cookie: &Cookie, ring: &Ring) -> bool {
        cookie
            .signed
            .unwrap_or(self.form == Form::Egg || !ring.is_empty())
    }

    /// The keys with which this form signs.
    fn signer(&self) -> &Keygrip {
        let ring = &self.ctx.app().ring;
        match self.form {
            Form::Own | Form::Koa => &ring.signer,
            Form::Egg => ring.egg_signer(),
        }
    }

    fn without_keys(&self, name: &str) -> Error {
        match self.form {
            Form::Own => Error::internal(format!(
                "the cookie {name:?} is signed or encrypted, and the app has no keys: give it some with `App::keys`"
            )),
            Form::Koa => Error::internal(".keys required for signed cookies"),
            Form::Egg => Error::internal(".keys required for encrypt/sign cookies"),
        }
    }
}

/// What was found under a name.
enum Found {
    Nothing,
    Current(String),
    /// The signature is none of our keys'.
    Forged,
    SignAnew {
        value: String,
        signature: String,
    },
    SealAnew(Anew),
}

/// What an older key or another form sealed, and until when it counts.
struct Anew {
    value: String,
    expires: Option<SystemTime>,
}

/// Neither names nor values: they may be secret.
impl fmt::Debug for Cookies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookies").finish_non_exhaustive()
    }
}
