//! `#[koa::main]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, Parser};

use crate::errors::Errors;
use crate::item::Function;
use crate::options::{Accepted, Options};
use crate::paths::Paths;

const ACCEPTED: Accepted<'static> = Accepted {
    attribute: "#[koa::main]",
    flags: &[],
    routes: false,
};

/// What `item` becomes; beside an error, a `main` that does nothing, and the item in it.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &ACCEPTED, &mut errors);
    let expanded = match Function::parse.parse2(item.clone()) {
        Ok(function) => {
            check(&function, &mut errors);
            if errors.is_empty() {
                start(&function, &Paths::new(&options))
            } else {
                stand_in(&function)
            }
        }
        Err(_) => {
            errors.push(&item, "`#[koa::main]` stands on an `async fn main()`");
            item
        }
    };
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
}

fn check(function: &Function, errors: &mut Errors) {
    let signature = &function.signature;
    let name = &signature.ident;
    if signature.asyncness.is_none() {
        errors.push(
            signature.fn_token,
            format!("`#[koa::main]` runs an asynchronous function: write `async fn {name}`"),
        );
    }
    if !signature.inputs.is_empty() {
        errors.push(
            &signature.inputs,
            format!("nothing gives arguments to `{name}`: write `{name}()`"),
        );
    }
    if !signature.generics.params.is_empty() {
        errors.push(&signature.generics, format!("`{name}` cannot be generic"));
    }
}

/// The user's function inside one that runs it.
fn start(function: &Function, paths: &Paths) -> TokenStream {
    let at = Span::mixed_site();
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let name = &signature.ident;
    let output = &signature.output;
    let main = paths.main(at);
    quote_spanned! {at=>
        #(#attributes)*
        #visibility fn #name() #output {
            #[deny(unused_must_use)]
            #signature #body
            #main(#name())
        }
    }
}

/// A `main` that has the user's function in it and does not call it.
fn stand_in(function: &Function) -> TokenStream {
    let at = Span::mixed_site();
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let name = &signature.ident;
    let mut inner = signature.clone();
    inner
        .asyncness
        .get_or_insert(syn::token::Async { span: at });
    quote_spanned! {at=>
        #(#attributes)*
        #visibility fn #name() {
            #[allow(unused)]
            #inner #body
        }
    }
}
