//! A cookie as it is written: its name, and attributes that are literals or expressions.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit, LitStr, Path, Token};

use super::age;
use crate::errors::Errors;
use crate::options::{path, unknown_option};

/// A cookie's name and attributes.
pub(crate) struct Described {
    pub(crate) name: Text,
    pub(crate) attributes: Vec<Attribute>,
    /// The flags that are not attributes of the cookie: `json`.
    pub(crate) flags: Vec<Ident>,
    /// Where the `koa` crate is, if not at `::koa`.
    pub(crate) root: Option<Path>,
}

/// Text that is known when compiling, or an expression for it.
pub(crate) enum Text {
    Known(LitStr),
    Unknown(Box<Expr>),
}

/// An attribute, by its name in [`ATTRIBUTES`].
pub(crate) struct Attribute {
    pub(crate) name: Ident,
    pub(crate) value: Value,
    /// Where it says something, for a message.
    pub(crate) span: Span,
}

/// What an attribute is set to.
pub(crate) enum Value {
    Flag(bool),
    /// Milliseconds.
    Age(u64),
    /// `"session"`.
    Session,
    Text(String),
    /// A variant of an enum: the type's name and its own.
    Variant(&'static str, &'static str),
    Unknown(Box<Expr>),
}

/// What kind of value an attribute takes.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Flag,
    Age,
    /// An age, or `"session"`.
    Life,
    Text,
    OneOf(&'static str, &'static [(&'static str, &'static str)]),
    /// Any expression.
    Code,
}

/// Names of attributes, and what each takes.
pub(crate) type Table = [(&'static str, Kind)];

/// The attributes, as the methods of `koa::Cookie` are called.
pub(crate) const ATTRIBUTES: &Table = &[
    ("max_age", Kind::Age),
    ("path", Kind::Text),
    ("domain", Kind::Text),
    ("secure", Kind::Flag),
    ("http_only", Kind::Flag),
    (
        "same_site",
        Kind::OneOf(
            "SameSite",
            &[("strict", "Strict"), ("lax", "Lax"), ("none", "None")],
        ),
    ),
    (
        "priority",
        Kind::OneOf(
            "Priority",
            &[("low", "Low"), ("medium", "Medium"), ("high", "High")],
        ),
    ),
    ("partitioned", Kind::Flag),
    ("remove_unpartitioned", Kind::Flag),
    ("signed", Kind::Flag),
    ("encrypt", Kind::Flag),
    ("overwrite", Kind::Flag),
];

/// One of what stands between the commas: `name` or `name = value`.
struct Given {
    name: Ident,
    value: Option<Expr>,
}

impl Parse for Given {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Self { name, value })
    }
}

impl Described {
    /// Reads `"name", attribute, attribute = value`. `macro_name` is how it is called in messages, `flags` are what it
    /// takes beside the attributes.
    pub(crate) fn parse(
        tokens: TokenStream,
        macro_name: &str,
        flags: &[&'static str],
        errors: &mut Errors,
    ) -> Option<Self> {
        let parser = |input: ParseStream<'_>| {
            if input.is_empty() {
                let message = "a cookie has a name: write `\"name\"` first";
                return Err(syn::Error::new(Span::call_site(), message));
            }
            let name: Expr = input.parse()?;
            let mut given = Vec::new();
            while !input.is_empty() {
                input.parse::<Token![,]>()?;
                if !input.is_empty() {
                    given.push(input.parse::<Given>()?);
                }
            }
            Ok((name, given))
        };
        let (name, given) = match parser.parse2(tokens) {
            Ok(parsed) => parsed,
            Err(error) => {
                errors.add(error);
                return None;
            }
        };
        let mut described = Self {
            name: Text::of(name, errors)?,
            attributes: Vec::new(),
            flags: Vec::new(),
            root: None,
        };
        for one in given {
            described.take(one, macro_name, &[ATTRIBUTES], flags, errors);
        }
        Some(described)
    }

    /// Reads `attribute, attribute = value`, of what is in the tables; `name` is the cookie's unless `key` says another.
    pub(crate) fn parse_named(
        tokens: TokenStream,
        macro_name: &str,
        name: &str,
        tables: &[&Table],
        errors: &mut Errors,
    ) -> Self {
        let mut described = Self {
            name: Text::Known(LitStr::new(name, Span::call_site())),
            attributes: Vec::new(),
            flags: Vec::new(),
            root: None,
        };
        let parser = Punctuated::<Given, Token![,]>::parse_terminated;
        match parser.parse2(tokens) {
            Ok(all) => {
                for one in all {
                    described.take(one, macro_name, tables, &[], errors);
                }
            }
            Err(error) => errors.add(error),
        }
        described
    }

    /// One without what is wrong, for the code beside an error.
    pub(crate) fn stand_in(other: &Self) -> Self {
        Self {
            name: Text::Known(LitStr::new("cookie", Span::call_site())),
            attributes: Vec::new(),
            flags: Vec::new(),
            root: other.root.clone(),
        }
    }

    pub(crate) fn rename(&mut self, name: &str) {
        self.name = Text::Known(LitStr::new(name, Span::call_site()));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// What a flag is set to, if that is known when compiling.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    fn take(
        &mut self,
        given: Given,
        macro_name: &str,
        tables: &[&Table],
        flags: &[&'static str],
        errors: &mut Errors,
    ) {
        let Given { name, value } = given;
        let text = name.unraw().to_string();
        if text == "crate" {
            match value.as_ref().map(path) {
                Some(Ok(path)) => self.root = Some(path),
                Some(Err(error)) => errors.add(error),
                None => errors.push(name, "`crate` takes a path: `crate = \"some::path\"`"),
            }
            return;
        }
        if flags.contains(&text.as_str()) {
            match value {
                Some(value) => errors.push(value, format!("`{text}` takes no value")),
                None => self.flags.push(name),
            }
            return;
        }
        let mut table = tables.iter().copied().flatten();
        let Some((_, kind)) = table.find(|(known, _)| *known == text) else {
            let known = tables.iter().copied().flatten().map(|(known, _)| *known);
            let mut listed: Vec<&str> = Vec::new();
            for name in known.chain(flags.iter().copied()) {
                if !listed.contains(&name) {
                    listed.push(name);
                }
            }
            errors.push(&name, unknown_option(&text, macro_name, &listed));
            return;
        };
        if self.get(&text).is_some() {
            errors.push(name, format!("`{text}` is given twice"));
            return;
        }
        let span = value.as_ref().map_or(name.span(), Spanned::span);
        if let ("key", Some(name)) = (text.as_str(), value.clone()) {
            self.name = Text::of(name, errors).unwrap_or_else(|| Self::stand_in(self).name);
        }
        match kind.value(&text, value) {
            Ok(value) => self.attributes.push(Attribute {
                name: name.unraw(),
                value,
                span,
            }),
            Err(message) => errors.add(syn::Error::new(span, message)),
        }
    }
}

impl Text {
    fn of(expr: Expr, errors: &mut Errors) -> Option<Self> {
        match expr {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(Self::Known(text)),
            Expr::Lit(other) => {
                errors.push(other, "the name of a cookie is text: write `\"name\"`");
                None
            }
            Expr::Assign(other) => {
                errors.push(other, "a cookie has a name: write `\"name\"` first");
                None
            }
            other => Some(Self::Unknown(Box::new(other))),
        }
    }
}

impl ToTokens for Text {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Known(text) => text.to_tokens(tokens),
            Self::Unknown(expr) => expr.to_tokens(tokens),
        }
    }
}

impl Kind {
    fn value(self, name: &str, value: Option<Expr>) -> Result<Value, String> {
        let Some(value) = value else {
            return match self {
                Self::Flag => Ok(Value::Flag(true)),
                _ => Err(format!("`{name}` takes a value: {}", self.shown(name))),
            };
        };
        let Expr::Lit(ExprLit { lit, .. }) = &value else {
            return Ok(Value::Unknown(Box::new(value)));
        };
        match (self, lit) {
            (Self::Code, _) => Ok(Value::Unknown(Box::new(value))),
            (Self::Life, Lit::Str(text)) if text.value() == "session" => Ok(Value::Session),
            (Self::Life, Lit::Str(text)) => age::parse(&text.value())
                .map(Value::Age)
                .map_err(|error| format!("{error}, or `\"session\"`: until the browser is closed")),
            (Self::Flag, Lit::Bool(flag)) => Ok(Value::Flag(flag.value)),
            (Self::Age, Lit::Str(text)) => age::parse(&text.value()).map(Value::Age),
            (Self::Text, Lit::Str(text)) => Ok(Value::Text(text.value())),
            (Self::OneOf(ty, variants), Lit::Str(text)) => {
                let text = text.value();
                let found = variants
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(&text));
                found
                    .map(|(_, variant)| Value::Variant(ty, variant))
                    .ok_or_else(|| format!("`{name}` cannot be `\"{text}\"`: {}", self.shown(name)))
            }
            _ => Err(format!("`{name}` is written {}", self.shown(name))),
        }
    }

    /// How it is written, for a message.
    fn shown(self, name: &str) -> String {
        match self {
            Self::Flag => format!("`{name}`, or `{name} = false`"),
            Self::Age => format!("`{name} = \"30d\"`; {}", age::FORMS),
            Self::Life => format!(
                "`{name} = \"1d\"`, or `{name} = \"session\"`; {}",
                age::FORMS
            ),
            Self::Code => format!("`{name} = ..`"),
            Self::Text => format!("`{name} = \"..\"`"),
            Self::OneOf(_, variants) => {
                let forms = variants
                    .iter()
                    .map(|(text, _)| format!("`{name} = \"{text}\"`"));
                forms.collect::<Vec<_>>().join(", ")
            }
        }
    }
}
