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

/// Names and values of a form as a `T`.
pub(super) fn form<T: DeserializeOwned>(form: &[u8], what: &str) -> Result<T> {
    let pairs = serde_html_form::Deserializer::from_bytes(form);
    serde_path_to_error::deserialize(pairs).map_err(|error| unreadable(what, &error))
}

/// A 400 that says where something cannot be read.
pub(super) fn unreadable<E>(what: &str, error: &serde_path_to_error::Error<E>) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    let (path, inner) = (error.path().to_string(), error.inner());
    Error::new(
        400,
        match path.as_str() {
            "." => format!("{what}: {inner}"),
            _ => format!("{what}: {path}: {inner}"),
        },
    )
    .with_property("field", path)
}
