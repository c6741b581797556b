//! Settings that contradict one another.

use super::model::Settings;
use crate::cookie::check as cookie;
use crate::cookie::model::{Attribute, Value};
use crate::errors::Errors;

pub(super) fn check(settings: &Settings, errors: &mut Errors) {
    let described = &settings.described;
    cookie::check(described, errors);
    let mut refuse = |attribute: &Attribute, message: &str| {
        errors.add(syn::Error::new(attribute.span, message));
    };
    let on = |name: &str| {
        described
            .get(name)
            .filter(|_| described.flag(name) == Some(true))
    };
    let age = |name: &str| match described.get(name)?.value {
        Value::Age(age) => Some(age),
        _ => None,
    };
    let life = described.get("max_age").map(|life| &life.value);
    let until_closed = matches!(life, Some(Value::Session));
    for name in ["renew", "rolling"] {
        if let Some(attribute) = on(name).filter(|_| until_closed) {
            refuse(
                attribute,
                "a session that lives until the browser is closed has no age to be prolonged",
            );
        }
    }
    if let (Some(renew), Some(_)) = (on("renew"), on("rolling")) {
        refuse(
            renew,
            "`rolling` prolongs the session at every use, so there is nothing left to `renew`",
        );
    }
    if let (Some(absolute), Some(end), Some(idle)) =
        (described.get("absolute"), age("absolute"), age("max_age"))
        && end < idle
    {
        refuse(
            absolute,
            "the session would always end before its `max_age`: make `absolute` the longer one",
        );
    }
    if let Some(compat) = settings.compat() {
        if let Some(absolute) = described.get("absolute") {
            refuse(
                absolute,
                "a Node app knows no absolute age, and would prolong the session: leave out `compat` or `absolute`",
            );
        }
        if let Some(encrypt) = on("encrypt").filter(|_| compat == "Koa") {
            refuse(
                encrypt,
                "koa-session encrypts nothing: leave out `compat` or `encrypt`",
            );
        }
    }
    let open = described.flag("signed") == Some(false)
        && (described.flag("encrypt") == Some(false) || settings.compat() == Some("Koa"));
    if let Some(signed) = described.get("signed").filter(|_| open)
        && described.get("store").is_none()
        && described.get("external_key").is_none()
    {
        refuse(
            signed,
            "a session that is neither signed nor encrypted can be changed by anybody",
        );
    }
    if let Some(key) = described.get("external_key")
        && settings.external_key().is_none()
    {
        refuse(
            key,
            "two functions say where the id comes from and goes to: write `external_key = (get, set)`",
        );
    }
}
