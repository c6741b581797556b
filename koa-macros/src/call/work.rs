//! The call of the user's function: what is read and lent for its arguments, and what becomes of its answer.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

use crate::call::check::{body_twice, takes_body};
use crate::call::model::{Argument, Call, Kind, Returns};
use crate::cookie;
use crate::paths::Paths;

/// The call of the user's function, and what has to be done around it.
pub(crate) struct Work<'a> {
    pub(crate) paths: &'a Paths,
    pub(crate) call: &'a Call,
    pub(crate) callee: TokenStream,

    /// `self`, if it is a method.
    pub(crate) receiver: Option<TokenStream>,

    pub(crate) cancel_on_disconnect: bool,

    /// The parameters of the path, in their order.
    pub(crate) parameters: &'a [String],
}

impl Work<'_> {
    /// Whether the user's future is what `call` returns; a future of its own around it would cost depth.
    fn is_direct(&self) -> bool {
        matches!(self.call.returns, Returns::Result) && !self.call.prepares()
    }

    pub(crate) fn future(&self) -> TokenStream {
        let at = Span::mixed_site();
        let paths = self.paths;
        let invocation = self.invocation();
        let slots = self.call.slots();
        let future = if self.is_direct() {
            if slots.is_empty() {
                invocation
            } else {
                let opened = paths.opened(at);
                quote_spanned!(at=> #opened::<(#(#slots,)*), _>(ctx, move |ctx| #invocation))
            }
        } else {
            let adapted = self.adapted(&invocation);
            quote_spanned!(at=> async move { #adapted })
        };
        if self.cancel_on_disconnect {
            let (cancel, connection) = (paths.cancel_on_disconnect(at), paths.connection(at));
            quote_spanned!(at=> #cancel(#connection(ctx), #future))
        } else {
            future
        }
    }

    /// The same inside an `async` block, where it need be no future.
    pub(crate) fn in_place(&self) -> TokenStream {
        let at = Span::mixed_site();
        if self.cancel_on_disconnect {
            let future = self.future();
            return quote_spanned!(at=> #future.await);
        }
        self.adapted(&self.invocation())
    }

    /// What is read and lent, the call, what goes back, and the answer.
    pub(crate) fn adapted(&self, invocation: &TokenStream) -> TokenStream {
        let at = Span::mixed_site();
        let lends = self.lends();
        let slots = self.call.slots();
        let open = (!slots.is_empty()).then(|| {
            let open = self.paths.open(at);
            quote_spanned!(at=> #open::<(#(#slots,)*)>(ctx).await?;)
        });
        let arguments = self.call.arguments.iter().enumerate();
        let reads = arguments.filter_map(|(index, argument)| self.read(argument, index));
        let lend = lends.iter().map(|lend| lend.take(self));
        let arguments = self.call.arguments.iter().enumerate();
        // What is borrowed from the request comes last: all else needs the context as a whole.
        let texts = arguments.filter_map(|(index, argument)| self.text(argument, index));
        let lend = open.into_iter().chain(reads).chain(lend).chain(texts);
        let lend: Vec<_> = lend.collect();
        let (returned, answer) = match &self.call.returns {
            Returns::Unit => (
                TokenStream::new(),
                quote_spanned!(at=> ::core::result::Result::Ok(())),
            ),
            // Its answer is the answer.
            Returns::Result => {
                return quote_spanned!(at=> #(#lend)* #invocation.await);
            }
            Returns::Reply(ty) => {
                // Shown at the type, where it cannot be answered.
                let reply = self.paths.reply(at);
                let shown = quote_spanned!(ty.span()=> _);
                (
                    quote_spanned!(at=> let returned =),
                    quote_spanned!(at=> #reply::<#shown>(ctx, returned)),
                )
            }
        };
        quote_spanned! {at=>
            #(#lend)*
            #returned #invocation.await;
            #answer
        }
    }

    /// An argument that is taken from the request.
    fn read(&self, argument: &Argument, index: usize) -> Option<TokenStream> {
        let at = Span::mixed_site();
        let (told, local) = (argument.told(), local(argument, index));
        Some(match &argument.kind {
            Kind::Parameter(ty) => {
                let place = self.parameters.iter().position(|name| *name == told)?;
                let place = proc_macro2::Literal::usize_unsuffixed(place);
                // Shown at the type, where it cannot be read.
                let parameter = self.paths.parameter(ty.span());
                quote_spanned! {at=>
                    let #local = #parameter::<#ty>(ctx, captures, #place, #told)?;
                }
            }
            Kind::Extract(ty) => {
                let once = self.body_once(argument, ty, index);
                let (extractor, taken) = (self.paths.extractor(at), self.paths.taken(at));
                let (method, ctx) = (quote_spanned!(at=> from_context), quote_spanned!(at=> ctx));
                let (as_token, shown) = (quote_spanned!(at=> as), ty.span());
                // Begun and ended where it is shown that the type is no extractor.
                let taking = quote_spanned!(shown=> <#ty #as_token #extractor>::#method::<>(#ctx));
                quote_spanned! {at=>
                    #(#once)*
                    let #local = #taking.await;
                    let #local = #taken(ctx, #told, #local)?;
                }
            }
            Kind::Cookie(cookie) => {
                let described = cookie.described.as_ref()?;
                let paths = self.paths;
                let value = &cookie.value;
                let shown = value.span();
                let read = if cookie.optional {
                    paths.optional_cookie(shown)
                } else {
                    paths.required_cookie(shown)
                };
                let form = if described.has("json") {
                    paths.json_form(shown)
                } else {
                    paths.text_form(shown)
                };
                let described = cookie::cookie(described, paths);
                // Shown at the type, where it cannot be read.
                let form = quote_spanned!(at.located_at(shown)=> #form<>);
                quote_spanned!(at=> let #local = #read::<#value, #form>(ctx, #described)?;)
            }
            _ => return None,
        })
    }

    /// A parameter of the path as it is: borrowed, unless the context is handed on with it.
    fn text(&self, argument: &Argument, index: usize) -> Option<TokenStream> {
        let Kind::Text = argument.kind else {
            return None;
        };
        let at = Span::mixed_site();
        let (told, local) = (argument.told(), local(argument, index));
        let place = self.parameters.iter().position(|name| *name == told)?;
        let place = proc_macro2::Literal::usize_unsuffixed(place);
        let text = self.paths.text(at);
        let owned = (self.call.has_context()).then(|| quote_spanned!(at=> .into_owned()));
        Some(quote_spanned!(at=> let #local = #text(ctx, captures, #place)#owned;))
    }

    /// The checks that no earlier argument takes the body too, where the names of the types do not say so.
    fn body_once(&self, argument: &Argument, ty: &syn::Type, index: usize) -> Vec<TokenStream> {
        let takes = takes_body(ty);
        let earlier = self.call.arguments.iter().take(index);
        let shown = Span::mixed_site().located_at(ty.span());
        earlier
            .filter_map(|other| match &other.kind {
                Kind::Extract(other_ty) => Some((other, other_ty)),
                _ => None,
            })
            .filter(|(_, other)| takes != Some(false) && takes_body(other) != Some(false))
            .map(|(other, other_ty)| {
                let body_once = self.paths.body_once(shown);
                let message = body_twice(other, argument);
                quote_spanned!(shown=> const { #body_once::<#other_ty, #ty>(#message) };)
            })
            .collect()
    }

    /// The user's function, called.
    pub(crate) fn invocation(&self) -> TokenStream {
        let at = Span::mixed_site();
        let callee = &self.callee;
        let paths = self.paths;
        let lends = self.lends();
        let arguments = self
            .call
            .arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| match &argument.kind {
                Kind::Context => quote_spanned!(at=> ctx),
                Kind::Parameter(_) | Kind::Extract(_) | Kind::Cookie(_) => {
                    local(argument, index).into_token_stream()
                }
                Kind::Text => {
                    let local = local(argument, index);
                    quote_spanned!(at=> &#local)
                }
                Kind::Next { .. } => quote_spanned!(at=> next),
                Kind::Slot(_) | Kind::Other(_) | Kind::Unknown => {
                    let slot = paths.slot(at);
                    quote_spanned!(at=> #slot())
                }
                Kind::Shared(wanted) | Kind::Mut(wanted) => {
                    let lent = lends.iter().find(|lend| same(lend.wanted, wanted));
                    lent.map(Lend::argument).unwrap_or_default()
                }
            });
        let arguments = self.receiver.clone().into_iter().chain(arguments);
        quote_spanned!(at=> #callee(#(#arguments),*))
    }

    /// What is taken out of the context, each once.
    fn lends(&self) -> Vec<Lend<'_>> {
        let mut lends: Vec<Lend<'_>> = Vec::new();
        for argument in &self.call.arguments {
            let (wanted, mutable) = match &argument.kind {
                Kind::Shared(wanted) => (wanted, false),
                Kind::Mut(wanted) => (wanted, true),
                _ => continue,
            };
            if !lends.iter().any(|lend| same(lend.wanted, wanted)) {
                let local = local(argument, lends.len());
                lends.push(Lend {
                    wanted,
                    mutable,
                    local,
                });
            }
        }
        lends
    }

    /// The name of the parameter for the context.
    pub(crate) fn context(&self) -> TokenStream {
        let at = Span::mixed_site();
        let answered = matches!(self.call.returns, Returns::Reply(_));
        let used = self.call.has_context()
            || self.call.prepares()
            || !self.call.slots().is_empty()
            || answered
            || self.cancel_on_disconnect;
        if used {
            quote_spanned!(at=> ctx)
        } else {
            quote_spanned!(at=> _)
        }
    }

    pub(crate) fn next(&self) -> TokenStream {
        let at = Span::mixed_site();
        if self.call.has_next() {
            quote_spanned!(at=> next)
        } else {
            quote_spanned!(at=> _)
        }
    }
}

/// A value that is taken out of the context for the time of the call.
struct Lend<'a> {
    wanted: &'a syn::Type,
    mutable: bool,
    local: Ident,
}

impl Lend<'_> {
    /// It goes back when the guard is dropped, which stands between the context and what is called.
    fn take(&self, work: &Work<'_>) -> TokenStream {
        let at = Span::mixed_site();
        let Self { wanted, local, .. } = self;
        let paths = work.paths;
        let (lend, parts) = if self.mutable {
            (paths.lend_mut(at), quote_spanned!(at=> parts_mut))
        } else {
            (paths.lend(at), quote_spanned!(at=> parts))
        };
        quote_spanned! {at=>
            let mut #local = #lend::<#wanted>(ctx).await?;
            let (ctx, #local) = #local.#parts();
        }
    }

    fn argument(&self) -> TokenStream {
        self.local.to_token_stream()
    }
}

/// Names that mean something in the generated function.
const TAKEN: [&str; 5] = ["ctx", "next", "returned", "route", "captures"];

/// The user's name for it, if it is one and means nothing else here.
fn local(argument: &Argument, index: usize) -> Ident {
    let at = Span::mixed_site();
    match argument.name() {
        Some(name) if !TAKEN.iter().any(|taken| name == taken) => {
            let mut name = name.clone();
            name.set_span(at);
            name
        }
        _ => {
            let what = match &argument.kind {
                Kind::Shared(_) | Kind::Mut(_) => "lent",
                _ => "taken",
            };
            Ident::new(&format!("{what}{index}"), at)
        }
    }
}

fn same(one: &syn::Type, other: &syn::Type) -> bool {
    one.to_token_stream().to_string() == other.to_token_stream().to_string()
}
