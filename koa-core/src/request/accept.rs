//! What the client would like: the four `Accept` headers. <https://koajs.com/#content-negotiation>

use std::borrow::Cow;

use crate::negotiation::{Names, charsets, encodings, languages, media_types};
use crate::request::Request;
use crate::request::origin::split;

impl Request {
    /// The best of the `types` for the client, as it was given, or `None` where it takes none of them: a 406.
    /// <https://koajs.com/#request-accepts-types>
    ///
    /// A type is a media type (`"text/html"`) or an extension (`"html"`). Without an `Accept` header it is the first.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn tobi(ctx: &mut Context) -> Result {
    ///     match ctx.accepts(["json", "html"]) {
    ///         Some("json") => ctx.set_body(Json(["tobi"])),
    ///         Some("html") => ctx.set_body("<p>tobi"),
    ///         _ => throw!(406, "json or html only"),
    ///     }
    ///     Ok(())
    /// }
    /// # let _ = App::new().with(tobi);
    /// ```
    #[must_use]
    pub fn accepts<'t>(&self, types: impl Names<'t>) -> Option<&'t str> {
        let header = self.line("accept");
        types.with(|types| media_types::preferred(header.as_deref(), types))
    }

    /// The media types that the client takes, the best first; `*/*` without an `Accept` header. Koa's
    /// `request.accepts()` without arguments.
    #[must_use]
    #[doc(alias = "accepts")]
    pub fn accepted_types(&self) -> Vec<Cow<'_, str>> {
        self.all("accept", media_types::all)
    }

    /// The best of the `encodings` for the client, or `None` where it takes none of them.
    /// <https://koajs.com/#request-acceptsencodings-encodings>
    ///
    /// `identity`, the body as it is, should be one of them. Without an `Accept-Encoding` header nothing else is
    /// accepted.
    #[must_use]
    #[doc(alias = "acceptsEncodings")]
    pub fn accepts_encodings<'t>(&self, encodings: impl Names<'t>) -> Option<&'t str> {
        let header = self.line("accept-encoding");
        encodings.with(|encodings| encodings::preferred(header.as_deref(), encodings))
    }

    /// The encodings that the client takes, the best first. Koa's `request.acceptsEncodings()` without arguments.
    #[must_use]
    #[doc(alias = "acceptsEncodings")]
    pub fn accepted_encodings(&self) -> Vec<Cow<'_, str>> {
        self.all("accept-encoding", encodings::all)
    }

    /// The best of the `charsets` for the client, or `None` where it takes none of them.
    /// <https://koajs.com/#request-acceptscharsets-charsets>
    #[must_use]
    #[doc(alias = "acceptsCharsets")]
    pub fn accepts_charsets<'t>(&self, charsets: impl Names<'t>) -> Option<&'t str> {
        let header = self.line("accept-charset");
        charsets.with(|charsets| charsets::preferred(header.as_deref(), charsets))
    }

    /// The charsets that the client takes, the best first; `*` without an `Accept-Charset` header. Koa's
    /// `request.acceptsCharsets()` without arguments.
    #[must_use]
    #[doc(alias = "acceptsCharsets")]
    pub fn accepted_charsets(&self) -> Vec<Cow<'_, str>> {
        self.all("accept-charset", charsets::all)
    }

    /// The best of the `languages` for the client, or `None` where it takes none of them.
    /// <https://koajs.com/#request-acceptslanguages-langs>
    #[must_use]
    #[doc(alias = "acceptsLanguages")]
    pub fn accepts_languages<'t>(&self, languages: impl Names<'t>) -> Option<&'t str> {
        let header = self.line("accept-language");
        languages.with(|languages| languages::preferred(header.as_deref(), languages))
    }

    /// The languages that the client takes, the best first; `*` without an `Accept-Language` header. Koa's
    /// `request.acceptsLanguages()` without arguments.
    #[must_use]
    #[doc(alias = "acceptsLanguages")]
    pub fn accepted_languages(&self) -> Vec<Cow<'_, str>> {
        self.all("accept-language", languages::all)
    }

    fn all(&self, field: &str, all: fn(Option<&str>) -> Vec<&str>) -> Vec<Cow<'_, str>> {
        match self.line(field) {
            Some(header) => split(header, |header| all(Some(header))),
            None => all(None)
                .into_iter()
                .map(|name| Cow::Owned(name.to_owned()))
                .collect(),
        }
    }
}
