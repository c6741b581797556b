//! `#[session]`.
//!
//! [`model`]: the struct, and what the attribute says. [`check`]: whether that makes sense. [`expand`]: the code.

mod check;
mod expand;
mod model;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;

/// What the struct becomes; beside an error, the struct again and a stand-in for what would have been generated.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let settings = model::Settings::parse(options, &mut errors);
    let item = match model::item(item.clone(), &mut errors) {
        Some(item) => item,
        None => {
            let errors = errors.into_tokens();
            return quote!(#errors #item);
        }
    };
    check::check(&settings, &mut errors);
    let ready = errors.is_empty();
    let expanded = expand::session(&item, &settings, ready);
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
}

#[cfg(test)]
mod tests;
