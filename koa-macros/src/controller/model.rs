//! What an `impl` block says: its prefix, and its routes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{Attribute, Meta};

use super::layers::Layer;
use crate::block::{Block, BlockItem, Item};
use crate::call::model::{Call, CookieArgument};
use crate::errors::Errors;
use crate::item::Function;
use crate::names::Names;
use crate::options::{Accepted, Options};
use crate::pattern::Pattern;
use crate::types::text;

/// The attributes that make a route of a method, and what they are called in the runtime.
const VERBS: [(&str, &str); 8] = [
    ("get", "Get"),
    ("head", "Head"),
    ("post", "Post"),
    ("put", "Put"),
    ("patch", "Patch"),
    ("delete", "Delete"),
    ("options", "Options"),
    ("all", "All"),
];

/// A controller.
pub(super) struct Model {
    /// The block, without the attributes of routes.
    pub(super) block: Block,
    pub(super) layers: Vec<Layer>,
    pub(super) handlers: Vec<Handler>,
}

/// A method with routes.
pub(super) struct Handler {
    pub(super) function: Function,
    pub(super) call: Call,
    pub(super) routes: Vec<Route>,
}

/// A route.
pub(super) struct Route {
    /// In the runtime: `Get`.
    pub(super) variant: &'static str,

    /// The whole path.
    pub(super) path: Pattern,

    /// Where the path stands.
    pub(super) at: Span,

    pub(super) layers: Vec<Layer>,
    pub(super) cancel_on_disconnect: bool,
}

impl Model {
    pub(super) fn of(mut block: Block, options: &Options, errors: &mut Errors) -> Self {
        let prefix = match &options.path {
            Some(path) => Pattern::parse(path, errors),
            None => Pattern::default(),
        };
        if prefix.wildcard {
            errors.push(
                &options.path,
                "nothing can follow a wildcard, so a prefix has none",
            );
        }
        let layers = Layer::all(&options.layers, errors);
        let mut handlers = Vec::new();
        for item in &mut block.items {
            if let BlockItem::Function(function) = item {
                handlers.extend(Handler::of(function, &prefix, errors));
            }
        }
        Self {
            block,
            layers,
            handlers,
        }
    }

    /// The routes, in their order, each with its method.
    pub(super) fn routes(&self) -> impl Iterator<Item = (&Handler, &Route)> {
        let handlers = self.handlers.iter();
        handlers.flat_map(|handler| handler.routes.iter().map(move |route| (handler, route)))
    }
}

impl Handler {
    /// Takes the attributes of routes off a method; `None` if there are none.
    fn of(function: &mut Function, prefix: &Pattern, errors: &mut Errors) -> Option<Self> {
        let attributes = std::mem::take(&mut function.attributes);
        let (routes, others): (Vec<_>, Vec<_>) = attributes
            .into_iter()
            .partition(|attribute| verb(attribute).is_some());
        function.attributes = known(others, errors);
        let routes: Vec<_> = routes
            .iter()
            .filter_map(|attribute| Route::of(attribute, prefix, errors))
            .collect();
        // A parameter of any of its paths is one; that it is one of all of them is checked. So may any argument be of one
        // that cannot be read.
        let mut parameters: Vec<_> = routes
            .iter()
            .flat_map(|route| route.path.parameters.iter().cloned())
            .collect();
        if routes.iter().any(|route| route.path.broken) {
            parameters.extend(Names::of(&function.signature).all());
        }
        if routes.is_empty() {
            return None;
        }
        let call = Call::of(&function.signature, &parameters);
        CookieArgument::strip(&mut function.signature);
        Some(Self {
            call,
            function: function.clone(),
            routes,
        })
    }

    /// Whether one of its paths is not what was meant.
    pub(super) fn is_broken(&self) -> bool {
        self.routes.iter().any(|route| route.path.broken)
    }

    pub(super) fn name(&self) -> &Ident {
        &self.function.signature.ident
    }
}

impl Route {
    fn of(attribute: &Attribute, prefix: &Pattern, errors: &mut Errors) -> Option<Self> {
        let (verb, variant) = verb(attribute)?;
        let name = format!("#[{verb}]");
        let accepted = Accepted {
            attribute: &name,
            flags: &["cancel_on_disconnect"],
            routes: true,
        };
        let tokens = match &attribute.meta {
            Meta::List(list) => list.tokens.clone(),
            _ => TokenStream::new(),
        };
        let options = Options::parse(tokens, &accepted, errors);
        let Some(written) = &options.path else {
            errors.push(attribute, format!("which path? write `#[{verb}(\"/\")]`"));
            return None;
        };
        let at = written.span();
        let path = prefix.join(&Pattern::parse(written, errors), at, errors);
        Some(Self {
            variant,
            path,
            at,
            layers: Layer::all(&options.layers, errors),
            cancel_on_disconnect: options.has("cancel_on_disconnect"),
        })
    }

    /// As it is shown: `GET /posts/:id`.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.variant.to_uppercase(), self.path.shown())
    }
}

/// Which verb the attribute is.
fn verb(attribute: &Attribute) -> Option<(Ident, &'static str)> {
    let name = attribute.path().get_ident()?;
    let (_, variant) = VERBS.iter().find(|(verb, _)| name == verb)?;
    Some((name.clone(), variant))
}

/// The attributes without those that look as if they were meant to be a route, `#[trace("/")]`, which are refused.
fn known(attributes: Vec<Attribute>, errors: &mut Errors) -> Vec<Attribute> {
    let (unknown, known): (Vec<_>, Vec<_>) = attributes.into_iter().partition(looks_like_a_verb);
    let verbs: Vec<_> = VERBS
        .iter()
        .map(|(verb, _)| format!("`#[{verb}]`"))
        .collect();
    for attribute in unknown {
        errors.push(
            attribute.path(),
            format!(
                "there is no verb `{}`; a route is one of {}",
                text(attribute.path()),
                verbs.join(", ")
            ),
        );
    }
    known
}

fn looks_like_a_verb(attribute: &Attribute) -> bool {
    let (Some(_), Meta::List(list)) = (attribute.path().get_ident(), &attribute.meta) else {
        return false;
    };
    let first = list.tokens.clone().into_iter().next();
    first.is_some_and(|first| first.to_string().starts_with("\"/"))
}

/// An item without the attributes of routes, which no compiler knows.
pub(super) fn without_verbs(item: TokenStream) -> TokenStream {
    let Ok(Item::Block(mut block)) = crate::block::item(item.clone()) else {
        return item;
    };
    for item in &mut block.items {
        if let BlockItem::Function(function) = item {
            function
                .attributes
                .retain(|attribute| verb(attribute).is_none());
        }
    }
    block.to_token_stream()
}
