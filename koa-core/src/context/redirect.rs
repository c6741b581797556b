//! Redirects. They stand on the context, since what is answered depends on the request.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::response::redirect::{back, body, destination, location};

impl Context {
    /// Redirects to a url, with a 302 unless a status of redirects was set. <https://koajs.com/#response-redirect-url-alt>
    ///
    /// The url is taken as it is: where it comes from the client, check that it leads where it may. Koa's `"back"` is
    /// [`redirect_back`](Self::redirect_back).
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn cart(ctx: &mut Context) -> Result {
    ///     ctx.set_status(301)?;
    ///     ctx.redirect("/cart")?;
    ///     ctx.set_body("Redirecting to shopping cart");
    ///     Ok(())
    /// }
    /// # let _ = App::new().with(cart);
    /// ```
    ///
    /// # Errors
    ///
    /// A url that begins with `http://` or `https://` and is not one; and `"back"`.
    pub fn redirect(&mut self, url: &str) -> Result {
        if url == "back" {
            return Err(Error::internal(
                "back to where the client comes from is `redirect_back`",
            ));
        }
        let destination = destination(url).map_err(|error| Error::internal(error.to_string()))?;
        self.response.set("Location", location(&destination))?;
        if !matches!(self.status(), 300..=303 | 305 | 307 | 308) {
            self.set_status(302)?;
        }
        let html = self.request.accepts("html").is_some();
        self.response.set_type(if html { "html" } else { "text" })?;
        self.set_body(body(&destination, html));
        Ok(())
    }

    /// Redirects to where the client comes from, if that is of the same origin (scheme, host and port); else to `alt`,
    /// or to `/`. Koa's `ctx.redirect('back', alt)`: <https://koajs.com/#response-redirect-url-alt>.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// # #[middleware]
    /// # async fn save(ctx: &mut Context) -> Result {
    /// ctx.redirect_back("/index.html")?;
    /// ctx.redirect_back(None)
    /// # }
    /// # let _ = App::new().with(save);
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`redirect`](Self::redirect).
    #[doc(alias = "back")]
    pub fn redirect_back<'a>(&mut self, alt: impl Into<Option<&'a str>>) -> Result {
        let referrer = self.request.get("Referrer").into_owned();
        let alt = alt.into().filter(|alt| !alt.is_empty()).unwrap_or("/");
        let back = back(&referrer, &self.request.origin(), &self.request.href());
        self.redirect(back.unwrap_or(alt))
    }
}
