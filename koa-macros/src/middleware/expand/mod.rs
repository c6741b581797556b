//! The code that is generated.
//!
//! Beside the user's function or block: `impl Middleware`, which is how it runs, in [`method`], and `impl Requires`,
//! which is what it asks for, in [`wiring`]. A function also declares the type of its name, in [`declare`].

mod declare;
mod generics;
mod method;
mod wiring;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use super::model::Call;
use super::parse::Block;
use crate::attributes::Attributes;
use crate::item::Function;
use crate::names::Names;
use crate::options::Options;
use crate::paths::Paths;
use generics::Generic;

/// What the parts of an expansion have in common.
struct Expansion {
    paths: Paths,
    names: Names,

    /// The middleware's type.
    subject: TokenStream,

    generic: Generic,

    /// The attributes of the generated implementations.
    attributes: TokenStream,

    cancel_on_disconnect: bool,
}

/// A function; if it is not `ready`, since something is wrong with it, what stands in for it.
pub(super) fn function(
    function: &Function,
    call: &Call,
    options: &Options,
    ready: bool,
) -> TokenStream {
    let at = Span::mixed_site();
    let attributes = Attributes::sort(&function.attributes);
    let generic = Generic::of_function(&function.signature, call);
    let name = &function.signature.ident;
    let arguments = generic.arguments();
    let Attributes {
        everywhere, users, ..
    } = &attributes;
    let expansion = Expansion {
        paths: Paths::new(options),
        names: Names::of(function),
        subject: quote_spanned!(at=> #name #arguments),
        attributes: quote_spanned!(at=> #everywhere #users),
        generic,
        cancel_on_disconnect: options.has("cancel_on_disconnect"),
    };

    let inner = method::inner_function(function, &attributes, ready);
    let work = ready.then(|| {
        let turbofish = Generic::turbofish(&function.signature, call);
        quote_spanned!(at=> #name #turbofish)
    });
    let mut tokens = declare::item(function, &attributes, &expansion);
    tokens.extend(method::implementation(&expansion, Some(call), inner, work));
    tokens.extend(wiring::implementation(&expansion, ready.then_some(call)));
    tokens
}

/// An `impl` block; without a `call` that is right, what stands in for it.
pub(super) fn block(block: &Block, call: Option<&Call>, options: &Options) -> TokenStream {
    let at = Span::mixed_site();
    let expansion = Expansion {
        paths: Paths::new(options),
        names: Names::of(block),
        subject: block.self_type.to_token_stream(),
        attributes: Attributes::sort(&block.attributes).everywhere,
        generic: Generic::of_block(&block.all_generics()),
        cancel_on_disconnect: options.has("cancel_on_disconnect"),
    };

    let mut tokens = TokenStream::new();
    block.write(&quote_spanned!(at=> #[deny(unused_must_use)]), &mut tokens);
    let work = call.map(|_| quote_spanned!(at=> Self::call));
    let known = call.map_or_else(|| provided_by(block), |_| None);
    let call_or_known = call.or(known.as_ref());
    tokens.extend(method::implementation(
        &expansion,
        call_or_known,
        TokenStream::new(),
        work,
    ));
    tokens.extend(wiring::implementation(&expansion, call));
    tokens
}

/// What a `call` with a mistake in it says all the same: what it provides.
fn provided_by(block: &Block) -> Option<Call> {
    block.call().map(|function| Call::of(&function.signature))
}
