//! What is refused, in which words, and what comes of the rest.

use proc_macro2::TokenStream;
use quote::quote;

use super::{argument, expand};
use crate::errors::Errors;

fn said(tokens: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    argument(tokens, &mut errors);
    let first_line = |message: &String| message.lines().next().unwrap_or_default().to_owned();
    errors.messages().iter().map(first_line).collect()
}

#[test]
fn becomes_a_cookie() {
    let expanded = expand(quote!(
        "theme",
        max_age = "30d",
        same_site = "Lax",
        http_only = false,
        domain = DOMAIN
    ));
    let expected = quote!(
        ::koa::Cookie::new("theme")
            .max_age(::core::time::Duration::from_millis(2592000000u64))
            .same_site(::koa::SameSite::Lax)
            .http_only(false)
            .domain(DOMAIN)
    );
    assert_eq!(expanded.to_string(), expected.to_string());
}

#[test]
fn takes_what_browsers_keep() {
    let nothing: [&str; 0] = [];
    for tokens in [
        quote!("a"),
        quote!(NAME, json),
        quote!("__Host-id", secure, path = "/"),
        quote!("__Secure-id", domain = "example.com", secure = SECURE),
        quote!("a", partitioned, same_site = "none"),
        quote!("a", partitioned, same_site = SITE),
        quote!("a", partitioned = false, secure = false),
        quote!("a", max_age = "400d"),
        quote!("a", encrypt, signed = false, crate = "my::koa",),
    ] {
        assert_eq!(said(tokens.clone()), nothing, "{tokens}");
    }
}

#[test]
fn refuses_what_they_drop() {
    for (tokens, messages) in [
        (
            quote!(),
            &["a cookie has a name: write `\"name\"` first"][..],
        ),
        (
            quote!(5),
            &["the name of a cookie is text: write `\"name\"`"],
        ),
        (
            quote!(secure = true),
            &["a cookie has a name: write `\"name\"` first"],
        ),
        (
            quote!("a b;"),
            &[
                "' ' cannot be in the name of a cookie, which is visible ASCII without `;`, `=`, `,` and `\"`",
            ],
        ),
        (
            quote!("__host-a", domain = "a.b", path = "/x", secure = false),
            &[
                "a cookie whose name begins with `__Host-` is secure, or browsers drop it",
                "a cookie whose name begins with `__Host-` has no domain, or browsers drop it",
                "a cookie whose name begins with `__Host-` has the path `/`, or browsers drop it",
            ],
        ),
        (
            quote!("a", max_age = "401d"),
            &["browsers keep a cookie for 400 days at most"],
        ),
        (quote!("a", max_age = "1dya"), &["`\"1dya\"` is no age"]),
        (
            quote!("a", max_age = 5),
            &[
                "`max_age` is written `max_age = \"30d\"`; write a number and its unit: `\"30s\"`, `\"30m\"`, `\"1.5h\"`, `\"1d\"`, `\"2w\"`, `\"500ms\"`",
            ],
        ),
        (
            quote!("a", same_site = "laxx", secur),
            &[
                "`same_site` cannot be `\"laxx\"`: `same_site = \"strict\"`, `same_site = \"lax\"`, `same_site = \"none\"`",
                "`#[cookie]` has no option `secur`: did you mean `secure`?",
            ],
        ),
        (
            quote!("a", same_site = "none", secure = false),
            &[
                "browsers drop a cookie that is `same_site = \"none\"` and not secure: leave out `secure = false`",
            ],
        ),
        (
            quote!("a", partitioned, secure = false),
            &[
                "browsers drop a cookie that is partitioned and not secure: leave out `secure = false`",
                "a partitioned cookie is for embedded pages, which need `same_site = \"none\"` as well",
            ],
        ),
        (
            quote!("a", domain = "a_b.example", path = "/;"),
            &[
                "a path is ASCII without `;`, `<` and control characters",
                "`a_b.example` is no domain: write `domain = \"example.com\"`",
            ],
        ),
        (
            quote!("a", path = "b"),
            &["browsers take no path that does not begin with `/`: write `path = \"/b\"`"],
        ),
        (
            quote!("a", path = "/b "),
            &["browsers leave out a space at the end of a path"],
        ),
        (quote!("a", secure, secure), &["`secure` is given twice"]),
        (quote!("a", json = 1), &["`json` takes no value"]),
    ] {
        assert_eq!(said(tokens.clone()), messages, "{tokens}");
    }
}
