//! The one error type, what becomes one, and what the client gets to see of it.

mod macros;
mod thrown;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::response::reason::reason;

#[doc(hidden)]
pub use thrown::{Thrown, ViaError, ViaMessage, ViaStatus, ViaStd};

/// `Result<(), koa::Error>` for most: what a middleware returns.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// An error on its way up through the onion: a status, a message, and whether the client may see it.
///
/// Koa's `HttpError`: <https://koajs.com/#ctx-throw>. Made by [`throw!`](crate::throw) and
/// [`ensure!`](crate::ensure), or by `?` from any [`std::error::Error`]: that is a 500 whose text the client never
/// sees, or a 404 where it is an I/O error of kind "not found".
///
/// An error that reaches the top is answered with its status and, if it is exposed, its message; otherwise with the
/// status's standard text. The headers set so far are dropped, those of the error are sent.
///
/// ```
/// use koa::Error;
///
/// let error = Error::new(401, "Please login!").with_header("WWW-Authenticate", "Bearer");
/// assert_eq!(error.status(), 401);
/// assert!(error.expose());
///
/// let error: Error = std::io::Error::other("disk on fire").into();
/// assert_eq!(error.status(), 500);
/// assert!(!error.expose());
/// ```
///
/// # Errors of one's own
///
/// An error type that implements [`std::error::Error`] goes up as a 500. Where it knows better, it is thrown under a
/// status, or made an error with one at the edge:
///
/// ```
/// use koa::prelude::*;
///
/// #[derive(Debug)]
/// struct NoSuchUser(String);
///
/// impl std::fmt::Display for NoSuchUser {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         write!(f, "there is no user {}", self.0)
///     }
/// }
///
/// impl std::error::Error for NoSuchUser {}
///
/// fn find(name: &str) -> Result<(), NoSuchUser> {
///     Err(NoSuchUser(name.to_owned()))
/// }
///
/// #[middleware]
/// async fn user() -> Result {
///     if let Err(error) = find("ada") {
///         throw!(404, error); // "there is no user ada", and the error is its source
///     }
///     Ok(find("ada").map_err(|error| Error::from(error).with_status(404))?)
/// }
/// # let _ = App::new().with(user);
/// ```
///
/// A type that does not implement it may instead say what it becomes, with `impl From<MyError> for koa::Error`.
pub struct Error(Box<Inner>);

struct Inner {
    status: StatusCode,
    message: Cow<'static, str>,
    expose: bool,
    cause: Cause,
    headers: HeaderMap,
    properties: Map<String, Value>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Where an error comes from, as far as the answer to it depends on that.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Thrown,
    /// A file that is not there: a 404 whatever its status says, as in Koa.
    Missing,
    Panic,
    Disconnect,
}

impl Error {
    /// An error with a status and a message. One below 500 is exposed: the client gets the message.
    ///
    /// A status without a standard meaning is a mistake of the program: it is answered with a 500, and not exposed.
    /// The error keeps it if it is one of errors (400 to 599), as in Koa; else it becomes 500.
    #[must_use]
    pub fn new(status: impl IntoStatus, message: impl Into<Cow<'static, str>>) -> Self {
        let status = status.into_status().ok();
        let is_known = |status: &StatusCode| reason(*status).is_some();
        let kept = status.filter(|status| is_known(status) || matches!(status.as_u16(), 400..=599));
        Self::build(
            kept.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            message.into(),
            kept.is_some_and(|status| is_known(&status) && status.as_u16() < 500),
        )
    }

    /// An error with a status, and its standard text as the message.
    #[must_use]
    pub fn from_status(status: impl IntoStatus) -> Self {
        let mut error = Self::new(status, "");
        error.0.message = Cow::Borrowed(error.standard_text());
        error
    }

    /// A 500 that is not exposed.
    #[must_use]
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::build(StatusCode::INTERNAL_SERVER_ERROR, message.into(), false)
    }

    fn build(status: StatusCode, message: Cow<'static, str>, expose: bool) -> Self {
        Self(Box::new(Inner {
            status,
            message,
            expose,
            cause: Cause::Thrown,
            headers: HeaderMap::new(),
            properties: Map::new(),
            source: None,
        }))
    }

    /// A panic in a middleware, as an error.
    pub(crate) fn panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&'static str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown".to_owned());
        let mut error = Self::internal(format!("panicked: {message}"));
        error.0.cause = Cause::Panic;
        error
    }

    /// That the client went away and the request was given up.
    pub(crate) fn disconnected() -> Self {
        let mut error = Self::internal("the client went away");
        error.0.cause = Cause::Disconnect;
        error
    }

    /// Its status. One without a standard meaning is answered with a 500, and an I/O error of kind "not found" with a
    /// 404 whatever its status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status.as_u16()
    }

    /// The status it is answered with.
    pub(crate) fn status_code(&self) -> StatusCode {
        let status = self.0.status;
        match self.0.cause {
            Cause::Missing => StatusCode::NOT_FOUND,
            _ if reason(status).is_some() && !status.is_informational() => status,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What that status means.
    fn standard_text(&self) -> &'static str {
        reason(self.status_code()).unwrap_or("Internal Server Error")
    }

    /// With another status, or 500 for one that is not between 100 and 999. Whether the client sees the message stays as
    /// it was.
    #[must_use]
    pub fn with_status(mut self, status: impl IntoStatus) -> Self {
        let status = status.into_status();
        self.0.status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }

    /// What happened. The client sees it only if the error is exposed.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the client may see the message.
    #[must_use]
    pub fn expose(&self) -> bool {
        self.0.expose
    }

    /// The headers of the answer to it.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Further data of the error, for listeners and for middleware that answers errors itself.
    #[must_use]
    pub fn properties(&self) -> &Map<String, Value> {
        &self.0.properties
    }

    /// The error this one was made from.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    /// The errors it came from, the nearest first, without those whose texts its message ends with.
    pub(crate) fn causes(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let source = self
            .source()
            .map(|source| source as &(dyn StdError + 'static));
        let all = std::iter::successors(source, cause_of);
        all.skip_while(|error| self.0.message.ends_with(&error.to_string()))
    }

    /// Whether a middleware panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.0.cause == Cause::Panic
    }

    /// Whether the client went away and the request was given up, as
    /// [`cancel_on_disconnect`](crate::cancel_on_disconnect) asks for.
    #[must_use]
    pub fn is_disconnect(&self) -> bool {
        self.0.cause == Cause::Disconnect
    }

    /// With another message. Whether the client sees it stays as it was.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    /// With another answer to whether the client may see the message.
    #[must_use]
    pub fn with_expose(mut self, expose: bool) -> Self {
        self.0.expose = expose;
        self
    }

    /// With a header for the answer. A name or value that cannot be sent makes the error a 500 that says so to the
    /// listeners.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        match (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            (Ok(name), Ok(value)) => {
                self.0.headers.append(name, value);
                self
            }
            _ => Self::internal(format!(
                "the header {name:?} of an error cannot be sent; the error was: {}",
                self.0.message
            )),
        }
    }

    /// With a property.
    #[must_use]
    pub fn with_property(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.properties.insert(name.into(), value.into());
        self
    }

    /// With the error it was made from.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The text of the answer: the message if it is exposed, the status's standard text if not.
    pub(crate) fn public_text(&self) -> Cow<'static, str> {
        if self.0.expose {
            self.0.message.clone()
        } else {
            Cow::Borrowed(self.standard_text())
        }
    }

    #[cfg(feature = "tower")]
    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.0.headers
    }

    pub(crate) fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.0.headers)
    }
}

fn cause_of<'e>(error: &&'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    (*error).source()
}

/// Any error is a 500 whose text the client never sees; an I/O error of kind "not found" is a 404, as an `ENOENT` is
/// in Koa.
impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(source: E) -> Self {
        let missing = (&source as &dyn StdError)
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
        let (status, cause) = if missing {
            (StatusCode::NOT_FOUND, Cause::Missing)
        } else {
            (StatusCode::INTERNAL_SERVER_ERROR, Cause::Thrown)
        };
        let mut error = Self::build(status, source.to_string().into(), false).with_source(source);
        error.0.cause = cause;
        error
    }
}

/// For a `main`, or a function, whose errors are of any kind.
impl From<Error> for Box<dyn StdError + Send + Sync> {
    fn from(error: Error) -> Self {
        Box::new(Opaque(error))
    }
}

/// For a `main`, or a function, whose errors are of any kind.
impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        Box::new(Opaque(error))
    }
}

/// An [`Error`] as any other: it is none itself, so that any error can become one.
struct Opaque(Error);

impl StdError for Opaque {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// The message, the status unless it is 500, and the errors it came from: what `main` prints when it returns one.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if self.0.status != StatusCode::INTERNAL_SERVER_ERROR {
            write!(f, " ({})", self.0.status.as_u16())?;
        }
        for cause in self.causes() {
            write!(f, "\n  caused by: {cause}")?;
        }
        Ok(())
    }
}

/// What can be a status: a number, or an [`http::StatusCode`].
pub trait IntoStatus {
    /// The status.
    ///
    /// # Errors
    ///
    /// A 500 that names the number, unless it is between 100 and 999. Its source says which are valid, and what they mean.
    fn into_status(self) -> Result<StatusCode>;
}

impl IntoStatus for StatusCode {
    fn into_status(self) -> Result<StatusCode> {
        Ok(self)
    }
}

macro_rules! into_status {
    ($($number:ty),*) => {$(
        impl IntoStatus for $number {
            fn into_status(self) -> Result<StatusCode> {
                u16::try_from(self)
                    .ok()
                    .and_then(|code| StatusCode::from_u16(code).ok())
                    .ok_or_else(|| invalid_status(self))
            }
        }
    )*};
}

#[cold]
fn invalid_status(number: impl fmt::Display) -> Error {
    Error::internal(format!("invalid status code: {number}")).with_source(InvalidStatus)
}

/// Which statuses there are.
#[derive(Debug)]
struct InvalidStatus;

impl StdError for InvalidStatus {}

impl fmt::Display for InvalidStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status is a number from 100 to 999; those with a meaning are")?;
        let codes = (100..=999).filter_map(|code| StatusCode::from_u16(code).ok());
        let known = codes.filter_map(|code| reason(code).map(|reason| (code, reason)));
        for (at, (code, reason)) in known.enumerate() {
            let before = if at == 0 { " " } else { ", " };
            write!(f, "{before}{} {reason}", code.as_u16())?;
        }
        Ok(())
    }
}

into_status!(u16, i32, u32, i64, u64, usize);

#[cfg(test)]
mod tests {
    use super::{Error, IntoStatus};

    #[test]
    fn a_status_below_500_is_exposed() {
        assert!(Error::new(400, "name required").expose());
        assert!(!Error::new(500, "database gone").expose());
        assert_eq!(
            Error::new(500, "database gone").public_text(),
            "Internal Server Error"
        );
    }

    #[test]
    fn a_status_that_nobody_knows_is_a_mistake_of_the_program() {
        for (status, kept) in [
            (0, 500),
            (99, 500),
            (399, 500),
            (499, 499),
            (599, 599),
            (600, 500),
            (1000, 500),
        ] {
            let error = Error::new(status, "a secret");
            assert_eq!((error.status(), error.expose()), (kept, false), "{status}");
            assert_eq!(error.status_code(), 500, "{status}");
            assert_eq!(error.public_text(), "Internal Server Error", "{status}");
        }
    }

    #[test]
    fn an_invalid_status_says_which_are_valid() {
        let error = 1000.into_status().unwrap_err();
        assert_eq!(error.message(), "invalid status code: 1000");
        let said = format!("{error:?}");
        for valid in [
            "from 100 to 999",
            " 200 OK, ",
            " 418 I'm a teapot, ",
            " 511 Network Authentication Required",
        ] {
            assert!(said.contains(valid), "{said}");
        }
    }

    #[test]
    fn a_missing_file_is_a_404_that_names_no_file() {
        let missing = std::fs::read("/no/such/file").unwrap_err();
        let error = Error::from(missing);
        assert_eq!(error.status(), 404);
        assert_eq!(error.public_text(), "Not Found");
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_not_dropped_in_silence() {
        let error = Error::new(400, "bad").with_header("X-A", "1\r\nX-B: 2");
        assert_eq!((error.status(), error.expose()), (500, false));
        assert!(error.headers().is_empty());
    }
}
