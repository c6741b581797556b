//! A session as it is written: a struct, and settings.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Data, DeriveInput, Expr};

use crate::cookie::model::{ATTRIBUTES, Described, Kind, Table, Value};
use crate::errors::Errors;

/// What the attribute says.
pub(super) struct Settings {
    /// The cookie, and what is the session's own.
    pub(super) described: Described,
}

/// What a session has beside the attributes of its cookie, as the methods of `koa::SessionConfig` and `koa::Sessions` are
/// called.
const OWN: &Table = &[
    ("key", Kind::Text),
    ("absolute", Kind::Age),
    ("renew", Kind::Flag),
    ("rolling", Kind::Flag),
    ("auto_commit", Kind::Flag),
    ("prefix", Kind::Text),
    ("store", Kind::Code),
    ("external_key", Kind::Code),
    ("valid", Kind::Code),
    ("before_save", Kind::Code),
    (
        "compat",
        Kind::OneOf("Compat", &[("koa", "Koa"), ("egg", "Egg")]),
    ),
    ("max_age", Kind::Life),
];

/// Where a setting goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Cookie,
    Config,
    Middleware,
    Elsewhere,
}

impl Settings {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let tables = [OWN, ATTRIBUTES];
        let mut described =
            Described::parse_named(tokens, "#[session]", "EGG_SESS", &tables, errors);
        let is_koa = matches!(
            described.get("compat").map(|compat| &compat.value),
            Some(Value::Variant(_, "Koa"))
        );
        if is_koa && described.get("key").is_none() {
            described.rename("koa.sess");
        }
        Self { described }
    }

    /// The Node package, if any, that it is compatible with.
    pub(super) fn compat(&self) -> Option<&'static str> {
        match self.described.get("compat")?.value {
            Value::Variant(_, variant) => Some(variant),
            _ => None,
        }
    }

    pub(super) fn place(name: &str) -> Place {
        match name {
            "key" | "compat" => Place::Elsewhere,
            "max_age" | "absolute" | "renew" | "rolling" | "auto_commit" | "prefix" => {
                Place::Config
            }
            "store" | "external_key" | "valid" | "before_save" => Place::Middleware,
            _ => Place::Cookie,
        }
    }

    /// The two functions of `external_key = (get, set)`.
    pub(super) fn external_key(&self) -> Option<(&Expr, &Expr)> {
        match &self.described.get("external_key")?.value {
            Value::Unknown(expr) => match expr.as_ref() {
                Expr::Tuple(tuple) if tuple.elems.len() == 2 => {
                    Some((tuple.elems.first()?, tuple.elems.last()?))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// The struct, if it is one that can be a session.
pub(super) fn item(tokens: TokenStream, errors: &mut Errors) -> Option<DeriveInput> {
    let item: DeriveInput = match syn::parse2(tokens.clone()) {
        Ok(item) => item,
        Err(_) => {
            let first = tokens.into_iter().next();
            let span = first.map_or_else(Span::call_site, |token| token.span());
            let message = "a session is a struct: write `#[session]` on one";
            errors.add(syn::Error::new(span, message));
            return None;
        }
    };
    if !matches!(item.data, Data::Struct(_)) {
        errors.push(
            &item.ident,
            format!(
                "a session is a struct, whose fields are written by their names: make `{}` one",
                item.ident
            ),
        );
        return None;
    }
    if let Some(first) = item.generics.params.first() {
        errors.push(
            first,
            "a session is one type: it can have no type parameters and no lifetimes",
        );
        return None;
    }
    if let Data::Struct(data) = &item.data
        && !matches!(data.fields, syn::Fields::Named(_))
    {
        errors.push(
            &item.ident,
            format!(
                "a session has fields with names: write `struct {} {{ .. }}`",
                item.ident
            ),
        );
        return None;
    }
    Some(item)
}

/// Whether a trait is derived already.
pub(super) fn derives(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
        .any(|attribute| {
            let mut found = false;
            // What cannot be read, the compiler complains about.
            let _ = attribute.parse_nested_meta(|meta| {
                let last = meta.path.segments.last();
                found |= last.is_some_and(|last| last.ident == name);
                Ok(())
            });
            found
        })
}
