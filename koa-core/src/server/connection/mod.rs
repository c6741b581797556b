//! A connection, as its requests and the registry see it.

mod orphan;
#[cfg(feature = "http2")]
mod stream;

use std::fmt;
use std::future::pending;
use std::net::{IpAddr, Shutdown};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::app::Application;
use crate::response::body::{LAST, PART};
use crate::server::balance::Place;
use crate::server::busy_poll::BusyPoll;
use crate::server::limits::{Exceeded, Limit};
use crate::server::pace::Pace;
use crate::server::registry::{Registry, Seconds};
use crate::server::socket::Socket;
use crate::server::wire::WriteHalf;
use crate::session::Id;
pub(crate) use orphan::Orphan;
#[cfg(feature = "http2")]
use stream::{Stream, Streams};

/// What a client gets whose head took too long. Nothing else can be on its way then.
const TIMED_OUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// How many ids of sessions are remembered: those of an app that has two.
const SESSIONS: usize = 2;

/// How often to look again for the end of a client that has sent more than was read.
const UNREAD_PAUSE: Duration = Duration::from_millis(100);

/// What a connection is doing. Its own task changes it, the registry reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing has come yet.
    Connected,
    /// Nothing has come since the last response.
    Idle,
    /// The head of a request is coming.
    Head,
    /// A request is being answered.
    Request,
    /// The body of a response is being made.
    Body,
    /// The body of a response has been made, and may still have to be written.
    Written,
    /// Nothing has come for a while, and nothing more is wanted: the server shuts down.
    Unused,
    /// It speaks HTTP/2, and has any number of requests.
    Multiplexed,
    /// The same, and it takes no further ones.
    Finishing,
    /// It speaks another protocol, by rules of its own.
    Upgraded,
    /// It has been closed for having taken too long.
    Closed,
    /// Nothing more is sent, and what the client still sends is thrown away.
    Lingering,
}

/// A phase and when it began, in one word, so that they are never seen apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u64);

impl State {
    const fn new(phase: Phase, since: Seconds) -> Self {
        Self((since as u64) << 8 | phase as u64)
    }

    pub(super) const fn phase(self) -> Phase {
        match self.0 & 0xff {
            0 => Phase::Connected,
            1 => Phase::Idle,
            2 => Phase::Head,
            3 => Phase::Request,
            4 => Phase::Body,
            5 => Phase::Written,
            6 => Phase::Unused,
            7 => Phase::Multiplexed,
            8 => Phase::Finishing,
            9 => Phase::Upgraded,
            10 => Phase::Closed,
            _ => Phase::Lingering,
        }
    }

    pub(super) const fn since(self) -> Seconds {
        (self.0 >> 8) as Seconds
    }
}

/// One connection. Each of its requests holds it.
pub(crate) struct Connection {
    app: Arc<Application>,
    ends: Socket,
    watched: Option<Watched>,
    pace: Pace,
    /// The task that serves it, as long as it does.
    task: Mutex<Option<AbortHandle>>,
    #[cfg(feature = "http2")]
    stream: Option<Stream>,
}

/// A connection of our own server.
struct Watched {
    socket: WriteHalf,
    registry: Arc<Registry>,
    busy_poll: Option<Arc<BusyPoll>>,
    _place: Place,
    state: AtomicU64,
    opened: Seconds,
    /// The second after the one in which the client stopped to read what is written, or 0.
    blocked: AtomicU32,
    /// How many requests run on without a response.
    orphans: AtomicU32,
    /// How many bodies of requests somebody has who may still read them.
    lent: AtomicU32,
    /// The ids that requests came with last, the newest first: the next one mostly has the same.
    sessions: Mutex<[Option<Id>; SESSIONS]>,
    #[cfg(feature = "http2")]
    streams: Streams,
}

impl Connection {
    pub(super) fn new(
        app: Arc<Application>,
        ends: Socket,
        socket: WriteHalf,
        place: Place,
        registry: &Arc<Registry>,
        busy_poll: Option<Arc<BusyPoll>>,
    ) -> Self {
        let now = registry.now();
        registry.opened();
        Self {
            app,
            ends,
            watched: Some(Watched {
                socket,
                registry: Arc::clone(registry),
                busy_poll,
                _place: place,
                // A client that connects and sends nothing has no more time than one that sends slowly.
                state: AtomicU64::new(State::new(Phase::Connected, now).0),
                opened: now,
                blocked: AtomicU32::new(0),
                orphans: AtomicU32::new(0),
                lent: AtomicU32::new(0),
                sessions: Mutex::default(),
                #[cfg(feature = "http2")]
                streams: Streams::default(),
            }),
            pace: Pace::default(),
            task: Mutex::default(),
            #[cfg(feature = "http2")]
            stream: None,
        }
    }

    /// A connection that someone else serves.
    pub(crate) fn detached(app: Arc<Application>, ends: Socket) -> Self {
        Self {
            app,
            ends,
            watched: None,
            pace: Pace::default(),
            task: Mutex::default(),
            #[cfg(feature = "http2")]
            stream: None,
        }
    }

    /// Which task serves it.
    pub(super) fn is_served_by(&self, task: AbortHandle) {
        *self.task() = Some(task);
    }

    /// Ends that task at its next `await`.
    pub(super) fn abort(&self) {
        if let Some(task) = &*self.task() {
            task.abort();
        }
    }

    fn task(&self) -> MutexGuard<'_, Option<AbortHandle>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is a request of HTTP/2, which shares its connection with others.
    #[inline]
    pub(crate) fn is_stream(&self) -> bool {
        #[cfg(feature = "http2")]
        return self.stream.is_some();
        #[cfg(not(feature = "http2"))]
        false
    }

    /// How much of so many bytes of a body is handed to hyper at a time.
    pub(crate) fn part_of(&self, length: usize) -> usize {
        let most = if self.is_stream() && length > LAST {
            length - LAST
        } else {
            length
        };
        most.min(PART)
    }

    pub(crate) fn app(&self) -> &Arc<Application> {
        &self.app
    }

    /// Its two ends. Which of the server's addresses it came to is asked for only here.
    pub(crate) fn ends(&self) -> Socket {
        let local = self.whole().socket().and_then(WriteHalf::local_addr);
        local.map_or(self.ends, |local| self.ends.with_local(local))
    }

    pub(crate) fn remote_ip(&self) -> Option<IpAddr> {
        self.ends.remote_ip()
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.ends.encrypted()
    }

    /// That a request has been read and is being answered. Whether it is one of our own server.
    #[inline]
    pub(crate) fn begin_request(&self) -> bool {
        self.enter(Phase::Request);
        #[cfg(feature = "http2")]
        if self.stream.is_some() {
            return true;
        }
        self.watched.is_some()
    }

    /// That a request has been answered; the response's body comes next, until [`InFlight`] is dropped.
    pub(crate) fn begin_body(&self) {
        self.enter(Phase::Body);
    }

    /// That it speaks another protocol, or is a tunnel.
    pub(super) fn upgrade(&self) {
        // The task ends, and its memory with it.
        *self.task() = None;
        self.enter(Phase::Upgraded);
    }

    fn enter(&self, phase: Phase) {
        if let Some(watched) = &self.watched {
            watched.enter(phase);
        }
    }

    /// That hyper reads, whether something came, and whether what it wrote is waiting for the client.
    ///
    /// It may read while a response is on its way, for the rest of a request's body.
    #[inline]
    pub(super) fn reads(&self, came: bool, blocked: bool) {
        let Some(watched) = &self.watched else {
            return;
        };
        match (watched.state().phase(), came) {
            (Phase::Written, false) if !blocked => return watched.enter(Phase::Idle),
            (Phase::Written, true) if !blocked => watched.enter(Phase::Head),
            (Phase::Idle | Phase::Unused, true) => watched.enter(Phase::Head),
            // The time until the first byte counts.
            (Phase::Connected, true) => {
                let head = State::new(Phase::Head, watched.opened);
                watched.state.store(head.0, Release);
            }
            _ => return,
        }
        if let Some(busy_poll) = &watched.busy_poll {
            busy_poll.request_comes();
        }
    }

    /// That what is written waits for the client, or does so no longer.
    #[cold]
    pub(super) fn blocks(&self, waits: bool) {
        if let Some(watched) = &self.watched {
            let since = watched.registry.now().saturating_add(1);
            watched
                .blocked
                .store(if waits { since } else { 0 }, Relaxed);
        }
    }

    /// Since when what is written waits for the client.
    pub(super) fn blocked_since(&self) -> Option<Seconds> {
        self.watched.as_ref()?.blocked.load(Relaxed).checked_sub(1)
    }

    /// Whether the response that is being made is the last one of its connection.
    #[inline]
    pub(crate) fn is_last(&self) -> bool {
        let Some(watched) = &self.watched else {
            return false;
        };
        if watched.registry.is_old(watched.opened) {
            self.exceeds(Limit::ConnectionTime);
            return true;
        }
        watched.registry.is_draining()
    }

    /// When it was opened.
    #[cfg(feature = "http2")]
    pub(super) fn opened(&self) -> Seconds {
        self.watched.as_ref().map_or(0, |watched| watched.opened)
    }

    /// What becomes true when the server shuts down; nothing where someone else serves.
    pub(crate) fn closing(&self) -> Option<watch::Receiver<bool>> {
        let watched = &self.whole().watched;
        watched.as_ref().map(|watched| watched.registry.closing())
    }

    /// The connection of this request, or itself.
    fn whole(&self) -> &Self {
        #[cfg(feature = "http2")]
        if let Some(stream) = &self.stream {
            return stream.parent();
        }
        self
    }

    /// The id of a request's session: that of a request before, if it is the same, so that what was made of it need not be
    /// made again.
    pub(crate) fn session(&self, is_same: impl Fn(&Id) -> bool, new: impl FnOnce() -> Id) -> Id {
        let watched = self.whole().watched.as_ref();
        // Who would have to wait for them makes its own.
        let Some(mut last) = watched.and_then(|watched| watched.sessions.try_lock().ok()) else {
            return new();
        };
        if let Some(id) = last.iter().flatten().find(|id| is_same(id)) {
            return id.clone();
        }
        last.rotate_right(1);
        let [newest, ..] = &mut *last;
        newest.insert(new()).clone()
    }

    /// How fast the body of the request comes that is being answered.
    pub(crate) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// That the body of its request is read.
    pub(crate) fn begin_reading(self: &Arc<Self>) {
        self.pace.begin();
        #[cfg(feature = "http2")]
        self.watch_stream();
    }

    /// That somebody has the body of its request, and may read it after the response.
    pub(crate) fn lends_body(&self) {
        if let Some(watched) = &self.watched {
            watched.lent.fetch_add(1, Relaxed);
        }
    }

    /// That it was read, or given up. What comes next is another request, whose time begins now.
    pub(crate) fn takes_body_back(&self) {
        let Some(watched) = &self.watched else {
            return;
        };
        let state = watched.state();
        if matches!(state.phase(), Phase::Idle | Phase::Head) {
            let idle = State::new(Phase::Idle, watched.registry.now()).0;
            let _ = watched
                .state
                .compare_exchange(state.0, idle, AcqRel, Relaxed);
        }
        watched.lent.fetch_sub(1, Release);
    }

    /// Whether the body of a request may still be read that was answered before.
    pub(super) fn has_lent_body(&self) -> bool {
        let watched = self.watched.as_ref();
        watched.is_some_and(|watched| watched.lent.load(Acquire) > 0)
    }

    /// Waits for the first byte of a handshake, which has the time of a request's head.
    #[cfg(feature = "tls")]
    pub(super) async fn begin_handshake(&self) {
        if let Some(socket) = self.socket() {
            let _ = socket.readable().await;
            self.reads(true, false);
        }
    }

    /// That it has come to its end: the first request may come, in what is left of that time.
    #[cfg(feature = "tls")]
    pub(super) fn end_handshake(&self) {
        if let Some(watched) = &self.watched {
            let state = watched.state();
            if state.phase() == Phase::Head {
                let connected = State::new(Phase::Connected, state.since()).0;
                let _ = watched
                    .state
                    .compare_exchange(state.0, connected, AcqRel, Relaxed);
            }
        }
    }

    /// The time of the last beat.
    #[cfg(feature = "http2")]
    pub(super) fn now(&self) -> Seconds {
        self.watched
            .as_ref()
            .map_or(0, |watched| watched.registry.now())
    }

    /// Counts that it reached a limit, and tells the listeners.
    pub(crate) fn exceeds(&self, limit: Limit) {
        Exceeded::tell(&self.app, limit, self.ends.remote_addr());
    }

    pub(super) fn state(&self) -> Option<State> {
        self.watched.as_ref().map(Watched::state)
    }

    /// The socket, to be written to.
    #[inline]
    pub(super) fn socket(&self) -> Option<&WriteHalf> {
        self.watched.as_ref().map(|watched| &watched.socket)
    }

    /// Ends the direction to the client.
    pub(super) fn end(&self) {
        if let Some(socket) = self.socket() {
            socket.shutdown(Shutdown::Write);
        }
    }

    /// Ends the direction to the client, and takes what it still sends: to close at once would reset the connection, and a
    /// client that sends on would lose the answer (RFC 9112, 9.6). One of HTTP/2 sends that it has read, and is waited for as
    /// long as it does while the server shuts down.
    pub(super) async fn linger(&self) {
        let Some(watched) = &self.watched else {
            return;
        };
        let phase = match watched.state().phase() {
            Phase::Closed => return,
            #[cfg(feature = "http2")]
            Phase::Multiplexed | Phase::Finishing => Phase::Finishing,
            _ => Phase::Lingering,
        };
        watched.enter(phase);
        watched.socket.shutdown(Shutdown::Write);
        let came = || {
            #[cfg(feature = "http2")]
            if phase == Phase::Finishing && watched.registry.is_draining() {
                self.goes_on();
            }
        };
        watched.socket.discard(came).await;
    }

    /// Ends it, for a server that shuts down, if nothing has come on it since it was asked the last time. What its client
    /// has sent before it can know is still read.
    pub(super) fn end_unused(&self, state: State) {
        let Some(watched) = &self.watched else {
            return;
        };
        if state.phase() == Phase::Unused {
            watched.socket.shutdown(Shutdown::Read);
            return;
        }
        let unused = State::new(Phase::Unused, state.since()).0;
        let _ = watched
            .state
            .compare_exchange(state.0, unused, AcqRel, Relaxed);
    }

    /// Closes it from outside, unless it has gone on meanwhile: its task sees the end of the stream.
    pub(super) fn close_if(&self, state: State) -> bool {
        let Some(watched) = &self.watched else {
            return false;
        };
        if !watched.is_closed_if(state) {
            return false;
        }
        if state.phase() == Phase::Head && !self.is_encrypted() {
            let _ = watched.socket.try_write(TIMED_OUT);
        }
        self.close();
        true
    }

    /// Closes it from outside.
    pub(super) fn close(&self) {
        if let Some(socket) = self.socket() {
            socket.shutdown(Shutdown::Both);
        }
    }

    /// The same, and throws away what its client does not read. That it is closed stands first: its task goes on as soon
    /// as it is cut.
    pub(super) fn cut_if(&self, state: State) -> bool {
        let Some(watched) = &self.watched else {
            return false;
        };
        let closed = watched.is_closed_if(state);
        if closed {
            watched.socket.forget_unsent();
            watched.socket.shutdown(Shutdown::Both);
        }
        closed
    }

    /// Waits until the client has gone away.
    ///
    /// A client that closed only its sending side counts as gone, as it does in Node.
    pub(crate) async fn closed(&self) {
        #[cfg(feature = "http2")]
        if let Some(stream) = &self.stream {
            return stream.left().await;
        }
        let Some(socket) = self.socket() else {
            return pending().await;
        };
        while !socket.read_closed().await {
            // What it sent ahead, a next request or a body that nobody reads, stands before its end.
            tokio::time::sleep(UNREAD_PAUSE).await;
        }
    }
}

impl Watched {
    fn state(&self) -> State {
        State(self.state.load(Acquire))
    }

    /// Becomes closed, unless it has gone on meanwhile.
    fn is_closed_if(&self, state: State) -> bool {
        let closed = State::new(Phase::Closed, state.since()).0;
        self.state
            .compare_exchange(state.0, closed, AcqRel, Relaxed)
            .is_ok()
    }

    fn enter(&self, phase: Phase) {
        let state = State::new(phase, self.registry.now());
        self.state.store(state.0, Release);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.registry.closed();
    }
}

/// The time in which the body of a response is made.
pub(crate) struct InFlight {
    connection: Arc<Connection>,
    then: Phase,
}

impl InFlight {
    pub(crate) fn new(connection: Arc<Connection>, status: StatusCode) -> Self {
        let then = if status == StatusCode::SWITCHING_PROTOCOLS {
            Phase::Upgraded
        } else {
            Phase::Written
        };
        let in_flight = Self { connection, then };
        // The client may never open the stream's window for its first byte.
        in_flight.hands_over(true);
        in_flight
    }

    /// That a part of the body was handed over to be sent, or that the app has to make the next one.
    #[inline]
    pub(crate) fn hands_over(&self, over: bool) {
        #[cfg(feature = "http2")]
        self.connection.hands_over(over);
        #[cfg(not(feature = "http2"))]
        let _ = over;
    }

    /// Whether the connection ends with it.
    #[inline]
    pub(crate) fn is_last(&self) -> bool {
        self.connection.is_last()
    }

    /// How much of so many bytes of the body is handed to hyper at a time.
    pub(crate) fn part_of(&self, length: usize) -> usize {
        self.connection.part_of(length)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.connection.enter(self.then);
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFlight")
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("peer", &self.ends.remote_addr())
            .finish_non_exhaustive()
    }
}
