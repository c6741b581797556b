//! `impl Requires`: what it asks for, as bounds on the list of what is provided.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Type;

use super::Expansion;
use super::generics::list_and_indices;
use crate::middleware::model::{Call, Kind};

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
    let demands = call.map(demands).unwrap_or_default();
    let (list, indices) = list_and_indices(names, demands.len());
    let bounds = demands.iter().zip(&indices);
    let bounds = bounds.map(|(demand, index)| demand.bound(expansion, &list, index));

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

/// A type that is asked for.
struct Demand<'a> {
    wanted: &'a Type,
    own: bool,
}

impl Demand<'_> {
    /// `List: Provides<T, I>`, shown where the `T` stands in the user's signature.
    fn bound(&self, expansion: &Expansion, list: &Ident, index: &Ident) -> TokenStream {
        let wanted = self.wanted;
        let (first, last) = ends(wanted);
        let paths = &expansion.paths;
        let provides = if self.own {
            paths.provides_mut(first)
        } else {
            paths.provides(first)
        };
        let close = quote_spanned!(Span::mixed_site().located_at(last)=> >);
        quote_spanned!(Span::mixed_site()=> #list: #provides<#wanted, #index #close)
    }
}

/// What is asked for, each once.
fn demands(call: &Call) -> Vec<Demand<'_>> {
    let mut demands: Vec<Demand<'_>> = Vec::new();
    for argument in &call.arguments {
        let (wanted, own) = match &argument.kind {
            Kind::Slot(wanted) | Kind::Mut(wanted) => (wanted, true),
            Kind::Shared(wanted) => (wanted, false),
            _ => continue,
        };
        let text = wanted.to_token_stream().to_string();
        if !demands
            .iter()
            .any(|other| other.wanted.to_token_stream().to_string() == text)
        {
            demands.push(Demand { wanted, own });
        }
    }
    demands
}

/// Where a type begins and ends.
fn ends(ty: &Type) -> (Span, Span) {
    let mut tokens = ty.to_token_stream().into_iter();
    let first = tokens.next();
    let last = tokens.last();
    let open = first.as_ref().map_or_else(Span::call_site, TokenTree::span);
    (open, last.as_ref().map_or(open, TokenTree::span))
}
