//! The user's attributes, each where it belongs in the generated code.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// The attributes of a function from which items are made.
#[derive(Default)]
pub(crate) struct Attributes {
    /// On every generated item: `#[cfg(..)]`, the lint levels.
    pub(crate) everywhere: TokenStream,

    /// Of these, the lint levels.
    pub(crate) lints: TokenStream,

    /// On the item that bears the user's name: documentation, `#[deprecated]`.
    pub(crate) named: TokenStream,

    /// Of these, the documentation.
    pub(crate) docs: TokenStream,

    /// On the user's function.
    pub(crate) function: TokenStream,
}

impl Attributes {
    pub(crate) fn sort(attributes: &[Attribute]) -> Self {
        let mut sorted = Self::default();
        for attribute in attributes {
            match conditional(attribute) {
                Some((condition, inner)) => {
                    for meta in inner {
                        let tokens = quote!(#[cfg_attr(#condition, #meta)]);
                        sorted.add(&meta, tokens);
                    }
                }
                None => sorted.add(&attribute.meta, attribute.to_token_stream()),
            }
        }
        sorted
    }

    fn add(&mut self, meta: &Meta, attribute: TokenStream) {
        let path = meta.path();
        let is = |names: &[&str]| names.iter().any(|name| path.is_ident(name));
        if is(&["cfg"]) {
            self.everywhere.extend(attribute);
        } else if is(&["allow", "warn", "deny", "forbid"]) {
            self.everywhere.extend(attribute.clone());
            self.lints.extend(attribute);
        } else if is(&["doc"]) {
            self.named.extend(attribute.clone());
            self.docs.extend(attribute);
        } else if is(&["deprecated"]) {
            self.named.extend(attribute);
        } else {
            self.function.extend(attribute);
        }
    }
}

/// `#[cfg_attr(condition, inner, ..)]` taken apart.
fn conditional(attribute: &Attribute) -> Option<(Meta, Vec<Meta>)> {
    let Meta::List(list) = &attribute.meta else {
        return None;
    };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let mut all = parser.parse2(list.tokens.clone()).ok()?.into_iter();
    Some((all.next()?, all.collect()))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::Attributes;

    #[test]
    fn each_goes_where_it_belongs() {
        let sorted = Attributes::sort(&[
            parse_quote!(#[doc = "Docs."]),
            parse_quote!(#[cfg(unix)]),
            parse_quote!(#[deprecated]),
            parse_quote!(#[cfg_attr(unix, doc = "More.", inline)]),
            parse_quote!(#[expect(unused)]),
            parse_quote!(#[allow(dead_code)]),
        ]);
        assert_eq!(
            sorted.everywhere.to_string(),
            "# [cfg (unix)] # [allow (dead_code)]"
        );
        assert_eq!(sorted.lints.to_string(), "# [allow (dead_code)]");
        assert_eq!(
            sorted.named.to_string(),
            "# [doc = \"Docs.\"] # [deprecated] # [cfg_attr (unix , doc = \"More.\")]"
        );
        assert_eq!(
            sorted.docs.to_string(),
            "# [doc = \"Docs.\"] # [cfg_attr (unix , doc = \"More.\")]"
        );
        assert_eq!(
            sorted.function.to_string(),
            "# [cfg_attr (unix , inline)] # [expect (unused)]"
        );
    }
}
