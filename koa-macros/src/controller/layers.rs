//! The middleware in a `with(..)`: a controller has to name its type as well as make one.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Path};

use crate::errors::Errors;
use crate::paths::Paths;
use crate::types::text;

/// A middleware around routes.
#[derive(Clone)]
pub(super) struct Layer {
    written: Expr,
    form: Form,
}

/// What it is written as.
#[derive(Clone)]
enum Form {
    /// A function: `signed_in`, `require::<Admin>`.
    Function(Path),

    /// A value of a struct: `Limit`, `Limit { per_minute: 60 }`, `Limit::new(60)`. And its type.
    Value(TokenStream),
}

impl Layer {
    pub(super) fn all(written: &[Expr], errors: &mut Errors) -> Vec<Self> {
        let mut layers = Vec::new();
        for expr in written {
            match form(expr) {
                Some(form) => layers.push(Self {
                    written: expr.clone(),
                    form,
                }),
                None => errors.push(
                    expr,
                    "which type is this middleware of? in `with(..)` it is the name of a function, \
                     or a value of a struct: `with(signed_in, Limit { per_minute: 60 })`",
                ),
            }
        }
        layers
    }

    pub(super) fn ty(&self, paths: &Paths) -> TokenStream {
        match &self.form {
            Form::Function(path) => {
                let of = paths.of_type(Span::mixed_site());
                quote!(#of<#path>)
            }
            Form::Value(ty) => ty.clone(),
        }
    }

    pub(super) fn value(&self, paths: &Paths) -> TokenStream {
        match &self.form {
            Form::Function(path) => {
                let of = paths.of_function(Span::mixed_site());
                quote_spanned!(Span::mixed_site()=> #of::<#path>())
            }
            Form::Value(_) => self.written.to_token_stream(),
        }
    }

    pub(super) fn shown(&self) -> String {
        text(&self.written)
    }
}

/// By the conventions of names: a type begins with a capital, a function with a small letter.
fn form(expr: &Expr) -> Option<Form> {
    match expr {
        Expr::Path(path) if path.qself.is_none() => {
            let last = &path.path.segments.last()?.ident;
            Some(if is_type(last) {
                Form::Value(path.path.to_token_stream())
            } else {
                Form::Function(path.path.clone())
            })
        }
        Expr::Struct(value) => Some(Form::Value(value.path.to_token_stream())),
        Expr::Call(call) => {
            let Expr::Path(path) = call.func.as_ref() else {
                return None;
            };
            let mut ty = path.path.clone();
            if !is_type(&ty.segments.last()?.ident) {
                ty.segments.pop();
                ty.segments.pop_punct();
            }
            is_type(&ty.segments.last()?.ident).then(|| Form::Value(ty.to_token_stream()))
        }
        Expr::Paren(inner) => form(&inner.expr),
        _ => None,
    }
}

fn is_type(name: &syn::Ident) -> bool {
    name.to_string().starts_with(char::is_uppercase)
}

/// `(A, B,)`
pub(super) fn tuple(parts: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let parts = parts.into_iter();
    quote!((#(#parts,)*))
}
