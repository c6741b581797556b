//! A header as an argument.

use std::fmt;
use std::str::FromStr;

use crate::extract::FromContext;
use crate::{Context, Error, Result};

/// A header as an argument, `key: Header<ApiKey>`, where `ApiKey` says which one it is. Koa's `ctx.get(field)`.
///
/// As an `Option` it is `None` where the header was not sent.
///
/// ```
/// use koa::{Header, NamedHeader};
/// use koa::prelude::*;
///
/// struct Depth(u8);
///
/// impl NamedHeader for Depth {
///     const NAME: &'static str = "Depth";
/// }
///
/// impl std::str::FromStr for Depth {
///     type Err = std::num::ParseIntError;
///
///     fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
///         text.parse().map(Self)
///     }
/// }
///
/// #[middleware]
/// async fn list(depth: Option<Header<Depth>>) -> String {
///     let depth = depth.map_or(1, |Header(Depth(depth))| depth);
///     format!("{depth} levels")
/// }
/// # let _ = App::new().with(list);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header<T>(pub T);

/// The value of one header, for [`Header`]: its name; how its text is read says [`FromStr`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which header it is",
    note = "write `impl koa::NamedHeader for {Self} {{ const NAME: &'static str = \"X-..\"; }}`"
)]
pub trait NamedHeader: FromStr<Err: fmt::Display> + Send {
    /// The name of the header, in any case.
    const NAME: &'static str;
}

impl<T: NamedHeader> FromContext for Header<T> {
    async fn from_context(ctx: &mut Context) -> Result<Self> {
        let name = T::NAME;
        if Self::is_absent(ctx) {
            return Err(Error::new(400, format!("the header {name} is missing")));
        }
        let parsed = ctx.get(name).parse();
        parsed
            .map(Self)
            .map_err(|error| Error::new(400, format!("the header {name}: {error}")))
    }

    fn is_absent(ctx: &Context) -> bool {
        !ctx.headers().contains_key(T::NAME)
    }
}
