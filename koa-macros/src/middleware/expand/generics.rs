//! Generic parameters on their way from the user's item to the generated ones.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{GenericParam, Generics, Signature, TypeParam, TypeParamBound};

use crate::call::model::Call;
use crate::names::Names;

/// The generic parameters of a middleware's type.
#[derive(Default)]
pub(crate) struct Generic {
    params: Vec<GenericParam>,
    predicates: Vec<TokenStream>,

    /// Where the type of an `impl` block stands, for which no struct is generated.
    subject: Option<Span>,
}

impl Generic {
    /// Those of a function: without its lifetimes, and without the one that stands for `next`.
    pub(super) fn of_function(signature: &Signature, call: &Call) -> Self {
        let next = call.next_parameter();
        let params = signature
            .generics
            .params
            .iter()
            .filter(|param| match param {
                GenericParam::Lifetime(_) => false,
                GenericParam::Type(param) => next != Some(&param.ident),
                GenericParam::Const(_) => true,
            });
        let lifetimes = signature.generics.lifetimes();
        let mut gone: Vec<_> = lifetimes.map(|param| &param.lifetime.ident).collect();
        gone.extend(next);
        let clause = signature.generics.where_clause.iter();
        let predicates = clause
            .flat_map(|clause| &clause.predicates)
            .map(ToTokens::to_token_stream)
            .filter(|predicate| !mentions(predicate, &gone));
        Self {
            params: params.cloned().collect(),
            predicates: predicates.collect(),
            subject: None,
        }
    }

    /// Those of an `impl` block.
    pub(crate) fn of_block(generics: &Generics, subject: Span) -> Self {
        let clause = generics.where_clause.iter();
        let predicates = clause.flat_map(|clause| &clause.predicates);
        Self {
            params: generics.params.iter().cloned().collect(),
            predicates: predicates.map(ToTokens::to_token_stream).collect(),
            subject: Some(subject),
        }
    }

    pub(super) fn types(&self) -> impl Iterator<Item = &Ident> {
        self.params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            _ => None,
        })
    }

    /// `<T, N>`
    pub(super) fn arguments(&self) -> TokenStream {
        angle(self.params.iter().map(argument))
    }

    /// `<T: ?Sized, const N: usize>`: as little as the type itself needs.
    pub(super) fn bare(&self) -> TokenStream {
        angle(self.params.iter().map(|param| match param {
            GenericParam::Type(param) => bare_type(param),
            other => other.to_token_stream(),
        }))
    }

    /// `<T: Role + 'static, const N: usize, ..>`, with `more` after them.
    pub(crate) fn params(&self, more: &[Ident]) -> TokenStream {
        let own = self.params.iter().map(|param| match param {
            // What a middleware is made of lives as long as the app.
            GenericParam::Type(param) if self.subject.is_none() => lasting_type(param),
            other => other.to_token_stream(),
        });
        angle(own.chain(more.iter().map(ToTokens::to_token_stream)))
    }

    /// `where ..`, with `more` after what the user wrote.
    pub(crate) fn clause(&self, more: Vec<TokenStream>) -> TokenStream {
        let at = Span::mixed_site();
        let mut all = self.predicates.clone();
        if let Some(subject) = self.subject {
            all.push(quote_spanned! {subject=>
                Self: ::core::marker::Send + ::core::marker::Sync + 'static
            });
        }
        all.extend(more);
        if all.is_empty() {
            TokenStream::new()
        } else {
            quote_spanned!(at=> where #(#all,)*)
        }
    }

    /// `where ..` of what the user wrote.
    pub(crate) fn user_clause(&self) -> TokenStream {
        self.clause(Vec::new())
    }

    /// `::<T, _>` of the call of a function.
    pub(super) fn turbofish(signature: &Signature, call: &Call) -> TokenStream {
        let at = Span::mixed_site();
        let next = call.next_parameter();
        let params = signature
            .generics
            .params
            .iter()
            .filter(|param| !matches!(param, GenericParam::Lifetime(_)));
        let arguments: Vec<_> = params
            .map(|param| match param {
                GenericParam::Type(param) if next == Some(&param.ident) => quote_spanned!(at=> _),
                other => argument(other),
            })
            .collect();
        if arguments.iter().all(|argument| argument.to_string() == "_") {
            TokenStream::new()
        } else {
            quote_spanned!(at=> ::<#(#arguments),*>)
        }
    }
}

/// Generic parameters for the wiring: the list, and an index for each demand.
pub(super) fn list_and_indices(names: &Names, demands: usize) -> (Ident, Vec<Ident>) {
    let indices = match demands {
        1 => vec![names.fresh("I")],
        _ => (0..demands)
            .map(|index| names.fresh(&format!("I{index}")))
            .collect(),
    };
    (names.fresh("List"), indices)
}

fn argument(param: &GenericParam) -> TokenStream {
    match param {
        GenericParam::Lifetime(param) => param.lifetime.to_token_stream(),
        GenericParam::Type(param) => param.ident.to_token_stream(),
        GenericParam::Const(param) => param.ident.to_token_stream(),
    }
}

fn bare_type(param: &TypeParam) -> TokenStream {
    let name = &param.ident;
    let relaxed = param
        .bounds
        .iter()
        .any(|bound| matches!(bound, TypeParamBound::Trait(bound) if bound.maybe.is_some()));
    if relaxed {
        quote_spanned!(Span::mixed_site()=> #name: ?::core::marker::Sized)
    } else {
        name.to_token_stream()
    }
}

fn lasting_type(param: &TypeParam) -> TokenStream {
    let TypeParam { ident, bounds, .. } = param;
    let is_static = |bound: &TypeParamBound| matches!(bound, TypeParamBound::Lifetime(lifetime) if lifetime.ident == "static");
    let at = Span::mixed_site();
    if bounds.is_empty() {
        quote_spanned!(at=> #ident: 'static)
    } else if bounds.trailing_punct() || bounds.iter().any(is_static) {
        quote_spanned!(at=> #ident: #bounds)
    } else {
        quote_spanned!(at=> #ident: #bounds + 'static)
    }
}

fn angle(items: impl Iterator<Item = TokenStream>) -> TokenStream {
    let items: Vec<_> = items.collect();
    if items.is_empty() {
        TokenStream::new()
    } else {
        quote_spanned!(Span::mixed_site()=> <#(#items),*>)
    }
}

fn mentions(tokens: &TokenStream, names: &[&Ident]) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => names.contains(&&ident),
        TokenTree::Group(group) => mentions(&group.stream(), names),
        _ => false,
    })
}
