//! The query string as an argument.

use serde::de::DeserializeOwned;

use crate::extract::FromContext;
use crate::{Context, Result};

/// The query string as an argument, `search: Query<Search>`. Egg's `ctx.query`.
///
/// It is read as [`ctx.query()`](Context::query) reads it. As an `Option` it is `None` without a query string.
///
/// ```
/// use koa::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Search {
///     q: String,
///     #[serde(default)]
///     page: u32,
/// }
///
/// #[middleware]
/// async fn search(Query(search): Query<Search>) -> String {
///     format!("{} on page {}", search.q, search.page)
/// }
/// # let _ = App::new().with(search);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send> FromContext for Query<T> {
    async fn from_context(ctx: &mut Context) -> Result<Self> {
        ctx.query().map(Self)
    }

    fn is_absent(ctx: &Context) -> bool {
        ctx.querystring().is_empty()
    }
}
