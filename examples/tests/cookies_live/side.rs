//! The two sides that understand each other's cookies: an app of ours, and one of Node.

use std::process::Command;

use koa::App;
use tokio::runtime::Runtime;

use crate::npm;
use crate::ours;
use crate::program::{Answer, Program, ask};

/// A running server; it ends when this is dropped.
pub(crate) struct Side {
    pub(crate) address: String,
    _running: Running,
}

#[allow(dead_code, reason = "they are held until they are dropped")]
enum Running {
    Ours(Runtime),
    Node(Program),
}

impl Side {
    /// An app of ours, with its keys and settings.
    pub(crate) fn ours(change: impl FnOnce(App) -> App) -> Self {
        let (address, runtime) = ours::serve(change);
        Self {
            address: address.to_string(),
            _running: Running::Ours(runtime),
        }
    }

    /// An app with one of Node's packages, with its keys and the algorithm that it signs with. `None` without Node.
    pub(crate) fn node(package: &[&str]) -> Option<Self> {
        let folder = npm::packages()?;
        let mut program = Program::start(
            Command::new("node")
                .arg("cookies.js")
                .args(package)
                .current_dir(folder),
        );
        let port = program.line();
        Some(Self {
            address: format!("127.0.0.1:{port}"),
            _running: Running::Node(program),
        })
    }

    /// Asks with more header lines, each ended.
    pub(crate) fn ask(&self, path: &str, headers: &str) -> Answer {
        ask(&self.address, "GET", path, headers)
    }
}
