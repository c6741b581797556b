//! What each store of sessions promises, through an app and by itself.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use koa::prelude::*;
use koa::{
    Compat, Cookie, Load, MaxAge, Middleware, Save, Session, SessionConfig, SessionStore, Sessions,
    Stored, Updated, session,
};
use tokio::sync::Semaphore;

use crate::browser::{Browser, Clock, lines};
use crate::client;
use crate::serve::{Serving, serve};

/// How long something that is to happen is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

#[session(key = "sid", max_age = "1h", prefix = "test:")]
#[derive(Debug)]
struct Account {
    user: String,
    a: u32,
    b: u32,
}

/// Where a request under `/hold` waits with its session open.
struct Gate {
    entered: Mutex<Sender<()>>,
    leave: Arc<Semaphore>,
}

/// Says so where a request that waits is dropped.
struct Waiting<'a>(&'a Gate);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let _ = self.0.entered.lock().unwrap().send(());
    }
}

/// The segments of the path are done one by one: `/user/ada`, `/a/1/hold`, `/regenerate`.
#[middleware]
async fn site(ctx: &mut Context, gate: &Gate) -> Result<String> {
    let path = ctx.path().to_owned();
    let mut words = path.split('/').skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or("");
        match word {
            "user" => {
                let user = value().to_owned();
                ctx.session::<Account>().await?.user = user;
            }
            "a" => ctx.session::<Account>().await?.a = value().parse()?,
            "b" => ctx.session::<Account>().await?.b = value().parse()?,
            "age" => {
                let age = Duration::from_secs(value().parse()?);
                ctx.session::<Account>().await?.set_max_age(age);
            }
            "destroy" => ctx.session::<Account>().await?.destroy(),
            "replace" => ctx.session::<Account>().await?.replace(Account::default()),
            "regenerate" => ctx.regenerate_session::<Account>().await?,
            "hold" => {
                ctx.session::<Account>().await?;
                gate.entered.lock().unwrap().send(()).unwrap();
                let waiting = Waiting(gate);
                gate.leave.acquire().await?.forget();
                std::mem::forget(waiting);
            }
            "fail" => throw!(400, "no"),
            "panic" => panic!("this was not meant to be"),
            _ => {}
        }
    }
    if path == "/free" {
        return Ok("free".to_owned());
    }
    let session: &Session<Account> = ctx.session::<Account>().await?;
    Ok(format!("{} {} {}", session.user, session.a, session.b))
}

/// Notes the keys that a store is asked for.
struct Watched<T> {
    store: T,
    keys: Arc<Mutex<Vec<String>>>,
}

impl<T> Watched<T> {
    fn note(&self, key: &str) {
        self.keys.lock().unwrap().push(key.to_owned());
    }
}

impl<T: SessionStore> SessionStore for Watched<T> {
    async fn load(&self, key: &str, load: &Load) -> Result<Option<Stored>> {
        self.note(key);
        self.store.load(key, load).await
    }

    async fn create(&self, key: &str, save: Save<'_>) -> Result<u64> {
        self.note(key);
        self.store.create(key, save).await
    }

    async fn update(&self, key: &str, version: u64, save: Save<'_>) -> Result<Updated> {
        self.note(key);
        self.store.update(key, version, save).await
    }

    async fn destroy(&self, key: &str) -> Result {
        self.note(key);
        self.store.destroy(key).await
    }
}

struct Fixture {
    server: Serving,
    keys: Arc<Mutex<Vec<String>>>,
    entered: Receiver<()>,
    leave: Arc<Semaphore>,
}

impl Fixture {
    fn new(store: impl SessionStore) -> Self {
        Self::of(store, false)
    }

    /// Where `cancels`, a request ends when its client goes away.
    fn of(store: impl SessionStore, cancels: bool) -> Self {
        Self::with(Account::middleware(), store, cancels)
    }

    fn with<K>(sessions: Sessions<Account, K>, store: impl SessionStore, cancels: bool) -> Self
    where
        Sessions<Account, K>:
            Middleware<Provides = (Session<Account>,), Wiring = Sessions<Account, K>>,
        K: 'static,
    {
        let keys = Arc::<Mutex<Vec<String>>>::default();
        let (sender, entered) = channel();
        let leave = Arc::new(Semaphore::new(0));
        let gate = Gate {
            entered: Mutex::new(sender),
            leave: Arc::clone(&leave),
        };
        let watched = Watched {
            store,
            keys: Arc::clone(&keys),
        };
        let app = App::new()
            .clock(Clock::new().of())
            .context(gate)
            .on_error(|_, _| {})
            .with(cancels.then_some(koa::cancel_on_disconnect))
            .with(sessions.store(watched))
            .with(site);
        Self {
            server: serve(app),
            keys,
            entered,
            leave,
        }
    }

    fn browser(&self) -> Browser {
        Browser::new(self.server.address)
    }

    /// Runs something while a request holds its session, and gives that request's answer.
    fn during(&self, browser: &Browser, path: &str, other: impl FnOnce()) -> client::Answer {
        let mut held = browser.clone();
        let client = held.begin(path);
        self.entered.recv_timeout(PATIENCE).unwrap();
        other();
        self.leave.add_permits(1);
        held.end(client)
    }
}

/// What of that a store promises under `compat` too, where Node may write what it has.
pub(crate) fn keeps_its_promises_under_compat(store: impl SessionStore) {
    let config = SessionConfig::compat(Compat::Koa)
        .max_age(MaxAge::For(Duration::from_secs(3600)))
        .prefix("test:")
        .cookie(Cookie::new("sid").overwrite(true).signed(false));
    let fixture = Fixture::with(Sessions::<Account>::with_config(config), store, false);
    stays_destroyed(&fixture);
    overlapping_requests_lose_nothing(&fixture);
    a_fresh_id_forgets_the_old_one(&fixture);
    a_fresh_id_takes_along_what_others_wrote(&fixture);
    is_saved_when_a_handler_fails(&fixture);
    is_saved_when_the_client_goes_away(&fixture);
}

/// What each store promises, through an app.
pub(crate) fn keeps_its_promises(store: impl SessionStore) {
    let fixture = Fixture::new(store);
    is_kept_under_a_hash(&fixture);
    stays_destroyed(&fixture);
    overlapping_requests_lose_nothing(&fixture);
    made_up_ids_are_not_taken(&fixture);
    a_fresh_id_forgets_the_old_one(&fixture);
    a_fresh_id_takes_along_what_others_wrote(&fixture);
    is_saved_when_a_handler_fails(&fixture);
    is_saved_when_the_client_goes_away(&fixture);
    what_is_begun_after_the_end_is_another_one(&fixture);
}

fn is_kept_under_a_hash(fixture: &Fixture) {
    let mut ada = fixture.browser();
    // Nothing is kept of a session in which nothing is.
    assert_eq!(ada.read("/"), " 0 0");
    assert!(ada.cookies.is_empty() && fixture.keys.lock().unwrap().is_empty());
    let answer = ada.get("/user/ada");
    assert_eq!(lines(&answer).len(), 1, "{answer:?}");
    assert_eq!(ada.read("/a/7"), "ada 7 0");
    assert_eq!(ada.read("/"), "ada 7 0");
    let id = &ada.cookies["sid"];
    assert_eq!(id.len(), 43);
    let keys = fixture.keys.lock().unwrap();
    assert!(keys.iter().all(|key| key.starts_with("test:")), "{keys:?}");
    assert!(keys.iter().all(|key| !key.contains(id)), "{keys:?}");
    assert!(keys.iter().all(|key| key == &keys[0]), "{keys:?}");
    // Reading does not write.
    drop(keys);
    let asked = fixture.keys.lock().unwrap().len();
    assert_eq!(lines(&ada.get("/")), [""; 0]);
    assert_eq!(lines(&ada.get("/a/7")), [""; 0]);
    assert_eq!(fixture.keys.lock().unwrap().len(), asked + 2);
    // And who does not need it does not ask for it.
    assert_eq!(ada.read("/free"), "free");
    assert_eq!(fixture.keys.lock().unwrap().len(), asked + 2);
}

fn stays_destroyed(fixture: &Fixture) {
    let mut ada = fixture.browser();
    ada.get("/user/ada");
    let before = ada.clone();
    // The slow one changes what another one ends meanwhile.
    let answer = fixture.during(&before, "/hold/a/1", || {
        let answer = ada.get("/destroy");
        assert_eq!(lines(&answer).len(), 1, "{answer:?}");
        assert!(ada.cookies.is_empty());
        // In the same browser somebody else begins another one.
        ada.get("/user/bob");
    });
    // It leaves the cookie alone, which is Bob's by now.
    assert_eq!((answer.status, lines(&answer)), (200, Vec::new()));
    assert_eq!(before.clone().read("/"), " 0 0");
    assert_eq!(ada.read("/"), "bob 0 0");
    // The same with one that only prolongs it, and with a new id.
    let before = ada.clone();
    let answer = fixture.during(&before, "/hold/age/60", || {
        ada.get("/regenerate");
    });
    assert_eq!((answer.status, lines(&answer)), (200, Vec::new()));
    assert_eq!(before.clone().read("/"), " 0 0");
    assert_eq!(ada.read("/"), "bob 0 0");
}

fn overlapping_requests_lose_nothing(fixture: &Fixture) {
    let mut ada = fixture.browser();
    ada.get("/user/ada");
    let answer = fixture.during(&ada.clone(), "/a/1/hold", || {
        assert_eq!(ada.read("/b/2"), "ada 0 2");
    });
    assert_eq!(answer.status, 200);
    assert_eq!(ada.read("/"), "ada 1 2");
    let answer = fixture.during(&ada.clone(), "/a/3/hold", || {
        assert_eq!(ada.read("/a/4"), "ada 4 2");
    });
    assert_eq!((answer.status, lines(&answer)), (409, Vec::new()));
    assert_eq!(ada.read("/"), "ada 4 2");
    // It can be tried again.
    assert_eq!(ada.read("/a/3"), "ada 3 2");
    // The age is a field as others are.
    let answer = fixture.during(&ada.clone(), "/a/5/hold", || {
        ada.read("/age/86400");
    });
    let line = lines(&answer)[0];
    assert!(
        line.contains("expires=Fri, 02 Jan 2026 00:00:00 GMT"),
        "{line}"
    );
    assert_eq!(ada.read("/"), "ada 5 2");
    let answer = fixture.during(&ada.clone(), "/age/60/hold", || {
        ada.read("/age/120");
    });
    assert_eq!(answer.status, 409);
}

fn made_up_ids_are_not_taken(fixture: &Fixture) {
    for id in ["x", &"A".repeat(43), &"A".repeat(3000), "a%00b", "test:"] {
        let mut eve = fixture.browser();
        eve.cookies.insert("sid".to_owned(), id.to_owned());
        assert_eq!(eve.read("/"), " 0 0");
        assert_eq!(eve.read("/user/eve"), "eve 0 0");
        assert_ne!(eve.cookies["sid"], id);
        let mut other = fixture.browser();
        other.cookies.insert("sid".to_owned(), id.to_owned());
        assert_eq!(other.read("/"), " 0 0");
    }
}

fn a_fresh_id_forgets_the_old_one(fixture: &Fixture) {
    let mut ada = fixture.browser();
    ada.get("/user/ada");
    let mut before = ada.clone();
    let answer = ada.get("/a/1/regenerate");
    assert_eq!(lines(&answer).len(), 1, "{answer:?}");
    assert_ne!(ada.cookies, before.cookies);
    assert_eq!(ada.read("/"), "ada 1 0");
    assert_eq!(before.read("/"), " 0 0");
}

fn a_fresh_id_takes_along_what_others_wrote(fixture: &Fixture) {
    let mut ada = fixture.browser();
    ada.get("/user/ada");
    let held = ada.clone();
    let answer = fixture.during(&held, "/hold/a/1/regenerate", || {
        ada.get("/b/2");
    });
    ada.take(&answer);
    assert_eq!(ada.read("/"), "ada 1 2");
    // Not what they ended.
    let held = ada.clone();
    let answer = fixture.during(&held, "/hold/regenerate/a/5", || {
        ada.get("/destroy");
        ada.get("/user/bob");
    });
    assert_eq!((answer.status, lines(&answer)), (200, Vec::new()));
    assert_eq!(ada.read("/"), "bob 0 0");
}

fn is_saved_when_a_handler_fails(fixture: &Fixture) {
    let mut ada = fixture.browser();
    ada.get("/user/ada");
    let answer = ada.get("/a/9/fail");
    assert_eq!((answer.status, lines(&answer)), (400, Vec::new()));
    assert_eq!(ada.read("/"), "ada 9 0");
    // After a panic nothing is known of it.
    assert_eq!(ada.get("/a/10/panic").status, 500);
    assert_eq!(ada.read("/"), "ada 9 0");
    // A session that ends ends, whatever comes of the request.
    assert_eq!(ada.get("/destroy/fail").status, 400);
    assert_eq!(ada.read("/"), " 0 0");
}

fn is_saved_when_the_client_goes_away(fixture: &Fixture) {
    let mut ada = fixture.browser();
    ada.get("/user/ada");
    let client = ada.begin("/a/9/hold");
    fixture.entered.recv_timeout(PATIENCE).unwrap();
    drop(client);
    fixture.leave.add_permits(1);
    let end = Instant::now() + PATIENCE;
    while ada.read("/") != "ada 9 0" {
        assert!(Instant::now() < end, "it is never saved");
        std::thread::yield_now();
    }
}

/// Not where a request ends with its client: it may be half-way.
pub(crate) fn is_not_saved_when_the_request_is_cancelled(store: impl SessionStore) {
    let fixture = Fixture::of(store, true);
    let mut ada = fixture.browser();
    ada.get("/user/ada");
    let client = ada.begin("/a/9/hold");
    fixture.entered.recv_timeout(PATIENCE).unwrap();
    drop(client);
    // It has been dropped.
    fixture.entered.recv_timeout(PATIENCE).unwrap();
    assert_eq!(ada.read("/"), "ada 0 0");
}

fn what_is_begun_after_the_end_is_another_one(fixture: &Fixture) {
    let mut ada = fixture.browser();
    ada.get("/user/ada");
    let mut before = ada.clone();
    assert_eq!(ada.read("/destroy/replace/user/bob"), "bob 0 0");
    assert_ne!(ada.cookies, before.cookies);
    assert_eq!(ada.read("/"), "bob 0 0");
    assert_eq!(before.read("/"), " 0 0");
    // In one that stays, everything is replaced.
    assert_eq!(ada.read("/replace"), " 0 0");
    assert_eq!(ada.read("/"), " 0 0");
    // And nothing is begun where nothing is in it.
    ada.get("/user/ada");
    ada.get("/destroy/replace");
    assert!(ada.cookies.is_empty());
}

/// What each store answers, asked without an app.
pub(crate) fn has_versions(store: &impl SessionStore) {
    has_versions_on(&tokio::runtime::Runtime::new().unwrap(), store);
}

pub(crate) fn has_versions_on(runtime: &tokio::runtime::Runtime, store: &impl SessionStore) {
    runtime.block_on(async {
        let save = Save::new;
        assert_eq!(store.load("k", &Load::default()).await.unwrap(), None);
        assert_eq!(
            store.update("k", 1, save(b"a")).await.unwrap(),
            Updated::Gone
        );
        assert_eq!(store.load("k", &Load::default()).await.unwrap(), None);
        let first = store.create("k", save(b"a\0\xff")).await.unwrap();
        let stored = store.load("k", &Load::default()).await.unwrap().unwrap();
        assert_eq!((&*stored.value, stored.version), (&b"a\0\xff"[..], first));
        store.create("k", save(b"b")).await.unwrap_err();
        let Updated::To(second) = store.update("k", first, save(b"c")).await.unwrap() else {
            panic!("it is there, at this version");
        };
        assert_ne!(first, second);
        let conflict = store.update("k", first, save(b"d")).await.unwrap();
        assert_eq!(conflict, Updated::Conflict);
        let stored = store.load("k", &Load::default()).await.unwrap().unwrap();
        assert_eq!((&*stored.value, stored.version), (&b"c"[..], second));
        store.destroy("k").await.unwrap();
        store.destroy("k").await.unwrap();
        let gone = store.update("k", second, save(b"e")).await.unwrap();
        assert_eq!(gone, Updated::Gone);
        assert_eq!(store.load("k", &Load::default()).await.unwrap(), None);
        // Each has its own time to live, and a write begins it anew.
        let short = |value| Save::new(value).for_at_most(Duration::from_millis(150));
        store.create("short", short(b"a")).await.unwrap();
        let version = store.create("longer", short(b"a")).await.unwrap();
        let longer = save(b"b").for_at_most(Duration::from_secs(60));
        store.update("longer", version, longer).await.unwrap();
        store.create("long", save(b"a")).await.unwrap();
        store
            .create("none", save(b"a").for_at_most(Duration::ZERO))
            .await
            .unwrap();
        store
            .create("ages", save(b"a").for_at_most(Duration::MAX))
            .await
            .unwrap();
        let end = std::time::Instant::now() + Duration::from_secs(10);
        while store
            .load("short", &Load::default())
            .await
            .unwrap()
            .is_some()
        {
            assert!(std::time::Instant::now() < end, "it never ends");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for (key, there) in [
            ("longer", true),
            ("long", true),
            ("none", false),
            ("ages", true),
        ] {
            let found = store.load(key, &Load::default()).await.unwrap();
            assert_eq!(found.is_some(), there, "{key}");
        }
        let gone = store.update("short", version, save(b"b")).await.unwrap();
        assert_eq!(gone, Updated::Gone);
    });
}
