//! What is refused, in which words; and that what was written is always there again.

use proc_macro2::TokenStream;
use quote::quote;

use super::{check, expand};
use crate::block;
use crate::call::model::Call;
use crate::errors::Errors;

/// What is said about an item.
fn said(item: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    match block::item(item) {
        Ok(block::Item::Function(function)) => {
            let call = Call::of(&function.signature, &[]);
            check::function(&function, &call, &mut errors);
        }
        Ok(block::Item::Block(block)) => {
            let call = block
                .call()
                .map(|function| Call::of(&function.signature, &[]));
            if check::block(&block, &mut errors)
                && let (Some(call), Some(function)) = (&call, block.call())
            {
                check::method(function, call, &mut errors);
            }
        }
        Ok(block::Item::Other(item)) => check::other(&item, &mut errors),
        Err(error) => errors.add(error),
    }
    let first_line = |message: &String| message.lines().next().unwrap_or_default().to_owned();
    errors.messages().iter().map(first_line).collect()
}

#[test]
fn takes_arguments_by_their_types() {
    let nothing: [&str; 0] = [];
    for item in [
        quote!(
            async fn f(c: &mut koa::Context, rest: impl koa::Next<User>) -> Result {}
        ),
        quote!(
            async fn f<N: Next<User>>(n: N, ctx: &Context, user: Slot<User>) {}
        ),
        quote!(
            async fn f<'a, N>(n: N, ctx: &'a mut Context)
            where
                N: Next,
            {
            }
        ),
        quote!(
            async fn f(Json(user): &Json<User>, post: &mut Post, again: &Json<User>) -> String {}
        ),
        quote!(
            async fn f((ctx): (&mut Context)) {}
        ),
        quote!(impl F { async fn call(&self) {} fn other(self, x: u8) -> [u8; { 3 }] {} const X: u8 = { 1 }; }),
        quote!(
            impl<T> F<T>
            where
                T: Send,
            {
                pub async fn call<'a>(&'a self, ctx: &'a mut Context) {}
            }
        ),
    ] {
        assert_eq!(said(item.clone()), nothing, "{item}");
    }
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        (
            quote!(
                fn f() {}
            ),
            "a middleware is asynchronous: write `async fn f`",
        ),
        (
            quote!(
                async unsafe fn f() {}
            ),
            "a middleware cannot be `unsafe`",
        ),
        (
            quote!(
                async extern "C" fn f() {}
            ),
            "a middleware cannot be `extern`",
        ),
        (
            quote!(
                async fn f(id: Vec<u64>) {}
            ),
            "an endpoint cannot be given a `Vec<u64>`; it can take:",
        ),
        (
            quote!(
                async fn f(user: &User, next: impl Next) {}
            ),
            "a middleware that runs `next` takes `Slot<User>`: write `user: Slot<User>` and `ctx[user]`",
        ),
        (
            quote!(
                async fn f(a: &mut User, b: &mut User) {}
            ),
            "`User` is taken twice, as `a` and as `b`: take it once",
        ),
        (
            quote!(
                async fn f(#[cfg(unix)] a: &User) {}
            ),
            "an argument of a middleware cannot be conditional",
        ),
        (
            quote!(
                async fn f(next: impl Next<User>) -> Result {
                    if a {
                        next.run(ctx).await
                    }
                }
            ),
            "this middleware provides a `User`, so `next` cannot run without one",
        ),
        (
            quote!(
                async fn call(&self) {}
            ),
            "`#[middleware]` stands on the whole `impl` block, not on a function in it",
        ),
        (
            quote!(impl F { async fn call(self) {} }),
            "a middleware is shared by all requests: take `&self`",
        ),
        (quote!(impl F {}), "`F` has no `call` in this block"),
        (
            quote!(impl F { async fn call(&self) {} async fn call(&self) {} }),
            "a middleware has one `call`, and this is a second",
        ),
        (
            quote!(
                pub(crate) enum E {}
            ),
            "`#[middleware]` cannot stand on the enum `E`",
        ),
    ];
    for (item, message) in cases {
        assert_eq!(said(item), [message]);
    }
}

#[test]
fn says_everything_at_once() {
    let item = quote!(
        unsafe fn f(ctx: Context, id: u64, next: impl Next<&str>) {}
    );
    assert_eq!(said(item).len(), 5);
}

#[test]
fn keeps_what_was_written() {
    let body = quote!({ this is + not <even> a body });
    for (item, written) in [
        (quote!(fn f(x: u8) #body), body.clone()),
        (quote!(async fn f() #body), body.clone()),
        (quote!(async fn f(x y) #body), body.clone()),
        (quote!(impl F { async fn call(self) #body }), body.clone()),
        (quote!(impl F { async fn call(&self) #body }), body.clone()),
        (
            quote!(
                struct F {
                    x: u8,
                }
            ),
            quote!(
                struct F {
                    x: u8,
                }
            ),
        ),
    ] {
        let expanded = expand(quote!(wrong = 1), item).to_string();
        assert!(expanded.contains(&written.to_string()), "{expanded}");
        assert!(expanded.contains("compile_error"), "{expanded}");
    }
}
