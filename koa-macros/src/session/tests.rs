//! What is refused, in which words.

use proc_macro2::TokenStream;
use quote::quote;

use super::{check, model};
use crate::errors::Errors;

fn said(options: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    let settings = model::Settings::parse(options, &mut errors);
    check::check(&settings, &mut errors);
    first_lines(&errors)
}

fn first_lines(errors: &Errors) -> Vec<String> {
    let first_line = |message: &String| message.lines().next().unwrap_or_default().to_owned();
    errors.messages().iter().map(first_line).collect()
}

#[test]
fn takes_what_makes_sense() {
    let nothing: [&str; 0] = [];
    for options in [
        quote!(),
        quote!(
            key = "__Host-id",
            max_age = "1d",
            renew,
            absolute = "30d",
            secure
        ),
        quote!(max_age = "session", http_only, same_site = "strict"),
        quote!(compat = "egg", rolling, store = store(), prefix = "sess:"),
        quote!(
            compat = "koa",
            signed,
            valid = is_valid,
            before_save = stamp
        ),
        quote!(
            store = store,
            external_key = (get, set),
            signed = false,
            encrypt = false
        ),
    ] {
        assert_eq!(said(options.clone()), nothing, "{options}");
    }
}

#[test]
fn refuses_contradictions() {
    let no_age = "a session that lives until the browser is closed has no age to be prolonged";
    for (options, messages) in [
        (quote!(max_age = "session", renew), &[no_age][..]),
        (quote!(max_age = "session", rolling), &[no_age]),
        (
            quote!(renew, rolling),
            &["`rolling` prolongs the session at every use, so there is nothing left to `renew`"],
        ),
        (
            quote!(max_age = "1d", absolute = "1h"),
            &["the session would always end before its `max_age`: make `absolute` the longer one"],
        ),
        (
            quote!(compat = "egg", absolute = "30d"),
            &[
                "a Node app knows no absolute age, and would prolong the session: leave out `compat` or `absolute`",
            ],
        ),
        (
            quote!(compat = "koa", encrypt),
            &["koa-session encrypts nothing: leave out `compat` or `encrypt`"],
        ),
        (
            quote!(signed = false, encrypt = false),
            &["a session that is neither signed nor encrypted can be changed by anybody"],
        ),
        (
            quote!(external_key = get),
            &[
                "two functions say where the id comes from and goes to: write `external_key = (get, set)`",
            ],
        ),
        (
            quote!(same_site = "none", secure = false),
            &[
                "browsers drop a cookie that is `same_site = \"none\"` and not secure: leave out `secure = false`",
            ],
        ),
        (
            quote!(key = "__Host-s", domain = "example.com"),
            &["a cookie whose name begins with `__Host-` has no domain, or browsers drop it"],
        ),
        (quote!(max_age = "1 dya"), &["`\"1 dya\"` is no age"]),
        (
            quote!(compat = "express"),
            &["`compat` cannot be `\"express\"`: `compat = \"koa\"`, `compat = \"egg\"`"],
        ),
        (
            quote!(renw),
            &["`#[session]` has no option `renw`: did you mean `renew`?"],
        ),
    ] {
        assert_eq!(said(options.clone()), messages, "{options}");
    }
}

#[test]
fn is_a_struct_with_named_fields() {
    for (item, message) in [
        (
            quote!(
                fn f() {}
            ),
            "a session is a struct: write `#[session]` on one",
        ),
        (
            quote!(
                enum Kind {
                    A,
                }
            ),
            "a session is a struct, whose fields are written by their names: make `Kind` one",
        ),
        (
            quote!(
                struct One(u8);
            ),
            "a session has fields with names: write `struct One { .. }`",
        ),
        (
            quote!(
                struct Of<T> {
                    of: T,
                }
            ),
            "a session is one type: it can have no type parameters and no lifetimes",
        ),
    ] {
        let mut errors = Errors::default();
        assert!(model::item(item, &mut errors).is_none());
        assert_eq!(first_lines(&errors), [message]);
    }
}
