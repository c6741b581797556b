//! What stands in the parentheses of an attribute: `#[middleware(crate = "..", cancel_on_disconnect)]`.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitStr, Path, Token};

use crate::errors::Errors;

/// What an attribute accepts.
pub(crate) struct Accepted<'a> {
    /// The attribute as it is written.
    pub(crate) attribute: &'a str,

    /// The options without a value.
    pub(crate) flags: &'static [&'static str],

    /// Whether it begins with a path, and takes `with(..)`.
    pub(crate) routes: bool,
}

/// What was given.
#[derive(Default)]
pub(crate) struct Options {
    /// Where the `koa` crate is, if not at `::koa`.
    pub(crate) root: Option<Path>,

    /// The path of a route, or the prefix of a controller.
    pub(crate) path: Option<LitStr>,

    /// What stands in `with(..)`.
    pub(crate) layers: Vec<Expr>,

    flags: Vec<String>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream, accepted: &Accepted<'_>, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let parser = |input: ParseStream<'_>| {
            if accepted.routes && input.peek(LitStr) {
                options.path = Some(input.parse()?);
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Punctuated::<Given, Token![,]>::parse_terminated(input)
        };
        match parser.parse2(tokens) {
            Ok(all) => all
                .into_iter()
                .for_each(|given| options.take(given, accepted, errors)),
            Err(error) => errors.add(error),
        }
        options
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    fn take(&mut self, given: Given, accepted: &Accepted<'_>, errors: &mut Errors) {
        let Given { name, value, list } = given;
        let text = name.unraw().to_string();
        if text == "with" && accepted.routes {
            match list {
                Some(list) => self.layers.extend(list),
                None => errors.push(name, "`with` takes middleware: `with(signed_in)`"),
            }
        } else if !accepted.knows(&text) {
            let message = unknown(&text, accepted);
            errors.push(name, message);
        } else if let Some(list) = list {
            errors.push(list, format!("`{text}` takes no list"));
        } else if text == "crate" {
            if self.root.is_some() {
                errors.push(name, "`crate` is given twice");
                return;
            }
            match value.as_ref().map(path) {
                Some(Ok(path)) => self.root = Some(path),
                Some(Err(error)) => errors.add(error),
                None => errors.push(name, "`crate` takes a path: `crate = \"some::path\"`"),
            }
        } else if let Some(value) = value {
            errors.push(value, format!("`{text}` takes no value"));
        } else if self.has(&text) {
            errors.push(name, format!("`{text}` is given twice"));
        } else {
            self.flags.push(text);
        }
    }
}

impl Accepted<'_> {
    fn knows(&self, name: &str) -> bool {
        name == "crate" || self.flags.contains(&name)
    }
}

/// One option: `name`, `name = value` or `name(..)`.
struct Given {
    name: Ident,
    value: Option<Expr>,
    list: Option<Punctuated<Expr, Token![,]>>,
}

impl Parse for Given {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let list = if input.peek(syn::token::Paren) {
            let inside;
            syn::parenthesized!(inside in input);
            Some(Punctuated::parse_terminated(&inside)?)
        } else {
            None
        };
        let value = if input.parse::<Option<Token![=]>>()?.is_some() {
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { name, value, list })
    }
}

/// The path that a string literal says.
pub(crate) fn path(value: &Expr) -> syn::Result<Path> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => text.parse_with(Path::parse_mod_style),
        other => Err(syn::Error::new_spanned(
            other,
            "`crate` takes a path as a string: `crate = \"some::path\"`",
        )),
    }
}

fn unknown(name: &str, accepted: &Accepted<'_>) -> String {
    let with = accepted.routes.then_some("with(..)");
    let known: Vec<_> = accepted.flags.iter().copied().chain(with).collect();
    unknown_option(name, accepted.attribute, &known)
}

/// What is said of an option that `attribute` does not have; `known` are those that it has, beside `crate`.
pub(crate) fn unknown_option(name: &str, attribute: &str, known: &[&str]) -> String {
    let plain = known.iter().map(|known| known.trim_end_matches("(..)"));
    let names = plain.chain(["crate"]);
    let nearest = names.min_by_key(|known| distance(name, known));
    let near = nearest.filter(|known| distance(name, known) <= known.len().div_ceil(3));
    let question = near
        .map(|known| format!(": did you mean `{known}`?"))
        .unwrap_or_default();
    let mut listed: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
    listed.push("`crate = \"..\"`".to_owned());
    let list = listed.join(", ");
    let options = if listed.len() == 1 {
        "option is"
    } else {
        "options are"
    };
    format!("`{attribute}` has no option `{name}`{question}\nits {options} {list}")
}

/// How many letters have to be added, removed or changed to make the one of the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::{ToTokens, quote};

    use super::{Accepted, Options, distance};
    use crate::errors::Errors;

    const ACCEPTED: Accepted<'static> = Accepted {
        attribute: "#[middleware]",
        flags: &["cancel_on_disconnect"],
        routes: false,
    };

    fn parse(tokens: TokenStream) -> (Options, Vec<String>) {
        let mut errors = Errors::default();
        let options = Options::parse(tokens, &ACCEPTED, &mut errors);
        (options, errors.messages())
    }

    #[test]
    fn reads_what_is_given() {
        let (options, errors) = parse(quote!(crate = "my::koa", cancel_on_disconnect));
        assert!(errors.is_empty());
        assert!(options.has("cancel_on_disconnect"));
        assert_eq!(options.root.to_token_stream().to_string(), "my :: koa");
        assert!(parse(quote!()).1.is_empty());
    }

    #[test]
    fn asks_what_was_meant() {
        let (_, errors) = parse(quote!(cancel_on_disconect, creat = "x", frobnicate));
        let options = "its options are `cancel_on_disconnect`, `crate = \"..\"`";
        assert_eq!(
            errors,
            [
                format!(
                    "`#[middleware]` has no option `cancel_on_disconect`: did you mean `cancel_on_disconnect`?\n{options}"
                ),
                format!("`#[middleware]` has no option `creat`: did you mean `crate`?\n{options}"),
                format!("`#[middleware]` has no option `frobnicate`\n{options}"),
            ]
        );
    }

    #[test]
    fn refuses_wrong_values() {
        let (_, errors) = parse(quote!(crate, cancel_on_disconnect = true, crate = 5));
        assert_eq!(
            errors,
            [
                "`crate` takes a path: `crate = \"some::path\"`",
                "`cancel_on_disconnect` takes no value",
                "`crate` takes a path as a string: `crate = \"some::path\"`",
            ]
        );
        let (_, errors) = parse(quote!(cancel_on_disconnect, cancel_on_disconnect));
        assert_eq!(errors, ["`cancel_on_disconnect` is given twice"]);
    }

    #[test]
    fn counts_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
