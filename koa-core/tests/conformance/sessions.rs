//! Cases of sessions: several exchanges of one browser with one app, whose clock moves between them.
//!
//! Each exchange is replayed as a case of its own, with the clock where it then is; what goes on from one to the next is
//! the store and the count of ids.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use koa::{
    Context, EggKeygrip, EggStore, Error, FromEgg, KeyOverridden, Load, MaxAge, Result, Save,
    Session, SessionConfig, Sessions, session,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cases::{Case, Exchange, Step};
use crate::cookies;
use crate::exchange;
use crate::operations::{Output, instant, string};
use crate::record::Record;

/// What the sessions of the cases hold: each field may be missing, or null.
#[session(compat = "koa")]
#[derive(Clone)]
pub(crate) struct Data {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    user: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    visited: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    cart: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    flag: Option<Value>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "in_their_order",
        deserialize_with = "present"
    )]
    note: Option<Value>,
}

/// A note has its title first, and `Value` would sort.
fn in_their_order<S: serde::Serializer>(note: &Option<Value>, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap as _;
    let Some(Value::Object(fields)) = note else {
        return serde::Serialize::serialize(note, to);
    };
    let mut map = to.serialize_map(None)?;
    let first = fields.iter().filter(|(name, _)| *name == "title");
    let others = fields.iter().filter(|(name, _)| *name != "title");
    for (name, value) in first.chain(others) {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

fn present<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

impl Data {
    fn field(&mut self, name: &str) -> &mut Option<Value> {
        match name {
            "user" => &mut self.user,
            "visited" => &mut self.visited,
            "cart" => &mut self.cart,
            "flag" => &mut self.flag,
            "note" => &mut self.note,
            other => panic!("no field {other}"),
        }
    }
}

/// What goes on from one exchange to the next.
pub(crate) struct Continued {
    store: Option<Arc<Store>>,
    ids: Arc<AtomicUsize>,
    known: Mutex<Known>,
}

/// A store as the case describes it, which records what is asked of it.
struct Store {
    kept: Mutex<HashMap<String, (Value, SystemTime, MaxAge)>>,
    asked: Mutex<Vec<Value>>,
    fails: Vec<String>,
    forgets: bool,
    now: Mutex<SystemTime>,
}

impl Store {
    fn ask(&self, operation: &str, asked: Value) -> Result {
        self.asked.lock().unwrap().push(asked);
        if self.fails.iter().any(|fails| fails == operation) {
            return Err(Error::internal(format!("store {operation} failed")));
        }
        Ok(())
    }
}

struct Shared(Arc<Store>);

impl EggStore for Shared {
    async fn get(&self, key: &str, load: &Load) -> Result<Option<Value>> {
        let store = &self.0;
        store.ask(
            "get",
            json!(["get", key, age(load.max_age), {"rolling": load.rolling}]),
        )?;
        let now = *store.now.lock().unwrap();
        let kept = store.kept.lock().unwrap();
        let found = kept.get(key).filter(|(_, set, age)| match age {
            MaxAge::For(age) if store.forgets => now < *set + *age,
            _ => true,
        });
        Ok(found.map(|(value, ..)| value.clone()))
    }

    async fn set(&self, key: &str, value: &Value, max_age: MaxAge, save: &Save<'_>) -> Result {
        let options = json!({"changed": save.changed, "rolling": save.rolling});
        let store = &self.0;
        store.ask(
            "set",
            json!(["set", key, value, age(Some(max_age)), options]),
        )?;
        let now = *store.now.lock().unwrap();
        let kept = (value.clone(), now, max_age);
        store.kept.lock().unwrap().insert(key.to_owned(), kept);
        Ok(())
    }

    async fn destroy(&self, key: &str) -> Result {
        self.0.ask("destroy", json!(["destroy", key]))?;
        self.0.kept.lock().unwrap().remove(key);
        Ok(())
    }
}

fn age(age: Option<MaxAge>) -> Value {
    match age {
        None => Value::Null,
        Some(MaxAge::Session) => "session".into(),
        Some(MaxAge::For(age)) => json!(u64::try_from(age.as_millis()).unwrap()),
    }
}

/// Runs a case, and says what is not as recorded.
pub(crate) async fn replay(case: &Case) -> Vec<String> {
    let continued = Arc::new(Continued {
        store: case
            .app
            .store
            .as_ref()
            .map(|store| Arc::new(store_of(store, case))),
        ids: Arc::new(AtomicUsize::new(0)),
        known: Mutex::default(),
    });
    let mut failures = Vec::new();
    for (number, recorded) in case.exchanges.iter().enumerate() {
        let mut one = as_case(case, recorded, &continued);
        if case.tags.iter().any(|tag| tag == "default-id") {
            continued.known.lock().unwrap().fill_in(&mut one);
        }
        if let Some(store) = &continued.store {
            *store.now.lock().unwrap() = instant(&recorded.now);
        }
        let one = Arc::new(one);
        let mut failed = exchange::replay(&one).await;
        if let Some(store) = &continued.store {
            let asked = std::mem::take(&mut *store.asked.lock().unwrap());
            let asked = Value::from(asked).to_string();
            let asked = continued.known.lock().unwrap().named(&asked);
            let wanted = json!(recorded.store_ops).to_string();
            if serde_json::from_str::<Value>(&asked).unwrap()
                != serde_json::from_str::<Value>(&wanted).unwrap()
            {
                failed.push(format!("store: expected {wanted}, got {asked}"));
            }
        }
        failures.extend(
            failed
                .into_iter()
                .map(|failure| format!("exchange {}: {failure}", number + 1)),
        );
    }
    failures
}

fn store_of(description: &Value, case: &Case) -> Store {
    let start = instant(&case.clock);
    let initial = description["initial"].as_object().into_iter().flatten();
    let kept = initial.map(|(key, value)| (key.clone(), (value.clone(), start, MaxAge::Session)));
    let fails = description["fail"]
        .as_array()
        .into_iter()
        .flatten()
        .map(string);
    Store {
        kept: Mutex::new(kept.collect()),
        asked: Mutex::default(),
        fails: fails.collect(),
        forgets: description["ttl"] == true,
        now: Mutex::new(start),
    }
}

fn as_case(case: &Case, recorded: &Exchange, continued: &Arc<Continued>) -> Case {
    Case {
        id: case.id.clone(),
        family: case.family.clone(),
        kind: "http".to_owned(),
        clock: recorded.now.clone(),
        tags: case.tags.clone(),
        app: case.app.clone(),
        request: recorded.request.clone(),
        steps: None,
        middleware: vec![
            recorded.outer.clone().unwrap_or_default(),
            recorded.steps.clone(),
        ],
        response: recorded.response.clone(),
        trace: recorded.trace.clone(),
        events: recorded.events.clone(),
        exchanges: Vec::new(),
        uncanonical: recorded
            .set_cookies
            .iter()
            .filter(|cookie| cookie["canonical"] == false)
            .map(|cookie| string(&cookie["name"]))
            .collect(),
        continued: Some(Arc::clone(continued)),
    }
}

/// The middleware of a case's session.
pub(crate) fn middleware(case: &Case, continued: &Continued) -> Sessions<Data, KeyOverridden> {
    let options: &'static Value = Box::leak(Box::new(case.app.session.clone().unwrap_or_default()));
    let compat = match case.app.egg {
        Some(_) => koa::Compat::Egg,
        None => koa::Compat::Koa,
    };
    let flag = |name: &str| options[name].as_bool();
    let text = |name: &str| options[name].as_str();
    // What koa-session says itself; `signed` and `encrypt` are as the case has them.
    let key = text("key").unwrap_or("koa.sess");
    let mut cookie = cookies::described_by(koa::Cookie::new(key), options);
    if flag("overwrite").is_none() {
        cookie = cookie.overwrite(true);
    }
    if flag("signed").is_none() {
        cookie = cookie.signed(true);
    }
    let mut config = SessionConfig::compat(compat)
        .cookie(cookie)
        .renew(flag("renew") == Some(true))
        .rolling(flag("rolling") == Some(true))
        .auto_commit(flag("autoCommit") != Some(false))
        .prefix(text("prefix").unwrap_or(""));
    match &options["maxAge"] {
        Value::String(_) => config = config.max_age(MaxAge::Session),
        Value::Number(age) => {
            let age = Duration::from_millis(age.as_u64().unwrap());
            config = config.max_age(MaxAge::For(age));
        }
        _ => {}
    }
    let mut sessions = Sessions::with_config(config);
    if let Some(store) = &continued.store {
        sessions = sessions.store(FromEgg(Shared(Arc::clone(store))));
    }
    if let Some(valid) = options.get("valid") {
        sessions = sessions.valid(move |_, data: &Data| {
            *data.clone().field(valid["field"].as_str().unwrap()) == Some(valid["equals"].clone())
        });
    }
    if let Some(change) = options.get("beforeSave") {
        sessions = sessions.before_save(move |_, data: &mut Data| {
            *data.field(change["field"].as_str().unwrap()) = Some(change["value"].clone());
        });
    }
    if let Some(header) = options["externalKey"]["header"].as_str() {
        sessions = sessions.external_key(
            move |ctx| Some(ctx.get(header).into_owned()).filter(|id| !id.is_empty()),
            move |ctx, id| ctx.set(header, id),
        );
    }
    if let Some(genid) = options.get("genid") {
        let ids = Arc::clone(&continued.ids);
        sessions = sessions.genid(move |ctx| {
            let count = ids.fetch_add(1, Ordering::Relaxed) + 1;
            match (genid["prefix"].as_str(), genid["header"].as_str()) {
                (Some(prefix), _) => format!("{prefix}{count}"),
                (None, Some(header)) => {
                    let prefix = genid["header_prefix"].as_str().unwrap();
                    format!("{prefix}{}-{count}", ctx.get(header))
                }
                (None, None) => panic!("no genid {genid}"),
            }
        });
    }
    match options["codec"].as_str() {
        Some("hex") => sessions.codec(to_hex, from_hex),
        Some("uri") => sessions.codec(to_uri, from_uri),
        _ => sessions,
    }
}

fn to_hex(json: &str) -> String {
    json.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Result<String> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(digits).collect();
    let bytes = bytes
        .filter(|_| text.len().is_multiple_of(2) && !text.bytes().any(|b| b.is_ascii_uppercase()));
    String::from_utf8(bytes.ok_or_else(|| Error::internal("not hex"))?)
        .map_err(|_| Error::internal("not hex"))
}

fn to_uri(json: &str) -> String {
    percent_encoding::utf8_percent_encode(json, COMPONENT).to_string()
}

/// What `encodeURIComponent` leaves as it is, beside letters and digits.
const COMPONENT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

fn from_uri(text: &str) -> Result<String> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8();
    Ok(text
        .map_err(|_| Error::internal("URI malformed"))?
        .into_owned())
}

/// The operations on a session.
pub(crate) async fn perform(step: &Step, ctx: &mut Context, case: &Case) -> Option<Result<Output>> {
    if step.op != "session" && step.op != "session=" && !step.op.starts_with("session.") {
        return None;
    }
    let mut outcome = operation(step, ctx).await;
    if let (Ok(Output::Value(Value::String(id))), Some(continued)) = (&mut outcome, &case.continued)
    {
        *id = continued.known.lock().unwrap().named(id);
    }
    Some(outcome)
}

async fn operation(step: &Step, ctx: &mut Context) -> Result<Output> {
    let arg = || step.args.first().cloned().unwrap_or(Value::Null);
    match step.op.as_str() {
        "session=" => {
            let data = match arg() {
                Value::Null => None,
                data => Some(serde_json::from_value::<Data>(data)?),
            };
            ctx.set_session(data).await?;
        }
        "session.save" => ctx.save_session::<Data>().await?,
        "session.regenerate" => ctx.regenerate_session::<Data>().await?,
        "session.manuallyCommit" => ctx.commit_session::<Data>().await?,
        _ => return with(step, ctx.session().await?),
    }
    Ok(Output::Nothing)
}

fn with(step: &Step, session: &mut Session<Data>) -> Result<Output> {
    let name = || step.args[0].as_str().unwrap();
    Ok(Output::Value(match step.op.as_str() {
        "session" if session.is_destroyed() => Value::Null,
        "session" => serde_json::to_value(&**session)?,
        "session.get" => session.field(name()).clone().unwrap_or_default(),
        "session.set" => {
            *session.field(name()) = Some(step.args[1].clone());
            return Ok(Output::Nothing);
        }
        "session.delete" => {
            *session.field(name()) = None;
            return Ok(Output::Nothing);
        }
        "session.isNew" => session.is_new().into(),
        "session.populated" => session.populated()?.into(),
        "session.length" => session.length()?.into(),
        "session.maxAge" => age(session.max_age()),
        "session.maxAge=" => {
            session.set_max_age(match step.args[0].as_u64() {
                Some(age) => MaxAge::For(Duration::from_millis(age)),
                None => MaxAge::Session,
            });
            return Ok(Output::Nothing);
        }
        "session.externalKey" => session.id().into(),
        other => panic!("no operation {other}"),
    }))
}

/// A line of a cookie whose data may be written in another order: what it holds, without the signature over it.
pub(crate) fn in_order(line: &str, case: &Case) -> String {
    let (name, rest) = line.split_once('=').unwrap_or((line, ""));
    let (value, attributes) = rest.split_once(';').unwrap_or((rest, ""));
    let session = name.strip_suffix(".sig").unwrap_or(name);
    if !case.uncanonical.iter().any(|name| name == session) {
        return line.to_owned();
    }
    if session != name {
        return format!("{name}=..;{attributes}");
    }
    let json = match &case.app.egg {
        Some(egg) if value.ends_with('=') || value.contains(['-', '_']) => {
            let keys = EggKeygrip::new(egg.keys.as_str());
            keys.decrypt_cookie(value).map(|(json, _)| json)
        }
        _ => None,
    };
    let inner = json.unwrap_or_else(|| value.as_bytes().to_vec());
    let inner = STANDARD
        .decode(&inner)
        .or_else(|_| URL_SAFE.decode(&inner))
        .unwrap_or(inner);
    let value: Value = serde_json::from_slice(&inner).unwrap_or_default();
    format!("{name}={value};{attributes}")
}

/// A text and a line of a cookie of a case, with the names of its random ids in place of them.
pub(crate) fn named(text: &str, case: &Case) -> String {
    match &case.continued {
        Some(continued) => continued.known.lock().unwrap().named(text),
        None => text.to_owned(),
    }
}

pub(crate) fn named_line(line: &str, case: &Case) -> String {
    match &case.continued {
        Some(continued) => continued.known.lock().unwrap().line(line, case),
        None => line.to_owned(),
    }
}

/// The random ids of a case, which it calls `$id1`, `$id2`.
#[derive(Default)]
struct Known {
    ids: Vec<String>,
    signatures: HashMap<String, String>,
}

impl Known {
    /// Puts the ids that came so far into a request.
    fn fill_in(&self, case: &mut Case) {
        for (_, value) in &mut case.request.headers {
            for (index, id) in self.ids.iter().enumerate().rev() {
                *value = value.replace(&format!("$id{}", index + 1), id);
            }
            for (cookie, signature) in &self.signatures {
                *value = value.replace(&format!("{cookie}=$sig"), &format!("{cookie}={signature}"));
            }
        }
    }

    /// A text with the names of ids in place of them. New ones are learnt.
    fn named(&mut self, text: &str) -> String {
        let mut named = text.to_owned();
        let is_uuid = |part: &str| {
            part.len() == 36
                && part.bytes().enumerate().all(|(at, byte)| match at {
                    8 | 13 | 18 | 23 => byte == b'-',
                    _ => byte.is_ascii_hexdigit(),
                })
        };
        for start in 0..text.len() {
            let Some(part) = text.get(start..start + 36).filter(|part| is_uuid(part)) else {
                continue;
            };
            if !self.ids.iter().any(|id| id == part) {
                self.ids.push(part.to_owned());
            }
        }
        for (index, id) in self.ids.iter().enumerate() {
            named = named.replace(id, &format!("$id{}", index + 1));
        }
        named
    }

    /// The same for a line of a cookie, whose signature may be over an id.
    fn line(&mut self, line: &str, case: &Case) -> String {
        let named = self.named(line);
        if !case.tags.iter().any(|tag| tag == "default-id") {
            return named;
        }
        let (name, rest) = named.split_once('=').unwrap_or((&named, ""));
        let (value, attributes) = rest.split_once(';').unwrap_or((rest, ""));
        if name.ends_with(".sig") && !value.is_empty() {
            self.signatures.insert(name.to_owned(), value.to_owned());
            return format!("{name}=$sig;{attributes}");
        }
        named
    }
}

/// What is told of a session, as the cases have it.
pub(crate) fn event(record: &Record, name: &str, id: Option<&String>, value: Option<&Value>) {
    let mut event = json!({"event": format!("session:{name}")});
    if let Some(id) = id {
        event["key"] = id.as_str().into();
    }
    if let Some(value) = value {
        event["value"] = value.clone();
    }
    record.event(event);
}
