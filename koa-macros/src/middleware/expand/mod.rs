//! The code that is generated.
//!
//! Beside the user's block: `impl Middleware`, which is how it runs, in [`method`], and `impl Requires`, which is what it
//! asks for, in [`wiring`]. Beside the user's function: the like of both, for the type that it declares in [`declare`].

mod declare;
pub(crate) mod generics;
pub(crate) mod method;
mod wiring;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

use crate::attributes::Attributes;
use crate::block::Block;
use crate::call::model::Call;
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

    /// Where the `fn` before the function's name stands.
    keyword: Span,

    /// Where the function's name stands.
    name: Span,

    /// The attributes of the generated implementations.
    attributes: TokenStream,

    cancel_on_disconnect: bool,

    /// Whether it is a function's, and not a block's.
    declared: bool,
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
    let everywhere = attributes.everywhere.clone();
    let expansion = Expansion {
        paths: Paths::new(options),
        names: Names::of(function),
        subject: quote_spanned!(at=> #name #arguments),
        attributes: everywhere,
        generic,
        keyword: function.signature.fn_token.span,
        name: name.span(),
        cancel_on_disconnect: options.has("cancel_on_disconnect"),
        declared: true,
    };

    let inner = method::inner_function(function, &attributes, ready);
    let work = ready.then(|| {
        let turbofish = Generic::turbofish(&function.signature, call);
        quote_spanned!(at=> #name #turbofish)
    });
    let mut tokens = declare::item(function, &attributes, &expansion);
    tokens.extend(method::implementation(&expansion, Some(call), &inner, work));
    tokens.extend(wiring::implementation(&expansion, ready.then_some(call)));
    tokens
}

/// An `impl` block; if it is not `ready`, what stands in for it.
pub(super) fn block(
    block: &Block,
    call: Option<&Call>,
    options: &Options,
    ready: bool,
) -> TokenStream {
    let at = Span::mixed_site();
    let signature = block.call().map(|function| &function.signature);
    let expansion = Expansion {
        paths: Paths::new(options),
        names: Names::of(block),
        subject: block.self_type.to_token_stream(),
        attributes: Attributes::sort(&block.attributes).everywhere,
        generic: Generic::of_block(&block.all_generics(), block.self_type.span()),
        keyword: signature.map_or(at, |signature| signature.fn_token.span),
        name: signature.map_or(at, |signature| signature.ident.span()),
        cancel_on_disconnect: options.has("cancel_on_disconnect"),
        declared: false,
    };

    let lints = if ready {
        method::user_lints()
    } else {
        quote_spanned!(at=> #[allow(unused)])
    };
    let mut tokens = TokenStream::new();
    let before = |function: &Function| {
        if function.signature.ident == "call" {
            lints.clone()
        } else {
            TokenStream::new()
        }
    };
    block.write(&before, &mut tokens);
    let work = ready.then(|| quote_spanned!(at=> Self::call));
    tokens.extend(method::implementation(
        &expansion,
        call,
        &TokenStream::new(),
        work,
    ));
    tokens.extend(wiring::implementation(&expansion, call.filter(|_| ready)));
    tokens
}

/// An item that could not be read: it again, and if it is a function, what stands in for it.
pub(super) fn unreadable(item: TokenStream, options: &Options) -> TokenStream {
    let at = Span::mixed_site();
    let mut tokens = item
        .clone()
        .into_iter()
        .skip_while(|token| token.to_string() != "fn");
    let (Some(keyword), Some(TokenTree::Ident(name))) = (tokens.next(), tokens.next()) else {
        return item;
    };
    let keyword = keyword.span();
    let expansion = Expansion {
        paths: Paths::new(options),
        names: Names::of(&item),
        subject: name.to_token_stream(),
        attributes: TokenStream::new(),
        generic: Generic::default(),
        keyword,
        name: name.span(),
        cancel_on_disconnect: false,
        declared: true,
    };
    let inner = quote_spanned!(at=> #[allow(unused)] #item);
    let mut tokens = quote_spanned! {at=>
        pub const fn #name() -> #name {
            #name {}
        }

        #[allow(non_camel_case_types)]
        pub struct #name {}
    };
    tokens.extend(method::implementation(&expansion, None, &inner, None));
    tokens.extend(wiring::implementation(&expansion, None));
    tokens
}
