//! `#[middleware]`.
//!
//! [`parse`]: which item it is. [`model`]: what its `async fn` asks for and returns. [`check`]: whether that can be.
//! [`expand`]: the code.

mod check;
mod expand;
mod hand_over;
mod model;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::item::Function;
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
        Ok(parse::Item::Function(function)) => function_item(function, &options, &mut errors),
        Ok(parse::Item::Block(block)) => block_item(block, &options, &mut errors),
        Ok(parse::Item::Other(what)) => {
            check::other(&what, &mut errors);
            item
        }
        Err(error) => {
            errors.add(error);
            expand::unreadable(item, &options)
        }
    };
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
}

fn function_item(
    mut function: Box<Function>,
    options: &Options,
    errors: &mut Errors,
) -> TokenStream {
    let call = model::Call::of(&function.signature);
    model::CookieArgument::strip(&mut function.signature);
    if !check::function(&function, &call, errors) {
        return quote!(#function);
    }
    let ready = errors.is_empty();
    if !ready {
        mend(&mut function, &call);
    }
    expand::function(&function, &call, options, ready)
}

fn block_item(mut block: Box<parse::Block>, options: &Options, errors: &mut Errors) -> TokenStream {
    if !check::block(&block, errors) {
        return quote!(#block);
    }
    let call = block
        .call()
        .map(|function| model::Call::of(&function.signature));
    if let Some(function) = block.call_mut() {
        model::CookieArgument::strip(&mut function.signature);
    }
    if let (Some(call), Some(function)) = (&call, block.call()) {
        check::method(function, call, errors);
    }
    let ready = errors.is_empty();
    if let (false, Some(call), Some(function)) = (ready, &call, block.call_mut()) {
        mend(function, call);
    }
    expand::block(&block, call.as_ref(), options, ready)
}

/// Takes out of a body what has been said to be wrong with it, so that the compiler does not say it again.
fn mend(function: &mut Function, call: &model::Call) {
    if let Some((next, _)) = call.provider() {
        function.body = hand_over::handed_over(next, &function.body);
    }
}

#[cfg(test)]
mod tests;
