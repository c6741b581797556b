//! `impl Requires`: what it asks for, as bounds on the list of what is provided.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::Expansion;
use super::generics::list_and_indices;
use crate::call::demands::demands;
use crate::call::model::Call;

/// The implementation; without a `call` it asks for nothing.
pub(super) fn implementation(expansion: &Expansion, call: Option<&Call>) -> TokenStream {
    let at = Span::mixed_site();
    let Expansion {
        paths,
        names,
        subject,
        generic,
        attributes,
        ..
    } = expansion;
    let demands = demands(call);
    let (list, indices) = list_and_indices(names, demands.len());
    let bounds = demands.iter().zip(&indices);
    let bounds = bounds.map(|(demand, index)| demand.bound(paths, &list, index));

    let requires = paths.requires(at);
    let all: Vec<_> = [&list].into_iter().chain(&indices).cloned().collect();
    let (params, clause) = (generic.params(&all), generic.clause(bounds.collect()));
    let indices = match indices.as_slice() {
        [] => quote_spanned!(at=> ()),
        several => quote_spanned!(at=> (#(#several,)*)),
    };
    quote_spanned! {at=>
        #attributes
        impl #params #requires<#list, #indices> for #subject #clause {}
    }
}
