//! `#[middleware]`.
//!
//! [`parse`]: which item it is. [`model`]: what its `async fn` asks for and returns. [`check`]: whether that can be.
//! [`expand`]: the code.

mod check;
mod expand;
mod model;
mod parse;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::options::{Accepted, Options};

const ACCEPTED: Accepted = Accepted {
    attribute: "#[middleware]",
    flags: &["cancel_on_disconnect"],
};

/// What `item` becomes; beside an error, the item again and a stand-in for what would have been generated.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &ACCEPTED, &mut errors);
    let expanded = match parse::item(item.clone()) {
        Ok(parse::Item::Function(function)) => function_item(&function, &options, &mut errors),
        Ok(parse::Item::Block(block)) => block_item(&block, &options, &mut errors),
        Ok(parse::Item::Other(what)) => {
            check::other(&what, &mut errors);
            item
        }
        Err(error) => {
            errors.add(error);
            item
        }
    };
    let errors = errors.into_tokens();
    quote::quote!(#errors #expanded)
}

fn function_item(
    function: &crate::item::Function,
    options: &Options,
    errors: &mut Errors,
) -> TokenStream {
    let call = model::Call::of(&function.signature);
    if !check::function(function, &call, errors) {
        return quote::quote!(#function);
    }
    let ready = errors.is_empty();
    expand::function(function, &call, options, ready)
}

fn block_item(block: &parse::Block, options: &Options, errors: &mut Errors) -> TokenStream {
    if !check::block(block, errors) {
        return quote::quote!(#block);
    }
    let call = block
        .call()
        .map(|function| model::Call::of(&function.signature));
    if let (Some(call), Some(function)) = (&call, block.call()) {
        check::method(function, call, errors);
    }
    let call = call.filter(|_| errors.is_empty());
    expand::block(block, call.as_ref(), options)
}

#[cfg(test)]
mod tests;
