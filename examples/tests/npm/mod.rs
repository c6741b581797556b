//! What the tests take from npm: Koa, its cookies and Egg's, and what drives a browser.

use std::path::Path;
use std::process::Command;
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
    eprintln!("NOT TESTED: {what}, because {why}");
}

fn install() -> Option<&'static Path> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/koa"));
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
            not_tested(
                "what Koa itself does",
                &format!("it cannot be installed from npm ({outcome:?})"),
            );
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
