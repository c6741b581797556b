//! Any sequence of operations on a session, in any store, by clients that overlap, ends as a model says.
//!
//! The model knows fields, ages and who overwrites whom, and nothing of cookies, keys or versions. Sequences are drawn from a
//! seed, which a failure prints; `SESSION_MODEL_SEED` runs that one again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod browser;
mod client;
#[cfg(feature = "redis")]
mod redis_server;
mod serve;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use browser::{Browser, Clock};
use koa::prelude::*;
use koa::{EggStore, FromEgg, Load, MaxAge, Save, Sessions, session};
use serde_json::Value;
use serve::serve;
use tokio::sync::Semaphore;

/// How long a session lives, in seconds.
const LIFE: u64 = 3600;

#[session(key = "sid", max_age = "1h", renew)]
#[derive(Clone, Debug, PartialEq)]
struct Data {
    text: String,
    a: u32,
    b: Option<Vec<String>>,
    others: BTreeMap<String, i64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    Text,
    A,
    B,
    Others,
}

/// What a request does, one after the other.
#[derive(Clone, Debug)]
enum Step {
    Set(Field, u32),
    Clear(Field),
    Replace(u32),
    Destroy,
    Regenerate,
    Age(u64),
}

/// Values of all sorts: empty, long, of other scripts, with what JSON and cookies escape.
fn text(number: u32) -> String {
    let texts = [
        "",
        "ada",
        "\"};\\\u{0}\n",
        "žluťoučký 🐎",
        "_expire",
        " ;,=",
    ];
    match number as usize % 7 {
        6 => "long ".repeat(number as usize % 100),
        at => texts[at].to_owned(),
    }
}

fn set(data: &mut Data, field: Field, number: u32) {
    match field {
        Field::Text => data.text = text(number),
        Field::A => data.a = number,
        Field::B => data.b = Some(vec![text(number); number as usize % 3]),
        Field::Others => {
            let value = i64::from(number) - 50;
            data.others.insert(text(number), value);
        }
    }
}

fn clear(data: &mut Data, field: Field) {
    let empty = Data::default();
    match field {
        Field::Text => data.text = empty.text,
        Field::A => data.a = empty.a,
        Field::B => data.b = empty.b,
        Field::Others => data.others = empty.others,
    }
}

fn replaced(number: u32) -> Data {
    let mut data = Data::default();
    if !number.is_multiple_of(4) {
        set(&mut data, Field::A, number);
        set(&mut data, Field::Text, number);
    }
    data
}

// What the app does.

#[derive(Default)]
struct Scripts(Mutex<HashMap<String, Vec<Vec<Step>>>>);

struct Gate {
    entered: Mutex<Sender<()>>,
    leave: Arc<Semaphore>,
    scripts: Arc<Scripts>,
}

/// Does the steps of a script; where it has a second part, it waits before that with its session open.
#[middleware]
async fn site(ctx: &mut Context, gate: &Gate) -> Result<String> {
    let name = ctx.path().to_owned();
    let script = gate.scripts.0.lock().unwrap()[&name].clone();
    ctx.session::<Data>().await?;
    for (part, steps) in script.into_iter().enumerate() {
        if part > 0 {
            gate.entered.lock().unwrap().send(()).unwrap();
            gate.leave.acquire().await?.forget();
        }
        for step in steps {
            let session = ctx.session::<Data>().await?;
            match step {
                Step::Set(field, number) => set(session, field, number),
                Step::Clear(field) => clear(session, field),
                Step::Replace(number) => session.replace(replaced(number)),
                Step::Destroy => session.destroy(),
                Step::Age(0) => session.set_max_age(MaxAge::Session),
                Step::Age(age) => session.set_max_age(Duration::from_secs(age)),
                Step::Regenerate => ctx.regenerate_session::<Data>().await?,
            }
        }
    }
    let session = ctx.session::<Data>().await?;
    Ok(format!("{:?}", **session))
}

// What the model says.

/// What a store can do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// The browser has it: what is written is another one, and the one before stays.
    Cookie,
    /// The last one wins.
    Plain,
    /// Fields that others wrote are kept.
    Versions,
}

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    data: Data,
    /// In seconds; none until the browser is closed.
    age: Option<u64>,
    ends: Option<u64>,
    writes: u64,
}

struct Model {
    kind: Kind,
    now: u64,
    kept: BTreeMap<usize, Kept>,
    next: usize,
}

/// A request under way.
#[derive(Clone, Debug)]
struct Open {
    /// Which session it is, if it is one that is kept, and how that was.
    at: Option<(usize, Kept)>,
    data: Data,
    age: Option<u64>,
    must_save: bool,
    destroyed: bool,
    /// What the browser is to have afterwards, if that changes.
    cookie: Option<Option<usize>>,
    has_cookie: bool,
}

/// Another request changed the same.
#[derive(Debug)]
struct Conflict;

impl Model {
    fn open(&self, cookie: Option<usize>) -> Open {
        let kept = cookie.and_then(|at| Some((at, self.kept.get(&at)?.clone())));
        let at = kept.filter(|(_, kept)| kept.ends.is_none_or(|end| self.now < end));
        let (data, age) = match &at {
            Some((_, kept)) => (kept.data.clone(), kept.age),
            None => (Data::default(), Some(LIFE)),
        };
        Open {
            at,
            data,
            age,
            must_save: false,
            destroyed: false,
            cookie: None,
            has_cookie: cookie.is_some(),
        }
    }

    fn step(&mut self, open: &mut Open, step: &Step) -> Result<(), Conflict> {
        match step {
            Step::Set(field, number) => set(&mut open.data, *field, *number),
            Step::Clear(field) => clear(&mut open.data, *field),
            Step::Replace(number) => {
                if open.destroyed {
                    self.end(open);
                    open.destroyed = false;
                }
                open.data = replaced(*number);
            }
            Step::Destroy => {
                open.destroyed = true;
                open.must_save = false;
                open.data = Data::default();
                open.age = Some(LIFE);
            }
            Step::Age(age) => {
                open.age = (*age > 0).then_some(*age);
                open.must_save = true;
            }
            Step::Regenerate if open.destroyed => self.end(open),
            Step::Regenerate => {
                let before = open.at.clone();
                if before.is_some() {
                    self.write(open)?;
                }
                if !open.destroyed {
                    open.at = None;
                    self.write(open)?;
                    if let (Some((at, _)), false) = (before, self.kind == Kind::Cookie) {
                        self.kept.remove(&at);
                    }
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, open: &mut Open) {
        if let Some((at, _)) = open.at.take()
            && self.kind != Kind::Cookie
        {
            self.kept.remove(&at);
        }
        if std::mem::take(&mut open.has_cookie) {
            open.cookie = Some(None);
        }
    }

    /// What happens when the request is done.
    fn close(&mut self, open: &mut Open) -> Result<(), Conflict> {
        if open.destroyed {
            self.end(open);
            return Ok(());
        }
        let is_due = match &open.at {
            None => open.data != Data::default(),
            Some((_, kept)) => {
                let left = kept.ends.map(|end| end - self.now.min(end));
                let renews = left.zip(kept.age).is_some_and(|(left, age)| 2 * left < age);
                kept.data != open.data || renews
            }
        };
        match is_due || open.must_save {
            true => self.write(open),
            false => Ok(()),
        }
    }

    fn write(&mut self, open: &mut Open) -> Result<(), Conflict> {
        let mut at = self.next;
        if let Some((was_at, was)) = &open.at
            && self.kind != Kind::Cookie
        {
            at = *was_at;
            let Some(is) = self.kept.get(&at) else {
                open.destroyed = true;
                open.has_cookie = false;
                open.at = None;
                return Ok(());
            };
            if self.kind == Kind::Versions && is.writes != was.writes {
                let (mine, theirs) = (&mut open.data, &is.data);
                let text = merge(&was.data.text, &mine.text, &theirs.text)?;
                let a = merge(&was.data.a, &mine.a, &theirs.a)?;
                let b = merge(&was.data.b, &mine.b, &theirs.b)?;
                let others = merge(&was.data.others, &mine.others, &theirs.others)?;
                *mine = Data { text, a, b, others };
                open.age = merge(&was.age, &open.age, &is.age)?;
            }
        } else {
            self.next += 1;
        }
        let kept = Kept {
            data: open.data.clone(),
            age: open.age,
            ends: open.age.map(|age| self.now + age),
            writes: self.kept.get(&at).map_or(0, |kept| kept.writes + 1),
        };
        self.kept.insert(at, kept.clone());
        open.at = Some((at, kept));
        open.must_save = false;
        open.has_cookie = true;
        open.cookie = Some(Some(at));
        Ok(())
    }
}

fn merge<T: Clone + PartialEq>(was: &T, mine: &T, theirs: &T) -> Result<T, Conflict> {
    match (mine == was, theirs == was || theirs == mine) {
        (true, _) => Ok(theirs.clone()),
        (false, true) => Ok(mine.clone()),
        (false, false) => Err(Conflict),
    }
}

// Sequences of them.

/// Xorshift: a seed gives the same sequence everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 16) % u64::from(end)).unwrap()
    }

    fn field(&mut self) -> Field {
        [Field::Text, Field::A, Field::B, Field::Others][self.below(4) as usize]
    }

    fn steps(&mut self) -> Vec<Step> {
        let count = self.below(4);
        let step = |dice: &mut Self| match dice.below(16) {
            0 => Step::Destroy,
            1 => Step::Regenerate,
            2 => Step::Replace(dice.below(100)),
            3 => Step::Age([60, LIFE, 10 * LIFE, 0][dice.below(4) as usize]),
            4 | 5 => Step::Clear(dice.field()),
            _ => Step::Set(dice.field(), dice.below(100)),
        };
        (0..count).map(|_| step(self)).collect()
    }
}

/// An app over a store, and the model of it.
struct Trial {
    kind: Kind,
    server: serve::Serving,
    clock: Clock,
    scripts: Arc<Scripts>,
    entered: Receiver<()>,
    leave: Arc<Semaphore>,
}

/// A browser, and what the model has in its place.
#[derive(Clone)]
struct Client {
    browser: Browser,
    cookie: Option<usize>,
}

impl Trial {
    fn of(kind: Kind, change: impl FnOnce(Sessions<Data>) -> Sessions<Data>) -> Self {
        let (sender, entered) = channel();
        let (leave, scripts) = (Arc::new(Semaphore::new(0)), Arc::<Scripts>::default());
        let gate = Gate {
            entered: Mutex::new(sender),
            leave: Arc::clone(&leave),
            scripts: Arc::clone(&scripts),
        };
        let clock = Clock::new();
        let app = App::new()
            .keys(["a key that nobody guesses, for this"])
            .clock(clock.of())
            .context(gate)
            .on_error(|error, _| assert_eq!(error.status(), 409, "{error:?}"))
            .with(change(Sessions::new()))
            .with(site);
        Self {
            kind,
            server: serve(app),
            clock,
            scripts,
            entered,
            leave,
        }
    }

    fn script(&self, name: &str, parts: Vec<Vec<Step>>) -> String {
        let mut scripts = self.scripts.0.lock().unwrap();
        scripts.insert(format!("/{name}"), parts);
        format!("/{name}")
    }

    /// One sequence: requests of two browsers, of which one may begin as a copy of the other, and some overlap.
    fn run(&self, seed: u64) {
        let mut dice = Dice(seed);
        let mut model = Model {
            kind: self.kind,
            now: 0,
            kept: BTreeMap::new(),
            next: 0,
        };
        let client = Client {
            browser: Browser::new(self.server.address),
            cookie: None,
        };
        let mut clients = [client.clone(), client];
        let mut trace = format!("{:?}, seed {seed}\n", self.kind);
        for _ in 0..10 {
            let who = dice.below(2) as usize;
            match dice.below(8) {
                0 => {
                    let seconds = u64::from(dice.below(3000));
                    writeln!(trace, "{seconds} seconds pass").unwrap();
                    self.clock.advance(Duration::from_secs(seconds));
                    model.now += seconds;
                }
                1 => {
                    writeln!(trace, "the other has what {who} has").unwrap();
                    clients[1 - who] = clients[who].clone();
                }
                2..=4 => {
                    let (first, last) = (dice.steps(), dice.steps());
                    writeln!(trace, "{who} begins {first:?}, {last:?}").unwrap();
                    let mut open = model.open(clients[who].cookie);
                    let mut outcome = first
                        .iter()
                        .try_for_each(|step| model.step(&mut open, step));
                    let is_held = outcome.is_ok();
                    let path = self.script("held", vec![first, last.clone()]);
                    let held = clients[who].browser.begin(&path);
                    if is_held {
                        let entered = self.entered.recv_timeout(Duration::from_secs(20));
                        entered.unwrap_or_else(|_| panic!("{trace}\nit is not held"));
                        for _ in 0..=dice.below(2) {
                            // Of the same browser, or of the other one.
                            let other = dice.below(2) as usize;
                            self.request(&mut model, &mut clients[other], dice.steps(), &mut trace);
                        }
                        self.leave.add_permits(1);
                        outcome = last.iter().try_for_each(|step| model.step(&mut open, step));
                    }
                    let answer = clients[who].browser.end(held);
                    writeln!(trace, "and ends with {}", answer.status).unwrap();
                    check(
                        &mut model,
                        &mut clients[who],
                        open,
                        outcome,
                        &answer,
                        &trace,
                    );
                }
                _ => {
                    let steps = dice.steps();
                    write!(trace, "{who}: ").unwrap();
                    self.request(&mut model, &mut clients[who], steps, &mut trace);
                }
            }
        }
        for client in &mut clients {
            self.request(&mut model, client, Vec::new(), &mut trace);
        }
    }

    fn request(
        &self,
        model: &mut Model,
        client: &mut Client,
        steps: Vec<Step>,
        trace: &mut String,
    ) {
        writeln!(trace, "at once {steps:?}").unwrap();
        let mut open = model.open(client.cookie);
        let outcome = steps
            .iter()
            .try_for_each(|step| model.step(&mut open, step));
        let answer = client.browser.get(&self.script("at-once", vec![steps]));
        check(model, client, open, outcome, &answer, trace);
    }

    fn run_all(&self, sequences: u64) {
        if let Ok(seed) = std::env::var("SESSION_MODEL_SEED") {
            return self.run(seed.parse().unwrap());
        }
        for number in 1..=sequences {
            self.run(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
    }
}

/// Compares an answer, and what the browser has afterwards.
fn check(
    model: &mut Model,
    client: &mut Client,
    mut open: Open,
    outcome: Result<(), Conflict>,
    answer: &client::Answer,
    trace: &str,
) {
    let said = format!("{:?}", open.data);
    let outcome = outcome.and_then(|()| model.close(&mut open));
    if outcome.is_err() {
        assert_eq!(answer.status, 409, "{trace}\n{answer:?}");
        return;
    }
    assert_eq!(answer.status, 200, "{trace}\n{answer:?}");
    assert_eq!(answer.text(), said, "{trace}");
    if let Some(cookie) = open.cookie {
        client.cookie = cookie;
    }
    let has = client.browser.cookies.contains_key("sid");
    assert_eq!(has, client.cookie.is_some(), "{trace}\n{answer:?}");
}

#[test]
fn in_a_cookie() {
    Trial::of(Kind::Cookie, |sessions| sessions).run_all(200);
}

/// Egg's three functions.
#[derive(Default)]
struct Functions(Mutex<HashMap<String, Value>>);

impl EggStore for Functions {
    async fn get(&self, key: &str, _: &Load) -> Result<Option<Value>> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn set(&self, key: &str, value: &Value, _: MaxAge, _: &Save<'_>) -> Result {
        let mut kept = self.0.lock().unwrap();
        kept.insert(key.to_owned(), value.clone());
        Ok(())
    }

    async fn destroy(&self, key: &str) -> Result {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}

#[test]
fn in_a_store_of_three_functions() {
    let store = FromEgg(Functions::default());
    Trial::of(Kind::Plain, |sessions| sessions.store(store)).run_all(200);
}

#[cfg(feature = "memory")]
#[test]
fn in_memory() {
    let store = koa::MemoryStore::new();
    Trial::of(Kind::Versions, |sessions| sessions.store(store)).run_all(200);
}

#[cfg(feature = "redis")]
#[test]
fn in_redis() {
    if let Some(redis) = redis_server::RedisServer::start() {
        let store = koa::RedisStore::open(redis.url()).unwrap();
        Trial::of(Kind::Versions, |sessions| sessions.store(store)).run_all(100);
    }
}
