//! What generated code names of the runtime, in one table.
//!
//! Each path takes the span at which the compiler shall complain about it: its first `::` stands there, and what follows
//! the path has to end there. Its names do not: an editor shows what a name of the user's is by all the names that stand
//! where it does.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Path;

use crate::options::Options;

/// The paths of the runtime, from where the crate is.
pub(crate) struct Paths {
    root: TokenStream,
}

macro_rules! table {
    ($($name:ident => $($segment:ident)::+;)*) => {
        impl Paths {
            $(
                pub(crate) fn $name(&self, span: Span) -> TokenStream {
                    self.path(quote!($(:: $segment)+), span)
                }
            )*
        }
    };
}

table! {
    compat => Compat;
    context => Context;
    controller => Controller;
    cookie => Cookie;
    max_age => MaxAge;
    middleware => Middleware;
    next => Next;
    onion => Onion;
    provides => Provides;
    provides_mut => ProvidesMut;
    priority => Priority;
    requires => Requires;
    result => Result;
    same_site => SameSite;
    session_config => SessionConfig;
    session_data => SessionData;
    sessions => Sessions;
    cancel_on_disconnect => __private::cancel_on_disconnect;
    about => __private::About;
    around => __private::around;
    around_type => __private::Around;
    body_once => __private::body_once;
    captures => __private::Captures;
    connection => __private::connection;
    open => __private::open;
    opened => __private::opened;
    optional_cookie => __private::optional_cookie;
    required_cookie => __private::required_cookie;
    json_form => __private::FromJson;
    text_form => __private::FromText;
    declared => __private::Declared;
    extractor => FromContext;
    handler => __private::Handler;
    inner => __private::Inner;
    lend => __private::lend;
    lend_mut => __private::lend_mut;
    main => __private::main;
    of_function => __private::of;
    of_type => __private::Of;
    origin => __private::Origin;
    parameter => __private::parameter;
    path_value => PathValue;
    place => __private::Place;
    reply => __private::reply;
    route => __private::Route;
    serde => __private::serde;
    served_once => __private::served_once;
    slot => __private::slot;
    taken => __private::taken;
    text => __private::text;
    verb => __private::Verb;
    written => __private::written;
}

impl Paths {
    pub(crate) fn new(options: &Options) -> Self {
        Self::of(&options.root)
    }

    /// From where the crate is, if not at `::koa`.
    pub(crate) fn of(root: &Option<Path>) -> Self {
        let root = match root {
            Some(path) => path.to_token_stream(),
            None => quote!(::koa),
        };
        Self { root }
    }

    fn path(&self, inside: TokenStream, span: Span) -> TokenStream {
        let root = self.root.clone().into_iter();
        root.chain(inside)
            .map(|token| respan(token, span))
            .collect()
    }
}

/// The token, if it is no name, shown at `span`; what it refers to is decided where it stood.
fn respan(mut token: TokenTree, span: Span) -> TokenTree {
    if let TokenTree::Punct(_) = token {
        token.set_span(token.span().located_at(span));
    }
    token
}
