//! The life of sessions of our own form, in a cookie.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod browser;
#[path = "serve/by_hyper.rs"]
mod by_hyper;
mod client;
mod serve;

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use browser::{Browser, Clock, lines};
use client::Client;
use koa::prelude::*;
use koa::{
    Body, BoxMiddleware, Cookie, CookieSettings, MaxAge, Onion, Priority, SameSite, Session,
    SessionConfig, SessionData, SessionExpired, SessionInvalid, SessionMissed, Sessions, Slot,
    Stack, session,
};
use serve::{Serving, serve};

const NEW: &str = "a new key that nobody guesses 01";
const OLD: &str = "an old key that nobody guessed 1";

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[session(key = "sid", max_age = "1d")]
#[derive(Debug)]
struct User {
    name: String,
    visits: u32,
    rights: HashMap<String, u32>,
}

#[middleware]
async fn read(user: &User) -> String {
    format!("{} {}", user.name, user.visits)
}

#[middleware]
async fn touch(user: &mut User) -> String {
    user.visits += 1;
    user.visits -= 1;
    format!("{} {}", user.name, user.visits)
}

#[middleware]
async fn stream(user: &mut User) -> Body {
    user.visits += 1;
    Body::reader(std::io::Cursor::new("streamed"))
}

#[middleware]
async fn through(ctx: &mut Context, user: Slot<User>, next: impl Next) -> Result {
    ctx[user].visits += 100;
    next.run(ctx).await?;
    ctx[user].visits += 1;
    Ok(())
}

#[middleware]
async fn handle(user: &mut Session<User>) -> String {
    format!("{} {:?} {user:?}", user.is_new(), user.max_age())
}

/// The segments of the path are done one by one: `/name/ada`, `/visits/3/fail`.
#[middleware]
async fn site(ctx: &mut Context) -> Result<String> {
    let path = ctx.path().to_owned();
    let mut words = path.split('/').skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or("");
        match word {
            "free" => return Ok("free".to_owned()),
            "name" => ctx.session::<User>().await?.name = value().to_owned(),
            "long" => ctx.session::<User>().await?.name = "x".repeat(value().parse()?),
            "visits" => ctx.session::<User>().await?.visits = value().parse()?,
            "rights" => {
                let rights = &mut ctx.session::<User>().await?.rights;
                rights.extend((0..20).map(|right| (format!("right {right}"), right)));
            }
            "micros" => {
                let age = Duration::from_micros(value().parse()?);
                ctx.session::<User>().await?.set_max_age(age);
            }
            "remember" => ctx.session::<User>().await?.set_max_age(30 * DAY),
            "forget" => ctx.session::<User>().await?.set_max_age(MaxAge::Session),
            "destroy" => ctx.session::<User>().await?.destroy(),
            "put" => {
                let name = value().to_owned();
                let user = User {
                    name,
                    ..User::default()
                };
                ctx.set_session(Some(user)).await?;
            }
            "drop" => ctx.set_session::<User>(None).await?,
            "cookie" => ctx.cookies().set("other", value())?,
            "save" => ctx.save_session::<User>().await?,
            "commit" => ctx.commit_session::<User>().await?,
            "fail" => throw!(400, "no"),
            "panic" => panic!("this was not meant to be"),
            _ => {}
        }
    }
    let user = ctx.session::<User>().await?;
    Ok(format!("{} {}", user.name, user.visits))
}

/// What the app told of.
#[derive(Debug, PartialEq)]
enum Told {
    Missed(SessionMissed),
    Expired(SessionExpired),
    Invalid(SessionInvalid),
    Error(String),
}

struct Fixture {
    server: Serving,
    clock: Clock,
    told: Receiver<Told>,
}

fn with(config: SessionConfig) -> Fixture {
    with_keys(config, &[NEW], Clock::new())
}

fn with_keys(config: SessionConfig, keys: &[&str], clock: Clock) -> Fixture {
    let (tell, told) = channel();
    let [missed, expired, invalid, error] = std::array::from_fn(|_| tell.clone());
    let sessions = Sessions::<User>::with_config(config);
    let sessions = sessions.valid(|_, user| user.name != "eve");
    let app = App::new()
        .keys(keys)
        .clock(clock.of())
        .on(move |event: &SessionMissed| drop(missed.send(Told::Missed(event.clone()))))
        .on(move |event: &SessionExpired| drop(expired.send(Told::Expired(event.clone()))))
        .on(move |event: &SessionInvalid| drop(invalid.send(Told::Invalid(event.clone()))))
        .on_error(move |event, _| drop(error.send(Told::Error(event.message().to_owned()))))
        .with(sessions)
        .mount("/read", Stack::new().with(read))
        .mount("/touch", Stack::new().with(touch))
        .mount("/handle", Stack::new().with(handle))
        .mount("/stream", Stack::new().with(stream))
        .mount("/through", Stack::new().with(through).with(read))
        .with(site);
    Fixture {
        server: serve(app),
        clock,
        told,
    }
}

impl Fixture {
    fn browser(&self) -> Browser {
        Browser::new(self.server.address)
    }

    fn told(&self) -> Vec<Told> {
        self.told.try_iter().collect()
    }
}

/// Whether an answer says anything of a session.
fn is_silent(browser: &mut Browser, path: &str) -> bool {
    let answer = browser.get(path);
    assert_eq!(answer.status, 200, "{answer:?}");
    lines(&answer).is_empty()
}

#[test]
fn what_is_not_used_sets_no_cookie() {
    let fixture = with(User::CONFIG.renew(true).rolling(true));
    let mut ada = fixture.browser();
    for path in [
        "/free", "/read", "/touch", "/handle", "/", "/destroy", "/drop", "/name/",
    ] {
        assert!(is_silent(&mut ada, path), "{path}");
    }
    ada.get("/name/ada");
    assert!(is_silent(&mut ada, "/free"));
    assert_eq!(fixture.told(), []);
}

#[test]
fn it_is_written_if_it_is_another_one_afterwards() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    let answer = ada.get("/name/ada");
    let [line] = lines(&answer)[..] else {
        panic!("{answer:?}");
    };
    assert!(line.starts_with("sid=") && !line.contains("ada"), "{line}");
    assert!(
        line.ends_with("; path=/; expires=Fri, 02 Jan 2026 00:00:00 GMT; httponly"),
        "{line}"
    );
    fixture.clock.advance(DAY - HOUR);
    for path in ["/read", "/touch", "/handle", "/", "/name/ada", "/visits/0"] {
        assert!(is_silent(&mut ada, path), "{path}");
    }
    assert_eq!(ada.read("/through"), "ada 100");
    assert_eq!(ada.read("/read"), "ada 101");
    assert_eq!(ada.read("/visits/1/visits/2"), "ada 2");
    assert_eq!(ada.read("/put/bob"), "bob 0");
    assert_eq!(ada.read("/read"), "bob 0");
    assert_eq!(ada.read("/put/"), " 0");
    assert_eq!(ada.read("/read"), " 0");
}

#[test]
fn maps_have_no_order() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    ada.get("/rights");
    for _ in 0..20 {
        assert!(is_silent(&mut ada, "/touch"));
    }
}

#[test]
fn it_is_renewed_past_half_its_life() {
    let fixture = with(User::CONFIG.renew(true));
    let mut ada = fixture.browser();
    ada.get("/name/ada");
    fixture.clock.advance(12 * HOUR);
    assert!(is_silent(&mut ada, "/read"));
    fixture.clock.advance(Duration::from_secs(1));
    assert!(is_silent(&mut ada, "/free"));
    let before = ada.clone();
    assert!(!is_silent(&mut ada, "/read"));
    assert!(is_silent(&mut ada, "/read"));
    fixture.clock.advance(DAY - Duration::from_secs(1));
    assert_eq!(before.clone().read("/read"), " 0");
    assert_eq!(ada.read("/read"), "ada 0");
}

#[test]
fn it_rolls() {
    let fixture = with(User::CONFIG.rolling(true));
    let mut ada = fixture.browser();
    ada.get("/name/ada");
    for _ in 0..5 {
        fixture.clock.advance(23 * HOUR);
        assert!(is_silent(&mut ada, "/free"));
        assert!(!is_silent(&mut ada, "/read"));
    }
    assert_eq!(ada.read("/read"), "ada 0");
}

#[test]
fn its_end_is_inside() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    ada.get("/name/ada");
    fixture.clock.advance(DAY - Duration::from_millis(1));
    assert_eq!(ada.read("/read"), "ada 0");
    assert_eq!(fixture.told(), []);
    fixture.clock.advance(Duration::from_millis(1));
    assert_eq!(ada.read("/read"), " 0");
    let [Told::Expired(event)] = &fixture.told()[..] else {
        panic!("it is told of");
    };
    assert_eq!((event.cookie, &event.id), ("sid", &None));
    assert_eq!(event.value["name"], "ada");
    assert!(!format!("{event:?}").contains("ada"));
    // Another one begins in its place.
    assert_eq!(ada.read("/visits/1"), " 1");
    assert_eq!(ada.read("/read"), " 1");
}

#[test]
fn nothing_prolongs_the_absolute_age() {
    for config in [User::CONFIG.renew(true), User::CONFIG.rolling(true)] {
        let fixture = with(config.absolute(36 * HOUR));
        let mut ada = fixture.browser();
        ada.get("/name/ada");
        for hour in 1..36 {
            fixture.clock.advance(HOUR);
            assert_eq!(ada.read("/read"), "ada 0", "{hour}");
        }
        ada.get("/put/ada");
        ada.get("/remember/visits/1");
        fixture.clock.advance(HOUR);
        assert_eq!(ada.read("/read"), " 0");
        assert!(matches!(fixture.told()[..], [Told::Expired(_)]));
    }
    // What cannot be prolonged is not written again and again.
    let fixture = with(User::CONFIG.renew(true).absolute(36 * HOUR));
    let mut ada = fixture.browser();
    ada.get("/name/ada");
    fixture.clock.advance(18 * HOUR);
    assert!(!is_silent(&mut ada, "/read"));
    for _ in 0..17 {
        fixture.clock.advance(HOUR);
        assert!(is_silent(&mut ada, "/read"));
    }
    // After its end another one begins, with an age of its own.
    ada.get("/destroy");
    ada.get("/name/bob");
    fixture.clock.advance(23 * HOUR);
    assert_eq!(ada.read("/read"), "bob 0");
}

#[test]
fn one_user_is_remembered() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    let answer = ada.get("/name/ada/remember");
    assert!(
        lines(&answer)[0].contains("expires=Sat, 31 Jan 2026"),
        "{answer:?}"
    );
    fixture.clock.advance(29 * DAY);
    // It goes on so.
    let answer = ada.get("/visits/1");
    assert!(
        lines(&answer)[0].contains("expires=Sun, 01 Mar 2026"),
        "{answer:?}"
    );
    fixture.clock.advance(29 * DAY);
    assert!(ada.read("/handle").starts_with("false Some(For(2592000s))"));
    // Until the browser is closed, and for the server without an end.
    let answer = ada.get("/forget");
    assert!(!lines(&answer)[0].contains("expires"), "{answer:?}");
    fixture.clock.advance(400 * DAY);
    assert_eq!(ada.read("/read"), "ada 1");
    // The shortest age is not for ever.
    ada.get("/micros/10");
    fixture.clock.advance(HOUR);
    assert_eq!(ada.read("/read"), " 0");
}

#[test]
fn it_ends() {
    for path in [
        "/destroy",
        "/drop",
        "/visits/1/save/destroy",
        "/destroy/visits/1",
    ] {
        let fixture = with(User::CONFIG);
        let mut ada = fixture.browser();
        ada.get("/name/ada");
        let answer = ada.get(path);
        assert_eq!(
            lines(&answer),
            ["sid=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly"],
            "{path}"
        );
        assert_eq!(ada.read("/read"), " 0");
        // And another one may begin at once.
        ada.get("/name/ada");
        assert_eq!(ada.read("/destroy/put/bob"), "bob 0");
        assert_eq!(ada.read("/read"), "bob 0");
        assert_eq!(ada.cookies.len(), 1);
    }
}

#[test]
fn it_is_saved_by_hand() {
    let fixture = with(User::CONFIG.auto_commit(false));
    let mut ada = fixture.browser();
    assert!(is_silent(&mut ada, "/name/ada"));
    assert!(!is_silent(&mut ada, "/name/ada/commit"));
    assert!(is_silent(&mut ada, "/commit"));
    assert!(!is_silent(&mut ada, "/save"));
    assert_eq!(ada.read("/read"), "ada 0");
}

#[test]
fn what_is_not_valid_does_not_count() {
    let fixture = with(User::CONFIG);
    let mut eve = fixture.browser();
    eve.get("/name/eve");
    assert_eq!(eve.read("/handle").split(' ').next(), Some("true"));
    let [Told::Invalid(event)] = &fixture.told()[..] else {
        panic!("it is told of");
    };
    assert_eq!((event.cookie, &event.value["name"]), ("sid", &"eve".into()));
    assert!(!format!("{event:?}").contains("eve"));
}

#[test]
fn what_an_older_key_sealed_is_sealed_anew() {
    let clock = Clock::new();
    let old = with_keys(User::CONFIG, &[OLD], clock.clone());
    let mut ada = old.browser();
    ada.get("/name/ada");
    let before = ada.cookies.clone();
    let both = with_keys(User::CONFIG, &[NEW, OLD], clock.clone());
    let mut ada = Browser::new(both.server.address);
    ada.cookies = before.clone();
    assert!(is_silent(&mut ada, "/free"));
    assert!(!is_silent(&mut ada, "/read"));
    assert_ne!(ada.cookies, before);
    assert!(is_silent(&mut ada, "/read"));
    let new = with_keys(User::CONFIG, &[NEW], clock);
    let mut browser = new.browser();
    browser.cookies = ada.cookies;
    assert_eq!(browser.read("/read"), "ada 0");
    browser.cookies = before;
    assert_eq!(browser.read("/read"), " 0");
}

#[test]
fn an_error_drops_what_was_set() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    ada.get("/name/ada");
    for (path, status) in [
        ("/visits/7/fail", 400),
        ("/visits/7/save/fail", 400),
        ("/visits/7/panic", 500),
        ("/destroy/fail", 400),
    ] {
        let answer = ada.get(path);
        assert_eq!(
            (answer.status, lines(&answer)),
            (status, Vec::new()),
            "{path}"
        );
        assert_eq!(ada.read("/read"), "ada 0", "{path}");
    }
}

#[middleware]
async fn as_session(user: &mut User) -> String {
    user.visits += 1;
    user.visits.to_string()
}

/// The attributes of the one line of cookies in an answer over TLS, or without; the status where there is none.
fn attributes(server: &Serving, tls: bool) -> std::result::Result<String, u16> {
    let said = format!(
        "X-Forwarded-Proto: {}\r\n",
        if tls { "https" } else { "http" }
    );
    let answer = Client::connect(server.address).ask("GET", "/", &said);
    match lines(&answer)[..] {
        [line] => Ok(line.split_once(';').unwrap().1.to_owned()),
        _ => Err(answer.status),
    }
}

#[test]
fn its_cookie_has_the_attributes_of_any_cookie() {
    let sid = || Cookie::new("sid").overwrite(true);
    let cookies = [
        sid(),
        sid().path("/a b").domain("example.com").http_only(false),
        sid().path("").same_site(SameSite::Strict).secure(false),
        sid().same_site(SameSite::Lax).priority(Priority::High),
        sid().secure(true),
        sid().same_site(SameSite::None),
        sid().same_site(SameSite::None).partitioned(true),
        sid().partitioned(true),
        sid().domain("-"),
        Cookie::new("__Host-sid"),
        Cookie::new("__Host-sid").path("/a"),
        Cookie::new("s;id"),
    ];
    for cookie in cookies {
        let clock = Clock::new();
        let app = || {
            App::new()
                .keys([NEW])
                .proxy(true)
                .silent(true)
                .clock(clock.of())
        };
        let sealed = User::CONFIG.cookie(cookie.encrypt(true));
        let session = app()
            .with(Sessions::<User>::with_config(sealed))
            .with(as_session);
        let plain = cookie.max_age(DAY).signed(false);
        let plain = app().with(Says(plain));
        let (session, plain) = (serve(session), serve(plain));
        for tls in [true, false] {
            let expected = attributes(&plain, tls);
            assert_eq!(attributes(&session, tls), expected, "{cookie:?} {tls}");
            // What is known of it from the request before changes nothing.
            assert_eq!(attributes(&session, tls), expected, "{cookie:?} {tls}");
        }
    }
}

/// Sets a cookie.
struct Says(Cookie<'static>);

#[middleware]
impl Says {
    async fn call(&self, ctx: &mut Context) -> Result {
        ctx.cookies().set(self.0, "value")
    }
}

#[test]
fn a_response_has_its_cookie_once() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    let answer = ada.get("/cookie/1/visits/1/save/cookie/2/visits/2/save/visits/3");
    let names = lines(&answer)
        .into_iter()
        .map(|line| line.split('=').next().unwrap());
    let names: Vec<_> = names.collect();
    // A line of each time that the other one is set, and its signature.
    assert_eq!(names, ["other", "other.sig", "other", "other.sig", "sid"]);
    assert_eq!(ada.read("/read"), " 3");
}

#[test]
fn its_partitioned_twin_is_as_good() {
    let cookie = Cookie::new("sid").same_site(SameSite::None).encrypt(true);
    let sessions = Sessions::<User>::with_config(User::CONFIG.cookie(cookie));
    let app = App::new()
        .keys([NEW])
        .proxy(true)
        .cookies(CookieSettings::new().auto_chips(true))
        .with(sessions)
        .with(as_session);
    let server = serve(app);
    let ask = |headers: &str| {
        let headers = format!("X-Forwarded-Proto: https\r\n{headers}");
        Client::connect(server.address).ask("GET", "/", &headers)
    };
    let answer = ask("");
    let [twin, line] = lines(&answer)[..] else {
        panic!("{answer:?}");
    };
    for line in [twin, line] {
        let pair = line.split(';').next().unwrap();
        assert_eq!(ask(&format!("Cookie: {pair}\r\n")).text(), "2", "{pair}");
    }
}

#[test]
fn it_is_in_an_answer_that_streams() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    let answer = ada.get("/stream");
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(
        (answer.text().as_str(), lines(&answer).len()),
        ("streamed", 1)
    );
    assert_eq!(ada.read("/read"), " 1");
}

#[test]
fn one_too_big_for_a_cookie_is_an_error() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    ada.get("/name/ada");
    let answer = ada.get("/long/4000");
    assert_eq!((answer.status, lines(&answer)), (500, Vec::new()));
    assert_eq!(answer.text(), "Internal Server Error");
    let [Told::Error(message)] = &fixture.told()[..] else {
        panic!("it is told of");
    };
    assert!(
        message.contains("4096") && message.contains("store"),
        "{message}"
    );
    assert_eq!(ada.read("/read"), "ada 0");
    // The longest that goes comes back.
    ada.get("/long/2800");
    assert!(ada.cookies["sid"].len() > 3800);
    assert!(ada.read("/read").starts_with("xxx"));
}

/// Whatever an attribute can say of the cookie.
#[session(
    key = "__Secure-all",
    max_age = "30m",
    path = "/shop",
    domain = "example.com",
    secure,
    http_only = false,
    same_site = "none",
    priority = "high",
    partitioned,
    signed,
    encrypt = false,
    overwrite = false,
    valid = is_no_ghost,
    before_save = stamp
)]
struct All {
    name: String,
    saved: u32,
}

fn is_no_ghost(_: &Context, session: &All) -> bool {
    session.name != "ghost"
}

fn stamp(_: &Context, session: &mut All) {
    session.saved += 1;
}

#[middleware]
async fn all(ctx: &mut Context, session: &mut All) -> String {
    if let Some(name) = ctx.path().strip_prefix("/shop/") {
        session.name = name.to_owned();
    }
    format!("{} {}", session.name, session.saved)
}

#[test]
fn the_attribute_is_heeded() {
    let app = App::new()
        .keys([NEW])
        .clock(Clock::new().of())
        .proxy(true)
        .with(All::middleware())
        .with(all);
    let server = serve(app);
    let ask = |path: &str, cookies: &str| {
        let header = format!(
            "X-Forwarded-Proto: https\r\nUser-Agent: Chrome/140.0\r\nCookie: {cookies}\r\n"
        );
        client::Client::connect(server.address).ask("GET", path, &header)
    };
    let answer = ask("/shop/ada", "");
    let [line, signature] = lines(&answer)[..] else {
        panic!("{answer:?}");
    };
    for line in [line, signature] {
        for attribute in [
            "path=/shop",
            "expires=Thu, 01 Jan 2026 00:30:00 GMT",
            "domain=example.com",
            "samesite=none",
            "priority=high",
            "partitioned",
            "secure",
        ] {
            let attribute = format!("; {attribute}");
            assert!(line.contains(&attribute), "{attribute} in {line}");
        }
        assert!(!line.contains("httponly"), "{line}");
    }
    assert!(line.starts_with("__Secure-all="));
    assert!(signature.starts_with("__Secure-all.sig="));
    let pair = |line: &str| line.split(';').next().unwrap().to_owned();
    let cookies = format!("{}; {}", pair(line), pair(signature));
    // It was changed before it was saved, and not when it was read.
    let answer = ask("/shop", &cookies);
    assert_eq!((answer.text().as_str(), lines(&answer).len()), ("ada 1", 0));
    // Nothing is taken that is not signed.
    assert_eq!(ask("/shop", &pair(line)).text(), " 0");
    // One that is not valid begins anew.
    let answer = ask("/shop/ghost", &cookies);
    assert_eq!(answer.text(), "ghost 1");
    let [line, signature] = lines(&answer)[..] else {
        panic!("{answer:?}");
    };
    let cookies = format!("{}; {}", pair(line), pair(signature));
    assert_eq!(ask("/shop", &cookies).text(), " 0");
    // Over a plain connection a secure cookie is no cookie.
    let header = format!("Cookie: {cookies}\r\n");
    let plain = client::Client::connect(server.address).ask("GET", "/shop/ada", &header);
    assert_eq!((plain.status, lines(&plain)), (500, Vec::new()));
}

/// As the page about sessions has it.
#[session(key = "sid", max_age = "1d")]
struct Numbered {
    user: Option<String>,
    generation: u64,
}

#[derive(Default)]
struct Generations(std::sync::RwLock<HashMap<String, u64>>);

impl Generations {
    fn of(&self, user: &str) -> u64 {
        self.0.read().unwrap().get(user).copied().unwrap_or(0)
    }
}

fn is_present(ctx: &Context, session: &Numbered) -> bool {
    match (&session.user, ctx.app().value::<Generations>()) {
        (Some(user), Some(generations)) => generations.of(user) == session.generation,
        _ => true,
    }
}

#[middleware]
async fn numbered(
    ctx: &mut Context,
    session: &mut Numbered,
    generations: &Generations,
) -> Option<String> {
    match ctx.path() {
        "/log-out-everywhere" => {
            let mut all = generations.0.write().unwrap();
            *all.entry(session.user.clone()?).or_default() += 1;
        }
        "/" => {}
        path => {
            let user = path.trim_start_matches('/').to_owned();
            session.generation = generations.of(&user);
            session.user = Some(user);
        }
    }
    session.user.clone()
}

#[test]
fn all_sessions_of_one_user_end_at_once() {
    let app = App::new()
        .keys([NEW])
        .context(Generations::default())
        .with(Numbered::middleware().valid(is_present))
        .with(numbered);
    let server = serve(app);
    let [mut laptop, mut phone, mut bob] = std::array::from_fn(|_| Browser::new(server.address));
    assert_eq!(laptop.read("/ada"), "ada");
    assert_eq!(phone.read("/ada"), "ada");
    assert_eq!(bob.read("/bob"), "bob");
    let mut copy = laptop.clone();
    laptop.get("/log-out-everywhere");
    for browser in [&mut laptop, &mut phone, &mut copy] {
        assert_eq!(browser.get("/").status, 404);
    }
    assert_eq!(bob.read("/"), "bob");
    assert_eq!(phone.read("/ada"), "ada");
    assert_eq!(phone.read("/"), "ada");
    assert_eq!(copy.get("/").status, 404);
}

#[session(key = "cart", max_age = "session")]
struct Cart {
    items: Vec<String>,
}

#[middleware]
async fn both(user: &mut User, cart: &mut Cart) -> String {
    user.visits += 1;
    if user.visits == 2 {
        cart.items.push("pear".to_owned());
    }
    format!("{} {:?}", user.visits, cart.items)
}

#[test]
fn there_may_be_several() {
    let app = App::new()
        .keys([NEW])
        .with(User::middleware())
        .with(Cart::middleware())
        .with(both);
    let server = serve(app);
    let mut ada = Browser::new(server.address);
    assert_eq!(ada.read("/"), "1 []");
    assert_eq!(ada.cookies.len(), 1);
    assert_eq!(ada.read("/"), "2 [\"pear\"]");
    assert_eq!(ada.cookies.len(), 2);
    assert_eq!(ada.read("/"), "3 [\"pear\"]");
    // One is not taken for the other.
    let cart = ada.cookies["cart"].clone();
    ada.cookies.insert("sid".to_owned(), cart);
    assert_eq!(ada.read("/"), "1 [\"pear\"]");
}

/// In another part of the app it is the same session, though one part does not see what the other provides.
#[test]
fn one_may_be_provided_in_several_parts() {
    let app = App::new()
        .keys([NEW])
        .mount("/a", Stack::new().with(User::middleware()).with(read))
        .mount(
            "/b",
            Stack::new()
                .with(User::middleware().cookie(Cookie::new("sid").encrypt(true)))
                .with(site),
        );
    let server = serve(app);
    let mut ada = Browser::new(server.address);
    assert_eq!(ada.read("/b/name/ada"), "ada 0");
    assert_eq!(ada.read("/a"), "ada 0");
}

/// What the compiler does not see is found when the app starts.
#[test]
fn two_under_one_key_are_an_error_when_the_app_starts() {
    let app = || App::new().keys([NEW]).silent(true);
    let cart = || Cart::middleware().cookie(Cookie::new("sid").encrypt(true));
    let config = SessionConfig::new().cookie(Cookie::new("sid"));
    let boxed = || BoxMiddleware::<()>::new(Stack::new().with(cart()).with(site));
    let above = app().with(User::middleware());
    let message = "two sessions are kept under the key `sid`: `User` (";
    for (refused, advice) in [
        (
            refused(above.with(cart())),
            "; give one of them another key",
        ),
        (
            refused(app().with(User::middleware()).with(boxed())),
            "; give one of them another key",
        ),
        (
            refused(
                app()
                    .mount("/a", Stack::new().with(User::middleware()))
                    .mount("/b", vec![boxed()]),
            ),
            "; give one of them another key",
        ),
        (
            refused(
                app()
                    .with(User::middleware())
                    .with(Sessions::<User>::with_config(config)),
            ),
            "; one of its `middleware()` is enough",
        ),
    ] {
        assert!(refused.starts_with(message), "{refused}");
        assert!(refused.contains("tests/sessions.rs:"), "{refused}");
        assert!(refused.ends_with(advice), "{refused}");
    }
    // A service for another server cannot fail when it is made: it says so, and answers nothing.
    let (tell, told) = channel();
    let app = app()
        .on_error(move |error, _| tell.send(error.message().to_owned()).unwrap())
        .with(User::middleware())
        .with(cart())
        .with(free);
    let server = by_hyper::serve(app);
    let answer = client::get(server.address, "/");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (500, "Internal Server Error")
    );
    assert!(told.recv().unwrap().starts_with(message));
}

#[middleware]
async fn free() -> &'static str {
    "free"
}

/// Why an app does not start.
fn refused<C: Onion, List: 'static, Depth: 'static>(app: App<C, List, Depth>) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime.block_on(app.bind("127.0.0.1:0")).unwrap_err();
    error.message().to_owned()
}

#[test]
fn without_its_middleware_it_is_an_error() {
    let (tell, told) = channel();
    let app = App::new()
        .keys([NEW])
        .on_error(move |error, _| tell.send(error.message().to_owned()).unwrap())
        .with(site);
    let server = serve(app);
    assert_eq!(client::get(server.address, "/").status, 500);
    let message = told.recv().unwrap();
    assert!(message.contains("User::middleware()"), "{message}");
    // And one that is sealed needs keys.
    let (tell, told) = channel();
    let app = App::new()
        .on_error(move |error, _| tell.send(error.message().to_owned()).unwrap())
        .with(User::middleware())
        .with(site);
    let server = serve(app);
    assert_eq!(client::get(server.address, "/").status, 200);
    assert_eq!(client::get(server.address, "/name/ada").status, 500);
    let message = told.recv().unwrap();
    assert!(message.contains("App::keys"), "{message}");
}

/// The same key, written in another form.
#[session(key = "sid", compat = "koa", max_age = "1d")]
struct KoaUser {
    name: String,
}

#[session(key = "sid", compat = "egg", max_age = "1d")]
struct EggUser {
    name: String,
}

#[session(key = "sid", encrypt = false, max_age = "1d")]
struct SignedUser {
    name: String,
}

#[middleware]
async fn as_koa(user: &mut KoaUser) {
    user.name = "eve".to_owned();
}

#[middleware]
async fn as_egg(user: &mut EggUser) {
    user.name = "eve".to_owned();
}

#[middleware]
async fn as_signed(user: &mut SignedUser) {
    user.name = "eve".to_owned();
}

#[middleware]
async fn as_cookie(ctx: &mut Context) -> Result {
    let value = r#"{"name":"eve","visits":1,"rights":{}}"#;
    let cookie = Cookie::new("sid").encrypt(true).max_age(DAY);
    ctx.cookies().set(cookie, value)
}

#[test]
fn nothing_takes_the_place_of_a_sealed_one() {
    let fixture = with(User::CONFIG);
    let app = || App::new().keys([NEW]).clock(fixture.clock.of());
    for (form, server) in [
        ("koa", serve(app().with(KoaUser::middleware()).with(as_koa))),
        ("egg", serve(app().with(EggUser::middleware()).with(as_egg))),
        (
            "signed",
            serve(app().with(SignedUser::middleware()).with(as_signed)),
        ),
        ("cookie", serve(app().with(as_cookie))),
    ] {
        let mut eve = Browser::new(server.address);
        eve.get("/");
        assert!(eve.cookies["sid"].len() > 10, "{form}");
        let mut here = fixture.browser();
        here.cookies = eve.cookies;
        assert_eq!(here.read("/read"), " 0", "{form}");
    }
    // Nor one that somebody changed.
    let mut ada = fixture.browser();
    ada.get("/name/ada");
    let sealed = ada.cookies["sid"].clone();
    for at in 0..sealed.len() {
        let mut text = sealed.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        let mut eve = fixture.browser();
        eve.cookies
            .insert("sid".to_owned(), String::from_utf8(text).unwrap());
        assert_eq!(eve.read("/read"), " 0", "{at}");
    }
    assert_eq!(fixture.told(), []);
}

#[session(key = "sid", max_age = "1d")]
struct Later {
    #[serde(alias = "name")]
    user: String,
    language: Option<String>,
}

#[middleware]
async fn later(session: &mut Later) -> String {
    session.language.get_or_insert_with(|| "en".to_owned());
    format!("{} {:?}", session.user, session.language)
}

#[session(key = "sid", max_age = "1d")]
struct Unlike {
    name: Vec<u32>,
}

#[middleware]
async fn unlike(session: &Unlike) -> String {
    format!("{:?}", session.name)
}

#[test]
fn a_new_version_of_the_struct_logs_nobody_out() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    ada.get("/name/ada/visits/3/rights");
    let (tell, told) = channel();
    let app = || {
        let tell = tell.clone();
        App::new()
            .keys([NEW])
            .clock(fixture.clock.of())
            .on(move |event: &SessionInvalid| tell.send(event.clone()).unwrap())
    };
    // What cannot be read at all is told of, and left alone.
    let server = serve(app().with(Unlike::middleware()).with(unlike));
    let mut browser = Browser::new(server.address);
    browser.cookies = ada.cookies.clone();
    assert_eq!(browser.read("/"), "[]");
    assert_eq!(told.recv().unwrap().value["name"], "ada");
    assert_eq!(browser.cookies, ada.cookies);
    let server = serve(app().with(Later::middleware()).with(later));
    let mut browser = Browser::new(server.address);
    browser.cookies = ada.cookies;
    assert_eq!(browser.read("/"), "ada Some(\"en\")");
    assert_eq!(browser.read("/"), "ada Some(\"en\")");
    assert!(told.try_recv().is_err());
}

#[test]
fn nothing_of_it_is_printed() {
    let fixture = with(User::CONFIG);
    let mut ada = fixture.browser();
    ada.get("/name/ada");
    let printed = ada.read("/handle");
    assert!(
        printed.ends_with("Session { is_new: false, is_destroyed: false, .. }"),
        "{printed}"
    );
    let printed = format!(
        "{:?}",
        User::middleware().valid(|_, user| user.name != "eve")
    );
    assert!(
        printed.starts_with("Sessions { config: SessionConfig {"),
        "{printed}"
    );
    let missed = SessionMissed {
        cookie: "sid",
        id: Some("an id".to_owned()),
    };
    assert_eq!(
        format!("{missed:?}"),
        "SessionMissed { cookie: \"sid\", .. }"
    );
}
