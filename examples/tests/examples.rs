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

#[test]
fn cookies() {
    let program = Program::example(env!("CARGO_BIN_EXE_cookies"), 1);
    let mut jar = Vec::new();
    // What a browser does with the cookies of an answer.
    let mut visit = |path: &str| {
        let sent = jar.iter().map(|(name, value)| format!("{name}={value}"));
        let sent: Vec<_> = sent.collect();
        let answer = program.ask("GET", path, &format!("Cookie: {}\r\n", sent.join("; ")));
        for (_, line) in answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            jar.retain(|(known, _)| known != name);
            if !value.is_empty() && !line.contains("expires=Thu, 01 Jan 1970") {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
        (answer.code().to_owned(), answer.body)
    };
    assert_eq!(visit("/").1, "visit 1, light, noted: nothing");
    assert_eq!(visit("/theme/dark").0, "302");
    assert_eq!(visit("/note/secret").0, "302");
    assert_eq!(visit("/").1, "visit 2, dark, noted: secret");
    assert_eq!(visit("/forget").0, "302");
    assert_eq!(visit("/").1, "visit 1, light, noted: nothing");
}
