//! The operations of the cases: each is one call of the public API.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use koa::http::{HeaderMap, HeaderName, HeaderValue, Method};
use koa::{Attachment, Body, Context, Error, Is, Result, ensure, throw};
use serde_json::{Map, Value, json};

use crate::app::{ContextValues, Custom};
use crate::cases::{Case, Step};
use crate::cookies;
use crate::record::Record;
use crate::streams::Chunks;

pub(crate) enum Output {
    Nothing,
    Value(Value),
    /// An error, as it is described.
    Error(Option<Value>),
}

/// What the cases keep in `ctx.state`.
#[derive(Default)]
struct State(HashMap<String, Value>);

pub(crate) fn perform(
    step: &Step,
    ctx: &mut Context,
    case: &Case,
    record: &Record,
) -> Result<Output> {
    if let Some(output) = cookies::perform(step, ctx, case) {
        return output;
    }
    match step.op.strip_suffix('=') {
        Some(name) => set(name, step, ctx).map(|()| Output::Nothing),
        None => match get(step, ctx) {
            // Node keeps the lines of cookies in a list, also a single one.
            Some(line @ Value::String(_)) if cookies::are_lines_of(step, case) => {
                Ok(Output::Value(match line.as_str() {
                    Some("") => line,
                    _ => json!([line]),
                }))
            }
            Some(value) => Ok(Output::Value(value)),
            None => call(step, ctx, record).map(|()| Output::Nothing),
        },
    }
}

/// Operations that give a value.
fn get(step: &Step, ctx: &mut Context) -> Option<Value> {
    let names = names(&step.args);
    Some(match step.op.as_str() {
        "method" => ctx.method().as_str().into(),
        "url" => ctx.url().into(),
        // An empty path is what Node has no path for.
        "path" => match ctx.path() {
            "" => Value::Null,
            path => path.into(),
        },
        "querystring" => ctx.querystring().into(),
        "search" => ctx.search().into(),
        "originalUrl" => ctx.original_url().into(),
        "origin" => ctx.origin().into(),
        "href" => ctx.href().into(),
        "host" => ctx.host().into(),
        "hostname" => ctx.hostname().into(),
        "protocol" => ctx.protocol().into(),
        "query" => query(ctx),
        "URL" => ctx
            .parsed_url()
            .map_or_else(|| json!({}), |url| parts(&url)),
        "fresh" => ctx.fresh().into(),
        "stale" => ctx.stale().into(),
        "secure" => ctx.secure().into(),
        "idempotent" => ctx.request.idempotent().into(),
        "headerSent" => ctx.header_sent().into(),
        "writable" => ctx.writable().into(),
        "ip" => ctx.ip().into(),
        "ips" => list(ctx.ips()),
        "subdomains" => list(ctx.subdomains()),
        "socket" => json!({
            "remoteAddress": ctx.socket().remote_ip().map(|ip| ip.to_string()),
            "encrypted": ctx.socket().encrypted(),
        }),
        "get" => ctx.get(names[0]).into(),
        "request.length" => ctx.request.length().into(),
        "request.type" => ctx.request.type_().into(),
        "request.charset" => ctx.request.charset().into(),
        "request.headers" | "request.header" => {
            let names = ctx.headers().keys();
            let one = |name: &HeaderName| (name.to_string(), ctx.get(name.as_str()).into());
            let mut headers: Map<_, Value> = names.map(one).collect();
            // The client of these cases adds it.
            headers.remove("connection");
            headers.into()
        }
        "accepts" if names.is_empty() => list(ctx.accepted_types()),
        "accepts" => or_false(ctx.accepts(names)),
        "acceptsEncodings" if names.is_empty() => list(ctx.accepted_encodings()),
        "acceptsEncodings" => or_false(ctx.accepts_encodings(names)),
        "acceptsCharsets" if names.is_empty() => list(ctx.accepted_charsets()),
        "acceptsCharsets" => or_false(ctx.accepts_charsets(names)),
        "acceptsLanguages" if names.is_empty() => list(ctx.accepted_languages()),
        "acceptsLanguages" => or_false(ctx.accepts_languages(names)),
        "is" => match ctx.is(names) {
            Is::Type(name) => name.into(),
            Is::Other => false.into(),
            Is::NoBody => Value::Null,
        },
        "response.is" => or_false(ctx.response.is(names).as_deref()),
        "status" => ctx.status().into(),
        "message" => match ctx.message() {
            "" => Value::Null,
            message => message.into(),
        },
        "body" => body(ctx.body()),
        "length" => ctx.length().into(),
        "type" => ctx.type_().into(),
        "etag" => ctx.etag().into(),
        "lastModified" => ctx.last_modified().map_or(Value::Null, date),
        "has" => ctx.has(names[0]).into(),
        "response.get" => response_header(ctx, names[0]),
        "response.headers" | "response.header" => {
            let names: Vec<_> = ctx
                .response
                .headers()
                .keys()
                .map(HeaderName::as_str)
                .collect();
            let length = ctx.has("Content-Length").then_some("content-length");
            let names = names.into_iter().chain(length);
            let one = |name: &str| (name.to_owned(), response_header(ctx, name));
            names.map(one).collect::<Map<_, _>>().into()
        }
        "state" => {
            let value = ctx
                .state
                .get::<State>()
                .and_then(|state| state.0.get(names[0]));
            value.cloned().unwrap_or(Value::Null)
        }
        "ctx" => {
            let values = ctx.app().value::<ContextValues>();
            values
                .and_then(|values| values.0.get(names[0]))
                .cloned()
                .unwrap_or(Value::Null)
        }
        "app" => match names[0] {
            "env" => ctx.app().env().into(),
            "proxy" => ctx.app().proxy().into(),
            "silent" => ctx.app().silent().into(),
            "subdomainOffset" => ctx.app().subdomain_offset().into(),
            "proxyIpHeader" => ctx.app().proxy_ip_header().into(),
            "maxIpsCount" => ctx.app().max_ips_count().into(),
            "keys" => match ctx.app().keys().collect::<Vec<_>>() {
                keys if keys.is_empty() => Value::Null,
                keys => {
                    let keys = keys.into_iter().map(String::from_utf8_lossy);
                    list(keys.collect())
                }
            },
            other => panic!("no setting {other}"),
        },
        "app.toJSON" => ctx.app().to_json(),
        _ => return None,
    })
}

/// Operations that assign.
fn set(name: &str, step: &Step, ctx: &mut Context) -> Result {
    let arg = step.args.first().unwrap_or(&Value::Null);
    let text = || arg.as_str().unwrap();
    match name {
        "method" => ctx.set_method(Method::from_bytes(text().as_bytes())?),
        "url" => ctx.set_url(text()),
        "path" => ctx.set_path(text()),
        "querystring" => ctx.set_querystring(text()),
        "search" => ctx.set_search(text()),
        "query" => ctx.set_query(pairs(arg)),
        "request.headers" | "request.header" => {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs(arg) {
                headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
            }
            ctx.request.set_headers(headers);
        }
        "status" => ctx.set_status(arg.as_i64().unwrap())?,
        "message" => ctx.set_message(text())?,
        "body" => set_body(arg, ctx),
        "length" => ctx.set_length(arg.as_u64().unwrap()),
        "type" => ctx.set_type(text())?,
        "etag" => ctx.set_etag(text())?,
        "lastModified" => match arg["$date"].as_str() {
            Some(date) => ctx.set_last_modified(instant(date))?,
            None => ctx.set_last_modified(text())?,
        },
        // A response is taken over by giving it, not by a setting.
        "respond" => {}
        "state" => {
            let state = ctx.state.get_or_default::<State>();
            state.0.insert(text().to_owned(), step.args[1].clone());
        }
        other => panic!("no operation {other}="),
    }
    Ok(())
}

/// Operations that only do something.
fn call(step: &Step, ctx: &mut Context, record: &Record) -> Result {
    let args = &step.args;
    let text = |index: usize| args.get(index).and_then(Value::as_str);
    let field = text(0).unwrap_or("");
    match step.op.as_str() {
        "set" => match &args[1] {
            Value::Array(_) => ctx.set(field, strings(&args[1])),
            value => ctx.set(field, string(value)),
        },
        "set.fields" => {
            let fields = args[0].as_array().unwrap().iter();
            ctx.set_all(fields.map(|pair| (string(&pair[0]), lines(&pair[1]))))
        }
        "append" => match &args[1] {
            Value::Array(_) => ctx.append(field, strings(&args[1])),
            value => ctx.append(field, string(value)),
        },
        "remove" => {
            ctx.remove(field);
            Ok(())
        }
        "vary" => match &args[0] {
            Value::Array(_) => ctx.vary(names(&args[..1]).as_slice()),
            _ => ctx.vary(field),
        },
        "redirect" if field == "back" => ctx.redirect_back(text(1)),
        "redirect" => ctx.redirect(field),
        "attachment" => {
            let options = args.get(1).unwrap_or(&Value::Null);
            let mut attachment = text(0).map_or(Attachment::unnamed(), Attachment::new);
            if let Some(kind) = options["type"].as_str() {
                attachment = attachment.kind(kind);
            }
            match &options["fallback"] {
                Value::Bool(false) => attachment = attachment.without_fallback(),
                Value::String(name) => attachment = attachment.fallback(name),
                _ => {}
            }
            ctx.attachment(attachment)
        }
        "res.end" => {
            // Node's raw response has the headers that were set on the context.
            let mut response = koa::http::Response::new(string(&args[2]));
            *response.status_mut() = u16::try_from(args[0].as_u64().unwrap())?.try_into()?;
            let mut headers = ctx.response.headers().clone();
            let added = pairs(&args[1]);
            for (name, _) in &added {
                headers.remove(name.as_str());
            }
            for (name, value) in added {
                headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
            }
            *response.headers_mut() = headers;
            ctx.respond_with(response);
            Ok(())
        }
        "app.emit" => {
            record.event(json!({"event": args[0], "payload": args.get(1)}));
            ctx.app().emit(&Custom);
            Ok(())
        }
        "throw" => throw!(thrown(args)),
        "assert" if args.len() == 1 => {
            ensure!(args[0].as_bool().unwrap(), 500);
            Ok(())
        }
        "assert" => {
            ensure!(args[0].as_bool().unwrap(), thrown(&args[1..]));
            Ok(())
        }
        "assert.equal" => {
            koa::ensure_eq!(text(0), text(1), thrown(&args[2..]));
            Ok(())
        }
        "raise" => throw!(raised(&args[0])),
        "onerror" => {
            ctx.onerror(raised(&args[0]));
            Ok(())
        }
        other => panic!("no operation {other}"),
    }
}

fn names(args: &[Value]) -> Vec<&str> {
    args.iter()
        .flat_map(|arg| match arg {
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            name => name.as_str().into_iter().collect::<Vec<_>>(),
        })
        .collect()
}

pub(crate) fn string(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One line or several.
fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Array(_) => strings(value),
        value => vec![string(value)],
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(string).collect()
}

/// `[name, value or list of values]` pairs, with a pair for each value.
fn pairs(value: &Value) -> Vec<(String, String)> {
    let pairs = value.as_array().unwrap().iter();
    pairs
        .flat_map(|pair| {
            let values = match &pair[1] {
                Value::Array(values) => values.iter().map(string).collect(),
                value => vec![string(value)],
            };
            values.into_iter().map(|value| (string(&pair[0]), value))
        })
        .collect()
}

fn list(parts: Vec<Cow<'_, str>>) -> Value {
    parts.into_iter().map(Value::from).collect()
}

fn or_false(name: Option<&str>) -> Value {
    name.map_or(Value::Bool(false), Value::from)
}

fn query(ctx: &Context) -> Value {
    let query = ctx.query_pairs();
    let groups = query.grouped().into_iter().map(|(name, values)| {
        let value = match values.as_slice() {
            [value] => (*value).into(),
            values => values.into(),
        };
        (name.to_owned(), value)
    });
    groups.collect::<Map<_, _>>().into()
}

fn parts(url: &koa::url::Url) -> Value {
    use koa::url::Position;
    let and = |mark: &str, part: Option<&str>| match part {
        Some(part) if !part.is_empty() => format!("{mark}{part}"),
        _ => String::new(),
    };
    json!({
        "href": url.as_str(),
        "origin": url.origin().ascii_serialization(),
        "protocol": format!("{}:", url.scheme()),
        "username": url.username(),
        "password": url.password().unwrap_or(""),
        "host": &url[Position::BeforeHost..Position::AfterPort],
        "hostname": url.host_str().unwrap_or(""),
        "port": url.port().map_or(String::new(), |port| port.to_string()),
        "pathname": url.path(),
        "search": and("?", url.query()),
        "hash": and("#", url.fragment()),
    })
}

fn body(body: &Body) -> Value {
    if body.is_stream() {
        return json!({"$stream": true});
    }
    match (body.as_text(), body.as_bytes()) {
        (Some(text), _) => text.into(),
        (None, Some(bytes)) if body.is_json() => serde_json::from_slice(bytes).unwrap(),
        (None, Some(bytes)) => json!({"$bytes": STANDARD.encode(bytes)}),
        (None, None) => Value::Null,
    }
}

fn set_body(value: &Value, ctx: &mut Context) {
    if let Some(bytes) = value["$bytes"].as_str() {
        ctx.set_body(STANDARD.decode(bytes).unwrap());
    } else if let Some(chunks) = value["$stream"].as_array() {
        let chunk = |chunk: &Value| match chunk["$bytes"].as_str() {
            Some(bytes) => STANDARD.decode(bytes).unwrap(),
            None => string(chunk).into_bytes(),
        };
        ctx.set_body(Body::stream(Chunks {
            chunks: chunks.iter().map(chunk).collect(),
            error: value.get("$error").map(raised),
        }));
    } else if value.is_null() {
        ctx.set_body(());
    } else if value["$undefined"] == true {
        ctx.set_body(None::<Body>);
    } else if let Some(text) = value.as_str() {
        ctx.set_body(text.to_owned());
    } else {
        ctx.set_body(value.clone());
    }
}

fn response_header(ctx: &Context, field: &str) -> Value {
    let lines = ctx.response.headers().get_all(field).iter();
    let lines: Vec<_> = lines
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    match lines.as_slice() {
        [] => ctx.response.get(field).into(),
        [line] => line.clone().into(),
        lines => list(lines.to_vec()),
    }
}

/// The error of a `throw`: a status, a message, an error and properties, each of which may be left out.
fn thrown(args: &[Value]) -> Error {
    let status = args.iter().find_map(Value::as_i64);
    let message = args.iter().find_map(Value::as_str);
    let object = |is_error: bool| {
        args.iter()
            .find(|arg| arg.is_object() && arg.get("$error").is_some() == is_error)
    };
    let inner = object(true).map(|error| &error["$error"]);
    let own = |name: &str| inner.and_then(|inner| inner[name].as_i64());
    // An error that is thrown keeps the status it has.
    let status = own("status").or_else(|| own("statusCode")).or(status);
    let replaced = object(false).and_then(|properties| properties["message"].as_str());
    let message = replaced
        .or(message)
        .or_else(|| inner.and_then(|inner| inner["message"].as_str()));
    let error = match message {
        Some(message) => Error::new(status.unwrap_or(500), message.to_owned()),
        None => Error::from_status(status.unwrap_or(500)),
    };
    let error = inner.into_iter().fold(error, decorated);
    object(false).into_iter().fold(error, decorated)
}

/// An error of another kind than Koa's, which brings its properties along.
fn raised(value: &Value) -> Error {
    let message = value["message"].as_str().unwrap_or("").to_owned();
    let mut error: Error = if value["code"] == "ENOENT" {
        std::io::Error::new(std::io::ErrorKind::NotFound, message).into()
    } else {
        Error::internal(message)
    };
    if let Some(status) = value["status"]
        .as_i64()
        .or_else(|| value["statusCode"].as_i64())
    {
        error = error.with_status(status);
    }
    decorated(error, value)
}

fn decorated(mut error: Error, properties: &Value) -> Error {
    for (name, value) in properties.as_object().unwrap() {
        error = match name.as_str() {
            "message" | "status" | "statusCode" => error,
            "expose" => error.with_expose(value.as_bool().unwrap()),
            "headers" => value
                .as_object()
                .unwrap()
                .iter()
                .flat_map(|(name, value)| lines(value).into_iter().map(move |line| (name, line)))
                .fold(error, |error, (name, line)| error.with_header(name, &line)),
            "code" if value == "ENOENT" && error.source().is_some() => error,
            _ => error.with_property(name, value.clone()),
        };
    }
    error
}

fn date(date: SystemTime) -> Value {
    let millis = match date.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_millis()).unwrap(),
        Err(before) => -i128::try_from(before.duration().as_millis()).unwrap(),
    };
    let (seconds, millis) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    json!({"$date": format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")})
}

/// Year, month and day of a number of days since 1970.
fn civil(days: i128) -> (i128, i128, i128) {
    let mut year = 1970;
    let mut left = days;
    let leap = |year: i128| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = |year| if leap(year) { 366 } else { 365 };
    while left < 0 {
        year -= 1;
        left += length(year);
    }
    while left >= length(year) {
        left -= length(year);
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    (year, month, left + 1)
}

/// A date such as `2026-01-01T00:00:00.000Z`.
pub(crate) fn instant(date: &str) -> SystemTime {
    let number = |range: std::ops::Range<usize>| date[range].parse::<u64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let mut days = i128::from(year - 1970) * 365;
    while civil(days) < (i128::from(year), i128::from(month), i128::from(day)) {
        days += 1;
    }
    let seconds = u64::try_from(days).unwrap() * 86_400
        + number(11..13) * 3600
        + number(14..16) * 60
        + number(17..19);
    SystemTime::UNIX_EPOCH + Duration::from_millis(seconds * 1000 + number(20..23))
}
