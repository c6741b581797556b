//! What a cookie may say: the characters of each part, and what contradicts what.

use std::time::{Duration, SystemTime};

use crate::cookies::settings::Form;
use crate::cookies::{Cookie, Priority, SameSite};
use crate::error::{Error, Result};

/// How long a browser keeps a cookie at most.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How many bytes of a name and its value together a browser takes.
const LARGEST: usize = 4096;

/// How long a value may be before a browser might drop it, in characters.
pub(super) const WARN: usize = 4093;

/// How many bytes of an attribute a browser takes.
const LARGEST_ATTRIBUTE: usize = 1024;

/// Refuses what the packages refuse, and in the own form what a browser would drop or misread. `value` is as it is sent.
pub(super) fn check(form: Form, cookie: &Cookie, value: &str) -> Result {
    let name = cookie.name;
    if name.is_empty() || !is_name(form, name) {
        return Err(refused(
            form,
            "argument name is invalid",
            name,
            "a name is made of visible ASCII characters without `;`, `=`, `,` and `\"`",
        ));
    }
    if !is_value(form, value) {
        return Err(refused(
            form,
            "argument value is invalid",
            name,
            "a value is made of ASCII characters without `;` and control characters, does not begin with a quote, and \
             neither begins nor ends with a space; encode it, or encrypt it",
        ));
    }
    if let Some(path) = cookie.path
        && path != "/"
        && !is_path(form, path)
    {
        return Err(refused(
            form,
            of_form(form, "argument option path is invalid"),
            name,
            "a path begins with `/`, is made of ASCII characters without `;`, `<` and control characters, and does not \
             end with a space",
        ));
    }
    if let Some(domain) = cookie.domain
        && !is_domain(form, domain)
    {
        return Err(refused(
            form,
            of_form(form, "argument option domain is invalid"),
            name,
            "a domain is `example.com`",
        ));
    }
    if cookie.priority == Some(Priority::Unknown) {
        return Err(refused(
            form,
            of_form(form, "argument option priority is invalid"),
            name,
            "a priority is `low`, `medium` or `high`",
        ));
    }
    if cookie.same_site == Some(SameSite::Unknown) {
        return Err(refused(
            form,
            of_form(form, "argument option sameSite is invalid"),
            name,
            "it is `strict`, `lax` or `none`",
        ));
    }
    Ok(())
}

/// Whether a browser keeps a cookie of a value of this length for so long, whatever else is said of it.
pub(super) fn is_kept(name: &str, length: usize, max_age: Option<Duration>) -> bool {
    let is_short = name.len() + length <= LARGEST && length <= WARN;
    let age = max_age.is_none_or(|age| (Duration::from_millis(1)..=LONGEST).contains(&age));
    is_short && age && length > 0
}

/// Refuses what contradicts itself, and what a browser would not keep. `secure`: whether the cookie will be.
pub(super) fn check_sense(cookie: &Cookie, value: &str, secure: bool, now: SystemTime) -> Result {
    let problem = |what: &str| {
        Err(Error::internal(format!(
            "the cookie {:?} {what}",
            cookie.name
        )))
    };
    let is = |prefix: &str| {
        cookie
            .name
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if cookie.secure == Some(false) {
        if cookie.same_site == Some(SameSite::None) {
            return problem("is `SameSite=None` but not secure: browsers drop it");
        }
        if cookie.partitioned == Some(true) {
            return problem("is partitioned but not secure: browsers drop it");
        }
    }
    if cookie.partitioned == Some(true) && cookie.same_site != Some(SameSite::None) {
        return problem("is partitioned, which needs `SameSite::None`");
    }
    if (is("__Secure-") || is("__Host-")) && !secure {
        return problem("must be secure, by the prefix of its name: set it over TLS");
    }
    if is("__Host-") {
        if cookie.domain.is_some_and(|domain| !domain.is_empty()) {
            return problem("must have no domain, by the prefix of its name");
        }
        if cookie.path.is_some_and(|path| path != "/") {
            return problem("must have the path `/`, by the prefix of its name");
        }
    }
    if cookie.name.len() + value.len() > LARGEST {
        return problem(
            "is longer than 4096 bytes, and browsers drop it: keep the data in a store",
        );
    }
    let long = |part: Option<&str>| part.is_some_and(|part| part.len() > LARGEST_ATTRIBUTE);
    if long(cookie.path) || long(cookie.domain) {
        return problem("has an attribute of more than 1024 bytes, which browsers drop");
    }
    if value.is_empty() {
        return Ok(());
    }
    match cookie.max_age {
        Some(age) if age.is_zero() => {
            return problem("has a max age of 0: `remove` it instead");
        }
        Some(age) if age > LONGEST => {
            return problem(
                "has a max age of more than 400 days, the longest that browsers keep it",
            );
        }
        None if cookie.expires.is_some_and(|at| at > now + LONGEST) => {
            return problem("expires in more than 400 days, the longest that browsers keep it");
        }
        _ => {}
    }
    Ok(())
}

/// The packages' own words under `compat`, and what is wrong in the own form.
fn refused(form: Form, message: &'static str, name: &str, allowed: &str) -> Error {
    match form {
        Form::Own => Error::internal(format!("{message} (of the cookie {name:?}): {allowed}")),
        Form::Koa | Form::Egg => Error::internal(message),
    }
}

/// What `egg-cookies` calls an argument is an option in `cookies`.
fn of_form(form: Form, message: &'static str) -> &'static str {
    match form {
        Form::Egg => message,
        Form::Own | Form::Koa => message.trim_start_matches("argument "),
    }
}

/// The packages take spaces, commas and quotes as well.
fn is_name(form: Form, name: &str) -> bool {
    if form == Form::Own {
        let own = |byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b',' | b'"' | b';' | b'=');
        return name.bytes().all(own);
    }
    is_content(form, name) && !name.contains([';', '='])
}

/// Browsers leave out spaces around a value, and drop a cookie with a tab in it; who reads the value leaves out quotes
/// around it.
fn is_value(form: Form, value: &str) -> bool {
    let is_kept = form != Form::Own || !(value.starts_with([' ', '"']) || value.ends_with(' '));
    is_kept && is_content(form, value) && !value.contains(';')
}

/// What can stand in a header. Beyond ASCII only as the packages take it, up to U+00FF, which leaves as UTF-8.
fn is_content(form: Form, text: &str) -> bool {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return true;
    }
    let taken = |c: char| matches!(c, '\t' | ' '..='~' | '\u{80}'..='\u{ff}');
    form != Form::Own && text.chars().all(taken)
}

fn is_path(form: Form, path: &str) -> bool {
    let is_kept = path.is_empty() || (path.starts_with('/') && !path.ends_with(' '));
    let of_packages = |path: &str| {
        path.bytes()
            .all(|byte| matches!(byte, b' '..=b':' | b'='..=b'~'))
    };
    match form {
        Form::Own => is_kept && of_packages(path),
        Form::Koa => of_packages(path),
        Form::Egg => is_content(form, path) && !path.contains(';'),
    }
}

/// Labels of letters, digits and inner hyphens, up to 63 of them each. `egg-cookies` takes nearly anything.
fn is_domain(form: Form, domain: &str) -> bool {
    if domain.is_empty() {
        return true;
    }
    if form == Form::Egg {
        return is_content(form, domain) && !domain.contains(';');
    }
    let labels = domain.strip_prefix('.').unwrap_or(domain);
    labels.split('.').all(|label| {
        let bytes = label.as_bytes();
        let inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        matches!(bytes.len(), 1..=63)
            && bytes.iter().all(inner)
            && bytes.first() != Some(&b'-')
            && bytes.last() != Some(&b'-')
    })
}
