//! What the body of a request is said to be.

use std::borrow::Cow;

use crate::media_type;
use crate::negotiation::Names;
use crate::request::Request;

/// What [`ctx.is(..)`](crate::Context::is) finds.
///
/// | here | Koa |
/// | --- | --- |
/// | `Is::Type(type)` | the type, as it was asked for, or the request's own where that was a pattern |
/// | `Is::Other` | `false` |
/// | `Is::NoBody` | `null` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Is<'a> {
    /// The request has no body, so it is of no type.
    NoBody,
    /// The body is of none of the types.
    Other,
    /// The body is of this type: as it was asked for, or, where that was a pattern such as `text/*`, the media type
    /// of the request.
    Type(Cow<'a, str>),
}

impl Is<'_> {
    /// The type, if it is one of those asked for.
    #[must_use]
    pub fn matched(&self) -> Option<&str> {
        match self {
            Self::Type(matched) => Some(matched),
            Self::NoBody | Self::Other => None,
        }
    }

    /// Whether it is one of those asked for.
    #[must_use]
    pub fn is_match(&self) -> bool {
        self.matched().is_some()
    }
}

impl Request {
    /// The media type of the body, without parameters; empty if the request does not say.
    /// <https://koajs.com/#request-type>
    #[must_use]
    #[doc(alias = "type")]
    pub fn type_(&self) -> Cow<'_, str> {
        match self.line("content-type") {
            Some(Cow::Borrowed(value)) => Cow::Borrowed(media_type::essence(value)),
            Some(Cow::Owned(value)) => Cow::Owned(media_type::essence(&value).to_owned()),
            None => Cow::Borrowed(""),
        }
    }

    /// The charset of the body; empty if the request does not say. <https://koajs.com/#request-charset>
    #[must_use]
    pub fn charset(&self) -> Cow<'_, str> {
        match self.line("content-type") {
            Some(Cow::Borrowed(value)) => media_type::charset(value).unwrap_or_default(),
            Some(Cow::Owned(value)) => {
                Cow::Owned(media_type::charset(&value).unwrap_or_default().into_owned())
            }
            None => Cow::Borrowed(""),
        }
    }

    /// Which of the `types` the body is of. <https://koajs.com/#request-is-types>
    ///
    /// A type is an extension (`"json"`), a media type, a pattern (`"text/*"`, `"+json"`), `"urlencoded"` or
    /// `"multipart"`. With none of them it is the media type itself.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn images_only(ctx: &mut Context, next: impl Next) -> Result {
    ///     ensure!(ctx.is("image/*").is_match(), 415, "images only!");
    ///     next.run(ctx).await
    /// }
    /// # let _ = App::new().with(images_only);
    /// ```
    #[must_use]
    pub fn is<'a>(&'a self, types: impl Names<'a>) -> Is<'a> {
        if !media_type::has_body(self.headers()) {
            return Is::NoBody;
        }
        let matched = match self.line("content-type") {
            Some(Cow::Borrowed(value)) => types.with(|types| media_type::matches(value, types)),
            // A type with bytes beyond ASCII is not well formed.
            Some(Cow::Owned(_)) | None => None,
        };
        matched.map_or(Is::Other, Is::Type)
    }
}
