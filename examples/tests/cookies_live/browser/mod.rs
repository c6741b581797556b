//! A real Chromium holds the jar.

#[path = "../../browser/mod.rs"]
mod driver;

mod carried;
mod embedded;
mod expiry;
mod hidden;
mod removed;
mod returned;
mod same_site;
mod secure;

use std::cell::OnceCell;

use koa::App;

use crate::side::Side;

const KEYS: &str = "3q2+7wPVbVwTlZ1mYlNrFg==,b2xkIGtleSB0aGF0IGlzIGxvbmc=";

/// An app of ours, which browsers reach at any host below `.test`, with TLS and without.
struct Site {
    plain: Side,
    tls: OnceCell<Side>,
}

impl Site {
    fn new(change: impl FnOnce(App) -> App) -> Self {
        Self {
            plain: Side::ours(change),
            tls: OnceCell::new(),
        }
    }

    /// An address over TLS.
    fn https(&self, host: &str, path: &str) -> String {
        let tls = self.tls.get_or_init(|| self.plain.behind_tls().unwrap());
        format!("https://{host}:{}{path}", tls.port())
    }

    /// The same without it.
    fn http(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.plain.port())
    }
}
