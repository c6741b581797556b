//! What a function declares: a type, and a function of the same name, which is the middleware.
//!
//! A function and not a constant, because a name that is a constant or a unit struct cannot be that of a variable.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Signature, Visibility};

use super::Expansion;
use crate::attributes::Attributes;
use crate::item::Function;
use crate::types::text;

pub(super) fn item(
    function: &Function,
    attributes: &Attributes,
    expansion: &Expansion,
) -> TokenStream {
    let at = Span::mixed_site();
    let Attributes {
        everywhere,
        named,
        docs,
        ..
    } = attributes;
    let signature = signature(function, docs);
    let Expansion {
        generic, subject, ..
    } = expansion;
    let visibility = &function.visibility;
    let name = &function.signature.ident;

    let (bare, params, clause) = (generic.bare(), generic.params(&[]), generic.user_clause());
    let types: Vec<_> = generic.types().collect();
    let (fields, values) = match types.as_slice() {
        [] => (TokenStream::new(), TokenStream::new()),
        [only] => (
            quote_spanned!(at=> of: ::core::marker::PhantomData<fn() -> #only>),
            quote_spanned!(at=> of: ::core::marker::PhantomData),
        ),
        several => (
            quote_spanned!(at=> of: ::core::marker::PhantomData<(#(fn() -> #several),*)>),
            quote_spanned!(at=> of: ::core::marker::PhantomData),
        ),
    };
    quote_spanned! {at=>
        #everywhere
        #named
        #signature
        #visibility const fn #name #params() -> #subject #clause {
            #name { #values }
        }

        #everywhere
        #docs
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #name #bare {
            #fields
        }
    }
}

/// The user's signature, as the end of the documentation: that of the function declared here says nothing of what the
/// middleware asks for. Where a lint may ask for documentation, none is made up.
fn signature(function: &Function, docs: &TokenStream) -> Option<TokenStream> {
    let is_private = matches!(function.visibility, Visibility::Inherited);
    if docs.is_empty() && !is_private {
        return None;
    }
    let Signature {
        ident,
        generics,
        inputs,
        output,
        ..
    } = &function.signature;
    let parts = [
        format!(
            "async fn {ident}{}({})",
            text(generics),
            text(inputs).trim_end_matches(',')
        ),
        text(output),
        text(&generics.where_clause),
    ];
    let parts: Vec<_> = parts.iter().map(|part| part.trim()).collect();
    let written = format!(" {}", parts.join(" ").trim_end());
    let lines = ["", " ```text", &written, " ```"];
    Some(quote_spanned!(Span::mixed_site()=> #(#[doc = #lines])*))
}
