//! Whether the arguments can be had, one by one and together; and what else an `async fn` must be.

use quote::ToTokens;
use syn::{FnArg, Safety, Signature, Type};

use crate::call::model::{Argument, Call, Kind, Returns};
use crate::errors::Errors;
use crate::names::Names;
use crate::types::{borrowed, is_named, last_segment, only_argument, peel, text};

/// What the arguments are those of.
pub(crate) enum Role<'a> {
    Middleware,
    /// A handler, with the path of its route.
    Handler {
        path: &'a str,
    },
}

pub(crate) fn check(call: &Call, role: &Role<'_>, errors: &mut Errors) {
    let place = match role {
        Role::Handler { path } => Place::Handler(path),
        Role::Middleware if call.has_next() => Place::Layer,
        Role::Middleware => Place::Endpoint,
    };
    for (at, argument) in call.arguments.iter().enumerate() {
        unconditional(argument, errors);
        alone(argument, &place, errors);
        with(argument, &call.arguments[..at], errors);
    }
}

/// Where an argument stands.
enum Place<'a> {
    /// In a middleware that runs `next`.
    Layer,
    Endpoint,
    /// In a handler; with its path.
    Handler(&'a str),
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
fn alone(argument: &Argument, place: &Place<'_>, errors: &mut Errors) {
    let ty = &argument.declared.ty;
    match &argument.kind {
        Kind::Context | Kind::Text => {}
        Kind::Next { .. } if matches!(place, Place::Handler(_)) => errors.push(
            ty,
            "nothing is left to run below a handler\n\
             a middleware goes around it with `with(..)`, in the attribute of the route or of the controller",
        ),
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
            } else if matches!(place, Place::Layer) {
                let (name, wanted) = (shown_name(argument), text(wanted));
                errors.push(
                    ty,
                    format!(
                        "a middleware that runs `next` takes `Slot<{wanted}>`: \
                         write `{name}: Slot<{wanted}>` and `ctx[{name}]`"
                    ),
                );
            } else if unsized_type(wanted) {
                errors.push(ty, unknown(ty, place));
            } else {
                owned(wanted, errors);
            }
        }
        Kind::Parameter(wanted) | Kind::Extract(wanted) => {
            if borrowed(wanted).is_some() {
                errors.push(
                    ty,
                    format!(
                        "`{}` borrows, and what is taken from a request must own what it holds",
                        text(wanted)
                    ),
                );
            }
        }
        Kind::Other(_) => match place {
            Place::Handler(path) => errors.push(&argument.declared, no_parameter(argument, path)),
            _ => errors.push(ty, unknown(ty, place)),
        },
        Kind::Unknown => {
            let message = misspelt(argument, ty).unwrap_or_else(|| unknown(ty, place));
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

/// A number or a text in a handler, which only a path can give.
fn no_parameter(argument: &Argument, path: &str) -> String {
    let name = argument.told();
    let end = if path.ends_with('/') { "" } else { "/" };
    format!(
        "nothing supplies `{name}`: the path `{path}` has no parameter `:{name}`\n\
         write `{path}{end}:{name}`, or take it from the request: `{name}: Query<..>`, `Json<..>`, `Form<..>`, \
         `Header<..>`"
    )
}

fn unknown(ty: &Type, place: &Place<'_>) -> String {
    let has_next = matches!(place, Place::Layer);
    let kind = match place {
        Place::Layer => "a middleware that runs `next`",
        Place::Endpoint => "an endpoint",
        Place::Handler(_) => "a handler",
    };
    let mut message = format!("{kind} cannot be given a `{}`; it can take:", text(ty));
    let mut line = |argument: &str, means: &str| {
        message.push_str(&format!("\n- `{argument}`{means}"));
    };
    line("ctx: &mut Context", "");
    if matches!(place, Place::Handler(_)) {
        line(
            "id: T",
            " or `id: &str`, a parameter of the path of that name, `/:id`",
        );
    }
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
        if matches!(place, Place::Endpoint) {
            line(
                "next: impl Next",
                ", which makes it a middleware that runs the layers below",
            );
        }
    }
    line(
        "name: Query<T>",
        ", `Json<T>`, `Form<T>`, `Header<T>`, or another type that implements `FromContext`",
    );
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
        Kind::Extract(_) => {
            errors.push(ty, body_twice(other, argument));
            return;
        }
        Kind::Cookie(_) | Kind::Parameter(_) | Kind::Text | Kind::Other(_) | Kind::Unknown => {
            return;
        }
    };
    let (first, second) = (shown_name(other), shown_name(argument));
    errors.push(
        ty,
        format!("{what} taken twice, as `{first}` and as `{second}`: take it once"),
    );
}

/// Whether the two cannot be had at once.
fn conflict(one: &Kind, other: &Kind) -> bool {
    let same = |a: &Type, b: &Type| {
        let (a, b) = (held(a), held(b));
        a.to_token_stream().to_string() == b.to_token_stream().to_string()
    };
    match (one, other) {
        (Kind::Context, Kind::Context) | (Kind::Next { .. }, Kind::Next { .. }) => true,
        (Kind::Mut(a), Kind::Mut(b) | Kind::Shared(b) | Kind::Slot(b))
        | (Kind::Shared(a), Kind::Mut(b) | Kind::Slot(b))
        | (Kind::Slot(a), Kind::Mut(b) | Kind::Shared(b)) => same(a, b),
        (Kind::Extract(a), Kind::Extract(b)) => {
            takes_body(a) == Some(true) && takes_body(b) == Some(true)
        }
        _ => false,
    }
}

/// Whether the body is read for it, which comes only once; `None` where that is not seen from its name.
pub(crate) fn takes_body(ty: &Type) -> Option<bool> {
    let last = last_segment(ty)?;
    match last.ident.to_string().as_str() {
        "Json" | "Form" | "Multipart" => Some(true),
        "Query" | "Header" => Some(false),
        "Option" | "Result" => takes_body(only_argument(last)?),
        _ => None,
    }
}

/// What is said where the body is taken by two arguments.
pub(crate) fn body_twice(first: &Argument, second: &Argument) -> String {
    let (first, second) = (shown_name(first), shown_name(second));
    format!(
        "the body is taken twice, as `{first}` and as `{second}`, and it comes once: take it as one of them"
    )
}

/// What a `Session<T>` holds is its `T`.
fn held(ty: &Type) -> &Type {
    let session = last_segment(ty).filter(|last| last.ident == "Session");
    session.and_then(only_argument).unwrap_or(ty)
}

/// The name of the argument, or one that it might have.
fn shown_name(argument: &Argument) -> String {
    if let Some(name) = argument.name() {
        return name.to_string();
    }
    match &argument.kind {
        Kind::Context => "ctx".to_owned(),
        Kind::Next { .. } => "next".to_owned(),
        Kind::Extract(_) => argument.told(),
        _ => "value".to_owned(),
    }
}

/// `async`, and nothing else before `fn`.
pub(crate) fn plain_async_fn(signature: &Signature, what: &str, errors: &mut Errors) {
    let name = &signature.ident;
    if signature.asyncness.is_none() {
        errors.push(
            signature.fn_token,
            format!("{what} is asynchronous: write `async fn {name}`"),
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.push(token, format!("{what} cannot be `unsafe`"));
    }
    if let Some(token) = &signature.constness {
        errors.push(token, format!("{what} cannot be `const`"));
    }
    if let Some(abi) = &signature.abi {
        errors.push(abi, format!("{what} cannot be `extern`"));
    }
}

/// What is returned must not borrow from an argument: the context is used again to answer it.
pub(crate) fn answer(signature: &Signature, call: &Call, errors: &mut Errors) {
    let Returns::Reply(ty) = &call.returns else {
        return;
    };
    // Without an argument to borrow from, the compiler itself asks for the lifetime.
    let lender = signature.inputs.iter().any(|input| match input {
        FnArg::Receiver(_) => true,
        FnArg::Typed(argument) => borrowed(&argument.ty).is_some(),
    });
    if lender && borrowed(ty).is_some() {
        errors.push(
            ty,
            "an answer cannot borrow from the request: return an owned value, such as a `String`, \
             or a `&'static str`",
        );
    }
}
