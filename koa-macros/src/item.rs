//! A function as the macros see it: its signature parsed, its body as it was written.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Signature, Visibility};

/// A function whose body nobody has looked at.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: braces(input)?,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attributes);
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// `{ .. }`, unread.
pub(crate) fn braces(input: ParseStream<'_>) -> syn::Result<Group> {
    if !input.peek(syn::token::Brace) {
        return Err(input.error("expected `{`"));
    }
    match input.parse()? {
        TokenTree::Group(group) => Ok(group),
        other => Err(syn::Error::new_spanned(other, "expected `{`")),
    }
}

/// Whether what follows, after its visibility, is a function.
pub(crate) fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let skipped = ahead.call(Attribute::parse_outer).is_ok() && ahead.parse::<Visibility>().is_ok();
    skipped && ahead.parse::<Signature>().is_ok()
}
