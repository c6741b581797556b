//! A request of HTTP/2, which shares its connection with others.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::{Connection, Phase, State};
use crate::server::pace::Pace;
use crate::server::registry::Seconds;

/// What a connection knows of its requests.
#[derive(Default)]
pub(super) struct Streams {
    open: AtomicU32,
    /// The second after the one since which the head of a request has been coming, or 0.
    head: AtomicU32,
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
            task: Mutex::default(),
            stream: Some(Stream {
                parent: Arc::clone(parent),
                orphans,
                left: AtomicBool::new(false),
                leaving: Notify::new(),
                watched: AtomicBool::new(false),
                sent: AtomicU32::new(0),
            }),
        }
    }

    /// That it speaks HTTP/2.
    pub(in crate::server) fn multiplex(&self) {
        self.enter(Phase::Multiplexed);
    }

    /// That a part of a response is sent: the client takes it, though the request may have ended.
    pub(in crate::server) fn goes_on(&self) {
        if let Some(watched) = &self.watched {
            let (state, now) = (watched.state(), watched.registry.now());
            if state.since() != now {
                let later = State::new(state.phase(), now);
                // What it has become meanwhile counts.
                let _ = watched
                    .state
                    .compare_exchange(state.0, later.0, AcqRel, Relaxed);
            }
        }
    }

    /// How many requests it has.
    pub(in crate::server) fn open_streams(&self) -> u32 {
        self.watched
            .as_ref()
            .map_or(0, |watched| watched.streams.open.load(Acquire))
    }

    /// That the head of a request begins to come, or is there.
    pub(in crate::server) fn head_comes(&self, comes: bool) {
        if let Some(watched) = &self.watched {
            let since = watched.registry.now().saturating_add(1);
            let head = if comes { since } else { 0 };
            watched.streams.head.store(head, Relaxed);
        }
    }

    /// Since when the head of a request has been coming.
    pub(in crate::server) fn head_since(&self) -> Option<Seconds> {
        let watched = self.watched.as_ref()?;
        watched.streams.head.load(Relaxed).checked_sub(1)
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

    /// That the head of the response or a part of its body was handed over, or that the app has to make the next one.
    pub(super) fn hands_over(&self, over: bool) {
        if let Some(stream) = &self.stream {
            let now = stream.parent.now().saturating_add(1);
            stream.sent.store(if over { now } else { 0 }, Relaxed);
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
            self.abort();
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(watched) = &self.parent.watched
            && watched.streams.open.fetch_sub(1, AcqRel) == 1
            && let phase @ (Phase::Multiplexed | Phase::Finishing) = watched.state().phase()
        {
            // It is idle from now on, and its last frames are still to be taken.
            watched.enter(phase);
        }
    }
}
