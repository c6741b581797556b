//! The `koa::Cookie` that was described.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;

use super::model::{Attribute, Described, Value};
use crate::paths::Paths;

/// `::koa::Cookie::new("name").max_age(..)`.
pub(crate) fn cookie(described: &Described, paths: &Paths) -> TokenStream {
    let at = Span::mixed_site();
    let name = &described.name;
    let cookie = paths.cookie(at.located_at(name.span()));
    let attributes = described.attributes.iter();
    let attributes = attributes.map(|attribute| method(attribute, paths));
    quote_spanned!(at=> #cookie::new(#name) #(#attributes)*)
}

/// The call that sets an attribute, `.max_age(..)`.
pub(crate) fn method(attribute: &Attribute, paths: &Paths) -> TokenStream {
    let at = Span::mixed_site();
    let method = Ident::new(&attribute.name.to_string(), at.located_at(attribute.span));
    let value = match &attribute.value {
        Value::Flag(flag) => quote_spanned!(at=> #flag),
        Value::Age(millis) => quote_spanned!(at=> ::core::time::Duration::from_millis(#millis)),
        Value::Session => {
            let max_age = paths.max_age(at);
            quote_spanned!(at=> #max_age::Session)
        }
        Value::Text(text) => quote_spanned!(at=> #text),
        Value::Variant(ty, variant) => {
            let ty = match *ty {
                "SameSite" => paths.same_site(at),
                "Compat" => paths.compat(at),
                _ => paths.priority(at),
            };
            let variant = Ident::new(variant, at);
            quote_spanned!(at=> #ty::#variant)
        }
        Value::Unknown(expr) => quote_spanned!(at=> #expr),
    };
    quote_spanned!(at=> .#method(#value))
}
