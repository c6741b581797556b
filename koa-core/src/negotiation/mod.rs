//! Which of the server's offers a client likes best: the four `Accept*` headers, each in its own file.
//!
//! [RFC 9110 section 12](https://www.rfc-editor.org/rfc/rfc9110#section-12), read as Koa's
//! [`ctx.accepts()`](https://koajs.com/#content-negotiation) and its three siblings read it. Every file has
//! `preferred`, the best offer as it was given, and `all`, what the client lists, best first; `None` as the header is
//! a request without one. Time is linear in the header for each offer, and `preferred` allocates nothing, parameters
//! of media types apart.

pub(crate) mod charsets;
pub(crate) mod encodings;
pub(crate) mod languages;
pub(crate) mod media_types;
mod offers;
mod quality;

pub use offers::Names;
