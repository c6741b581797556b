//! Parameters of a path, as they are read and as they are written.

use std::fmt::{self, Display, Write as _};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::controller::Captures;
use crate::extract::Rejection;
use crate::{Context, Error, Result};

/// What a parameter of a path can be: any type with [`FromStr`], whose error is shown to the client.
#[diagnostic::on_unimplemented(
    message = "a parameter of the path cannot be a `{Self}`",
    label = "is not read from text",
    note = "implement `std::str::FromStr` for `{Self}`, with an error that implements `Display`"
)]
pub trait FromPath: Sized {
    #[doc(hidden)]
    fn from_path(text: &str) -> Result<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr<Err: Display>> FromPath for T {
    fn from_path(text: &str) -> Result<Self> {
        text.parse().map_err(unreadable::<T>)
    }
}

#[cold]
fn unreadable<T: FromStr<Err: Display>>(error: T::Err) -> Error {
    Error::new(400, error.to_string())
}

/// Reads the parameter that stands at `at` in the path, for generated code.
pub(crate) fn parameter<T: FromPath>(
    ctx: &Context,
    captures: &Captures,
    at: usize,
    argument: &'static str,
) -> Result<T> {
    T::from_path(&captures.get(&ctx.request, at))
        .map_err(|error| Rejection::answer(argument, error, ctx))
}

/// What a parameter of type `T` is given as where a path is written: a `T`, or a `&T`; a `&str` for text.
#[diagnostic::on_unimplemented(
    message = "this parameter of the path is a `{T}`, and not a `{Self}`",
    note = "a parameter that is written into a path implements `Display`"
)]
pub trait PathValue<T: ?Sized> {
    #[doc(hidden)]
    fn text(&self) -> impl Display;
}

impl<T: Display> PathValue<T> for T {
    fn text(&self) -> impl Display {
        self
    }
}

impl<T: Display> PathValue<T> for &T {
    fn text(&self) -> impl Display {
        *self
    }
}

impl PathValue<String> for &str {
    fn text(&self) -> impl Display {
        *self
    }
}

/// What is not escaped in a segment (RFC 3986, 3.3), without what a reader might take for the end of a link.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b',')
    .remove(b'=')
    .remove(b':');

/// The same for a wildcard, which has slashes.
const SEGMENTS: &AsciiSet = &SEGMENT.remove(b'/');

/// Writes a path, for generated code: texts with a parameter after each but the last; `wildcard` says whether the last
/// parameter is one.
#[must_use]
pub fn written(texts: &[&str], parameters: &[&dyn Display], wildcard: bool) -> String {
    let mut path = Escaped {
        path: String::new(),
        set: SEGMENT,
    };
    for (at, text) in texts.iter().enumerate() {
        path.path.push_str(text);
        let Some(parameter) = parameters.get(at) else {
            continue;
        };
        if wildcard && at + 1 == parameters.len() {
            path.set = SEGMENTS;
        }
        // Writing to a string cannot fail; a `Display` that does is cut off.
        let _ = write!(path, "{parameter}");
    }
    path.path
}

struct Escaped {
    path: String,
    set: &'static AsciiSet,
}

impl fmt::Write for Escaped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.path.extend(utf8_percent_encode(text, self.set));
        Ok(())
    }
}
