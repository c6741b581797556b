//! Each file in `pass` compiles and runs; each in `fail` draws the messages in the `.stderr` beside it.
//!
//! After a change of messages: `TRYBUILD=overwrite cargo test -p ui-tests`, and read what changed.

/// The compiler whose words the `.stderr` files have.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn middleware() {
    run("middleware");
}

#[test]
fn controller() {
    run("controller");
}

#[test]
fn main() {
    run("main");
}

#[test]
fn cookie() {
    run("cookie");
}

#[test]
fn session() {
    run("session");
}

fn run(folder: &str) {
    let cases = trybuild::TestCases::new();
    cases.pass(format!("tests/{folder}/pass/*.rs"));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = std::process::Command::new(rustc).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    match version {
        Ok(version) if !version.starts_with(COMPILER) => {
            eprintln!("NOT COMPARED: the messages are those of {COMPILER}*, this is {version}");
        }
        _ => cases.compile_fail(format!("tests/{folder}/fail/*.rs")),
    }
}
