//! Cookies of our own form: what is written, what is believed, what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use client::{Answer, Client};
use koa::prelude::*;
use koa::{
    Algorithm, Compat, Cookie, CookieLimitExceeded, CookieSettings, EggKeygrip, Keygrip, Priority,
    SameSite, WeakKey, Weakness, cookie,
};
use serve::{Serving, serve, serve_with};

const NEW: &str = "a new key that nobody guesses 01";
const OLD: &str = "an old key that nobody guessed 1";

/// The lines of cookies in an answer.
fn lines(answer: &Answer) -> Vec<&str> {
    let lines = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    lines.map(|(_, value)| value.as_str()).collect()
}

/// What a browser would send back of them.
fn jar(answer: &Answer) -> String {
    let pairs = lines(answer)
        .into_iter()
        .map(|line| line.split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

fn ask(server: &Serving, path: &str, cookies: &str, more: &str) -> Answer {
    let headers = format!("Cookie: {cookies}\r\n{more}");
    Client::connect(server.address).ask("GET", path, &headers)
}

const SEALED: Cookie = cookie!("sealed", encrypt, max_age = "1h");
const OTHER: Cookie = cookie!("other", encrypt, max_age = "1h");

/// Sets what the query says, and answers with what came.
#[middleware]
async fn site(ctx: &mut Context) -> Result<String> {
    match ctx.path() {
        "/set" => {
            ctx.cookies().set("plain", "value")?;
            ctx.cookies().set(SEALED, "secret")?;
        }
        "/all" => {
            let mut cookies = ctx.cookies();
            cookies.set(
                Cookie::new("all")
                    .path("/a")
                    .domain("example.com")
                    .max_age(Duration::from_secs(60))
                    .same_site(SameSite::None)
                    .priority(Priority::High)
                    .partitioned(true)
                    .http_only(false),
                7,
            )?;
        }
        "/remove" => ctx.cookies().remove(Cookie::new("plain").path("/a"))?,
        "/overwrite" => {
            ctx.cookies().set("a", 1)?;
            ctx.cookies().set(Cookie::new("a").overwrite(true), 2)?;
        }
        _ => {}
    }
    let plain = ctx.cookies().get("plain")?;
    let unsigned = ctx.cookies().get(Cookie::new("plain").signed(false))?;
    let sealed = ctx.cookies().get(SEALED)?;
    let other = ctx.cookies().get(OTHER)?;
    Ok(format!("{plain:?} {unsigned:?} {sealed:?} {other:?}"))
}

/// A clock that a test moves.
#[derive(Clone)]
struct Clock(Arc<Mutex<SystemTime>>);

impl Clock {
    fn new() -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        Self(Arc::new(Mutex::new(start)))
    }

    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    fn of(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let Self(now) = self.clone();
        move || *now.lock().unwrap()
    }
}

fn serve_site(keys: &[&str]) -> Serving {
    serve(App::new().keys(keys).clock(Clock::new().of()).with(site))
}

#[test]
fn what_was_set_comes_back() {
    let server = serve_site(&[NEW]);
    let answer = ask(&server, "/set", "", "");
    let lines = lines(&answer);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], "plain=value; path=/; httponly");
    assert!(lines[1].starts_with("plain.sig="), "{lines:?}");
    assert!(
        lines[2].ends_with("; path=/; expires=Thu, 01 Jan 2026 01:00:00 GMT; httponly"),
        "{lines:?}"
    );
    assert!(!lines[2].contains("secret"));
    let answer = ask(&server, "/", &jar(&answer), "");
    assert_eq!(
        answer.text(),
        r#"Some("value") Some("value") Some("secret") None"#
    );
    assert_eq!(answer.header("set-cookie"), None);
}

#[test]
fn every_attribute_is_written_as_koa_writes_it() {
    let server = serve(App::new().proxy(true).clock(Clock::new().of()).with(site));
    let answer = ask(&server, "/all", "", "X-Forwarded-Proto: https\r\n");
    let line = "all=7; path=/a; expires=Thu, 01 Jan 2026 00:01:00 GMT; domain=example.com; priority=high; \
                samesite=none; secure; partitioned";
    assert_eq!(lines(&answer), [line]);
    // Over a plain connection a browser would drop it: it is left out what needs TLS.
    let answer = ask(&server, "/all", "", "");
    assert_eq!(
        lines(&answer),
        [
            "all=7; path=/a; expires=Thu, 01 Jan 2026 00:01:00 GMT; domain=example.com; priority=high"
        ]
    );
}

#[test]
fn a_cookie_is_removed_from_its_path() {
    let server = serve(App::new().with(site));
    let answer = ask(&server, "/remove", "", "");
    let line = "plain=; path=/a; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly";
    assert_eq!(lines(&answer), [line]);
}

#[test]
fn overwriting_replaces_lines_of_the_name() {
    let server = serve_site(&[NEW]);
    let answer = ask(&server, "/overwrite", "", "");
    let lines = lines(&answer);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("a=2;") && lines[1].starts_with("a.sig="));
}

#[test]
fn what_an_older_key_made_is_made_anew() {
    let old = serve_site(&[OLD]);
    let made = jar(&ask(&old, "/set", "", ""));
    let new = serve_site(&[NEW, OLD]);
    let answer = ask(&new, "/", &made, "");
    assert_eq!(
        answer.text(),
        r#"Some("value") Some("value") Some("secret") None"#
    );
    let anew = lines(&answer);
    assert_eq!(anew.len(), 2, "{anew:?}");
    assert!(anew[0].starts_with("plain.sig="), "{anew:?}");
    // It counts no longer than the one before.
    assert!(
        anew[1].starts_with("sealed=") && anew[1].contains("expires=Thu, 01 Jan 2026 01:00:00 GMT"),
        "{anew:?}"
    );
    // The first key alone reads what came of it.
    let plain = made.split("; ").next().unwrap();
    let cookies = format!("{plain}; {}", jar(&answer));
    let newest = serve_site(&[NEW]);
    let answer = ask(&newest, "/", &cookies, "");
    assert_eq!(
        answer.text(),
        r#"Some("value") Some("value") Some("secret") None"#
    );
    assert_eq!(answer.header("set-cookie"), None);
    // And nobody reads what a key made that is gone.
    let answer = ask(&newest, "/", &made, "");
    assert_eq!(answer.text(), r#"None Some("value") None None"#);
    assert_eq!(
        lines(&answer),
        ["plain.sig=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly"]
    );
}

#[test]
fn a_sealed_value_counts_under_its_name_and_in_its_time_only() {
    let clock = Clock::new();
    let server = serve(App::new().keys([NEW]).clock(clock.of()).with(site));
    let made = jar(&ask(&server, "/set", "", ""));
    let sealed = made
        .split("; ")
        .find(|pair| pair.starts_with("sealed="))
        .unwrap();
    let moved = sealed.replace("sealed=", "other=");
    let got = |cookies: &str| ask(&server, "/", cookies, "").text();
    assert_eq!(got(sealed), r#"None None Some("secret") None"#);
    assert_eq!(got(&moved), "None None None None");
    // Nor is a plain value, or a signed one, taken in place of a sealed one.
    let signature = Keygrip::new([NEW]).sign("sealed=mine").unwrap();
    assert_eq!(
        got(&format!("sealed=mine; sealed.sig={signature}")),
        "None None None None"
    );
    let egg = EggKeygrip::new([NEW]).encrypt_cookie("mine").unwrap();
    assert_eq!(got(&format!("sealed={egg}")), "None None None None");
    clock.advance(Duration::from_secs(3600));
    assert_eq!(got(sealed), "None None None None");
}

#[test]
fn a_signature_counts_for_its_name_only() {
    let server = serve_site(&[NEW]);
    let signature = Keygrip::new([NEW]).sign("other=value").unwrap();
    let answer = ask(
        &server,
        "/",
        &format!("plain=value; plain.sig={signature}"),
        "",
    );
    assert_eq!(answer.text(), r#"None Some("value") None None"#);
}

#[test]
fn eggs_cookies_are_read_while_they_are_accepted_and_ours_are_written() {
    let keys = EggKeygrip::new([NEW]);
    let cookies = format!(
        "plain=value; plain.sig={}; sealed={}",
        keys.sign("plain=value").unwrap(),
        keys.encrypt_cookie("secret").unwrap()
    );
    let accepting = App::new()
        .keys([NEW])
        .clock(Clock::new().of())
        .cookies(CookieSettings::new().accept(Compat::Egg))
        .with(site);
    let answer = ask(&serve(accepting), "/", &cookies, "");
    assert_eq!(
        answer.text(),
        r#"Some("value") Some("value") Some("secret") None"#
    );
    let ours = serve_site(&[NEW]);
    let answer = ask(&ours, "/", &format!("plain=value; {}", jar(&answer)), "");
    assert_eq!(
        answer.text(),
        r#"Some("value") Some("value") Some("secret") None"#
    );
    let answer = ask(&ours, "/", &cookies, "");
    assert_eq!(answer.text(), r#"None Some("value") None None"#);
}

#[test]
fn koas_signatures_are_read_beside_stronger_ones() {
    let keys = Keygrip::new([NEW]);
    let cookies = format!(
        "plain=value; plain.sig={}",
        keys.sign("plain=value").unwrap()
    );
    let keys = keys.algorithm(Algorithm::Sha256);
    let accepting = App::new()
        .keys(keys.clone())
        .cookies(CookieSettings::new().accept(Compat::Koa))
        .with(site);
    let answer = ask(&serve(accepting), "/", &cookies, "");
    assert!(answer.text().starts_with(r#"Some("value")"#));
    let signature = keys.sign("plain=value").unwrap();
    assert!(lines(&answer)[0].starts_with(&format!("plain.sig={signature};")));
    let strict = serve(App::new().keys(keys).with(site));
    assert!(ask(&strict, "/", &cookies, "").text().starts_with("None"));
}

/// What setting a cookie fails with, over a connection that is plain or not.
fn refused(cookie: Cookie<'static>, value: &'static str, tls: bool) -> String {
    #[derive(Clone, Copy)]
    struct Set(Cookie<'static>, &'static str);

    #[middleware]
    impl Set {
        async fn call(&self, ctx: &mut Context) -> String {
            match ctx.cookies().set(self.0, self.1) {
                Ok(()) => String::new(),
                Err(error) => error.message().to_owned(),
            }
        }
    }

    let app = App::new().keys([NEW]).proxy(true).with(Set(cookie, value));
    let server = serve(app);
    let proto = if tls {
        "X-Forwarded-Proto: https\r\n"
    } else {
        ""
    };
    let answer = ask(&server, "/", "", proto);
    let refused = answer.text();
    assert_eq!(
        refused.is_empty(),
        answer.header("set-cookie").is_some(),
        "{refused}"
    );
    refused
}

#[test]
fn what_browsers_drop_or_misread_is_refused() {
    const LONG: &str = {
        const BYTES: [u8; 4096] = [b'/'; 4096];
        match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!(),
        }
    };
    let named = Cookie::new;
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    let far = SystemTime::now() + days(401);
    for (cookie, value, tls, says) in [
        (named(""), "v", false, "argument name is invalid"),
        (named("a;b"), "v", false, "argument name is invalid"),
        (named("a b"), "v", false, "argument name is invalid"),
        (named("a\r\nb"), "v", false, "argument name is invalid"),
        (named("é"), "v", false, "argument name is invalid"),
        (named("a"), "v;w", false, "argument value is invalid"),
        (
            named("a"),
            "v\r\nSet-Cookie: b=1",
            false,
            "argument value is invalid",
        ),
        (named("a"), "\u{0}", false, "argument value is invalid"),
        (named("a"), "é", false, "argument value is invalid"),
        (named("a"), " v", false, "argument value is invalid"),
        (named("a"), "v ", false, "argument value is invalid"),
        (named("a"), "v\tw", false, "argument value is invalid"),
        (named("a"), "\"v\"", false, "argument value is invalid"),
        (named("a").path("a"), "v", false, "option path is invalid"),
        (named("a").path("/a "), "v", false, "option path is invalid"),
        (named("a").path("/;"), "v", false, "option path is invalid"),
        (named("a").path("/\n"), "v", false, "option path is invalid"),
        (
            named("a").domain("a_b"),
            "v",
            false,
            "option domain is invalid",
        ),
        (
            named("a").domain("a; secure"),
            "v",
            false,
            "option domain is invalid",
        ),
        (
            named("a").secure(true),
            "v",
            false,
            "Cannot send secure cookie",
        ),
        (
            named("a").same_site(SameSite::None).secure(false),
            "v",
            true,
            "`SameSite=None` but not secure",
        ),
        (
            named("a").partitioned(true),
            "v",
            true,
            "needs `SameSite::None`",
        ),
        (
            named("a").same_site(SameSite::named("laxx")),
            "v",
            false,
            "option sameSite is invalid (of the cookie \"a\"): it is `strict`, `lax` or `none`",
        ),
        (
            named("a").priority(Priority::named("lo")),
            "",
            false,
            "option priority is invalid (of the cookie \"a\"): a priority is `low`",
        ),
        (named("__Host-a"), "v", false, "must be secure"),
        (
            named("__Host-a").domain("example.com"),
            "v",
            true,
            "must have no domain",
        ),
        (
            named("__host-a").path("/a"),
            "v",
            true,
            "must have the path `/`",
        ),
        (
            named("__Secure-a").secure(false),
            "v",
            true,
            "must be secure",
        ),
        (named("a"), LONG, false, "longer than 4096 bytes"),
        (named("a").path(LONG), "v", false, "more than 1024 bytes"),
        (
            named("a").max_age(days(401)),
            "v",
            false,
            "more than 400 days",
        ),
        (named("a").expires(far), "v", false, "more than 400 days"),
        (
            named("a").max_age(Duration::ZERO),
            "v",
            false,
            "max age of 0",
        ),
    ] {
        let refused = refused(cookie, value, tls);
        assert!(refused.contains(says), "{cookie:?}: {refused:?}");
    }
    for (cookie, value, tls) in [
        (named("__Host-a"), "v", true),
        (named("__Secure-a").domain("example.com"), "v", true),
        (named("a").max_age(days(400)), "v", false),
        (named("a").encrypt(true), "é; \r\n", false),
        (named("a").path(""), "v w=\"x\",", false),
        (named("a").same_site(SameSite::None), "v", false),
        (named("a").same_site(SameSite::named("LAX")), "v", false),
        (named("a").priority(Priority::named("Low")), "v", false),
    ] {
        assert_eq!(refused(cookie, value, tls), "", "{cookie:?}");
    }
}

#[test]
fn signing_and_sealing_without_keys_is_an_error_that_says_so() {
    #[middleware]
    async fn sealed(ctx: &mut Context) -> Result {
        ctx.cookies().set(SEALED, "secret")
    }

    let (told, events) = std::sync::mpsc::channel();
    let app = App::new().on_error(move |error, _| told.send(error.to_string()).unwrap());
    let server = serve(app.with(sealed));
    assert_eq!(ask(&server, "/", "", "").status, 500);
    let said = events.recv().unwrap();
    assert!(said.contains("give it some with `App::keys`"), "{said}");
}

#[test]
fn too_many_cookies_are_an_error() {
    #[middleware]
    async fn many(ctx: &mut Context) -> Result<String> {
        for number in 0..10_000 {
            if let Err(error) = ctx.cookies().set(&format!("c{number}"), "v") {
                return Ok(format!("{number}: {}", error.message()));
            }
        }
        Ok("all".to_owned())
    }

    let answer = ask(&serve(App::new().with(many)), "/", "", "");
    assert_eq!(
        answer.text(),
        "512: more than 512 lines of cookies in one response"
    );
    assert_eq!(lines(&answer).len(), 512);
}

#[test]
fn a_long_value_is_told_of() {
    #[middleware]
    async fn long(ctx: &mut Context) -> Result {
        ctx.cookies().set("a", "v".repeat(4094))
    }

    let (told, events) = std::sync::mpsc::channel();
    let app = App::new().on(move |event: &CookieLimitExceeded| told.send(event.clone()).unwrap());
    ask(&serve(app.with(long)), "/", "", "");
    let event = events.recv().unwrap();
    assert_eq!((event.name.as_str(), event.length), ("a", 4094));
}

#[test]
fn weak_keys_are_told_of_once() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let app = App::new()
        .keys(["secret", NEW, "aaaaaaaaaaaaaaaaaaaaaaaa"])
        .on(move |weak: &WeakKey| listener.lock().unwrap().push(*weak));
    let server = serve(app.with(site));
    ask(&server, "/", "", "");
    let told = told.lock().unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|weak| (weak.index, weak.weakness))
        .collect();
    assert_eq!(told, [(0, Weakness::Short), (2, Weakness::Repetitive)]);
    let weak = WeakKey {
        index: 0,
        weakness: Weakness::Short,
    };
    assert!(weak.to_string().contains("openssl rand -base64 32"));
}

#[test]
fn keys_are_not_printed() {
    let keys = Keygrip::new(["a secret key"]);
    let app = App::new().keys(keys.clone());
    let printed = format!("{keys:?} {app:?} {:?}", EggKeygrip::new(keys.clone()));
    assert!(!printed.contains("secret"), "{printed}");
    assert!(printed.contains("1 keys"), "{printed}");
}

#[test]
fn keys_come_from_the_environment() {
    // A variable that every process of cargo's has.
    let keys = Keygrip::from_env("CARGO_PKG_NAME").unwrap();
    assert_eq!(
        keys.sign("x"),
        Keygrip::new([env!("CARGO_PKG_NAME")]).sign("x")
    );
    let error = Keygrip::from_env("KOA_NO_SUCH_KEYS").unwrap_err();
    assert!(error.message().contains("KOA_NO_SUCH_KEYS"), "{error}");
}

#[test]
fn cookies_are_arguments() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Prefs {
        dark: bool,
    }

    #[middleware]
    async fn read(
        ctx: &mut Context,
        #[cookie("visits")] visits: Option<u32>,
        #[cookie("prefs", encrypt, json)] Prefs { dark }: Prefs,
    ) -> Result<String> {
        Ok(format!("{} {visits:?} {dark}", ctx.path()))
    }

    #[middleware]
    async fn write(ctx: &mut Context, next: impl Next) -> Result {
        if ctx.path() != "/write" {
            return next.run(ctx).await;
        }
        ctx.cookies().set("visits", 7)?;
        let prefs = cookie!("prefs", encrypt);
        ctx.cookies().set_json(prefs, &Prefs { dark: true })?;
        ctx.set_body("written");
        Ok(())
    }

    let server = serve(App::new().keys([NEW]).with(write).with(read));
    let written = ask(&server, "/write", "", "");
    let answer = ask(&server, "/", &jar(&written), "");
    assert_eq!(answer.text(), "/ Some(7) true");
    // A signature that is none is as no cookie; one that is missing is the client's mistake.
    let sealed = jar(&written).split("; ").last().unwrap().to_owned();
    let answer = ask(&server, "/", &format!("visits=8; {sealed}"), "");
    assert_eq!(answer.text(), "/ None true");
    let answer = ask(&server, "/", "", "");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (400, "the cookie \"prefs\" is missing")
    );
    let signature = Keygrip::new([NEW]).sign("visits=many").unwrap();
    let answer = ask(
        &server,
        "/",
        &format!("visits=many; visits.sig={signature}"),
        "",
    );
    assert_eq!(answer.status, 400);
    assert!(
        answer
            .text()
            .starts_with("the cookie \"visits\" cannot be read: invalid digit")
    );
}

#[test]
fn json_in_a_cookie_is_percent_encoded() {
    #[middleware]
    async fn json(ctx: &mut Context) -> Result<String> {
        ctx.cookies().set_json("cart", &vec!["a;b", "é"])?;
        let cart: Option<Vec<String>> = ctx.cookies().get_json("cart")?;
        Ok(format!("{cart:?}"))
    }

    let server = serve(App::new().with(json));
    let answer = ask(&server, "/", "", "");
    assert_eq!(
        lines(&answer)[0],
        "cart=%5B%22a%3Bb%22%2C%22%C3%A9%22%5D; path=/; httponly"
    );
    assert_eq!(
        ask(&server, "/", &jar(&answer), "").text(),
        r#"Some(["a;b", "é"])"#
    );
    let answer = ask(&server, "/", "cart=%5B", "");
    assert_eq!(answer.status, 400);
    assert!(
        answer
            .text()
            .starts_with("the cookie \"cart\" cannot be read"),
        "{answer:?}"
    );
}

#[test]
fn twins_are_partitioned_and_read_in_place_of_the_other() {
    #[middleware]
    async fn twin(ctx: &mut Context) -> Result<String> {
        if ctx.path() == "/set" {
            ctx.cookies()
                .set(Cookie::new("a").same_site(SameSite::None), "v")?;
        }
        Ok(format!("{:?}", ctx.cookies().get("a")?))
    }

    let app = App::new()
        .keys([NEW])
        .proxy(true)
        .cookies(CookieSettings::new().auto_chips(true))
        .with(twin);
    let server = serve(app);
    let headers =
        "X-Forwarded-Proto: https\r\nUser-Agent: Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36\r\n";
    let answer = ask(&server, "/set", "", headers);
    let lines = lines(&answer);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(
        lines[0],
        "_CHIPS-a=v; path=/; samesite=none; secure; httponly; partitioned"
    );
    assert_eq!(lines[2], "a=v; path=/; samesite=none; secure; httponly");
    let twin: Vec<_> = lines[..2]
        .iter()
        .map(|line| line.split(';').next().unwrap())
        .collect();
    let answer = ask(&server, "/", &twin.join("; "), headers);
    assert_eq!(answer.text(), r#"Some("v")"#);
}

#[test]
fn a_header_of_cookies_is_read_in_linear_time() {
    #[middleware]
    async fn last(ctx: &mut Context) -> Result<String> {
        let started = std::time::Instant::now();
        let found = ctx.cookies().get(Cookie::new("wanted").signed(false))?;
        assert!(found.is_some());
        Ok(started.elapsed().as_nanos().to_string())
    }

    let server = serve_with(App::new().with(last), |server| {
        server.max_header_size(128 * 1024)
    });
    // The least of many runs: what else the machine does only adds. Eight times the length would take 64 times as long if
    // the time were quadratic.
    let least = |length: usize| {
        let cookies = format!("{}; wanted=1", "a=;".repeat(length / 3));
        let runs = (0..100).map(|_| {
            ask(&server, "/", &cookies, "")
                .text()
                .parse::<u128>()
                .unwrap()
        });
        runs.min().unwrap()
    };
    let (short, long) = (least(8 * 1024), least(64 * 1024));
    assert!(long < short * 24, "8 KB take {short} ns, 64 KB {long} ns");
}

#[test]
fn what_a_client_sends_cannot_make_a_read_fail() {
    #[middleware]
    async fn read(ctx: &mut Context) -> Result<String> {
        let host = ctx.cookies().get("__Host-id")?;
        let secure = ctx.cookies().get(Cookie::new("id").secure(true))?;
        let sealed = ctx.cookies().get(cookie!("seal", encrypt, secure))?;
        Ok(format!("{host:?} {secure:?} {sealed:?}"))
    }

    // Over a plain connection none of these may be written anew.
    let app = App::new().keys([NEW, OLD]).with(read);
    let server = serve(app);
    let old = Keygrip::new([OLD]);
    let forged = "__Host-id=1; __Host-id.sig=forged; id=1; id.sig=forged; seal=forged";
    let answer = ask(&server, "/", forged, "");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "None None None")
    );
    let signed = |name: &str| {
        let signature = old.sign(format!("{name}=1")).unwrap();
        format!("{name}=1; {name}.sig={signature}")
    };
    let cookies = format!("{}; {}", signed("__Host-id"), signed("id"));
    let answer = ask(&server, "/", &cookies, "");
    assert_eq!(answer.text(), r#"Some("1") Some("1") None"#);
    assert_eq!(answer.header("set-cookie"), None);
}
