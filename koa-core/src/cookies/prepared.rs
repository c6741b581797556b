//! A cookie that is set with the same attributes again and again, as a session's is: what can be known of it before there is
//! a value is looked at once.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use crate::app::Application;
use crate::base64;
use crate::context::Context;
use crate::cookies::check::{check, check_sense, is_kept};
use crate::cookies::line::Fixed;
use crate::cookies::{Cookie, Cookies, Form, SameSite};
use crate::error::Result;

/// What it is set to.
#[derive(Clone, Copy)]
pub(crate) enum Value<'v> {
    Text(&'v str),
    /// Text in base64, whose characters need not be looked at.
    Encoded(&'v str),
    /// What is written in base64 for URLs, without padding.
    Bytes(&'v [u8]),
}

impl Value<'_> {
    /// How long it is as it is sent.
    pub(crate) fn len(self) -> usize {
        match self {
            Value::Text(text) | Value::Encoded(text) => text.len(),
            Value::Bytes(bytes) => base64::url_bare_length(bytes),
        }
    }
}

/// A cookie of one app.
pub(crate) struct Prepared {
    app: Weak<Application>,
    form: Form,
    cookie: Cookie<'static>,
    /// Its line over TLS and without, where nothing of it depends on the request.
    tls: Option<Fixed>,
    plain: Option<Fixed>,
}

impl Prepared {
    /// `now` is of no account.
    pub(crate) fn new(
        app: &Arc<Application>,
        form: Form,
        cookie: Cookie<'static>,
        now: SystemTime,
    ) -> Self {
        let described = cookie.or(&app.cookies.defaults);
        let fixed = |tls| {
            let secure = described.secure.unwrap_or(tls);
            let is_fixed = form == Form::Own
                && described.signed == Some(false)
                && described.encrypt == Some(false)
                && described.partitioned != Some(true)
                && described.same_site != Some(SameSite::None)
                && described.expires.is_none()
                && described.overwrite == Some(true)
                && (tls || !secure)
                && check(form, &described, "").is_ok()
                && check_sense(&described, "value", secure, now).is_ok();
            is_fixed.then(|| Fixed::of(&described, secure))
        };
        Self {
            app: Arc::downgrade(app),
            form,
            cookie,
            tls: fixed(true),
            plain: fixed(false),
        }
    }

    /// Sets it to a value, to be kept for so long.
    pub(crate) fn set(
        &self,
        ctx: &mut Context,
        value: Value<'_>,
        max_age: Option<Duration>,
        now: SystemTime,
    ) -> Result {
        let fixed = match ctx.secure() {
            true => self.tls.as_ref(),
            false => self.plain.as_ref(),
        };
        let is_same_app = self.app.as_ptr() == Arc::as_ptr(ctx.app());
        if let Some(fixed) = fixed
            && is_same_app
            && !matches!(value, Value::Text(_))
            && is_kept(self.cookie.name, value.len(), max_age)
        {
            let line = fixed.line(self.cookie.name, value, max_age, now)?;
            return Cookies::in_form(ctx, self.form).put(line);
        }
        let cookie = Cookie {
            max_age,
            ..self.cookie
        };
        let mut cookies = Cookies::in_form(ctx, self.form);
        match value {
            Value::Text(text) => cookies.set_text(cookie, text, false, now),
            Value::Encoded(text) => cookies.set_text(cookie, text, true, now),
            Value::Bytes(bytes) => {
                cookies.set_text(cookie, &base64::encode_url_bare(bytes), true, now)
            }
        }
    }
}
