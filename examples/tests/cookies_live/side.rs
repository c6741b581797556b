//! The two sides that understand each other's cookies: an app of ours, and one of Node.

use std::sync::{LazyLock, Mutex, PoisonError};

use koa::App;
use tokio::runtime::Runtime;

use crate::jar::Answers;
use crate::npm;
use crate::ours;
use crate::program::{Answer, Program, ask};

/// A running server.
pub(crate) struct Side {
    address: String,
    /// Of an app of ours, which ends when this is dropped.
    _runtime: Option<Runtime>,
}

impl Side {
    /// An app of ours, with its keys and settings.
    pub(crate) fn ours(change: impl FnOnce(App) -> App) -> Self {
        let (address, runtime) = ours::serve(change);
        Self {
            address: address.to_string(),
            _runtime: Some(runtime),
        }
    }

    /// An app with one of Node's packages, its keys, and the algorithm that it signs with. `None` without Node.
    pub(crate) fn node(package: &[&str]) -> Option<Self> {
        Self::started_by_node(&package.join(" "))
    }

    /// Takes TLS off for this server. `None` without Node.
    pub(crate) fn behind_tls(&self) -> Option<Self> {
        Self::started_by_node(&format!("tls {}", self.port()))
    }

    /// `servers.js` is shared by the tests, and ends when this process does.
    fn started_by_node(line: &str) -> Option<Self> {
        static SERVERS: LazyLock<Option<Mutex<Program>>> = LazyLock::new(|| {
            let mut script = npm::script("servers.js")?;
            Some(Mutex::new(Program::start(&mut script)))
        });
        let servers = SERVERS.as_ref()?;
        let mut servers = servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.tell(line);
        let port = servers.line();
        Some(Self {
            address: format!("127.0.0.1:{port}"),
            _runtime: None,
        })
    }

    pub(crate) fn port(&self) -> &str {
        self.address.split_once(':').unwrap().1
    }
}

impl Answers for Side {
    fn ask(&self, path: &str, headers: &str) -> Answer {
        ask(&self.address, "GET", path, headers)
    }
}
