//! A function for each handler that writes its path: `PostController::show_path(7)`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};

use super::model::{Handler, Model};
use crate::call::model::Kind;
use crate::paths::Paths;

pub(super) fn functions(model: &Model, paths: &Paths) -> TokenStream {
    let taken: Vec<_> = model
        .block
        .functions()
        .map(|function| &function.signature.ident)
        .collect();
    let handlers = model.handlers.iter();
    handlers
        .map(|handler| (handler, format_ident!("{}_path", handler.name())))
        // One of that name the user has written.
        .filter(|(_, name)| !taken.contains(&name))
        .map(|(handler, name)| function(handler, &name, paths))
        .collect()
}

fn function(handler: &Handler, name: &Ident, paths: &Paths) -> TokenStream {
    let at = Span::mixed_site();
    let Some(route) = handler.routes.first() else {
        return TokenStream::new();
    };
    let visibility = &handler.function.visibility;
    let path = &route.path;
    let doc = format!(" The path of `{}`: `{}`.", handler.name(), path.shown());
    let (path_value, written) = (paths.path_value(at), paths.written(at));
    let parameters: Vec<_> = path
        .parameters
        .iter()
        .filter_map(|name| {
            let argument = handler
                .call
                .arguments
                .iter()
                .find(|argument| argument.told() == *name)?;
            let ty = match &argument.kind {
                Kind::Parameter(ty) => ty.to_token_stream(),
                Kind::Text => quote_spanned!(at=> ::std::string::String),
                _ => return None,
            };
            Some((argument.name()?.clone(), ty))
        })
        .collect();
    let names: Vec<_> = parameters.iter().map(|(name, _)| name).collect();
    let types = parameters.iter().map(|(_, ty)| ty);
    let texts = path.texts();
    let wildcard = path.wildcard;
    let body = if names.is_empty() {
        let path = path.shown();
        quote_spanned!(at=> ::std::string::String::from(#path))
    } else {
        quote_spanned! {at=>
            #written(&[#(#texts),*], &[#(&#path_value::text(&#names)),*], #wildcard)
        }
    };
    quote_spanned! {at=>
        #[doc = #doc]
        #[allow(dead_code, clippy::needless_pass_by_value)]
        #[must_use]
        #visibility fn #name(#(#names: impl #path_value<#types>),*) -> ::std::string::String {
            #body
        }
    }
}
