//! Each example, run as a program and asked over a real socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod jar;
mod program;
#[path = "../../koa-core/tests/redis_server/mod.rs"]
mod redis_server;

use std::process::Command;

use jar::{Jar, set_cookies};
use program::{Answer, Program, ask, post};
use redis_server::RedisServer;

#[test]
fn hello() {
    let program = Program::example(env!("CARGO_BIN_EXE_hello"), 1);
    let answer = program.get("/");
    assert_eq!(
        (answer.code(), answer.body.as_str()),
        ("200", "Hello World")
    );
}

#[test]
fn cascade() {
    let mut program = Program::example(env!("CARGO_BIN_EXE_cascade"), 1);
    let answer = program.get("/some/path");
    assert_eq!(
        (answer.code(), answer.body.as_str()),
        ("200", "Hello World")
    );
    let (_, time) = answer
        .headers
        .iter()
        .find(|(name, _)| name == "x-response-time")
        .unwrap();
    assert_eq!(program.line(), format!("GET /some/path - {time}"));
}

#[test]
fn errors() {
    let program = Program::example(env!("CARGO_BIN_EXE_errors"), 1);
    for (path, code, body) in [
        ("/", "200", "nothing failed"),
        ("/teapot", "418", "short and stout"),
        ("/secret", "500", "Internal Server Error"),
        ("/file", "404", "Not Found"),
        ("/panic", "500", "Internal Server Error"),
        ("/login", "401", "Please login!"),
        ("/api/teapot", "418", r#"{"error":"short and stout"}"#),
        ("/api/secret", "500", r#"{"error":"something went wrong"}"#),
    ] {
        let answer = program.get(path);
        assert_eq!(
            (answer.code(), answer.body.as_str()),
            (code, body),
            "{path}"
        );
    }
    let answer = program.ask("GET", "/login", "Authorization: Bearer x\r\n");
    assert_eq!(answer.code(), "200");
}

#[test]
fn mounted() {
    let program = Program::example(env!("CARGO_BIN_EXE_mounted"), 1);
    assert_eq!(program.get("/").code(), "200");
    assert_eq!(program.get("/api/version").body, "1.0");
    let answer = program.get("/api/me");
    assert_eq!(
        (answer.code(), answer.body.as_str()),
        ("401", "Please say who you are, in X-User")
    );
    let answer = program.ask("GET", "/api/me", "X-User: ada\r\n");
    assert_eq!(answer.body, "Hello, ada! You are at /api/me.");
    let answer = program.ask("GET", "/api/elsewhere", "X-User: ada\r\n");
    assert!(
        answer.body.starts_with("<p>"),
        "what the group does not answer goes on"
    );
}

#[test]
fn two_addresses() {
    let program = Program::example(env!("CARGO_BIN_EXE_two_addresses"), 2);
    let [first, second] = program.addresses.as_slice() else {
        panic!("two addresses")
    };
    assert_ne!(first, second);
    assert_eq!(ask(first, "GET", "/", "").body, "request 1");
    assert_eq!(
        ask(second, "GET", "/", "").body,
        "request 2",
        "it is one app"
    );
}

/// Who keeps the cookies of an example, as a browser does.
struct Visitor<'a> {
    program: &'a Program,
    jar: Jar,
}

impl<'a> Visitor<'a> {
    fn of(program: &'a Program) -> Self {
        let jar = Jar::default();
        Self { program, jar }
    }

    fn get(&mut self, path: &str) -> Answer {
        let answer = self.program.ask("GET", path, &self.jar.header());
        self.jar.keep(&answer);
        answer
    }

    fn post(&mut self, path: &str, form: &str) -> Answer {
        let address = &self.program.addresses[0];
        let answer = post(address, path, &self.jar.header(), form);
        self.jar.keep(&answer);
        answer
    }
}

#[test]
fn cookies() {
    let program = Program::example(env!("CARGO_BIN_EXE_cookies"), 1);
    let mut visitor = Visitor::of(&program);
    let mut visit = |path| {
        let answer = visitor.get(path);
        (answer.code().to_owned(), answer.body)
    };
    assert_eq!(visit("/").1, "visit 1, light, noted: nothing");
    assert_eq!(visit("/theme/dark").0, "302");
    assert_eq!(visit("/note/secret").0, "302");
    assert_eq!(visit("/").1, "visit 2, dark, noted: secret");
    assert_eq!(visit("/forget").0, "302");
    assert_eq!(visit("/").1, "visit 1, light, noted: nothing");
}

#[test]
fn login() {
    let program = Program::example(env!("CARGO_BIN_EXE_login"), 1);
    signed_in_and_out(&program);
}

/// There what is over is over, whoever has kept the cookies.
#[test]
fn login_with_redis() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_login"));
    let program = Program::listening(command.args(["--redis", &redis.url()]), 1);
    for jar in signed_in_and_out(&program) {
        let mut thief = Visitor::of(&program);
        thief.jar = jar;
        assert!(thief.get("/").body.contains("<h1>Sign in</h1>"));
    }
}

/// The jars of before another login, and of before the logout.
fn signed_in_and_out(program: &Program) -> [Jar; 2] {
    let mut visitor = Visitor::of(program);
    let answer = visitor.get("/");
    assert!(answer.body.contains("<h1>Sign in</h1>"), "{}", answer.body);
    assert!(
        visitor.jar.names().is_empty(),
        "a visitor has no session yet"
    );
    assert_eq!(visitor.get("/style.css").code(), "200");
    assert_eq!(visitor.get("/elsewhere").code(), "404");

    let answer = visitor.post(
        "/sign-in",
        "name=%22%3E%3Cb%3E{problem}&password=analytical",
    );
    assert_eq!(answer.code(), "403");
    assert!(
        answer.body.contains("&quot;&gt;&lt;b&gt;&#123;problem}"),
        "a name is no HTML: {}",
        answer.body
    );
    for form in ["name=ada&password=compiler", "name=ada&password="] {
        assert_eq!(visitor.post("/sign-in", form).code(), "403", "{form}");
    }
    assert_eq!(visitor.post("/sign-in", "name=ada").code(), "400");
    assert_eq!(visitor.get("/sign-in").code(), "405");
    assert!(visitor.jar.names().is_empty());

    let address = &program.addresses[0];
    let (other_site, form) = (
        "Sec-Fetch-Site: cross-site\r\n",
        "name=ada&password=analytical",
    );
    let answer = post(address, "/sign-in", other_site, form);
    assert_eq!(answer.code(), "403", "a form of another site");
    assert!(set_cookies(&answer).is_empty());

    let answer = visitor.post("/sign-in", "name=ada&password=analytical");
    assert_eq!(answer.code(), "303");
    assert!(!set_cookies(&answer)[0].contains("expires"));
    assert!(
        visitor
            .get("/")
            .body
            .contains("until you close the browser")
    );
    let page = visitor.get("/").body;
    assert!(page.contains("<h1>Hello, ada!</h1>"), "{page}");
    assert!(page.contains(r#"<output id="visits">2</output>"#), "{page}");

    let before = visitor.jar.clone();
    let answer = visitor.post("/sign-in", "name=grace&password=compiler&remember=on");
    assert_eq!(answer.code(), "303");
    assert!(set_cookies(&answer)[0].contains("expires"));
    assert_ne!(visitor.jar, before);
    let page = visitor.get("/").body;
    assert!(page.contains("<h1>Hello, grace!</h1>"), "{page}");
    assert!(page.contains("remembered for 30 days"), "{page}");

    let signed_in = visitor.jar.clone();
    assert_eq!(visitor.post("/sign-out", "").code(), "303");
    assert!(visitor.jar.names().is_empty());
    assert!(visitor.get("/").body.contains("<h1>Sign in</h1>"));
    [before, signed_in]
}
