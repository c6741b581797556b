//! What a handler returns where the type of the body is not what the response is.

use std::borrow::Cow;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::response::Body;

/// Text that is HTML, whatever it begins with. Nothing in it is escaped.
///
/// ```
/// use koa::prelude::*;
///
/// #[middleware]
/// async fn page() -> Html<&'static str> {
///     Html("plain, and still text/html")
/// }
/// # let _ = App::new().with(page);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Html<T>(pub T);

impl<T: Into<Body>> Reply for Html<T> {
    fn reply(self, ctx: &mut Context) -> Result {
        ctx.set_body(self.0);
        ctx.set_type("html")
    }
}

/// A redirect, as [`ctx.redirect(..)`](Context::redirect) makes it. <https://koajs.com/#response-redirect-url-alt>
///
/// ```
/// use koa::prelude::*;
///
/// #[middleware]
/// async fn moved() -> Redirect {
///     Redirect::to("/posts/7").with_status(301)
/// }
/// # let _ = App::new().with(moved);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    url: Cow<'static, str>,
    status: u16,
}

impl Redirect {
    /// A redirect to `url`, with status 302.
    #[must_use]
    pub fn to(url: impl Into<Cow<'static, str>>) -> Self {
        Self {
            url: url.into(),
            status: 302,
        }
    }

    /// With another status: 301, 303, 307 or 308. Any other is a mistake of the program, and answered with a 500.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

impl Reply for Redirect {
    fn reply(self, ctx: &mut Context) -> Result {
        if !matches!(self.status, 301 | 302 | 303 | 307 | 308) {
            let message = format!("{} is no status of a redirect to a place", self.status);
            return Err(Error::internal(message));
        }
        ctx.set_status(self.status)?;
        ctx.redirect(&self.url)
    }
}
