//! What is asked for of the layers above, as bounds on the list of what they provide.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Type;

use crate::call::model::{Call, Kind};
use crate::paths::Paths;
use crate::types::text;

/// A type that is asked for.
pub(crate) struct Demand<'a> {
    wanted: &'a Type,
    own: bool,
}

impl Demand<'_> {
    /// `List: Provides<T, I>`, shown where the `T` stands in the user's signature.
    pub(crate) fn bound(&self, paths: &Paths, list: &impl ToTokens, index: &Ident) -> TokenStream {
        let wanted = self.wanted;
        let (first, last) = ends(wanted);
        let provides = if self.own {
            paths.provides_mut(first)
        } else {
            paths.provides(first)
        };
        let close = quote_spanned!(Span::mixed_site().located_at(last)=> >);
        quote_spanned!(Span::mixed_site()=> #list: #provides<#wanted, #index #close)
    }
}

/// The types that are asked for, as they are written.
pub(crate) fn names(call: &Call) -> Vec<String> {
    let demands = demands([call]);
    demands.iter().map(|demand| text(demand.wanted)).collect()
}

/// What is asked for, each once.
pub(crate) fn demands<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Vec<Demand<'a>> {
    let mut demands: Vec<Demand<'_>> = Vec::new();
    for argument in calls.into_iter().flat_map(|call| &call.arguments) {
        let (wanted, own) = match &argument.kind {
            Kind::Slot(wanted) | Kind::Mut(wanted) => (wanted, true),
            Kind::Shared(wanted) => (wanted, false),
            _ => continue,
        };
        let text = wanted.to_token_stream().to_string();
        let known = demands
            .iter()
            .any(|other| other.own == own && other.wanted.to_token_stream().to_string() == text);
        if !known {
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
