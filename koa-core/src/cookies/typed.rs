//! Values of cookies as types: an endpoint's `#[cookie(..)]` arguments, and JSON.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::cookies::Cookie;
use crate::error::{Error, Result};

/// What `encodeURIComponent` leaves as it is, beside letters and digits.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

pub(super) fn to_json(value: &(impl Serialize + ?Sized)) -> Result<String> {
    let json = serde_json::to_string(value)?;
    Ok(utf8_percent_encode(&json, COMPONENT).to_string())
}

pub(super) fn from_json<T: DeserializeOwned>(name: &str, value: &str) -> Result<T> {
    let unreadable =
        |why: &dyn Display| Error::new(400, format!("the cookie \"{name}\" cannot be read: {why}"));
    let json = percent_decode_str(value)
        .decode_utf8()
        .map_err(|error| unreadable(&error))?;
    serde_json::from_str(&json).map_err(|error| unreadable(&error))
}

/// How the text of a cookie becomes the type of an argument.
#[diagnostic::on_unimplemented(
    message = "a cookie cannot be read as a `{T}`",
    label = "it is read from a cookie",
    note = "implement `FromStr` for it, with an error that is `Display`; or write `#[cookie(\"..\", json)]` to read it as \
            JSON, by its `serde::Deserialize`"
)]
pub trait Reading<T> {
    /// The value.
    ///
    /// # Errors
    ///
    /// A 400 that names the cookie.
    fn read(name: &str, text: &str) -> Result<T>;
}

/// By its `FromStr`.
#[derive(Debug)]
pub struct FromText(PhantomData<()>);

#[diagnostic::do_not_recommend]
impl<T: FromStr<Err: Display>> Reading<T> for FromText {
    fn read(name: &str, text: &str) -> Result<T> {
        text.parse().map_err(|error| {
            Error::new(
                400,
                format!("the cookie \"{name}\" cannot be read: {error}"),
            )
        })
    }
}

/// As JSON.
#[derive(Debug)]
pub struct FromJson(PhantomData<()>);

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Reading<T> for FromJson {
    fn read(name: &str, text: &str) -> Result<T> {
        from_json(name, text)
    }
}

/// The value for an argument `#[cookie("name")] name: Option<T>`.
///
/// # Errors
///
/// Those of [`Cookies::get`](crate::Cookies::get), and a 400 where there is a value that is no `T`.
pub fn optional_cookie<T, R: Reading<T>>(ctx: &mut Context, cookie: Cookie) -> Result<Option<T>> {
    let text = ctx.cookies().get(cookie)?;
    text.map(|text| R::read(cookie.name, &text)).transpose()
}

/// The value for an argument `#[cookie("name")] name: T`.
///
/// # Errors
///
/// Those of [`optional_cookie`], and a 400 where there is no such cookie.
pub fn required_cookie<T, R: Reading<T>>(ctx: &mut Context, cookie: Cookie) -> Result<T> {
    optional_cookie::<T, R>(ctx, cookie)?
        .ok_or_else(|| Error::new(400, format!("the cookie \"{}\" is missing", cookie.name)))
}
