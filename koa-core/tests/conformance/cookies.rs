//! The operations on `ctx.cookies`, and what the apps of such cases are set to.
//!
//! Cases of Koa and of Egg are replayed with `Compat::Koa` and `Compat::Egg`, which are as lenient as the packages. A call
//! of Koa's without options neither signs nor verifies, whatever the keys: it is one with `signed(false)` here.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use koa::{
    Algorithm, Compat, Context, Cookie, CookieSettings, Encoding, Keygrip, Priority, Result,
    SameSite,
};
use serde_json::Value;

use crate::cases::{AppSettings, Case, KeygripSettings, Step};
use crate::operations::{Output, instant, string};

pub(crate) fn perform(step: &Step, ctx: &mut Context, case: &Case) -> Option<Result<Output>> {
    let name = step.args.first().and_then(Value::as_str);
    Some(match step.op.as_str() {
        "cookies.get" => get(name?, step.args.get(1), ctx, case),
        "cookies.set" => set(name?, step, ctx, case),
        _ => return None,
    })
}

/// Whether a step reads the lines that `ctx.cookies` wrote.
pub(crate) fn are_lines_of(step: &Step, case: &Case) -> bool {
    let field = step.args.first().and_then(Value::as_str);
    step.op == "response.get"
        && field.is_some_and(|field| field.eq_ignore_ascii_case("set-cookie"))
        && case.any_step(&|step| step.op.starts_with("cookies."))
}

fn get(name: &str, options: Option<&Value>, ctx: &mut Context, case: &Case) -> Result<Output> {
    let cookie = described(name, options, ctx, case);
    let value = ctx.cookies().get(cookie)?;
    Ok(Output::Value(value.into()))
}

fn set(name: &str, step: &Step, ctx: &mut Context, case: &Case) -> Result<Output> {
    let cookie = described(name, step.args.get(2), ctx, case);
    match &step.args[1] {
        Value::Null | Value::Object(_) => ctx.cookies().remove(cookie)?,
        value => ctx.cookies().set(cookie, string(value))?,
    }
    Ok(Output::Nothing)
}

fn described<'a>(
    name: &'a str,
    options: Option<&'a Value>,
    ctx: &Context,
    case: &Case,
) -> Cookie<'a> {
    match options {
        Some(options) => with(Cookie::new(name), options, ctx.app().now()),
        None if case.app.egg.is_some() => Cookie::new(name),
        None => Cookie::new(name).signed(false),
    }
}

/// A cookie with the options of a session that are its own.
pub(crate) fn described_by<'a>(cookie: Cookie<'a>, options: &'a Value) -> Cookie<'a> {
    let mut options = options.clone();
    if let Some(options) = options.as_object_mut() {
        options.remove("maxAge");
    }
    let options: &'static Value = Box::leak(Box::new(options));
    with(cookie, options, SystemTime::UNIX_EPOCH)
}

/// A cookie with the options of `cookies.set`.
fn with<'a>(mut cookie: Cookie<'a>, options: &'a Value, now: SystemTime) -> Cookie<'a> {
    for (name, value) in options.as_object().into_iter().flatten() {
        let is = value.as_bool().unwrap_or(false);
        cookie = match (name.as_str(), value) {
            ("maxAge", Value::Number(age)) => {
                let age = age.as_i64().unwrap();
                let span = Duration::from_millis(age.unsigned_abs());
                match age {
                    // No `Duration` is negative: what is past is said as a date.
                    ..0 => cookie.expires(now - span),
                    0.. => cookie.max_age(span),
                }
            }
            ("expires", date) => cookie.expires(instant(date["$date"].as_str().unwrap())),
            ("path", path) => cookie.path(path.as_str().unwrap_or("")),
            ("domain", domain) => cookie.domain(domain.as_str().unwrap_or("")),
            ("secure", _) => cookie.secure(is),
            ("httpOnly", _) => cookie.http_only(is),
            ("sameSite", Value::String(text)) if !text.is_empty() => {
                cookie.same_site(SameSite::named(text))
            }
            ("sameSite", _) if is => cookie.same_site(SameSite::Strict),
            ("sameSite", _) => cookie.same_site(SameSite::Unset),
            ("priority", Value::String(text)) if !text.is_empty() => {
                cookie.priority(Priority::named(text))
            }
            ("partitioned", _) => cookie.partitioned(is),
            ("removeUnpartitioned", _) => cookie.remove_unpartitioned(is),
            ("signed", _) => cookie.signed(is),
            ("encrypt", _) => cookie.encrypt(is),
            ("overwrite", _) => cookie.overwrite(is),
            _ => cookie,
        };
    }
    cookie
}

/// The clock of a case, which stands still.
pub(crate) fn clock(case: &Case) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let now = instant(&case.clock);
    move || now
}

pub(crate) fn settings(app: &AppSettings) -> CookieSettings {
    let Some(egg) = &app.egg else {
        return CookieSettings::new().compat(Compat::Koa);
    };
    // What an app is set to lives as long as the process.
    let options: &'static Value = Box::leak(Box::new(egg.cookies.clone()));
    CookieSettings::new()
        .compat(Compat::Egg)
        .defaults(with(Cookie::defaults(), options, SystemTime::UNIX_EPOCH))
        .auto_chips(options["autoChips"] == true)
}

pub(crate) fn keys(app: &AppSettings) -> Option<Keygrip> {
    match (&app.keygrip, &app.egg, &app.keys) {
        (Some(settings), ..) => Some(keygrip(settings)),
        (None, Some(egg), _) => Some(egg.keys.as_str().into()),
        (None, None, Some(keys)) => Some(keys.as_slice().into()),
        (None, None, None) => None,
    }
}

pub(crate) fn keygrip(settings: &KeygripSettings) -> Keygrip {
    let bytes = |key: &Value| match key["$bytes"].as_str() {
        Some(bytes) => STANDARD.decode(bytes).unwrap(),
        None => string(key).into_bytes(),
    };
    Keygrip::new(settings.keys.iter().map(bytes))
        .algorithm(match settings.algorithm.as_deref() {
            None | Some("sha1") => Algorithm::Sha1,
            Some("sha256") => Algorithm::Sha256,
            Some("sha384") => Algorithm::Sha384,
            Some("sha512") => Algorithm::Sha512,
            Some(other) => panic!("no algorithm {other}"),
        })
        .encoding(match settings.encoding.as_deref() {
            None | Some("base64") => Encoding::Base64,
            Some("hex") => Encoding::Hex,
            Some(other) => panic!("no encoding {other}"),
        })
}
