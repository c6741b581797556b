//! The open connections of a server, and the sweep that ends the slow ones: one look a second at all of them, and no
//! timer for any.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::server::connection::{Connection, Phase};
use crate::server::tick::Ticks;

/// Seconds since the server began.
pub(super) type Seconds = u32;

pub(super) const SWEEP: Duration = Duration::from_secs(1);

pub(crate) struct Registry {
    connections: Mutex<Vec<Weak<Connection>>>,
    now: AtomicU32,
    header_read: Seconds,
    keep_alive: Seconds,
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
        self.lock().push(Arc::downgrade(connection));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Connection>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connections that have waited too long, every second, until it is dropped.
    pub(super) async fn sweep_every_second(self: Arc<Self>, mut ticks: Ticks) {
        let start = Instant::now();
        while ticks.next().await.is_ok() {
            let now = whole_seconds(start.elapsed());
            self.now.store(now, Relaxed);
            self.sweep(now);
        }
    }

    fn sweep(&self, now: Seconds) {
        self.lock().retain(|connection| {
            let Some(connection) = connection.upgrade() else {
                return false;
            };
            let limit = match connection.phase() {
                Some((Phase::Idle, since)) => Some((since, self.keep_alive)),
                Some((Phase::Head, since)) => Some((since, self.header_read)),
                _ => None,
            };
            if limit.is_some_and(|(since, limit)| now.saturating_sub(since) > limit) {
                connection.close();
            }
            true
        });
    }

    /// Closes all connections when what it returns is dropped.
    pub(super) fn close_on_drop(self: &Arc<Self>) -> CloseOnDrop {
        CloseOnDrop(Arc::clone(self))
    }
}

fn whole_seconds(duration: Duration) -> Seconds {
    Seconds::try_from(duration.as_secs()).unwrap_or(Seconds::MAX)
}

pub(super) struct CloseOnDrop(Arc<Registry>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        for connection in self.0.lock().drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.close();
            }
        }
    }
}
