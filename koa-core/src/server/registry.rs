//! The open connections of a server, and the sweep that ends the slow ones: one look a second at all of them, and no
//! timer for any.

use std::io;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::server::connection::{Connection, Phase};
use crate::server::limits::{Limit, Limits};
use crate::server::tick::Ticks;

/// Seconds since the server began. One in which it stood still for longer than that is one all the same.
pub(super) type Seconds = u32;

pub(super) const SWEEP: Duration = Duration::from_secs(1);

/// After how long a sweep comes late.
const LATE: Duration = Duration::from_millis(1500);

/// How long an HTTP/2 client that has nothing to wait for may take to answer to the farewell of a server that ends.
#[cfg(feature = "http2")]
const FAREWELL: Seconds = 2;

pub(crate) struct Registry {
    connections: Mutex<Vec<Weak<Connection>>>,
    now: AtomicU32,
    /// Whether the server is shutting down.
    draining: AtomicBool,
    /// How many connections are open.
    open: AtomicUsize,
    drained: Notify,
    /// The same as `draining`, for those who wait for it.
    closing: watch::Sender<bool>,
    /// Whether the server is gone, and nothing of it may stay.
    gone: watch::Sender<bool>,
    limits: InSeconds,
}

/// The limits that the sweep looks at: none is shorter than it was set.
struct InSeconds {
    header_read: Seconds,
    keep_alive: Seconds,
    write: Seconds,
    connection: Seconds,
    body_rate: u32,
    body_grace: Seconds,
}

impl Registry {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            connections: Mutex::default(),
            now: AtomicU32::new(0),
            draining: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            drained: Notify::new(),
            closing: watch::Sender::new(false),
            gone: watch::Sender::new(false),
            limits: InSeconds {
                header_read: whole_seconds(limits.header_read),
                keep_alive: whole_seconds(limits.keep_alive),
                write: whole_seconds(limits.write),
                connection: whole_seconds(limits.connection),
                body_rate: limits.body_rate,
                body_grace: whole_seconds(limits.body_grace),
            },
        })
    }

    /// The time of the last beat.
    pub(super) fn now(&self) -> Seconds {
        self.now.load(Relaxed)
    }

    /// Whether a connection that was opened then is too old for another request.
    #[inline]
    pub(super) fn is_old(&self, opened: Seconds) -> bool {
        self.now().saturating_sub(opened) > self.limits.connection
    }

    /// Whether the server is shutting down, and connections end with what they are doing.
    #[inline]
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Acquire)
    }

    /// What becomes true when the server shuts down.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// What becomes true when the server is gone.
    pub(super) fn gone(&self) -> watch::Receiver<bool> {
        self.gone.subscribe()
    }

    /// That one more connection is open.
    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Relaxed);
    }

    /// That one less is.
    pub(super) fn closed(&self) {
        if self.open.fetch_sub(1, Release) == 1 && self.is_draining() {
            self.drained.notify_one();
        }
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Acquire)
    }

    pub(super) fn insert(&self, connection: &Arc<Connection>) {
        let mut connections = self.lock();
        if self.is_closed() {
            connection.close();
        } else {
            connections.push(Arc::downgrade(connection));
        }
    }

    /// Whether the server is gone.
    pub(super) fn is_closed(&self) -> bool {
        *self.gone.borrow()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Connection>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connections that have waited too long, every second, until it is dropped.
    pub(super) async fn sweep_every_second(&self, mut ticks: Ticks) -> io::Result<()> {
        let mut left_out = false;
        loop {
            let begin = Instant::now();
            ticks.next().await?;
            let now = self.now().saturating_add(1);
            self.now.store(now, Relaxed);
            // The server stood still, and has not looked at what came meanwhile. One that always does has its limits too.
            left_out = begin.elapsed() > LATE && !left_out;
            if !left_out {
                self.sweep(now);
            }
        }
    }

    fn sweep(&self, now: Seconds) {
        let mut exceeded = Vec::new();
        self.lock().retain(|connection| {
            let Some(connection) = connection.upgrade() else {
                return false;
            };
            if let Some(limit) = self.look_at(&connection, now) {
                exceeded.push((connection, limit));
            }
            true
        });
        // A listener may take its time, and connections must not wait for it.
        for (connection, limit) in exceeded {
            connection.exceeds(limit);
        }
    }

    /// Ends a connection that has taken too long, and says by which limit.
    fn look_at(&self, connection: &Connection, now: Seconds) -> Option<Limit> {
        let limits = &self.limits;
        let over = |since: Seconds, limit| now.saturating_sub(since) > limit;
        let late_body = || {
            let late = connection.pace().sweep(limits.body_rate, limits.body_grace);
            late.then_some(Limit::BodyRate)
        };
        #[cfg(feature = "http2")]
        if connection.is_stream() {
            let unread = connection.handed_over_since();
            if unread.is_some_and(|since| over(since, limits.write)) {
                connection.reset();
                return Some(Limit::WriteTime);
            }
            return late_body();
        }
        let state = connection.state()?;
        let blocked = connection.blocked_since();
        if state.phase() != Phase::Closed && blocked.is_some_and(|since| over(since, limits.write))
        {
            return connection.cut_if(state).then_some(Limit::WriteTime);
        }
        let (limit, reached) = match state.phase() {
            // Who has the body may read it after the response.
            Phase::Written | Phase::Idle | Phase::Head if connection.has_lent_body() => {
                return late_body();
            }
            // The response may be made of the request's body.
            Phase::Request | Phase::Body => return late_body(),
            Phase::Idle => (limits.keep_alive, Limit::IdleTime),
            Phase::Connected | Phase::Head => (limits.header_read, Limit::HeaderReadTime),
            Phase::Lingering if over(state.since(), limits.header_read) => {
                connection.close();
                return None;
            }
            #[cfg(feature = "http2")]
            Phase::Multiplexed | Phase::Finishing
                if connection
                    .head_since()
                    .is_some_and(|since| over(since, limits.header_read)) =>
            {
                return connection.close_if(state).then_some(Limit::HeaderReadTime);
            }
            #[cfg(feature = "http2")]
            Phase::Multiplexed => {
                let reached = if self.is_old(connection.opened()) {
                    Limit::ConnectionTime
                } else if connection.open_streams() == 0 && over(state.since(), limits.keep_alive) {
                    Limit::IdleTime
                } else {
                    return None;
                };
                connection.finish();
                return Some(reached);
            }
            // A client that does not answer to the farewell, of whose reason the listeners have heard.
            #[cfg(feature = "http2")]
            Phase::Finishing
                if connection.open_streams() == 0 && over(state.since(), limits.header_read) =>
            {
                connection.close_if(state);
                return None;
            }
            _ => return None,
        };
        (over(state.since(), limit) && connection.close_if(state)).then_some(reached)
    }

    /// Begins to shut down: connections that are idle, or will be, end.
    pub(super) fn drain(&self) {
        self.draining.store(true, Release);
        self.closing.send_replace(true);
        if self.open() == 0 {
            self.drained.notify_one();
        }
    }

    /// Ends the connections on which nothing has come since this was called the last time.
    pub(super) fn end_idle(&self) {
        for connection in self.lock().iter() {
            let Some(connection) = connection.upgrade() else {
                continue;
            };
            let Some(state) = connection.state() else {
                continue;
            };
            match state.phase() {
                Phase::Idle if connection.has_lent_body() => {}
                Phase::Connected | Phase::Idle | Phase::Unused | Phase::Lingering => {
                    connection.end_unused(state);
                }
                #[cfg(feature = "http2")]
                Phase::Multiplexed => connection.finish(),
                // It was told, and answers nothing: it is gone, or does not want to know.
                #[cfg(feature = "http2")]
                Phase::Finishing
                    if connection.open_streams() == 0
                        && self.now().saturating_sub(state.since()) > FAREWELL =>
                {
                    connection.close_if(state);
                }
                _ => {}
            }
        }
    }

    /// Waits until no connection is open.
    pub(super) async fn drained(&self) {
        while self.open() > 0 {
            self.drained.notified().await;
        }
    }

    /// Closes all connections, and those that are yet to come, and ends what runs on them. Gives those that were open.
    pub(super) fn close_all(&self) -> Vec<Arc<Connection>> {
        let mut connections = self.lock();
        self.gone.send_replace(true);
        let open = connections.drain(..);
        let open: Vec<_> = open.filter_map(|connection| connection.upgrade()).collect();
        for connection in &open {
            connection.close();
            connection.abort();
        }
        open
    }

    /// Closes all connections when what it returns is dropped.
    pub(super) fn close_on_drop(self: &Arc<Self>) -> CloseOnDrop {
        CloseOnDrop(Arc::clone(self))
    }
}

/// A limit in the sweep's seconds: not shorter than it was set.
fn whole_seconds(limit: Duration) -> Seconds {
    let whole = limit
        .as_secs()
        .saturating_add(u64::from(limit.subsec_nanos() > 0));
    Seconds::try_from(whole).unwrap_or(Seconds::MAX)
}

pub(super) struct CloseOnDrop(Arc<Registry>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close_all();
    }
}
