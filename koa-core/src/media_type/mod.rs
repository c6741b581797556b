//! Media types: what an extension stands for, what a `Content-Type` says, and whether it is one of those asked for.
//!
//! [RFC 9110 section 8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.3); Koa's
//! [`response.type=`](https://koajs.com/#response-type-1), [`request.type`](https://koajs.com/#request-type),
//! [`request.charset`](https://koajs.com/#request-charset) and [`is()`](https://koajs.com/#request-is-types-).
//!
//! The types of extensions are a sorted table of our own rather than a crate's: `mime_guess` 2.0.5 differs in 224 of
//! the 1180 extensions (`text/javascript` for `js`), says nothing of charsets, and its answers change with its releases,
//! where these must stay those of Koa 2. Sorted pairs of borrowed text need no set-up and no allocation, and an update
//! is one line in a diff.

mod header;
mod lookup;
mod matching;
mod table;

pub(crate) use header::is_token;
pub(crate) use header::{charset, essence};
pub(crate) use lookup::{content_type, extension, lookup};
pub(crate) use matching::{has_body, matches};
