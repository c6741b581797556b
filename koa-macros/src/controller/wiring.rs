//! `impl Requires`: what the layers and the handlers ask for, as bounds on the list of what is provided above them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use super::layers::tuple;
use super::model::Model;
use crate::call::demands::demands;
use crate::call::model::Call;
use crate::middleware::expand::generics::Generic;
use crate::names::Names;
use crate::paths::Paths;

/// What is being put together.
struct Wiring<'a> {
    paths: &'a Paths,
    names: Names,
    bounds: Vec<TokenStream>,
    indices: Vec<Ident>,
}

/// The implementation; where something is wrong, it asks for nothing.
pub(super) fn implementation(
    model: &Model,
    paths: &Paths,
    generic: &Generic,
    attributes: &TokenStream,
    ready: bool,
) -> TokenStream {
    let at = Span::mixed_site();
    let mut wiring = Wiring {
        paths,
        names: Names::of(&model.block),
        bounds: Vec::new(),
        indices: Vec::new(),
    };
    let list = wiring.names.fresh("List");
    if ready {
        wiring.controller(model, &list);
    }
    let subject = &model.block.self_type;
    let requires = paths.requires(at);
    let Wiring {
        bounds, indices, ..
    } = wiring;
    let all: Vec<_> = [&list].into_iter().chain(&indices).cloned().collect();
    let (params, clause) = (generic.params(&all), generic.clause(bounds));
    let indices = match indices.as_slice() {
        [] => quote_spanned!(at=> ()),
        several => quote_spanned!(at=> (#(#several,)*)),
    };
    quote_spanned! {at=>
        #attributes
        impl #params #requires<#list, #indices> for #subject #clause {}
    }
}

impl Wiring<'_> {
    fn controller(&mut self, model: &Model, list: &Ident) {
        let inside = self.layers(&model.layers, list.to_token_stream());
        let plain = model.handlers.iter().filter(|handler| {
            let mut routes = handler.routes.iter();
            routes.any(|route| route.layers.is_empty())
        });
        self.demand(plain.map(|handler| &handler.call), &inside);
        for (handler, route) in model.routes().filter(|(_, route)| !route.layers.is_empty()) {
            let within = self.layers(&route.layers, inside.clone());
            self.demand([&handler.call], &within);
        }
    }

    /// What layers ask for; gives the list inside them.
    fn layers(&mut self, layers: &[super::layers::Layer], list: TokenStream) -> TokenStream {
        if layers.is_empty() {
            return list;
        }
        let at = Span::mixed_site();
        let types = tuple(layers.iter().map(|layer| layer.ty(self.paths)));
        let (around, inner) = (self.paths.around_type(at), self.paths.inner(at));
        let requires = self.paths.requires(at);
        let index = self.index();
        let around = quote_spanned!(at=> #around<#types>);
        self.bounds
            .push(quote_spanned!(at=> #around: #requires<#list, #index>));
        quote_spanned!(at=> <#around as #inner<#list>>::List)
    }

    fn demand<'a>(&mut self, calls: impl IntoIterator<Item = &'a Call>, list: &TokenStream) {
        for demand in demands(calls) {
            let index = self.index();
            self.bounds.push(demand.bound(self.paths, list, &index));
        }
    }

    fn index(&mut self) -> Ident {
        let index = self.names.fresh(&format!("I{}", self.indices.len()));
        self.indices.push(index.clone());
        index
    }
}
