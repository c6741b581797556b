//! What a handler's arguments are taken from: the path, the query string, headers, the body, or whatever a type of the
//! user's says.

mod body;
mod header;
mod path;
mod query;
mod rejection;

use std::future::Future;

use crate::{Context, Error, Result};

pub use body::Form;
pub use header::{Header, NamedHeader};
pub(crate) use path::parameter;
pub use path::{FromPath, PathValue, written};
pub use query::Query;
pub(crate) use rejection::OnRejection;
pub use rejection::Rejection;

/// What a handler or a middleware can take as an argument by value: a type that is made from the request.
///
/// | argument | what it is |
/// | --- | --- |
/// | [`Query<T>`] | the query string |
/// | [`Json<T>`](crate::Json), [`Form<T>`] | the body |
/// | `Multipart` (feature `multipart`) | the body, in parts |
/// | [`Header<T>`] | a header |
/// | `Option<..>` of these | `None` where the request has none; one that is malformed is refused |
/// | `Result<..>` of these | the error that would have been answered |
///
/// Where one cannot be made, the handler does not run, and the error is the answer: see [`Rejection`].
///
/// # A type of one's own
///
/// ```
/// use koa::FromContext;
/// use koa::prelude::*;
///
/// struct ApiKey(String);
///
/// impl FromContext for ApiKey {
///     async fn from_context(ctx: &mut Context) -> Result<Self> {
///         let key = ctx.get("X-Api-Key").into_owned();
///         ensure!(key.len() == 32, 401, "the header X-Api-Key is no key");
///         Ok(Self(key))
///     }
/// }
///
/// struct Reports;
///
/// #[controller("/reports")]
/// impl Reports {
///     #[get("/")]
///     async fn list(&self, key: ApiKey) -> String {
///         format!("the reports of {}", key.0)
///     }
/// }
/// # let _ = App::new().controller(Reports);
/// ```
#[diagnostic::on_unimplemented(
    message = "no argument can be a `{Self}`: nothing says how it is taken from a request",
    label = "cannot be taken from a request",
    note = "what a layer above provides is taken as `&{Self}` or `&mut {Self}`; a parameter of the path has the \
            argument's name in the path, as `/:id`",
    note = "the query string is `Query<..>`, the body `Json<..>` or `Form<..>`, a header `Header<..>`; for a type of \
            your own, implement `koa::FromContext`"
)]
pub trait FromContext: Sized + Send {
    /// Whether it is taken from the body, which comes once: a handler with two such arguments does not compile.
    const BODY: bool = false;

    /// Takes it from the request.
    ///
    /// # Errors
    ///
    /// Why the request has none, usually with a status below 500, whose message the client sees.
    fn from_context(ctx: &mut Context) -> impl Future<Output = Result<Self>> + Send;

    /// Whether the request has nothing of the kind, so that an `Option` of it is `None`. Otherwise one that cannot be
    /// taken is an error for an `Option` too.
    #[must_use]
    fn is_absent(ctx: &Context) -> bool {
        let _ = ctx;
        false
    }
}

impl<T: FromContext> FromContext for Option<T> {
    const BODY: bool = T::BODY;

    async fn from_context(ctx: &mut Context) -> Result<Self> {
        if T::is_absent(ctx) {
            return Ok(None);
        }
        T::from_context(ctx).await.map(Some)
    }
}

impl<T: FromContext> FromContext for Result<T> {
    const BODY: bool = T::BODY;

    async fn from_context(ctx: &mut Context) -> Result<Self> {
        Ok(T::from_context(ctx).await)
    }
}

/// Fails when compiling if both arguments take the body.
#[allow(
    clippy::panic,
    reason = "when compiling, a panic is how an error is reported"
)]
#[track_caller]
pub const fn body_once<A: FromContext, B: FromContext>(message: &str) {
    if A::BODY && B::BODY {
        panic!("{}", message)
    }
}

/// The error of an argument that could not be taken by value, for generated code.
#[cold]
pub(crate) fn refused(ctx: &Context, argument: &'static str, error: Error) -> Error {
    Rejection::answer(argument, error, ctx)
}
