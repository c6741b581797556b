//! `impl Middleware`, or `impl Declared` for a function: how it runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::token::Async;

use super::Expansion;
use crate::attributes::Attributes;
use crate::cookie;
use crate::item::Function;
use crate::middleware::model::{Argument, Call, Kind, Returns};
use crate::types::borrowed;

/// The lints of the user's function: it cannot forget an `.await` or drop an error, and it must be `async`.
pub(super) fn user_lints() -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        #[deny(unused_must_use)]
        #[allow(clippy::unused_async)]
    }
}

/// The user's function, to stand inside the generated one.
pub(super) fn inner_function(
    function: &Function,
    attributes: &Attributes,
    ready: bool,
) -> TokenStream {
    let at = Span::mixed_site();
    let mut signature = function.signature.clone();
    let mut generated = user_lints();
    if !ready {
        // That it is not `async` has been said; that it cannot `.await` then need not be.
        signature.asyncness.get_or_insert(Async { span: at });
        generated = quote_spanned!(at=> #[allow(unused)]);
    }
    let Attributes {
        lints,
        function: own,
        ..
    } = attributes;
    let body = &function.body;
    quote_spanned!(at=> #generated #lints #own #signature #body)
}

/// The implementation. `inner` are the items that the call needs; `work` is what to call, nothing if that cannot be.
pub(super) fn implementation(
    expansion: &Expansion,
    call: Option<&Call>,
    inner: &TokenStream,
    work: Option<TokenStream>,
) -> TokenStream {
    let at = Span::mixed_site();
    let Expansion {
        paths,
        subject,
        generic,
        attributes,
        ..
    } = expansion;
    let (context, result) = (paths.context(at), paths.result(at));
    let (middleware, wiring, receiver) = if expansion.declared {
        (paths.declared(at), TokenStream::new(), TokenStream::new())
    } else {
        (
            paths.middleware(at),
            quote_spanned!(at=> type Wiring = Self;),
            quote_spanned!(at=> &'a self,),
        )
    };
    // What borrows cannot be provided, as has been said.
    let provided = call
        .and_then(Call::provides)
        .filter(|ty| borrowed(ty).is_none());
    let provides = match provided {
        Some(ty) => quote_spanned!(at=> (#ty,)),
        None => quote_spanned!(at=> ()),
    };
    let next_trait = paths.next(at);
    let next_bound = match provided {
        Some(ty) => quote_spanned!(at=> #next_trait<#ty>),
        None => next_trait,
    };
    let rest = expansion.names.fresh("N");
    let (params, clause) = (generic.params(&[]), generic.user_clause());

    let work = work.zip(call).map(|(callee, call)| Work {
        expansion,
        call,
        callee,
    });
    let (ctx, next) = match &work {
        Some(work) => (work.context(), work.next()),
        None => (quote_spanned!(at=> _), quote_spanned!(at=> _)),
    };
    let future = match &work {
        Some(work) => work.future(),
        None => quote_spanned!(at=> async { ::core::result::Result::Ok(()) }),
    };
    // Where the compiler says that it is not `Send`.
    let shown = expansion.name;
    let output = quote_spanned! {shown=>
        impl ::core::future::Future<Output = #result> + ::core::marker::Send + 'a
    };
    quote_spanned! {at=>
        #attributes
        impl #params #middleware for #subject #clause {
            type Provides = #provides;
            #wiring

            fn call<'a, #rest>(
                #receiver
                #ctx: &'a mut #context,
                #next: #rest,
            ) -> #output
            where
                #rest: #next_bound + 'a,
            {
                #inner
                #future
            }
        }
    }
}

/// The call of the user's function, and what has to be done around it.
struct Work<'a> {
    expansion: &'a Expansion,
    call: &'a Call,
    callee: TokenStream,
}

impl Work<'_> {
    /// Whether the user's future is what `call` returns; a future of its own around it would cost depth.
    fn is_direct(&self) -> bool {
        matches!(self.call.returns, Returns::Result)
            && !self.call.lends()
            && !self.call.reads_cookies()
    }

    fn future(&self) -> TokenStream {
        let at = Span::mixed_site();
        let paths = &self.expansion.paths;
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
        if self.expansion.cancel_on_disconnect {
            let (cancel, connection) = (paths.cancel_on_disconnect(at), paths.connection(at));
            quote_spanned!(at=> #cancel(#connection(ctx), #future))
        } else {
            future
        }
    }

    /// What is lent, the call, what goes back, and the answer.
    fn adapted(&self, invocation: &TokenStream) -> TokenStream {
        let at = Span::mixed_site();
        let lends = self.lends();
        let lend = lends.iter().map(|lend| lend.take(self));
        let slots = self.call.slots();
        let open = (!slots.is_empty()).then(|| {
            let open = self.expansion.paths.open(at);
            quote_spanned!(at=> #open::<(#(#slots,)*)>(ctx).await?;)
        });
        let lend: Vec<_> = open.into_iter().chain(self.cookies()).chain(lend).collect();
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
                let shown = ty.span();
                // Shown at the type, where it cannot be answered.
                let reply = self.expansion.paths.reply(shown);
                let value = Ident::new("returned", shown);
                (
                    quote_spanned!(at=> let #value =),
                    quote_spanned!(at=> #reply(ctx, #value)),
                )
            }
        };
        quote_spanned! {at=>
            #(#lend)*
            #returned #invocation.await;
            #answer
        }
    }

    /// The user's function, called.
    fn invocation(&self) -> TokenStream {
        let at = Span::mixed_site();
        let callee = &self.callee;
        let paths = &self.expansion.paths;
        let lends = self.lends();
        let receiver =
            (self.callee.to_string() == "Self :: call").then(|| quote_spanned!(at=> self));
        let arguments = self
            .call
            .arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| match &argument.kind {
                Kind::Context => quote_spanned!(at=> ctx),
                Kind::Next { .. } => quote_spanned!(at=> next),
                Kind::Cookie(_) => local(argument, index).into_token_stream(),
                Kind::Slot(_) | Kind::Unknown => {
                    let slot = paths.slot(at);
                    quote_spanned!(at=> #slot())
                }
                Kind::Shared(wanted) | Kind::Mut(wanted) => {
                    let lent = lends.iter().find(|lend| same(lend.wanted, wanted));
                    lent.map(Lend::argument).unwrap_or_default()
                }
            });
        let arguments = receiver.into_iter().chain(arguments);
        quote_spanned!(at=> #callee(#(#arguments),*))
    }

    /// The values of cookies, each read into a variable.
    fn cookies(&self) -> impl Iterator<Item = TokenStream> {
        let at = Span::mixed_site();
        let arguments = self.call.arguments.iter().enumerate();
        arguments.filter_map(move |(index, argument)| {
            let Kind::Cookie(cookie) = &argument.kind else {
                return None;
            };
            let described = cookie.described.as_ref()?;
            let paths = &self.expansion.paths;
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
            let local = local(argument, index);
            let described = cookie::cookie(described, paths);
            Some(quote_spanned!(at=> let #local = #read::<#value, #form>(ctx, #described)?;))
        })
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
    fn context(&self) -> TokenStream {
        let at = Span::mixed_site();
        let answered = matches!(self.call.returns, Returns::Reply(_));
        let used = self.call.has_context()
            || self.call.lends()
            || self.call.reads_cookies()
            || !self.call.slots().is_empty()
            || answered
            || self.expansion.cancel_on_disconnect;
        if used {
            quote_spanned!(at=> ctx)
        } else {
            quote_spanned!(at=> _)
        }
    }

    fn next(&self) -> TokenStream {
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
        let paths = &work.expansion.paths;
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

/// The user's name for it, if it is one and means nothing else here.
fn local(argument: &Argument, index: usize) -> Ident {
    let at = Span::mixed_site();
    match argument.name() {
        Some(name) if !["ctx", "next", "returned"].iter().any(|used| name == used) => {
            let mut name = name.clone();
            name.set_span(at);
            name
        }
        _ => Ident::new(&format!("lent{index}"), at),
    }
}

fn same(one: &syn::Type, other: &syn::Type) -> bool {
    one.to_token_stream().to_string() == other.to_token_stream().to_string()
}
