//! A query string as a type of one's own.

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::request::Request;

impl Request {
    /// The query string as a `T`. <https://koajs.com/#request-query>
    ///
    /// A field that may be left out is an `Option` or has `#[serde(default)]`; a name that occurs several times is a
    /// `Vec`. [`query_pairs`](Self::query_pairs) reads it without a type.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[derive(serde::Deserialize)]
    /// struct Search {
    ///     q: String,
    ///     #[serde(default)]
    ///     page: u32,
    /// }
    ///
    /// #[middleware]
    /// async fn search(ctx: &mut Context) -> Result<String> {
    ///     let search: Search = ctx.query()?;
    ///     Ok(format!("{} on page {}", search.q, search.page))
    /// }
    /// # let _ = App::new().with(search);
    /// ```
    ///
    /// # Errors
    ///
    /// A 400 that names the field, where the query string is not a `T`.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T> {
        form(self.querystring().as_bytes(), "query")
    }
}

/// How many names and values a form may have, as [`query_pairs`](Request::query_pairs) reads.
const MOST: usize = 1000;

/// How much of what the client sent an answer shows, in characters.
const SHOWN: usize = 200;

/// Names and values of a form as a `T`.
pub(crate) fn form<T: DeserializeOwned>(form: &[u8], what: &str) -> Result<T> {
    if form.iter().filter(|byte| **byte == b'&').count() >= MOST {
        return Err(Error::new(400, format!("{what}: more than {MOST} values")));
    }
    let pairs = || serde_html_form::Deserializer::from_bytes(form);
    T::deserialize(pairs()).or_else(|_| {
        // Again, to find out where: nobody else pays for that.
        serde_path_to_error::deserialize(pairs()).map_err(|error| unreadable(what, &error))
    })
}

/// A 400 that says where something cannot be read.
pub(crate) fn unreadable<E>(what: &str, error: &serde_path_to_error::Error<E>) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    let path = shortened(&error.path().to_string());
    let inner = shortened(&error.inner().to_string());
    Error::new(
        400,
        match path.as_str() {
            // Nowhere in particular, or not known.
            "." | "?" => format!("{what}: {inner}"),
            _ => format!("{what}: {path}: {inner}"),
        },
    )
    .with_property("field", path)
}

/// A text that may hold what the client sent, and so may be long: its beginning, and its end, where the place stands.
pub(super) fn shortened(text: &str) -> String {
    let length = text.chars().count();
    if length <= SHOWN {
        return text.to_owned();
    }
    let half = SHOWN / 2;
    let beginning = text.chars().take(half);
    let end = text.chars().skip(length - half);
    beginning.chain([' ', '…', ' ']).chain(end).collect()
}
