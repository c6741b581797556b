//! What an endpoint may return, and what becomes of it.

use http::StatusCode;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::response::Body;

/// What a middleware or an endpoint may return.
///
/// | returned | the response |
/// | --- | --- |
/// | `()` | what was set on the context |
/// | whatever can be a [`Body`] | that body |
/// | `(status, body)`, with a [`StatusCode`] or a number | that status and body |
/// | a [`StatusCode`] | that status, without a body of its own |
/// | [`Html`](crate::Html), [`Redirect`](crate::Redirect) | what they say |
/// | `Option<..>` of these | that, or a 404 for `None` |
/// | `Result<.., E>` of these | the error goes up through the layers above, as what `From<E> for koa::Error` makes of it |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be answered to a request",
    label = "cannot be answered",
    note = "return `()`, text, bytes, `Json(..)`, a `Body`, `(status, body)`, or a `Result` of one of these; for a \
            type of your own, implement `koa::Reply`, or wrap a serialisable one in `Json`"
)]
pub trait Reply {
    /// Puts it on the context.
    ///
    /// # Errors
    ///
    /// The error that it is, or that it cannot be answered.
    fn reply(self, ctx: &mut Context) -> Result;
}

impl Reply for () {
    fn reply(self, _: &mut Context) -> Result {
        Ok(())
    }
}

impl<R: Reply, E: Into<Error>> Reply for Result<R, E> {
    fn reply(self, ctx: &mut Context) -> Result {
        self.map_err(Into::into)?.reply(ctx)
    }
}

impl Reply for StatusCode {
    fn reply(self, ctx: &mut Context) -> Result {
        ctx.response.set_status(self)
    }
}

impl Reply for Body {
    fn reply(self, ctx: &mut Context) -> Result {
        ctx.response.set_body(self);
        Ok(())
    }
}

impl<R: Reply> Reply for Option<R> {
    fn reply(self, ctx: &mut Context) -> Result {
        match self {
            Some(found) => found.reply(ctx),
            None => Err(Error::from_status(StatusCode::NOT_FOUND)),
        }
    }
}

macro_rules! reply_with_body {
    ($([$($generics:tt)*] $body:ty $(where $($bounds:tt)*)?;)*) => {$(
        impl<$($generics)*> Reply for $body $(where $($bounds)*)? {
            fn reply(self, ctx: &mut Context) -> Result {
                ctx.response.set_body(self);
                Ok(())
            }
        }
    )*};
}

reply_with_body! {
    [] &'static str;
    [] String;
    [] std::borrow::Cow<'static, str>;
    [] &'static [u8];
    [const N: usize] &'static [u8; N];
    [] Vec<u8>;
    [] bytes::Bytes;
    [] serde_json::Value;
    [T: serde::Serialize] crate::response::Json<T>;
}

macro_rules! reply_with_status {
    ($($status:ty),*) => {$(
        impl<R: Reply> Reply for ($status, R) {
            fn reply(self, ctx: &mut Context) -> Result {
                ctx.response.set_status(self.0)?;
                self.1.reply(ctx)
            }
        }
    )*};
}

reply_with_status!(StatusCode, u16, i32);
