//! What the tests take from npm: Koa, its cookies and sessions and Egg's, a client of Redis, and what drives a browser.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The folder of the packages, installed there if they are not yet. Without Node and npm there is none, and it is said;
/// with `CI` set it is a failure.
pub(crate) fn packages() -> Option<&'static Path> {
    static FOLDER: LazyLock<Option<&Path>> = LazyLock::new(install);
    *FOLDER
}

/// Says what is not tested, and why.
pub(crate) fn not_tested(what: &str, why: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "{what} cannot be tested: {why}"
    );
    // Not `eprintln!`, which is heard of where a test fails only.
    let _ = writeln!(io::stderr(), "NOT TESTED: {what}, because {why}");
}

/// To start a script that stands beside the packages, and that ends with its input.
pub(crate) fn script(name: &str) -> Option<Command> {
    let mut node = Command::new("node");
    node.arg(name)
        .current_dir(packages()?)
        .stdin(Stdio::piped());
    Some(node)
}

fn install() -> Option<&'static Path> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/koa"));
    let what = "what Koa itself does";
    if let Err(error) = Command::new("node").arg("--version").output() {
        not_tested(what, &format!("Node cannot be started: {error}"));
        return None;
    }
    if is_installed(folder) {
        return Some(folder);
    }
    let installed = Command::new("npm")
        .args(["ci", "--silent"])
        .current_dir(folder)
        .status();
    match installed {
        Ok(status) if status.success() => Some(folder),
        outcome => {
            not_tested(what, &format!("npm cannot install it: {outcome:?}"));
            None
        }
    }
}

/// npm leaves its own copy of the lock, which is older where the lock has changed since.
fn is_installed(folder: &Path) -> bool {
    let written = |path: &str| folder.join(path).metadata()?.modified();
    match (
        written("node_modules/.package-lock.json"),
        written("package-lock.json"),
    ) {
        (Ok(installed), Ok(locked)) => installed >= locked,
        _ => false,
    }
}
