//! What is refused, in which words; and that what was written is always there again.

use proc_macro2::TokenStream;
use quote::quote;

use super::{ACCEPTED, check, expand, model};
use crate::block::{self, Item};
use crate::errors::Errors;
use crate::options::Options;

/// What is said about a block.
fn said(options: TokenStream, item: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    let options = Options::parse(options, &ACCEPTED, &mut errors);
    let Ok(Item::Block(block)) = block::item(item) else {
        panic!("it is a block");
    };
    if check::block(&block, &mut errors) {
        let model = model::Model::of(*block, &options, &mut errors);
        check::model(&model, &mut errors);
    }
    let first_line = |message: &String| message.lines().next().unwrap_or_default().to_owned();
    errors.messages().iter().map(first_line).collect()
}

#[test]
fn takes_arguments_from_where_they_are() {
    let nothing: [&str; 0] = [];
    for block in [
        quote!(impl P { #[get("/:id/*rest")] async fn f(&self, id: u64, r#rest: String) {} }),
        quote!(impl P { #[get("/")] #[post("/")] async fn f(ctx: &mut Context, a: &A, b: &mut B, c: C) {} }),
        quote!(impl P { #[get("/:type")] async fn f(&self, r#type: String, Json(a): Json<A>, b: Query<A>) {} }),
        quote!(
            impl<T: Send> P<T> {
                #[all("/")]
                async fn f<'a>(&'a self, ctx: &'a Context) {}
                fn g(self) {}
            }
        ),
        quote!(impl P { #[get("/:id/:name")] async fn f<'a>(ctx: &mut Context, id: &str, a: &A, name: &'a str) {} }),
        quote!(impl P { #[get("/x", with(a, b::<C>, d::E, F { g: 1 }, H::new()))] async fn f(&self) {} }),
        quote!(impl P { #[get("/:a")] #[get("/b/:a")] async fn f(&self, a: u8) {} #[get("/:a/b")] async fn g(a: u8) {} }),
    ] {
        assert_eq!(said(quote!("/p"), block.clone()), nothing, "{block}");
    }
}

#[test]
fn says_what_is_wrong() {
    for (block, message) in [
        (
            quote!(impl P {}),
            "this controller has no routes: write `#[get(\"/\")]` on a method",
        ),
        (
            quote!(impl T for P {}),
            "`#[controller]` cannot stand on an implementation of a trait, `T`",
        ),
        (
            quote!(
                impl<'a> P<'a> {}
            ),
            "a controller lives as long as its app: it can have no lifetime",
        ),
        (
            quote!(impl P { #[get("/:id")] async fn f(&self) {} }),
            "no argument takes the parameter `:id` of `/p/:id`",
        ),
        (
            quote!(impl P { #[get("/:id")] #[get("/")] async fn f(&self, id: u8) {} }),
            "`f` takes `id`, and `/p` has no parameter `:id`",
        ),
        (
            quote!(impl P { #[get("/")] async fn f(&self, id: Vec<u8>) {} }),
            "nothing supplies `id`: the path `/p` has no parameter `:id`",
        ),
        (
            quote!(impl P { #[get("/")] async fn f<T>(&self) {} }),
            "a handler has a parameter `T` that nothing decides",
        ),
        (
            quote!(impl P { #[get("/")] async fn f(self) {} }),
            "a controller is shared by all requests: take `&self`",
        ),
        (
            quote!(impl P { #[get("/")] async fn f(a: Json<A>, b: Form<B>) {} }),
            "the body is taken twice, as `a` and as `b`, and it comes once: take it as one of them",
        ),
        (
            quote!(impl P { #[get("/:id")] async fn f(&self, id: &str, text: &str) {} }),
            "a handler cannot be given a `&str`; it can take:",
        ),
        (
            quote!(impl P { #[get("/")] #[get("/:id")] async fn f(&self, id: &str) {} }),
            "`f` takes `id`, and `/p` has no parameter `:id`",
        ),
        (
            quote!(impl P { #[cfg(unix)] #[get("/")] async fn f(&self) {} }),
            "a route cannot be conditional",
        ),
        (
            quote!(impl P { #[link("/")] async fn f(&self) {} }),
            "there is no verb `link`; a route is one of `#[get]`, `#[head]`, `#[post]`, `#[put]`, `#[patch]`, \
             `#[delete]`, `#[options]`, `#[all]`",
        ),
        (
            quote!(impl P { #[get("/")] async fn f(&self) -> &str {} }),
            "an answer cannot borrow from the request: return an owned value, such as a `String`, or a `&'static str`",
        ),
    ] {
        assert_eq!(said(quote!("/p"), block), [message]);
    }
}

#[test]
fn says_everything_at_once() {
    let block = quote!(impl P {
        #[get("/:id", wiht(a))] fn f(self, title: String, next: impl Next) {}
        #[get("x")] async fn g(&self) {}
        #[post("/:a")] async fn h(a: u8) {}
        #[post("/:b")] async fn i(b: u8) {}
    });
    assert_eq!(said(quote!("/p", frobnicate), block).len(), 10);
}

#[test]
fn keeps_what_was_written() {
    let body = quote!({ this is + not <even> a body });
    for item in [
        quote!(impl P { #[get("/")] fn f(&self) #body }),
        quote!(impl P { #[get("/:id")] async fn f(&self) #body }),
        quote!(impl T for P { #[get("/")] async fn f(&self) #body }),
        quote!(mod p { fn f() #body }),
    ] {
        let expanded = expand(quote!("/p"), item).to_string();
        assert!(expanded.contains(&body.to_string()), "{expanded}");
        assert!(expanded.contains("compile_error"), "{expanded}");
        assert!(!expanded.contains("# [get"), "{expanded}");
    }
}
