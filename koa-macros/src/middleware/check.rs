//! Whether what the user wrote can be a middleware; and if not, what to write.

use proc_macro2::Group;
use quote::ToTokens;
use syn::{GenericParam, ReceiverKind, Signature};

use super::hand_over;
use crate::block::{Block, Other};
use crate::call::check::{self as arguments, Role};
use crate::call::model::Call;
use crate::errors::Errors;
use crate::item::Function;
use crate::types::text;

/// An item that is neither a function nor an `impl` block.
pub(crate) fn other(item: &Other, errors: &mut Errors) {
    let Other { keyword, name } = item;
    let name = name.as_ref().filter(|_| keyword != "use");
    let called = name.map(|name| format!(" `{name}`")).unwrap_or_default();
    let hint = match name {
        Some(name) if keyword == "struct" || keyword == "enum" => format!(
            "\nfor a middleware with options, write it on `impl {name} {{ async fn call(&self, ..) {{ .. }} }}`"
        ),
        _ => "\nit makes a middleware of an `async fn`, or of an `impl` block with an `async fn call`"
            .to_owned(),
    };
    let mut at = keyword.to_token_stream();
    at.extend(name.map(ToTokens::to_token_stream));
    errors.push(
        at,
        format!("`#[middleware]` cannot stand on the {keyword}{called}{hint}"),
    );
}

/// A free function. False if it cannot be emitted as one.
pub(crate) fn function(function: &Function, call: &Call, errors: &mut Errors) -> bool {
    let signature = &function.signature;
    if let Some(receiver) = signature.receiver() {
        let hint = if signature.ident == "call" {
            "write it there"
        } else {
            "write it there, and name this function `call`"
        };
        errors.push(
            receiver,
            format!(
                "`#[middleware]` stands on the whole `impl` block, not on a function in it\n{hint}"
            ),
        );
        return false;
    }
    arguments::plain_async_fn(signature, "a middleware", errors);
    arguments::check(call, &Role::Middleware, errors);
    hands_over(call, &function.body, errors);
    arguments::answer(signature, call, errors);
    true
}

/// The function `call` of an `impl` block.
pub(crate) fn method(function: &Function, call: &Call, errors: &mut Errors) {
    let signature = &function.signature;
    arguments::plain_async_fn(signature, "a middleware", errors);
    receiver(signature, errors);
    let next = call.next_parameter();
    for param in &signature.generics.params {
        match param {
            GenericParam::Type(param) if next != Some(&param.ident) => errors.push(
                &param.ident,
                format!(
                    "`call` has a type parameter `{}` that nothing decides\n\
                     give it to the struct",
                    param.ident
                ),
            ),
            GenericParam::Const(param) => errors.push(
                &param.ident,
                format!(
                    "`call` has a parameter `{}` that nothing decides\ngive it to the struct",
                    param.ident
                ),
            ),
            _ => {}
        }
    }
    arguments::check(call, &Role::Middleware, errors);
    hands_over(call, &function.body, errors);
    arguments::answer(signature, call, errors);
}

/// An `impl` block. False if it has to be left as it is.
pub(crate) fn block(block: &Block, errors: &mut Errors) -> bool {
    if let Some((of_trait, _)) = &block.of_trait {
        let (name, of_trait) = (text(&block.self_type), text(of_trait));
        errors.push(
            block.impl_token,
            format!(
                "`#[middleware]` cannot stand on an implementation of a trait, `{of_trait}`\n\
                 write it on `impl {name} {{ async fn call(&self, ..) {{ .. }} }}`"
            ),
        );
        return false;
    }
    if let Some(param) = block.generics.lifetimes().next() {
        errors.push(
            &param.lifetime,
            "a middleware lives as long as its app: it can have no lifetime",
        );
        return false;
    }
    let mut calls = block.calls();
    if calls.next().is_none() {
        let name = text(&block.self_type);
        errors.push(
            &block.self_type,
            format!(
                "`{name}` has no `call` in this block\n\
                 a middleware has an `async fn call(&self, ctx: &mut Context, next: impl Next) -> Result`"
            ),
        );
    }
    for more in calls {
        errors.push(
            &more.signature.ident,
            "a middleware has one `call`, and this is a second",
        );
    }
    true
}

/// A middleware that provides something cannot run `next` without it. The compiler says so three times; the body's
/// tokens say so as well.
fn hands_over(call: &Call, body: &Group, errors: &mut Errors) {
    let Some((next, provided)) = call.provider() else {
        return;
    };
    let provided = text(provided);
    for run in hand_over::runs(next, body.stream()) {
        errors.push(
            run,
            format!(
                "this middleware provides a `{provided}`, so `{next}` cannot run without one\n\
                 write `{next}.provide(ctx, value).await`; or, if it provides nothing, declare `{next}: impl Next`"
            ),
        );
    }
}

fn receiver(signature: &Signature, errors: &mut Errors) {
    let shared = "a middleware is shared by all requests: take `&self`";
    match signature.receiver() {
        None => errors.push(
            &signature.ident,
            "`call` is called on the middleware: take `&self`",
        ),
        Some(receiver) => match &receiver.kind {
            ReceiverKind::Reference(_, _, None) => {}
            _ => errors.push(receiver, shared),
        },
    }
}
