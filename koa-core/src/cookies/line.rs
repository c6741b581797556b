//! The line of a `Set-Cookie`, as the packages write it.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderValue;

use crate::cookies::settings::Form;
use crate::cookies::{Cookie, Priority, SameSite};
use crate::date;
use crate::error::{Error, Result};

/// How many parts a line has at most.
const PARTS: usize = 20;

/// The parts of a line, so that it is written at once, in its length.
struct Parts<'p> {
    parts: [&'p str; PARTS],
    count: usize,
}

impl<'p> Parts<'p> {
    fn new() -> Self {
        Self {
            parts: [""; PARTS],
            count: 0,
        }
    }

    fn add(&mut self, part: &'p str) {
        if let Some(place) = self.parts.get_mut(self.count) {
            *place = part;
            self.count += 1;
        }
    }

    fn pair(&mut self, name: &'p str, value: &'p str) {
        self.add(name);
        self.add(value);
    }

    fn written(&self) -> String {
        self.parts[..self.count].concat()
    }
}

/// What is said of a cookie: what stands behind its name and its value.
pub(super) struct Attributes {
    secure: bool,
    /// In seconds, for Egg.
    max_age: Option<String>,
    expires: Option<date::Written>,
}

impl Attributes {
    /// What is not said is `/` for the path and true for `HttpOnly`; an empty value has expired.
    pub(super) fn of(
        form: Form,
        cookie: &Cookie,
        secure: bool,
        empty: bool,
        now: SystemTime,
    ) -> Result<Self> {
        let age = cookie.max_age.filter(|age| !empty && age.as_millis() > 0);
        let expires = match age {
            _ if empty => Some(SystemTime::UNIX_EPOCH),
            Some(age) => Some(now.checked_add(age).ok_or_else(|| endless(cookie))?),
            None => cookie.expires,
        };
        let expires = match expires {
            Some(expires) => Some(date::write(expires).ok_or_else(|| endless(cookie))?),
            None => None,
        };
        let max_age = age.filter(|_| form == Form::Egg).map(|age| {
            let rounded = age.saturating_add(Duration::from_millis(500));
            rounded.as_secs().to_string()
        });
        Ok(Self {
            secure,
            max_age,
            expires,
        })
    }

    /// The line for a cookie: before its name may stand a prefix, behind it an ending (`.sig`).
    pub(super) fn line(
        &self,
        cookie: &Cookie,
        prefix: &str,
        ending: &str,
        value: &str,
    ) -> Result<HeaderValue> {
        let mut line = Parts::new();
        if !prefix.is_empty() {
            line.add(prefix);
        }
        line.add(cookie.name);
        if !ending.is_empty() {
            line.add(ending);
        }
        line.pair("=", value);
        match cookie.path {
            None | Some("/") => line.add("; path=/"),
            Some("") => {}
            Some(path) => line.pair("; path=", path),
        }
        if let Some(age) = &self.max_age {
            line.pair("; max-age=", age);
        }
        if let Some(expires) = &self.expires {
            line.pair("; expires=", expires.as_str());
        }
        if let Some(domain) = cookie.domain.filter(|domain| !domain.is_empty()) {
            line.pair("; domain=", domain);
        }
        match cookie.priority {
            None | Some(Priority::Unknown) => {}
            Some(Priority::Low) => line.add("; priority=low"),
            Some(Priority::Medium) => line.add("; priority=medium"),
            Some(Priority::High) => line.add("; priority=high"),
        }
        match cookie.same_site {
            None | Some(SameSite::Unset | SameSite::Unknown) => {}
            Some(SameSite::Strict) => line.add("; samesite=strict"),
            Some(SameSite::Lax) => line.add("; samesite=lax"),
            Some(SameSite::None) => line.add("; samesite=none"),
        }
        if self.secure {
            line.add("; secure");
        }
        if cookie.http_only != Some(false) {
            line.add("; httponly");
        }
        if cookie.partitioned == Some(true) {
            line.add("; partitioned");
        }
        HeaderValue::from_maybe_shared(Bytes::from(line.written())).map_err(|_| {
            Error::internal(format!(
                "the cookie {:?} has a character that must not be in a header",
                cookie.name
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
