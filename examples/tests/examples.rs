//! Each example, run as a program and asked over a real socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod program;

use program::{Program, ask};

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
