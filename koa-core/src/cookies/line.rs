//! The line of a `Set-Cookie`, as the packages write it.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderValue;

use crate::base64;
use crate::cookies::prepared::Value;
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

    fn path(&mut self, cookie: &Cookie<'p>) {
        match cookie.path {
            None | Some("/") => self.add("; path=/"),
            Some("") => {}
            Some(path) => self.pair("; path=", path),
        }
    }

    /// What stands behind the time.
    fn rest(&mut self, cookie: &Cookie<'p>, secure: bool) {
        if let Some(domain) = cookie.domain.filter(|domain| !domain.is_empty()) {
            self.pair("; domain=", domain);
        }
        match cookie.priority {
            None | Some(Priority::Unknown) => {}
            Some(Priority::Low) => self.add("; priority=low"),
            Some(Priority::Medium) => self.add("; priority=medium"),
            Some(Priority::High) => self.add("; priority=high"),
        }
        match cookie.same_site {
            None | Some(SameSite::Unset | SameSite::Unknown) => {}
            Some(SameSite::Strict) => self.add("; samesite=strict"),
            Some(SameSite::Lax) => self.add("; samesite=lax"),
            Some(SameSite::None) => self.add("; samesite=none"),
        }
        if secure {
            self.add("; secure");
        }
        if cookie.http_only != Some(false) {
            self.add("; httponly");
        }
        if cookie.partitioned == Some(true) {
            self.add("; partitioned");
        }
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
            Some(age) => Some(now.checked_add(age).ok_or_else(|| endless(cookie.name))?),
            None => cookie.expires,
        };
        let expires = match expires {
            Some(expires) => Some(date::write(expires).ok_or_else(|| endless(cookie.name))?),
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
        line.path(cookie);
        if let Some(age) = &self.max_age {
            line.pair("; max-age=", age);
        }
        if let Some(expires) = &self.expires {
            line.pair("; expires=", expires.as_str());
        }
        line.rest(cookie, self.secure);
        header(line.written().into_bytes(), cookie.name)
    }
}

/// The lines of a cookie that differ in nothing but its value and its end, written as [`Attributes`] does.
pub(super) struct Fixed {
    start: String,
    path: String,
    /// The same before an end.
    until: String,
    rest: String,
}

impl Fixed {
    pub(super) fn of(cookie: &Cookie, secure: bool) -> Self {
        let (mut path, mut rest) = (Parts::new(), Parts::new());
        path.path(cookie);
        rest.rest(cookie, secure);
        let path = path.written();
        Self {
            start: [cookie.name, "="].concat(),
            until: [&path, "; expires="].concat(),
            path,
            rest: rest.written(),
        }
    }

    pub(super) fn line(
        &self,
        name: &str,
        value: Value<'_>,
        max_age: Option<Duration>,
        now: SystemTime,
    ) -> Result<HeaderValue> {
        let expires = match max_age {
            None => None,
            Some(age) => {
                let expires = now.checked_add(age).and_then(date::write);
                Some(expires.ok_or_else(|| endless(name))?)
            }
        };
        let (path, expires) = match &expires {
            Some(expires) => (&self.until, expires.as_bytes()),
            None => (&self.path, &[][..]),
        };
        let [start, path, rest] = [&self.start, path, &self.rest].map(String::as_bytes);
        let around = start.len() + path.len() + expires.len() + rest.len();
        let mut line = Vec::with_capacity(around + value.len());
        line.extend_from_slice(start);
        match value {
            Value::Text(text) | Value::Encoded(text) => line.extend_from_slice(text.as_bytes()),
            Value::Bytes(bytes) => base64::append_url_bare(bytes, &mut line),
        }
        for part in [path, expires, rest] {
            line.extend_from_slice(part);
        }
        header(line, name)
    }
}

fn header(line: Vec<u8>, name: &str) -> Result<HeaderValue> {
    HeaderValue::from_maybe_shared(Bytes::from(line)).map_err(|_| {
        Error::internal(format!(
            "the cookie {name:?} has a character that must not be in a header"
        ))
    })
}

#[cold]
fn endless(name: &str) -> Error {
    Error::internal(format!("option maxAge is invalid (of the cookie {name:?})"))
}
