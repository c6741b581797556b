//! The examples of Koa's document answer as Koa itself does. Koa comes from npm, and is asked beside ours.
//!
//! Without Node and npm the comparison cannot be made, and the test says so; with `CI` set it then fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod npm;
mod program;

use std::process::Command;

use program::{Answer, Program};

/// The time differs from run to run.
fn without_time(mut answer: Answer) -> Answer {
    for (name, value) in &mut answer.headers {
        if name == "x-response-time" {
            assert!(
                value.trim_end_matches("ms").parse::<u32>().is_ok(),
                "{value}"
            );
            "some time".clone_into(value);
        }
    }
    answer
}

fn compare(name: &str, ours: &Program) {
    let Some(folder) = npm::packages() else {
        return;
    };
    let mut theirs = Program::start(
        Command::new("node")
            .arg("server.js")
            .arg(name)
            .current_dir(folder),
    );
    let port = theirs.line();
    theirs.addresses.push(format!("127.0.0.1:{port}"));
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/any/path?q=1"),
        ("HEAD", "/"),
        ("POST", "/"),
        ("OPTIONS", "/x"),
    ] {
        let ours = without_time(ours.ask(method, path, ""));
        let theirs = without_time(theirs.ask(method, path, ""));
        assert_eq!(ours, theirs, "{name}: {method} {path}");
    }
}

#[test]
fn hello() {
    compare("hello", &Program::example(env!("CARGO_BIN_EXE_hello"), 1));
}

#[test]
fn cascade() {
    compare(
        "cascade",
        &Program::example(env!("CARGO_BIN_EXE_cascade"), 1),
    );
}
