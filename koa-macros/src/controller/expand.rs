//! The code that is generated: `impl Controller`, which has the routes and runs them by index; `impl Requires`, in
//! [`wiring`](super::wiring); and the functions of [`reverse`](super::reverse).

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;

use super::layers::{Layer, tuple};
use super::model::{Handler, Model, Route};
use super::{reverse, wiring};
use crate::attributes::Attributes;
use crate::call::work::Work;
use crate::item::Function;
use crate::middleware::expand::generics::Generic;
use crate::middleware::expand::method::{future_of, user_lints};
use crate::names::Names;
use crate::options::Options;
use crate::paths::Paths;
use crate::place::place;
use crate::types::text;

/// The block, and what makes a controller of it; if it is not `ready`, since something is wrong with it, what stands in.
pub(super) fn controller(model: &Model, options: &Options, ready: bool) -> TokenStream {
    let at = Span::mixed_site();
    let paths = Paths::new(options);
    let block = &model.block;
    let attributes = Attributes::sort(&block.attributes).everywhere;
    let generics = block.all_generics();
    let generic = Generic::of_block(&generics, block.self_type.span());

    let is_handler = |function: &Function| {
        let mut handlers = model.handlers.iter();
        handlers.any(|handler| *handler.name() == function.signature.ident)
    };
    let lints = |function: &Function| match (ready, is_handler(function)) {
        (true, true) => user_lints(),
        (true, false) => TokenStream::new(),
        (false, _) => quote_spanned!(at=> #[allow(unused)]),
    };
    let mut tokens = TokenStream::new();
    block.write(&lints, &mut tokens);

    let parts = Parts {
        model,
        paths: &paths,
        generic: &generic,
        attributes: &attributes,
    };
    tokens.extend(parts.implementation(ready));
    tokens.extend(wiring::implementation(
        model,
        &paths,
        &generic,
        &attributes,
        ready,
    ));
    let functions = reverse::functions(model, &paths);
    let (subject, params, clause) = (&block.self_type, generic.params(&[]), generics.where_clause);
    if !functions.is_empty() {
        tokens.extend(quote_spanned! {at=>
            #attributes
            impl #params #subject #clause {
                #functions
            }
        });
    }
    tokens
}

struct Parts<'a> {
    model: &'a Model,
    paths: &'a Paths,
    generic: &'a Generic,
    attributes: &'a TokenStream,
}

impl Parts<'_> {
    fn implementation(&self, ready: bool) -> TokenStream {
        let at = Span::mixed_site();
        let Self {
            model,
            paths,
            generic,
            attributes,
        } = self;
        let subject = &model.block.self_type;
        let (params, clause) = (generic.params(&[]), generic.user_clause());
        let controller = paths.controller(at);
        let (around, around_one) = (paths.around_type(at), self.around_one(ready));
        let route = paths.route(at);

        let routes: Vec<_> = model.routes().filter(|_| ready).collect();
        let declared = routes
            .iter()
            .map(|(handler, route)| self.route(handler, route));
        let layers = if ready { model.layers.as_slice() } else { &[] };
        let types = tuple(layers.iter().map(|layer| layer.ty(paths)));
        let values = tuple(layers.iter().map(|layer| layer.value(paths)));
        let (one_types, one_values) = around_one;
        let make = paths.around(at);
        let name = text(subject);
        let (place, place_type) = (place(paths, subject.span()), paths.place(at));
        let serve_once = self.serve_once(&routes);
        let run = self.run(&routes);
        let handle = self.handle(&routes);
        quote_spanned! {at=>
            #attributes
            impl #params #controller for #subject #clause {
                const NAME: &'static str = #name;
                const PLACE: #place_type = #place;
                const ROUTES: &'static [#route] = &[#(#declared),*];

                type Around = #around<#types>;
                type AroundOne = #one_types;

                fn layers() -> (Self::Around, Self::AroundOne) {
                    (#make(#values), #one_values)
                }

                #serve_once
                #run
                #handle
            }
        }
    }

    /// The check that no controller above serves one of the routes, shown at the path of the route.
    fn serve_once(&self, routes: &[(&Handler, &Route)]) -> TokenStream {
        let at = Span::mixed_site();
        if routes.is_empty() {
            return TokenStream::new();
        }
        let onion = self.paths.onion(at);
        let above = Names::of(&self.model.block).fresh("Above");
        let checks = routes.iter().enumerate().map(|(index, (_, route))| {
            let shown = at.located_at(route.at);
            let served_once = self.paths.served_once(shown);
            let index = Literal::usize_unsuffixed(index);
            let arguments = quote_spanned!(at=> Self::ROUTES, #index, &#above::SERVED);
            quote_spanned!(shown=> #served_once(#arguments);)
        });
        quote_spanned! {at=>
            fn serve_once<#above: #onion>() {
                const {
                    #(#checks)*
                }
            }
        }
    }

    /// The layers around single routes: their types, and their values.
    fn around_one(&self, ready: bool) -> (TokenStream, TokenStream) {
        let at = Span::mixed_site();
        let (around, make) = (self.paths.around_type(at), self.paths.around(at));
        let routes: Vec<_> = self.layered().filter(|_| ready).collect();
        let types = routes.iter().map(|route| {
            let types = tuple(route.layers.iter().map(|layer| layer.ty(self.paths)));
            quote_spanned!(at=> #around<#types>)
        });
        let values = routes.iter().map(|route| {
            let values = tuple(route.layers.iter().map(|layer| layer.value(self.paths)));
            quote_spanned!(at=> #make(#values))
        });
        (tuple(types), tuple(values))
    }

    fn layered(&self) -> impl Iterator<Item = &Route> {
        let routes = self.model.routes().map(|(_, route)| route);
        routes.filter(|route| !route.layers.is_empty())
    }

    /// What the runtime is told of a route.
    fn route(&self, handler: &Handler, route: &Route) -> TokenStream {
        let at = Span::mixed_site();
        let paths = self.paths;
        let (declared, verb) = (paths.route(at), paths.verb(at));
        let variant = Ident::new(route.variant, at);
        let (path, shape) = (route.path.shown(), route.path.shape());
        let name = handler.name();
        let shown = format!("{}::{name}", text(&self.model.block.self_type));
        let takes = handler
            .call
            .arguments
            .iter()
            .map(|argument| text(&argument.declared));
        let layers = route.layers.iter().map(Layer::shown);
        let place = place(paths, route.at);
        quote_spanned! {at=>
            #declared {
                verb: #verb::#variant,
                path: #path,
                shape: #shape,
                handler: #shown,
                place: #place,
                takes: &[#(#takes),*],
                layers: &[#(#layers),*],
            }
        }
    }

    /// The routes that have layers of their own; nothing if none has.
    fn run(&self, routes: &[(&Handler, &Route)]) -> TokenStream {
        let at = Span::mixed_site();
        let layered = routes.iter().enumerate();
        let layered = layered.filter(|(_, (_, route))| !route.layers.is_empty());
        let indices: Vec<_> = layered
            .map(|(index, _)| Literal::usize_unsuffixed(index))
            .collect();
        if indices.is_empty() {
            return TokenStream::new();
        }
        let paths = self.paths;
        let (handler, captures) = (paths.handler(at), paths.captures(at));
        let (context, result) = (paths.context(at), paths.result(at));
        let places = (0..indices.len()).map(Literal::usize_unsuffixed);
        quote_spanned! {at=>
            async fn run<'a>(
                &'a self,
                layers: &'a Self::AroundOne,
                route: usize,
                captures: &'a #captures,
                ctx: &'a mut #context,
            ) -> #result {
                let handler = #handler::new(self, route, captures);
                match route {
                    #(#indices => handler.inside(&layers.#places, ctx).await,)*
                    _ => handler.alone(ctx).await,
                }
            }
        }
    }

    /// The handlers, by the index of their routes.
    fn handle(&self, routes: &[(&Handler, &Route)]) -> TokenStream {
        let at = Span::mixed_site();
        let paths = self.paths;
        let (captures, context, result) = (paths.captures(at), paths.context(at), paths.result(at));
        let arms = routes.iter().enumerate().map(|(index, (handler, route))| {
            let index = Literal::usize_unsuffixed(index);
            let work = Work {
                paths,
                call: &handler.call,
                callee: {
                    let name = handler.name();
                    let own = quote_spanned!(at=> Self);
                    quote_spanned!(at.located_at(name.span())=> <#own>::#name)
                },
                receiver: handler
                    .function
                    .signature
                    .receiver()
                    .map(|_| quote_spanned!(at=> self)),
                cancel_on_disconnect: route.cancel_on_disconnect,
                parameters: &route.path.parameters,
            };
            let run = work.in_place();
            quote_spanned!(at=> #index => { #run })
        });
        let output = future_of(
            &result,
            self.model.block.impl_token.span,
            self.model.block.self_type.span(),
        );
        let unused = routes
            .is_empty()
            .then(|| quote_spanned!(at=> let _ = (&captures, &ctx);));
        let arms: Vec<_> = arms.collect();
        quote_spanned! {at=>
            #[allow(unused_variables)]
            fn handle<'a>(
                &'a self,
                route: usize,
                captures: &'a #captures,
                ctx: &'a mut #context,
            ) -> #output {
                async move {
                    #unused
                    match route {
                        #(#arms)*
                        _ => ::core::result::Result::Ok(()),
                    }
                }
            }
        }
    }
}
