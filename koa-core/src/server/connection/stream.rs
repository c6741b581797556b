//! A request of HTTP/2, which shares its connection with others.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::{Connection, Phase};
use crate::server::pace::Pace;
use crate::server::registry::Seconds;

/// What a connection knows of its requests.
#[derive(Default)]
pub(super) struct Streams {
    open: AtomicU32,
    /// Told when the connection is to take no further ones.
    finish: Notify,
}

/// What a request knows of its connection.
pub(super) struct Stream {
    parent: Arc<Connection>,
    /// How many of its connection may run on without their stream.
    orphans: u32,
    /// Whether the client has given it up.
    left: AtomicBool,
    leaving: Notify,
    /// The task that sends its response.
    task: OnceLock<AbortHandle>,
    /// Whether the sweep looks at it.
    watched: AtomicBool,
    /// The second after the one since which the client has had to take what was sent, or 0.
    sent: AtomicU32,
}

impl Stream {
    pub(super) fn parent(&self) -> &Connection {
        &self.parent
    }

    pub(super) fn most_orphans(&self) -> u32 {
        self.orphans
    }

    /// Waits until the client has given it up.
    pub(super) async fn left(&self) {
        while !self.left.load(Acquire) {
            self.leaving.notified().await;
        }
    }
}

impl Connection {
    /// A request on a connection, in place of the connection, of whose requests so many may run on without their stream.
    pub(in crate::server) fn stream(parent: &Arc<Self>, orphans: u32) -> Self {
        if let Some(watched) = &parent.watched {
            watched.streams.open.fetch_add(1, Relaxed);
        }
        Self {
            app: Arc::clone(&parent.app),
            ends: parent.ends,
            watched: None,
            pace: Pace::default(),
            stream: Some(Stream {
                parent: Arc::clone(parent),
                orphans,
                left: AtomicBool::new(false),
                leaving: Notify::new(),
                task: OnceLock::new(),
                watched: AtomicBool::new(false),
                sent: AtomicU32::new(0),
            }),
        }
    }

    /// That it speaks HTTP/2.
    pub(in crate::server) fn multiplex(&self) {
        self.enter(Phase::Multiplexed);
    }

    /// How many requests it has.
    pub(in crate::server) fn open_streams(&self) -> u32 {
        self.watched
            .as_ref()
            .map_or(0, |watched| watched.streams.open.load(Acquire))
    }

    /// That it is to take no further requests.
    pub(in crate::server) fn finish(&self) {
        if let Some(watched) = &self.watched {
            watched.enter(Phase::Finishing);
            watched.streams.finish.notify_one();
        }
    }

    /// Waits until it is to take no further requests.
    pub(in crate::server) async fn finishes(&self) {
        match &self.watched {
            Some(watched) => watched.streams.finish.notified().await,
            None => std::future::pending().await,
        }
    }

    /// That the client has given this request up.
    pub(in crate::server) fn leave(&self) {
        if let Some(stream) = &self.stream {
            stream.left.store(true, Release);
            stream.leaving.notify_one();
        }
    }

    /// Has the sweep look at this request too.
    pub(super) fn watch_stream(self: &Arc<Self>) {
        if let Some(stream) = &self.stream
            && let Some(watched) = &stream.parent.watched
            && !stream.watched.swap(true, Relaxed)
        {
            watched.registry.insert(self);
        }
    }

    /// Whether it is a request on a connection.
    pub(in crate::server) fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// That the head of the response or a part of its body was handed over, or that the app has to make the next one.
    pub(super) fn hands_over(&self, over: bool) {
        if let Some(stream) = &self.stream {
            let now = stream.parent.now().saturating_add(1);
            stream.sent.store(if over { now } else { 0 }, Relaxed);
        }
    }

    /// Which task sends the response.
    pub(in crate::server) fn is_sent_by(&self, task: AbortHandle) {
        if let Some(stream) = &self.stream {
            let _ = stream.task.set(task);
        }
    }

    /// That this task has to wait: the sweep looks whether it is for the client.
    pub(in crate::server) fn sending_waits(self: &Arc<Self>) {
        if self.handed_over_since().is_some() {
            self.watch_stream();
        }
    }

    /// Since when the client has had to take what was sent.
    pub(in crate::server) fn handed_over_since(&self) -> Option<Seconds> {
        self.stream.as_ref()?.sent.load(Relaxed).checked_sub(1)
    }

    /// Resets the stream of this request, which drops what is not sent.
    pub(in crate::server) fn reset(&self) {
        if let Some(stream) = &self.stream {
            stream.sent.store(0, Relaxed);
            if let Some(task) = stream.task.get() {
                task.abort();
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(watched) = &self.parent.watched
            && watched.streams.open.fetch_sub(1, AcqRel) == 1
            && watched.state().phase() == Phase::Multiplexed
        {
            // It is idle from now on.
            watched.enter(Phase::Multiplexed);
        }
    }
}
