//! `#[controller]`.
//!
//! [`model`]: the routes of an `impl` block. [`layers`]: the middleware in their `with(..)`. [`check`]: whether that can be.
//! [`expand`]: the code. Arguments and answers of handlers are those of [`call`](crate::call).

mod check;
mod expand;
mod layers;
mod model;
mod reverse;
mod wiring;

use proc_macro2::TokenStream;
use quote::quote;

use crate::block::{self, Item};
use crate::errors::Errors;
use crate::options::{Accepted, Options};

const ACCEPTED: Accepted<'static> = Accepted {
    attribute: "#[controller]",
    flags: &[],
    routes: true,
};

/// What `item` becomes; beside an error, the item again and a stand-in for what would have been generated.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &ACCEPTED, &mut errors);
    let expanded = match block::item(item.clone()) {
        Ok(Item::Block(block)) if check::block(&block, &mut errors) => {
            let model = model::Model::of(*block, &options, &mut errors);
            check::model(&model, &mut errors);
            expand::controller(&model, &options, errors.is_empty())
        }
        Ok(Item::Block(_)) => model::without_verbs(item),
        Ok(_) => {
            errors.push(
                &item,
                "`#[controller]` stands on an `impl` block, whose methods are the routes\n\
                 write it on `impl Posts { #[get(\"/\")] async fn list(&self) -> String { .. } }`",
            );
            item
        }
        Err(error) => {
            errors.add(error);
            item
        }
    };
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
}

#[cfg(test)]
mod tests;
