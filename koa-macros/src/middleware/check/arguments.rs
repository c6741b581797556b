//! The arguments, one by one and together.

use quote::ToTokens;
use syn::Type;

use crate::errors::Errors;
use crate::middleware::model::{Argument, Call, Kind};
use crate::names::Names;
use crate::types::{borrowed, is_named, last_segment, peel, text};

pub(super) fn check(call: &Call, errors: &mut Errors) {
    for (at, argument) in call.arguments.iter().enumerate() {
        unconditional(argument, errors);
        alone(argument, call.has_next(), errors);
        with(argument, &call.arguments[..at], errors);
    }
}

fn unconditional(argument: &Argument, errors: &mut Errors) {
    let attributes = argument.declared.attrs.iter();
    for attribute in attributes.filter(|attribute| attribute.path().is_ident("cfg")) {
        errors.push(
            attribute,
            "an argument of a middleware cannot be conditional\n\
             write `#[cfg(..)]` on two functions, one with it and one without",
        );
    }
}

/// What is wrong with an argument whatever the others are.
fn alone(argument: &Argument, has_next: bool, errors: &mut Errors) {
    let ty = &argument.declared.ty;
    match &argument.kind {
        Kind::Context => {}
        Kind::Cookie(cookie) => {
            errors.extend(&cookie.errors);
            if borrowed(ty).is_some() {
                errors.push(
                    ty,
                    "what is read from a cookie is owned: take a `String`, or an `Option<String>`",
                );
            }
        }
        Kind::Next { provides, .. } => {
            if let Some(provided) = provides {
                owned(provided, errors);
            }
        }
        Kind::Slot(wanted) => owned(wanted, errors),
        Kind::Shared(wanted) | Kind::Mut(wanted) => {
            if let Some(message) = misspelt(argument, wanted) {
                errors.push(ty, message);
            } else if has_next {
                let (name, wanted) = (shown_name(argument), text(wanted));
                errors.push(
                    ty,
                    format!(
                        "a middleware that runs `next` takes `Slot<{wanted}>`: \
                         write `{name}: Slot<{wanted}>` and `ctx[{name}]`"
                    ),
                );
            } else if unsized_type(wanted) {
                errors.push(ty, unknown(ty, has_next));
            } else {
                owned(wanted, errors);
            }
        }
        Kind::Unknown => {
            let message = misspelt(argument, ty).unwrap_or_else(|| unknown(ty, has_next));
            errors.push(ty, message);
        }
    }
}

/// What was meant by an argument that comes near to what there is.
fn misspelt(argument: &Argument, ty: &Type) -> Option<String> {
    let name = shown_name(argument);
    let last = last_segment(ty).map(|last| last.ident.to_string());
    match last.as_deref() {
        Some("Context") => Some(format!(
            "the context is lent to a middleware: write `{name}: &mut Context`"
        )),
        Some("Next") => Some(format!(
            "`Next` is a trait: write `{name}: impl Next`, or `{name}: impl Next<T>` to provide a `T`"
        )),
        Some("Slot") if matches!(argument.kind, Kind::Unknown) => Some(format!(
            "which value is it the slot of? write `{name}: Slot<T>`"
        )),
        Some("Slot") => Some(format!(
            "a slot is taken by value: write `{name}: {}`",
            text(ty)
        )),
        _ => match peel(ty) {
            Type::ImplTrait(wanted) if mentions(wanted, "Next") => Some(format!(
                "`next` is taken by value: write `{name}: {}`",
                text(ty)
            )),
            ty if mentions(ty, "dyn") && mentions(ty, "Next") => Some(format!(
                "`Next` cannot be a trait object: write `{name}: impl Next`"
            )),
            _ => None,
        },
    }
}

fn unknown(ty: &Type, has_next: bool) -> String {
    let kind = if has_next {
        "a middleware that runs `next`"
    } else {
        "an endpoint"
    };
    let mut message = format!("{kind} cannot be given a `{}`; it can take:", text(ty));
    let mut line = |argument: &str, means: &str| {
        message.push_str(&format!("\n- `{argument}`{means}"));
    };
    line("ctx: &mut Context", "");
    if has_next {
        line(
            "next: impl Next",
            ", or `next: impl Next<T>` to provide a `T`",
        );
        line(
            "name: Slot<T>",
            ", the key to a `T` that a middleware above provides",
        );
    } else {
        line(
            "name: &T",
            " or `name: &mut T`, what a middleware above provides",
        );
        line(
            "#[cookie(\"name\")] name: Option<T>",
            ", the value of a cookie",
        );
        line(
            "next: impl Next",
            ", which makes it a middleware that runs the layers below",
        );
    }
    message
}

fn mentions(tokens: &impl ToTokens, name: &str) -> bool {
    Names::of(tokens).contains(name)
}

/// A type that nothing can provide, since it has no size.
fn unsized_type(ty: &Type) -> bool {
    matches!(
        peel(ty),
        Type::Slice(_) | Type::TraitObject(_) | Type::ImplTrait(_)
    ) || is_named(ty, "str")
}

/// What is provided outlives any borrow.
fn owned(ty: &Type, errors: &mut Errors) {
    if borrowed(ty).is_some() {
        errors.push(
            ty,
            format!(
                "`{}` borrows, and what is provided must own what it holds",
                text(ty)
            ),
        );
    }
}

/// What an argument takes from the earlier ones.
fn with(argument: &Argument, earlier: &[Argument], errors: &mut Errors) {
    let Some(other) = earlier
        .iter()
        .find(|other| conflict(&argument.kind, &other.kind))
    else {
        return;
    };
    let ty = &argument.declared.ty;
    let what = match &argument.kind {
        Kind::Context => "the context is".to_owned(),
        Kind::Next { .. } => "`next` is".to_owned(),
        Kind::Slot(wanted) | Kind::Shared(wanted) | Kind::Mut(wanted) => {
            format!("`{}` is", text(wanted))
        }
        Kind::Cookie(_) | Kind::Unknown => return,
    };
    let (first, second) = (shown_name(other), shown_name(argument));
    errors.push(
        ty,
        format!("{what} taken twice, as `{first}` and as `{second}`"),
    );
}

/// Whether the two cannot be had at once.
fn conflict(one: &Kind, other: &Kind) -> bool {
    let same =
        |a: &Type, b: &Type| a.to_token_stream().to_string() == b.to_token_stream().to_string();
    match (one, other) {
        (Kind::Context, Kind::Context) | (Kind::Next { .. }, Kind::Next { .. }) => true,
        (Kind::Mut(a), Kind::Mut(b) | Kind::Shared(b) | Kind::Slot(b))
        | (Kind::Shared(a), Kind::Mut(b) | Kind::Slot(b))
        | (Kind::Slot(a), Kind::Mut(b) | Kind::Shared(b)) => same(a, b),
        _ => false,
    }
}

/// The name of the argument, or one that it might have.
fn shown_name(argument: &Argument) -> String {
    if let Some(name) = argument.name() {
        return name.to_string();
    }
    match &argument.kind {
        Kind::Context => "ctx".to_owned(),
        Kind::Next { .. } => "next".to_owned(),
        _ => "value".to_owned(),
    }
}
