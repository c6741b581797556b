//! What becomes of an error: the answer, the listeners, the log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::sync::mpsc::{Receiver, channel};

use client::{Client, get};
use koa::prelude::*;
use serve::{Serving, serve};

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken at /secret/path")
    }
}

impl std::error::Error for Broken {}

#[middleware]
async fn fail(ctx: &mut Context) -> Result<&'static str> {
    ctx.set("X-Set-Before", "1")?;
    match ctx.path() {
        "/status" => throw!(403),
        "/message" => throw!(400, "name required"),
        "/format" => throw!(404, "no {} at {}", "ada", ctx.path().len()),
        "/text" => throw!("something exploded"),
        "/std" => throw!(Broken),
        "/std-as" => throw!(409, Broken),
        "/variable" => {
            let message = format!("no {}", "ada");
            throw!(404, message)
        }
        "/own-as" => throw!(410, Error::new(400, "it was here")),
        "/own" => throw!(Error::new(418, "short and stout").with_header("X-Tea", "green")),
        "/properties" => throw!(401, "access_denied"; user = "ada", tries = 3),
        "/question-mark" => Err(Broken)?,
        "/missing-file" => {
            std::fs::read("/no/such/file")?;
        }
        "/not-an-error" => throw!(204, "nothing"),
        "/unknown" => throw!(499, "a secret"),
        "/bad-header" => ctx.set("X-Bad", "a\r\nX-Injected: 1")?,
        "/bad-status" => ctx.set_status(99)?,
        "/informational" => ctx.set_status(101)?,
        "/panic" => panic!("this was not meant to be"),
        "/ensure" => ensure!(ctx.get("X-User") == "ada", 401, "Please login!"),
        _ => {}
    }
    Ok("fine")
}

/// What the listener heard: status, message, path.
type Heard = (u16, String, String);

fn heard() -> (Serving, Receiver<Heard>) {
    let (hears, heard) = channel();
    let app = App::new()
        .on_error(move |error, ctx| {
            let path = ctx.path().to_owned();
            let _ = hears.send((error.status(), error.message().to_owned(), path));
        })
        .with(fail);
    (serve(app), heard)
}

#[test]
fn the_client_sees_the_message_of_an_exposed_error_and_no_other() {
    let (server, heard) = heard();
    for (path, status, text, message) in [
        ("/status", 403, "Forbidden", "Forbidden"),
        ("/message", 400, "name required", "name required"),
        ("/format", 404, "no ada at 7", "no ada at 7"),
        ("/text", 500, "Internal Server Error", "something exploded"),
        (
            "/std",
            500,
            "Internal Server Error",
            "broken at /secret/path",
        ),
        (
            "/std-as",
            409,
            "broken at /secret/path",
            "broken at /secret/path",
        ),
        ("/variable", 404, "no ada", "no ada"),
        ("/own-as", 410, "it was here", "it was here"),
        ("/own", 418, "short and stout", "short and stout"),
        ("/properties", 401, "access_denied", "access_denied"),
        (
            "/question-mark",
            500,
            "Internal Server Error",
            "broken at /secret/path",
        ),
        // As in Koa, which takes any status that has a meaning.
        ("/not-an-error", 204, "", "nothing"),
        ("/unknown", 500, "Internal Server Error", "a secret"),
        (
            "/bad-status",
            500,
            "Internal Server Error",
            "invalid status code: 99",
        ),
        (
            "/panic",
            500,
            "Internal Server Error",
            "panicked: this was not meant to be",
        ),
        ("/ensure", 401, "Please login!", "Please login!"),
    ] {
        let answer = get(server.address, path);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, text),
            "{path}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8"),
            "{path}"
        );
        assert_eq!(
            answer.header("x-set-before"),
            None,
            "{path}: the headers set so far are dropped"
        );
        let (status, said, place) = heard.recv().unwrap();
        assert_eq!((said.as_str(), place.as_str()), (message, path));
        // An error keeps a status that nobody knows, as in Koa; it is answered with a 500.
        let kept = if path == "/unknown" {
            499
        } else {
            answer.status
        };
        assert_eq!(status, kept, "{path}");
    }
    assert_eq!(heard.try_iter().count(), 0, "each error is heard of once");
}

#[test]
fn a_missing_file_is_a_404() {
    let (server, _heard) = heard();
    let answer = get(server.address, "/missing-file");
    assert_eq!((answer.status, answer.text().as_str()), (404, "Not Found"));
}

#[test]
fn the_headers_of_an_error_are_sent() {
    let (server, _heard) = heard();
    assert_eq!(get(server.address, "/own").header("x-tea"), Some("green"));
}

#[test]
fn a_header_cannot_be_injected() {
    let (server, heard) = heard();
    let answer = get(server.address, "/bad-header");
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("x-injected"), None);
    assert!(
        heard.recv().unwrap().1.contains("X-Bad"),
        "the error names the header"
    );
}

#[test]
fn an_informational_status_is_no_answer() {
    let (server, heard) = heard();
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/informational").status, 500);
    assert!(heard.recv().unwrap().1.contains("101"));
    assert_eq!(client.get("/").text(), "fine", "the connection goes on");
}

#[test]
fn the_server_goes_on_after_a_panic() {
    let (server, _heard) = heard();
    let mut client = Client::connect(server.address);
    for _ in 0..3 {
        assert_eq!(client.get("/panic").status, 500);
        assert_eq!(client.get("/").text(), "fine");
    }
}

#[test]
fn head_gets_the_length_of_an_error_and_no_body() {
    let (server, _heard) = heard();
    let mut client = Client::connect(server.address);
    let answer = client.ask("HEAD", "/message", "");
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("content-length"), Some("13"));
    assert_eq!(client.get("/").text(), "fine");
}

#[test]
fn a_middleware_can_answer_an_error_itself() {
    #[middleware]
    async fn rescue(ctx: &mut Context, next: impl Next) -> Result {
        if let Err(error) = next.run(ctx).await {
            ctx.set_status(error.status())?;
            ctx.set_body(format!("rescued: {error}"));
        }
        Ok(())
    }
    let server = serve(App::new().with(rescue).with(fail));
    let answer = get(server.address, "/message");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (400, "rescued: name required")
    );
    assert_eq!(
        answer.header("x-set-before"),
        Some("1"),
        "nothing is dropped then"
    );
}

#[test]
fn a_listener_that_panics_keeps_nobody_from_the_answer() {
    let (hears, heard) = channel();
    let app = App::new()
        .on_error(|_, _| panic!("a listener panics"))
        .on_error(move |error, _| hears.send(error.status()).unwrap())
        .with(fail);
    let server = serve(app);
    assert_eq!(get(server.address, "/message").status, 400);
    assert_eq!(heard.recv().unwrap(), 400);
}

#[test]
fn properties_reach_the_listeners() {
    let (hears, heard) = channel();
    let app = App::new()
        .on_error(move |error, _| hears.send(error.properties().clone()).unwrap())
        .with(fail);
    let server = serve(app);
    get(server.address, "/properties");
    let properties = heard.recv().unwrap();
    assert_eq!(properties["user"], "ada");
    assert_eq!(properties["tries"], 3);
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a value that panics when it is dropped");
    }
}

#[middleware]
async fn plant(ctx: &mut Context) -> &'static str {
    ctx.state.insert(Bomb);
    "answered"
}

#[test]
fn a_value_that_panics_when_it_is_dropped_costs_nobody_the_answer() {
    let server = serve(App::new().with(plant));
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/").text(), "answered");
    assert_eq!(client.get("/").text(), "answered");
}

/// What the default handler prints, in a process of its own, whose stderr can be read.
#[test]
fn the_default_handler_prints_what_neither_the_client_nor_a_listener_hears() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "prints_errors", "--ignored"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(
        printed.contains("\n  Error: something exploded\n"),
        "{printed}"
    );
    assert!(
        printed.contains("\n  Error: cannot load the page\n    caused by: disk on fire\n"),
        "{printed}"
    );
    for unprinted in ["name required", "no ada", "No such file", "silent"] {
        assert!(!printed.contains(unprinted), "{unprinted}: {printed}");
    }
}

#[test]
#[ignore = "the part of another test that runs in a process of its own"]
fn prints_errors() {
    #[middleware]
    async fn load(ctx: &mut Context) -> Result {
        ensure!(
            ctx.path() != "/load",
            Error::internal("cannot load the page")
                .with_source(std::io::Error::other("disk on fire"))
        );
        Ok(())
    }
    let server = serve(App::new().with(load).with(fail));
    get(server.address, "/load");
    let server = serve(App::new().with(fail));
    for path in ["/text", "/message", "/format", "/missing-file"] {
        get(server.address, path);
    }
    #[middleware]
    async fn silent() -> Result {
        throw!("silent")
    }
    let server = serve(App::new().silent(true).with(silent));
    get(server.address, "/");
}

#[test]
fn an_error_becomes_any_other_kind() {
    fn plain() -> std::result::Result<(), Box<dyn std::error::Error>> {
        Err(Error::internal("outer").with_source(Broken))?;
        Ok(())
    }
    fn sendable() -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err(Error::new(400, "bad"))?;
        Ok(())
    }
    let error = plain().unwrap_err();
    assert_eq!(error.to_string(), "outer");
    assert_eq!(
        error.source().unwrap().to_string(),
        "broken at /secret/path"
    );
    assert_eq!(sendable().unwrap_err().to_string(), "bad");
}
