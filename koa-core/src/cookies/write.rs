//! Writing cookies to the response: each with its signature, and its twin for browsers that keep them apart by site.

use std::borrow::Cow;
use std::time::SystemTime;

use http::HeaderMap;
use http::HeaderValue;
use http::header::{Entry, SET_COOKIE, USER_AGENT};

use crate::base64;
use crate::cookies::check::{WARN, check, check_sense};
use crate::cookies::keys::{Purpose, ROOM};
use crate::cookies::line::Attributes;
use crate::cookies::{CHIPS, Cookie, Cookies, Form, SameSite, clients};
use crate::error::{Error, Result};
use crate::request::header::bytes_as_text;

/// How many lines of cookies one response may have. Browsers keep 180 for a site.
const MOST: usize = 512;

/// A cookie's value is longer than 4093 characters, at which browsers begin to drop it. An event, told when the cookie
/// is set; without a listener it is printed. Egg's `cookieLimitExceed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieLimitExceeded {
    /// The cookie's name.
    pub name: String,

    /// How long its value is, in characters.
    pub length: usize,
}

impl Cookies<'_> {
    pub(super) fn write(&mut self, cookie: Cookie, value: &str) -> Result {
        let now = self.ctx.app().now();
        self.write_value(cookie, value, false, now)
    }

    /// `encoded`: the value is base64, and needs no look at its characters.
    pub(super) fn write_value(
        &mut self,
        mut cookie: Cookie,
        value: &str,
        encoded: bool,
        now: SystemTime,
    ) -> Result {
        let tls = self.ctx.secure();
        let plain = if encoded || cookie.encrypt == Some(true) {
            ""
        } else {
            value
        };
        if self.form != Form::Egg {
            check(self.form, &cookie, plain)?;
        }
        if !tls && cookie.secure == Some(true) {
            return Err(Error::internal(
                "Cannot send secure cookie over unencrypted connection",
            ));
        }
        let secure = cookie.secure.unwrap_or(tls);
        let value = self.sealed(&cookie, value, now)?;
        match self.form {
            Form::Own => check_sense(&cookie, &value, secure, now)?,
            Form::Egg => check(self.form, &cookie, &value)?,
            Form::Koa => {}
        }
        if self.form != Form::Koa {
            self.warn_of_length(cookie.name, &value);
            self.fit_to_client(&mut cookie, tls);
        }
        let lines = self.lines(&cookie, &value, secure, now)?;
        self.put_all(lines)
    }

    /// Puts a line to the response, in the place of those of the same name.
    pub(super) fn put(&mut self, line: HeaderValue) -> Result {
        if self.ctx.response.head_is_sent() {
            return Ok(());
        }
        match self.ctx.response.headers_mut().append(SET_COOKIE, line) {
            false => Ok(()),
            true => self.put_last_again(),
        }
    }

    /// Puts the last of several lines in the place of those of the same name.
    #[cold]
    fn put_last_again(&mut self) -> Result {
        let headers = self.ctx.response.headers_mut();
        let mut before: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        headers.remove(SET_COOKIE);
        let mut lines = Lines::default();
        if let Some(last) = before.pop() {
            lines.add(last, Replaces::Name);
        }
        for line in before {
            headers.append(SET_COOKIE, line);
        }
        self.put_all(lines)
    }

    fn put_all(&mut self, lines: Lines) -> Result {
        if self.ctx.response.head_is_sent() {
            return Ok(());
        }
        lines.put(self.ctx.response.headers_mut())
    }

    /// The value as it is sent.
    fn sealed<'v>(&self, cookie: &Cookie, value: &'v str, now: SystemTime) -> Result<Cow<'v, str>> {
        if cookie.encrypt != Some(true) || value.is_empty() {
            return Ok(Cow::Borrowed(value));
        }
        let ring = &self.ctx.app().ring;
        let sealed = if self.form == Form::Egg {
            ring.egg.encrypt_cookie(value).map(Ok)
        } else {
            let age = cookie.max_age.and_then(|age| now.checked_add(age));
            let expires = age.or(cookie.expires);
            let value = [&[0; ROOM], value.as_bytes()].concat();
            let sealed = ring.seal(Purpose::Cookie, cookie.name, value, expires);
            sealed.map(|sealed| sealed.map(|bytes| base64::encode_url_bare(&bytes)))
        };
        match sealed {
            Some(sealed) => Ok(Cow::Owned(sealed?)),
            None => Err(self.without_keys(cookie.name)),
        }
    }

    fn warn_of_length(&self, name: &str, value: &str) {
        if value.len() <= WARN {
            return;
        }
        let length = value.chars().count();
        let app = self.ctx.app();
        let event = CookieLimitExceeded {
            name: name.to_owned(),
            length,
        };
        if !app.emit(&event) && !app.silent() {
            eprintln!("the cookie {name:?} has {length} characters: browsers may drop it");
        }
    }

    /// Leaves out what the browser would mishandle, or take over TLS only.
    fn fit_to_client(&self, cookie: &mut Cookie, tls: bool) {
        let none = cookie.same_site == Some(SameSite::None);
        if !none {
            cookie.partitioned = cookie.partitioned.map(|_| false);
            return;
        }
        let secure = tls && cookie.secure != Some(false);
        if !(secure && self.client(clients::takes_same_site_none)) {
            cookie.same_site = Some(SameSite::Unset);
            cookie.partitioned = Some(false);
        } else if cookie.partitioned == Some(true) && !self.client(clients::takes_partitioned) {
            cookie.partitioned = Some(false);
        }
    }

    /// What the client says of itself lets it do, which may be nothing.
    fn client(&self, can: fn(&str) -> bool) -> bool {
        let agent = self.ctx.request.headers().get(USER_AGENT);
        agent.is_none_or(|agent| agent.is_empty() || can(&bytes_as_text(agent.as_bytes())))
    }

    /// The lines for a cookie, in their order.
    fn lines<'c>(
        &self,
        cookie: &Cookie<'c>,
        value: &str,
        secure: bool,
        now: SystemTime,
    ) -> Result<Lines<'c>> {
        let mut lines = Lines::default();
        let mut pair =
            |prefix: &str, cookie: &Cookie<'c>, value: &str, replaces: [_; 2]| -> Result {
                let attributes = Attributes::of(self.form, cookie, secure, value.is_empty(), now)?;
                let [first, second] = replaces;
                lines.add(attributes.line(cookie, prefix, "", value)?, first);
                if cookie.encrypt != Some(true) && self.signs(cookie, &self.ctx.app().ring) {
                    let signature = self.signature(prefix, cookie.name, value)?;
                    lines.add(attributes.line(cookie, prefix, ".sig", &signature)?, second);
                }
                Ok(())
            };
        let overwrites = cookie.overwrite == Some(true);
        let same_name = if overwrites {
            Replaces::Name
        } else {
            Replaces::Nothing
        };
        let same_path = match cookie.path {
            Some("") => Replaces::Name,
            path => Replaces::Path(path.unwrap_or("/")),
        };
        if cookie.partitioned == Some(true) && cookie.remove_unpartitioned == Some(true) {
            let removal = Cookie {
                partitioned: Some(false),
                ..*cookie
            };
            pair("", &removal, "", [same_name, same_path])?;
            pair("", cookie, value, [Replaces::Nothing; 2])?;
            return Ok(lines);
        }
        if self.has_twin(cookie) {
            let twin = Cookie {
                partitioned: Some(true),
                ..*cookie
            };
            let signature = if overwrites {
                Replaces::Name
            } else {
                same_path
            };
            pair(CHIPS, &twin, value, [same_name, signature])?;
        }
        pair("", cookie, value, [same_name; 2])?;
        Ok(lines)
    }

    /// Whether this response gets a partitioned twin of the cookie.
    fn has_twin(&self, cookie: &Cookie) -> bool {
        self.form != Form::Koa
            && self.ctx.app().cookies.auto_chips
            && cookie.same_site == Some(SameSite::None)
            && cookie.partitioned != Some(true)
            && self.client(clients::takes_partitioned)
    }

    /// In Egg what is empty has an empty signature.
    fn signature(&self, prefix: &str, name: &str, value: &str) -> Result<String> {
        if self.form == Form::Egg && value.is_empty() {
            return Ok(String::new());
        }
        let parts = [prefix, name, "=", value].map(str::as_bytes);
        let signature = self.signer().sign_parts(&parts);
        signature.ok_or_else(|| self.without_keys(name))
    }
}

/// A line, and those before it that it takes the place of.
struct Line<'c> {
    line: HeaderValue,
    replaces: Replaces<'c>,
}

#[derive(Clone, Copy)]
enum Replaces<'c> {
    Nothing,
    /// Those of the same name.
    Name,
    /// Those of the same name and path.
    Path(&'c str),
}

/// The lines for one cookie, in their order: at most two pairs of a value and its signature.
#[derive(Default)]
struct Lines<'c> {
    lines: [Option<Line<'c>>; 4],
    count: usize,
}

impl<'c> Lines<'c> {
    fn add(&mut self, line: HeaderValue, replaces: Replaces<'c>) {
        if let Some(place) = self.lines.get_mut(self.count) {
            *place = Some(Line { line, replaces });
            self.count += 1;
        }
    }

    /// Adds them to a response, unless it then had too many.
    fn put(self, headers: &mut HeaderMap) -> Result {
        let mut lines = self.lines.into_iter().flatten();
        match headers.entry(SET_COOKIE) {
            Entry::Vacant(entry) => {
                if let Some(first) = lines.next() {
                    entry.insert(first.line);
                }
            }
            Entry::Occupied(entry) => {
                if entry.iter().count() + self.count > MOST {
                    return Err(Error::internal(format!(
                        "more than {MOST} lines of cookies in one response"
                    )));
                }
            }
        }
        for line in lines {
            line.put(headers);
        }
        Ok(())
    }
}

impl Line<'_> {
    fn put(self, headers: &mut HeaderMap) {
        let bytes = self.line.as_bytes();
        let end = bytes.iter().position(|byte| *byte == b'=');
        let name = &bytes[..end.map_or(0, |at| at + 1)];
        let is_replaced = |line: &HeaderValue| match self.replaces {
            Replaces::Nothing => false,
            Replaces::Name => line.as_bytes().starts_with(name),
            Replaces::Path(path) => line.as_bytes().starts_with(name) && has_path(line, path),
        };
        if headers.get_all(SET_COOKIE).iter().any(is_replaced) {
            let lines = headers.get_all(SET_COOKIE).iter();
            let kept: Vec<_> = lines.filter(|line| !is_replaced(line)).cloned().collect();
            headers.remove(SET_COOKIE);
            for line in kept {
                headers.append(SET_COOKIE, line);
            }
        }
        headers.append(SET_COOKIE, self.line);
    }
}

fn has_path(line: &HeaderValue, path: &str) -> bool {
    let mut attributes = line.as_bytes().split(|byte| *byte == b';').skip(1);
    attributes.any(|attribute| attribute.strip_prefix(b" path=") == Some(path.as_bytes()))
}
