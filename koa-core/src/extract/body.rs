//! The body as an argument. It comes once: the macros refuse a second argument for it.

use serde::de::DeserializeOwned;

use crate::extract::FromContext;
use crate::media_type;
use crate::response::Json;
use crate::{Context, Result};

/// A form (`application/x-www-form-urlencoded`) as an argument, `form: Form<NewPost>`. Egg's `ctx.request.body`.
///
/// It is read as [`Request::form`](crate::Request::form) reads it. As an `Option` it is `None` without a body.
///
/// ```
/// use koa::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Login {
///     name: String,
/// }
///
/// #[middleware]
/// async fn log_in(Form(login): Form<Login>) -> String {
///     format!("Hello, {}", login.name)
/// }
/// # let _ = App::new().with(log_in);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + Send> FromContext for Form<T> {
    const BODY: bool = true;

    async fn from_context(ctx: &mut Context) -> Result<Self> {
        ctx.request.form().await.map(Self)
    }

    fn is_absent(ctx: &Context) -> bool {
        !media_type::has_body(ctx.headers())
    }
}

/// The body, read as [`Request::json`](crate::Request::json) reads it. As an `Option` it is `None` without a body.
impl<T: DeserializeOwned + Send> FromContext for Json<T> {
    const BODY: bool = true;

    async fn from_context(ctx: &mut Context) -> Result<Self> {
        ctx.request.json().await.map(Self)
    }

    fn is_absent(ctx: &Context) -> bool {
        !media_type::has_body(ctx.headers())
    }
}

/// The body, read as [`Request::multipart`](crate::Request::multipart) reads it. As an `Option` it is `None` without a
/// body.
#[cfg(feature = "multipart")]
impl FromContext for crate::request::Multipart {
    const BODY: bool = true;

    async fn from_context(ctx: &mut Context) -> Result<Self> {
        ctx.request.multipart()
    }

    fn is_absent(ctx: &Context) -> bool {
        !media_type::has_body(ctx.headers())
    }
}
