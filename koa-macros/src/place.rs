//! Where something stands in the source, for maps of an app.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote_spanned;

use crate::paths::Paths;

pub(crate) fn place(paths: &Paths, of: Span) -> TokenStream {
    let at = Span::mixed_site();
    let place = paths.place(at);
    let line = Literal::u32_unsuffixed(line(of));
    quote_spanned!(at=> #place { file: ::core::file!(), line: #line })
}

/// The line; 0 outside of a compiler.
pub(crate) fn line(of: Span) -> u32 {
    if !proc_macro::is_available() {
        return 0;
    }
    u32::try_from(of.unwrap().line()).unwrap_or(0)
}
