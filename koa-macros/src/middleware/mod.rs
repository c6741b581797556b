//! `#[middleware]`.
//!
//! [`block`](crate::block): which item it is. [`call`](crate::call): what its `async fn` asks for and returns. [`check`]:
//! whether that can be. [`expand`]: the code.

mod check;
pub(crate) mod expand;
mod hand_over;

use proc_macro2::TokenStream;
use quote::quote;

use crate::block;
use crate::call::model::{Call, CookieArgument};
use crate::errors::Errors;
use crate::item::Function;
use crate::options::{Accepted, Options};

const ACCEPTED: Accepted<'static> = Accepted {
    attribute: "#[middleware]",
    flags: &["cancel_on_disconnect"],
    routes: false,
};

/// What `item` becomes; beside an error, the item again and a stand-in for what would have been generated.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &ACCEPTED, &mut errors);
    let expanded = match block::item(item.clone()) {
        Ok(block::Item::Function(function)) => function_item(function, &options, &mut errors),
        Ok(block::Item::Block(block)) => block_item(block, &options, &mut errors),
        Ok(block::Item::Other(what)) => {
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
    let call = Call::of(&function.signature, &[]);
    CookieArgument::strip(&mut function.signature);
    if !check::function(&function, &call, errors) {
        return quote!(#function);
    }
    let ready = errors.is_empty();
    if !ready {
        mend(&mut function, &call);
    }
    expand::function(&function, &call, options, ready)
}

fn block_item(mut block: Box<block::Block>, options: &Options, errors: &mut Errors) -> TokenStream {
    if !check::block(&block, errors) {
        return quote!(#block);
    }
    let call = block
        .call()
        .map(|function| Call::of(&function.signature, &[]));
    if let Some(function) = block.call_mut() {
        CookieArgument::strip(&mut function.signature);
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
fn mend(function: &mut Function, call: &Call) {
    if let Some((next, _)) = call.provider() {
        function.body = hand_over::handed_over(next, &function.body);
    }
}

#[cfg(test)]
mod tests;
