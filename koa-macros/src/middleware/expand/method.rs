//! `impl Middleware`, or `impl Declared` for a function: how it runs.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::token::Async;

use super::Expansion;
use crate::attributes::Attributes;
use crate::call::demands::names;
use crate::call::model::Call;
use crate::call::work::Work;
use crate::item::Function;
use crate::place::line;
use crate::types::{borrowed, text};

/// The lints of the user's function: it cannot forget an `.await` or drop an error, and it must be `async`.
pub(crate) fn user_lints() -> TokenStream {
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
        paths,
        call,
        receiver: (!expansion.declared).then(|| quote_spanned!(at=> self)),
        callee,
        cancel_on_disconnect: expansion.cancel_on_disconnect,
        parameters: &[],
    });
    let (ctx, next) = match &work {
        Some(work) => (work.context(), work.next()),
        None => (quote_spanned!(at=> _), quote_spanned!(at=> _)),
    };
    let future = match &work {
        Some(work) => work.future(),
        None => quote_spanned!(at=> async { ::core::result::Result::Ok(()) }),
    };
    let output = future_of(&result, expansion.keyword, expansion.name);
    let about = about(expansion, call);
    quote_spanned! {at=>
        #attributes
        impl #params #middleware for #subject #clause {
            type Provides = #provides;
            #wiring

            #about

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

/// The type of a future that gives `result`. From `first` to `last` the compiler says that it is not `Send`: the type
/// begins and ends there. Its names stand elsewhere, or an editor would show them for the user's.
pub(crate) fn future_of(result: &TokenStream, first: Span, last: Span) -> TokenStream {
    let (open, close) = (quote_spanned!(first=> impl), quote_spanned!(last=> >));
    quote_spanned! {Span::mixed_site()=>
        #open ::core::marker::Send + 'a + ::core::future::Future<Output = #result #close
    }
}

/// What a map of the app shows of it.
fn about(expansion: &Expansion, call: Option<&Call>) -> TokenStream {
    let at = Span::mixed_site();
    let paths = &expansion.paths;
    let about = paths.about(at);
    let name = text(&expansion.subject);
    let requires = call.map(names).unwrap_or_default();
    let line = Literal::u32_unsuffixed(line(expansion.name));
    quote_spanned! {at=>
        const ABOUT: #about = #about::new(#name, &[#(#requires),*], ::core::file!(), #line);
    }
}
