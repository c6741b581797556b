//! `cookie!("name", ..)`, and what stands in `#[cookie("name", ..)]` on an argument.
//!
//! [`model`]: what was written, by the table of attributes. [`check`]: whether a browser would keep it. [`expand`]: the
//! `koa::Cookie`.

pub(crate) mod age;
pub(crate) mod check;
mod expand;
pub(crate) mod model;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::paths::Paths;
use model::Described;

pub(crate) use expand::{cookie, method};

/// What `cookie!(..)` becomes.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let described = Described::parse(tokens, "cookie!", &[], &mut errors);
    let Some(described) = described else {
        let errors = errors.into_tokens();
        return quote!({ #errors });
    };
    check::check(&described, &mut errors);
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        let stand_in = cookie(
            &Described::stand_in(&described),
            &Paths::of(&described.root),
        );
        return quote!({ #errors #stand_in });
    }
    cookie(&described, &Paths::of(&described.root))
}

/// What an argument's `#[cookie(..)]` says.
pub(crate) fn argument(tokens: TokenStream, errors: &mut Errors) -> Option<Described> {
    let described = Described::parse(tokens, "#[cookie]", &["json"], errors)?;
    check::check(&described, errors);
    Some(described)
}

#[cfg(test)]
mod tests;
