//! Which item the attribute stands on, and its parts. Bodies stay as they are.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Generics, Token, Type, Visibility, WhereClause};

use crate::item::{Function, braces, is_function};

/// The item.
pub(crate) enum Item {
    Function(Box<Function>),
    Block(Box<Block>),
    Other(Other),
}

/// An item that cannot be a middleware.
pub(crate) struct Other {
    /// `struct`, `mod`, ..
    pub(crate) keyword: Ident,

    /// What follows it.
    pub(crate) name: Option<Ident>,
}

/// An `impl` block.
pub(crate) struct Block {
    pub(crate) attributes: Vec<Attribute>,
    unsafety: Option<Token![unsafe]>,
    pub(crate) impl_token: Token![impl],
    pub(crate) generics: Generics,
    /// The trait, of `impl Trait for Type`.
    pub(crate) of_trait: Option<(Type, Token![for])>,
    pub(crate) self_type: Type,
    where_clause: Option<WhereClause>,
    braces: Group,
    pub(crate) items: Vec<BlockItem>,
}

/// What stands in an `impl` block.
pub(crate) enum BlockItem {
    Function(Box<Function>),
    Other(TokenStream),
}

pub(crate) fn item(tokens: TokenStream) -> syn::Result<Item> {
    any_item.parse2(tokens)
}

fn any_item(input: ParseStream<'_>) -> syn::Result<Item> {
    if is_function(input) {
        return function(input);
    }
    let ahead = input.fork();
    ahead.call(Attribute::parse_outer)?;
    if ahead.peek(Token![impl]) || (ahead.peek(Token![unsafe]) && ahead.peek2(Token![impl])) {
        return input.parse().map(Box::new).map(Item::Block);
    }
    ahead.parse::<Visibility>()?;
    if ahead.peek(Token![fn]) || ahead.peek(Token![async]) {
        // What is wrong with it, the parser says.
        return function(input);
    }
    let keyword = ahead.call(Ident::parse_any)?;
    let name = ahead.call(Ident::parse_any).ok();
    input.parse::<TokenStream>()?;
    Ok(Item::Other(Other { keyword, name }))
}

fn function(input: ParseStream<'_>) -> syn::Result<Item> {
    input.parse().map(Box::new).map(Item::Function)
}

impl Block {
    /// The functions named `call`.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Function> {
        self.functions()
            .filter(|function| function.signature.ident == "call")
    }

    /// The function that is the middleware.
    pub(crate) fn call(&self) -> Option<&Function> {
        self.calls().next()
    }

    pub(crate) fn call_mut(&mut self) -> Option<&mut Function> {
        self.items.iter_mut().find_map(|item| match item {
            BlockItem::Function(function) if function.signature.ident == "call" => {
                Some(function.as_mut())
            }
            _ => None,
        })
    }

    /// The generics with their `where` clause.
    pub(crate) fn all_generics(&self) -> Generics {
        Generics {
            where_clause: self.where_clause.clone(),
            ..self.generics.clone()
        }
    }

    /// Its functions.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.items.iter().filter_map(|item| match item {
            BlockItem::Function(function) => Some(function.as_ref()),
            BlockItem::Other(_) => None,
        })
    }

    /// Writes the block again, with what `before` says before each function.
    pub(crate) fn write(
        &self,
        before: &dyn Fn(&Function) -> TokenStream,
        tokens: &mut TokenStream,
    ) {
        tokens.append_all(&self.attributes);
        self.unsafety.to_tokens(tokens);
        self.impl_token.to_tokens(tokens);
        self.generics.to_tokens(tokens);
        if let Some((of_trait, for_token)) = &self.of_trait {
            of_trait.to_tokens(tokens);
            for_token.to_tokens(tokens);
        }
        self.self_type.to_tokens(tokens);
        self.where_clause.to_tokens(tokens);
        let mut inside = TokenStream::new();
        for item in &self.items {
            match item {
                BlockItem::Function(function) => {
                    inside.extend(before(function));
                    function.to_tokens(&mut inside);
                }
                BlockItem::Other(other) => inside.extend(other.clone()),
            }
        }
        let mut braces = Group::new(self.braces.delimiter(), inside);
        braces.set_span(self.braces.span());
        tokens.append(braces);
    }
}

impl ToTokens for Block {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.write(&|_| TokenStream::new(), tokens);
    }
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let unsafety = input.parse()?;
        let impl_token = input.parse()?;
        let generics = input.parse()?;
        let first: Type = input.parse()?;
        let (of_trait, self_type) = match input.parse::<Option<Token![for]>>()? {
            Some(for_token) => (Some((first, for_token)), input.parse()?),
            None => (None, first),
        };
        let where_clause = input.parse()?;
        let braces = braces(input)?;
        let items = block_items.parse2(braces.stream())?;
        Ok(Self {
            attributes,
            unsafety,
            impl_token,
            generics,
            of_trait,
            self_type,
            where_clause,
            braces,
            items,
        })
    }
}

fn block_items(input: ParseStream<'_>) -> syn::Result<Vec<BlockItem>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        items.push(if is_function(input) {
            BlockItem::Function(Box::new(input.parse()?))
        } else {
            BlockItem::Other(other_item(input)?)
        });
    }
    Ok(items)
}

/// Up to its `;` or its `{ .. }`.
fn other_item(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() {
        let last = input.peek(Token![;]) || input.peek(syn::token::Brace);
        tokens.append(input.parse::<TokenTree>()?);
        if last {
            break;
        }
    }
    Ok(tokens)
}
