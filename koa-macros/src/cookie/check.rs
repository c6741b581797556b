//! What a browser would drop, as far as literals say it: RFC 6265bis.

use super::model::{Described, Text, Value};
use crate::errors::Errors;

/// 400 days, in milliseconds.
const LONGEST: u64 = 400 * 24 * 60 * 60 * 1000;

/// How many bytes of a name, and of an attribute, a browser takes.
const LARGEST: usize = 4096;
const LARGEST_ATTRIBUTE: usize = 1024;

pub(crate) fn check(described: &Described, errors: &mut Errors) {
    name(described, errors);
    lasting(described, errors);
    places(described, errors);
    across_sites(described, errors);
}

fn name(described: &Described, errors: &mut Errors) {
    let Text::Known(literal) = &described.name else {
        return;
    };
    let name = literal.value();
    if name.is_empty() {
        errors.push(literal, "the name of a cookie is not empty");
    }
    if name.len() > LARGEST {
        errors.push(
            literal,
            "a cookie of more than 4096 bytes is dropped by browsers",
        );
    }
    let wrong = |c: &char| !matches!(c, '!'..='~') || matches!(c, ';' | '=' | ',' | '"');
    if let Some(wrong) = name.chars().find(wrong) {
        errors.push(
            literal,
            format!("{wrong:?} cannot be in the name of a cookie, which is visible ASCII without `;`, `=`, `,` and `\"`"),
        );
    }
    let is = |prefix: &str| {
        name.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let prefix = match () {
        () if is("__Host-") => "__Host-",
        () if is("__Secure-") => "__Secure-",
        () => return,
    };
    let mut must = |attribute: &str, what: &str| {
        if let Some(attribute) = described.get(attribute) {
            errors.add(syn::Error::new(
                attribute.span,
                format!("a cookie whose name begins with `{prefix}` {what}, or browsers drop it"),
            ));
        }
    };
    if described.flag("secure") == Some(false) {
        must("secure", "is secure");
    }
    if prefix == "__Host-" {
        must("domain", "has no domain");
        if text(described, "path").is_some_and(|path| path != "/") {
            must("path", "has the path `/`");
        }
    }
}

fn lasting(described: &Described, errors: &mut Errors) {
    let Some(attribute) = described.get("max_age") else {
        return;
    };
    let message = match attribute.value {
        Value::Age(0) => "a cookie with a max age of 0 is gone at once: remove it instead",
        Value::Age(age) if age > LONGEST => "browsers keep a cookie for 400 days at most",
        _ => return,
    };
    errors.add(syn::Error::new(attribute.span, message));
}

fn places(described: &Described, errors: &mut Errors) {
    for name in ["path", "domain"] {
        let (Some(text), Some(attribute)) = (text(described, name), described.get(name)) else {
            continue;
        };
        let message = if text.len() > LARGEST_ATTRIBUTE {
            format!("a {name} of more than 1024 bytes is dropped by browsers")
        } else if name == "path" && !text.bytes().all(|b| matches!(b, b' '..=b':' | b'='..=b'~')) {
            "a path is ASCII without `;`, `<` and control characters".to_owned()
        } else if name == "path" && !text.is_empty() && !text.starts_with('/') {
            format!(
                "browsers take no path that does not begin with `/`: write `path = \"/{text}\"`"
            )
        } else if name == "path" && text.ends_with(' ') {
            "browsers leave out a space at the end of a path".to_owned()
        } else if name == "domain" && !is_domain(text) {
            format!("`{text}` is no domain: write `domain = \"example.com\"`")
        } else {
            continue;
        };
        errors.add(syn::Error::new(attribute.span, message));
    }
}

/// Labels of letters, digits and inner hyphens, up to 63 of them each.
fn is_domain(domain: &str) -> bool {
    let labels = domain.strip_prefix('.').unwrap_or(domain);
    labels.split('.').all(|label| {
        matches!(label.len(), 1..=63)
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

fn across_sites(described: &Described, errors: &mut Errors) {
    let insecure = described.flag("secure") == Some(false);
    let site = described.get("same_site");
    let is_none = site.is_some_and(|site| matches!(site.value, Value::Variant(_, "None")));
    if let Some(site) = site.filter(|_| is_none && insecure) {
        errors.add(syn::Error::new(
            site.span,
            "browsers drop a cookie that is `same_site = \"none\"` and not secure: leave out `secure = false`",
        ));
    }
    let partitioned = described
        .get("partitioned")
        .filter(|_| described.flag("partitioned") == Some(true));
    let Some(partitioned) = partitioned else {
        return;
    };
    if insecure {
        errors.add(syn::Error::new(
            partitioned.span,
            "browsers drop a cookie that is partitioned and not secure: leave out `secure = false`",
        ));
    }
    let unknown = site.is_some_and(|site| matches!(site.value, Value::Unknown(_)));
    if !is_none && !unknown {
        errors.add(syn::Error::new(
            partitioned.span,
            "a partitioned cookie is for embedded pages, which need `same_site = \"none\"` as well",
        ));
    }
}

/// An attribute's text, where it is known.
fn text<'d>(described: &'d Described, name: &str) -> Option<&'d str> {
    match &described.get(name)?.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
