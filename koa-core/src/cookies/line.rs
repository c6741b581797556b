//! The line of a `Set-Cookie`, as the packages write it.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderValue;

use crate::cookies::settings::Form;
use crate::cookies::{Cookie, Priority, SameSite};
use crate::date;
use crate::error::{Error, Result};

/// What stands behind a name and its value: it is the same for a cookie and its signature.
pub(super) struct Attributes(String);

impl Attributes {
    /// What is not said is `/` for the path and true for `HttpOnly`; an empty value has expired.
    pub(super) fn of(
        form: Form,
        cookie: &Cookie,
        secure: bool,
        empty: bool,
        now: SystemTime,
    ) -> Result<Self> {
        let mut line = String::with_capacity(96);
        let mut part = |name: &str, value: &str| {
            line.push_str("; ");
            line.push_str(name);
            line.push_str(value);
        };
        let path = cookie.path.unwrap_or("/");
        if !path.is_empty() {
            part("path=", path);
        }
        let age = cookie.max_age.filter(|age| !empty && age.as_millis() > 0);
        let expires = match age {
            _ if empty => Some(SystemTime::UNIX_EPOCH),
            Some(age) => Some(now.checked_add(age).ok_or_else(|| endless(cookie))?),
            None => cookie.expires,
        };
        if let Some(age) = age.filter(|_| form == Form::Egg) {
            let rounded = age.saturating_add(Duration::from_millis(500));
            part("max-age=", &rounded.as_secs().to_string());
        }
        if let Some(expires) = expires {
            part(
                "expires=",
                &date::format(expires).ok_or_else(|| endless(cookie))?,
            );
        }
        if let Some(domain) = cookie.domain.filter(|domain| !domain.is_empty()) {
            part("domain=", domain);
        }
        match cookie.priority {
            None | Some(Priority::Unknown) => {}
            Some(Priority::Low) => part("priority=", "low"),
            Some(Priority::Medium) => part("priority=", "medium"),
            Some(Priority::High) => part("priority=", "high"),
        }
        match cookie.same_site {
            None | Some(SameSite::Unset | SameSite::Unknown) => {}
            Some(SameSite::Strict) => part("samesite=", "strict"),
            Some(SameSite::Lax) => part("samesite=", "lax"),
            Some(SameSite::None) => part("samesite=", "none"),
        }
        if secure {
            part("secure", "");
        }
        if cookie.http_only != Some(false) {
            part("httponly", "");
        }
        if cookie.partitioned == Some(true) {
            part("partitioned", "");
        }
        Ok(Self(line))
    }

    /// The line for a name, its ending (`.sig`) and a value.
    pub(super) fn line(
        &self,
        prefix: &str,
        name: &str,
        ending: &str,
        value: &str,
    ) -> Result<HeaderValue> {
        let length = prefix.len() + name.len() + ending.len() + 1 + value.len() + self.0.len();
        let mut line = String::with_capacity(length);
        for part in [prefix, name, ending, "=", value, &self.0] {
            line.push_str(part);
        }
        HeaderValue::from_maybe_shared(Bytes::from(line)).map_err(|_| {
            Error::internal(format!(
                "the cookie {name:?} has a character that must not be in a header"
            ))
        })
    }
}

fn endless(cookie: &Cookie) -> Error {
    Error::internal(format!(
        "option maxAge is invalid (of the cookie {:?})",
        cookie.name
    ))
}
