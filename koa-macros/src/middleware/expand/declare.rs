//! What a function declares: a type, and a function of the same name, which is the middleware.
//!
//! A function and not a constant, because a name that is a constant or a unit struct cannot be that of a variable.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::Expansion;
use crate::attributes::Attributes;
use crate::item::Function;

pub(super) fn item(
    function: &Function,
    attributes: &Attributes,
    expansion: &Expansion,
) -> TokenStream {
    let at = Span::mixed_site();
    let Attributes {
        everywhere, named, ..
    } = attributes;
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
        #visibility const fn #name #params() -> #subject #clause {
            #name { #values }
        }

        #everywhere
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #name #bare {
            #fields
        }
    }
}
