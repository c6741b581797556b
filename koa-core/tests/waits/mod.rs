//! A handler that says what becomes of it.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use koa::prelude::*;
use tokio::sync::Notify;

/// Says that it waits, and that it went on when it was told so or was dropped before.
pub(crate) struct Waits(
    pub(crate) Mutex<Sender<&'static str>>,
    pub(crate) &'static Notify,
);

struct Guard(Option<Sender<&'static str>>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(tell) = &self.0 {
            let _ = tell.send("dropped");
        }
    }
}

#[middleware]
impl Waits {
    async fn call(&self, ctx: &mut Context) -> &'static str {
        let tell = self.0.lock().unwrap().clone();
        let mut guard = Guard(Some(tell.clone()));
        let _ = ctx;
        tell.send("waits").unwrap();
        self.1.notified().await;
        guard.0 = None;
        tell.send("went on").unwrap();
        "done"
    }
}

/// What it says next.
pub(crate) fn next(told: &Receiver<&'static str>) -> &'static str {
    told.recv_timeout(Duration::from_secs(20)).unwrap()
}
