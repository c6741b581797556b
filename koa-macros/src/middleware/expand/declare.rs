//! The type that a function declares.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;

use super::Expansion;
use crate::attributes::Attributes;
use crate::item::Function;

/// The struct of the function's name.
pub(super) fn item(
    function: &Function,
    attributes: &Attributes,
    expansion: &Expansion,
) -> TokenStream {
    if !expansion.generic.is_empty() {
        return generic_item(function, attributes, expansion);
    }
    let at = Span::mixed_site();
    let Attributes {
        everywhere, named, ..
    } = attributes;
    let visibility = &function.visibility;
    let name = &function.signature.ident;
    quote_spanned! {at=>
        #everywhere
        #named
        #[allow(non_camel_case_types)]
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
        #visibility struct #name;
    }
}

/// The struct, and a function of the same name that makes it: `require::<Admin>()`.
fn generic_item(
    function: &Function,
    attributes: &Attributes,
    expansion: &Expansion,
) -> TokenStream {
    let at = Span::mixed_site();
    let Attributes {
        everywhere,
        named,
        users,
        ..
    } = attributes;
    let Expansion {
        generic,
        subject,
        attributes: on_impls,
        ..
    } = expansion;
    let visibility = &function.visibility;
    let name = &function.signature.ident;
    let shown = name.unraw().to_string();

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
        #[allow(non_camel_case_types)]
        #visibility struct #name #bare {
            #fields
        }

        #everywhere
        #users
        #named
        #visibility const fn #name #params() -> #subject #clause {
            #name { #values }
        }

        #on_impls
        impl #bare ::core::clone::Clone for #subject {
            fn clone(&self) -> Self {
                *self
            }
        }

        #on_impls
        impl #bare ::core::marker::Copy for #subject {}

        #on_impls
        impl #bare ::core::fmt::Debug for #subject {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(#shown)
            }
        }
    }
}
