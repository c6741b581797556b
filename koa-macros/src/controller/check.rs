//! Whether what the user wrote can be a controller; and if not, what to write.

use syn::spanned::Spanned;
use syn::{GenericParam, ReceiverKind};

use super::model::{Handler, Model, Route};
use crate::block::Block;
use crate::call::check::{self as call, Role};
use crate::call::model::Kind;
use crate::errors::Errors;
use crate::types::text;

/// The block. False if it has to be left as it is.
pub(super) fn block(block: &Block, errors: &mut Errors) -> bool {
    if let Some((of_trait, _)) = &block.of_trait {
        let (name, of_trait) = (text(&block.self_type), text(of_trait));
        errors.push(
            block.impl_token,
            format!(
                "`#[controller]` cannot stand on an implementation of a trait, `{of_trait}`\n\
                 write it on `impl {name} {{ .. }}`"
            ),
        );
        return false;
    }
    if let Some(param) = block.generics.lifetimes().next() {
        errors.push(
            &param.lifetime,
            "a controller lives as long as its app: it can have no lifetime",
        );
        return false;
    }
    true
}

pub(super) fn model(model: &Model, errors: &mut Errors) {
    if model.handlers.is_empty() && errors.is_empty() {
        errors.push(
            &model.block.self_type,
            "this controller has no routes: write `#[get(\"/\")]` on a method",
        );
    }
    for handler in &model.handlers {
        method(handler, errors);
    }
    twice(model, errors);
}

fn method(handler: &Handler, errors: &mut Errors) {
    let signature = &handler.function.signature;
    call::plain_async_fn(signature, "a handler", errors);
    let attributes = handler.function.attributes.iter();
    for attribute in attributes.filter(|attribute| attribute.path().is_ident("cfg")) {
        errors.push(
            attribute,
            "a route cannot be conditional\n\
             put it in a controller of its own, and write `#[cfg(..)]` on its block",
        );
    }
    if let Some(receiver) = signature.receiver()
        && !matches!(receiver.kind, ReceiverKind::Reference(_, _, None))
    {
        errors.push(
            receiver,
            "a controller is shared by all requests: take `&self`",
        );
    }
    for param in &signature.generics.params {
        let name = match param {
            GenericParam::Lifetime(_) => continue,
            GenericParam::Type(param) => &param.ident,
            GenericParam::Const(param) => &param.ident,
        };
        errors.push(
            name,
            format!(
                "a handler has a parameter `{name}` that nothing decides\ngive it to the struct"
            ),
        );
    }
    let path = handler
        .routes
        .first()
        .map_or("/", |route| route.path.shown());
    call::check(&handler.call, &Role::Handler { path }, errors);
    call::answer(signature, &handler.call, errors);
    for route in handler.routes.iter().filter(|_| !handler.is_broken()) {
        parameters(handler, route, errors);
    }
}

/// Each parameter of the path is taken by an argument, and each argument is a parameter of every path.
fn parameters(handler: &Handler, route: &Route, errors: &mut Errors) {
    let taken: Vec<_> = handler
        .call
        .arguments
        .iter()
        .filter(|argument| matches!(argument.kind, Kind::Parameter(_) | Kind::Text))
        .collect();
    for name in &route.path.parameters {
        if !taken.iter().any(|argument| argument.told() == *name) {
            errors.add(syn::Error::new(
                route.at,
                format!(
                    "no argument takes the parameter `:{name}` of `{}`\n\
                     add one to `{}`: `{name}: String`, or another type with `FromStr`",
                    route.path.shown(),
                    handler.name(),
                ),
            ));
        }
    }
    for argument in taken {
        let name = argument.told();
        if !route.path.parameters.contains(&name) {
            errors.add(syn::Error::new(
                route.at,
                format!(
                    "`{}` takes `{name}`, and `{}` has no parameter `:{name}`",
                    handler.name(),
                    route.path.shown(),
                ),
            ));
        }
    }
}

/// One route is served once.
fn twice(model: &Model, errors: &mut Errors) {
    let routes = model.routes();
    let routes: Vec<_> = routes.filter(|(_, route)| !route.path.broken).collect();
    for (at, (_, route)) in routes.iter().enumerate() {
        let shape = route.path.shape();
        let same = |(_, other): &&(&Handler, &Route)| {
            other.variant == route.variant && other.path.shape() == shape
        };
        let Some((first, other)) = routes[..at].iter().find(same) else {
            continue;
        };
        let (shown, name) = (other.shown(), first.name());
        let mut error = syn::Error::new(
            route.at,
            format!(
                "`{shown}` is served already, by `{name}`\na request is answered by one handler"
            ),
        );
        error.combine(syn::Error::new(
            other.at.span(),
            format!("`{shown}` is served here first, by `{name}`"),
        ));
        errors.add(error);
    }
}
