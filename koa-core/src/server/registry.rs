//! The open connections of a server, and the sweep that ends the slow ones: one look a second at all of them, and no
//! timer for any.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::server::connection::{Connection, Phase};
use crate::server::tick::Ticks;

/// Seconds since the server began.
pub(super) type Seconds = u32;

pub(super) const SWEEP: Duration = Duration::from_secs(1);

pub(crate) struct Registry {
    connections: Mutex<Connections>,
    now: AtomicU32,
    header_read: Seconds,
    keep_alive: Seconds,
}

#[derive(Default)]
struct Connections {
    open: Vec<Weak<Connection>>,
    /// Whether the server is gone, and no connection may stay.
    closed: bool,
}

impl Registry {
    pub(super) fn new(header_read: Duration, keep_alive: Duration) -> Arc<Self> {
        Arc::new(Self {
            connections: Mutex::default(),
            now: AtomicU32::new(0),
            header_read: whole_seconds(header_read),
            keep_alive: whole_seconds(keep_alive),
        })
    }

    /// The time of the last sweep.
    pub(super) fn now(&self) -> Seconds {
        self.now.load(Relaxed)
    }

    pub(super) fn insert(&self, connection: &Arc<Connection>) {
        let mut connections = self.lock();
        if connections.closed {
            connection.close();
        } else {
            connections.open.push(Arc::downgrade(connection));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connections that have waited too long, every second, until it is dropped.
    pub(super) async fn sweep_every_second(&self, mut ticks: Ticks) -> io::Result<()> {
        let start = Instant::now();
        loop {
            ticks.next().await?;
            let now = Seconds::try_from(start.elapsed().as_secs()).unwrap_or(Seconds::MAX);
            self.now.store(now, Relaxed);
            self.sweep(now);
        }
    }

    fn sweep(&self, now: Seconds) {
        self.lock().open.retain(|connection| {
            let Some(connection) = connection.upgrade() else {
                return false;
            };
            if let Some(state) = connection.state() {
                let limit = match state.phase() {
                    Phase::Idle => Some(self.keep_alive),
                    Phase::Head => Some(self.header_read),
                    _ => None,
                };
                if limit.is_some_and(|limit| now.saturating_sub(state.since()) > limit) {
                    connection.close_if(state);
                }
            }
            true
        });
    }

    /// Closes all connections when what it returns is dropped, and those that are yet to come.
    pub(super) fn close_on_drop(self: &Arc<Self>) -> CloseOnDrop {
        CloseOnDrop(Arc::clone(self))
    }
}

/// A limit in the sweep's seconds: not shorter than it was set.
fn whole_seconds(limit: Duration) -> Seconds {
    let whole = limit.as_secs() + u64::from(limit.subsec_nanos() > 0);
    Seconds::try_from(whole).unwrap_or(Seconds::MAX)
}

pub(super) struct CloseOnDrop(Arc<Registry>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        let mut connections = self.0.lock();
        connections.closed = true;
        for connection in connections.open.drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.close();
            }
        }
    }
}
