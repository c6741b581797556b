//! A connection, as its requests and the registry see it.

use std::fmt;
use std::future::pending;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::time::Duration;

use http::StatusCode;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

use crate::app::Application;
use crate::server::registry::{Registry, Seconds};
use crate::server::socket::Socket;

/// How often to look again for the end of a client that has sent more than was read.
const UNREAD_PAUSE: Duration = Duration::from_millis(100);

/// What a connection is doing. Its own task changes it, the registry reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
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
    /// It speaks another protocol, by rules of its own.
    Upgraded,
    /// It has been closed for having taken too long.
    Closed,
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
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Request,
            3 => Phase::Body,
            4 => Phase::Written,
            5 => Phase::Upgraded,
            _ => Phase::Closed,
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
}

/// A connection of our own server.
struct Watched {
    socket: OwnedWriteHalf,
    registry: Arc<Registry>,
    state: AtomicU64,
}

impl Connection {
    pub(super) fn new(
        app: Arc<Application>,
        peer: SocketAddr,
        socket: OwnedWriteHalf,
        registry: &Arc<Registry>,
    ) -> Self {
        Self {
            app,
            ends: Socket::new(peer),
            watched: Some(Watched {
                socket,
                registry: Arc::clone(registry),
                // A client that connects and sends nothing has no more time than one that sends slowly.
                state: AtomicU64::new(State::new(Phase::Head, registry.now()).0),
            }),
        }
    }

    /// A connection that someone else serves.
    pub(crate) fn detached(app: Arc<Application>, ends: Socket) -> Self {
        Self {
            app,
            ends,
            watched: None,
        }
    }

    pub(crate) fn app(&self) -> &Arc<Application> {
        &self.app
    }

    /// Its two ends. Which of the server's addresses it came to is asked for only here.
    pub(crate) fn ends(&self) -> Socket {
        let local = self.socket().and_then(|socket| socket.local_addr().ok());
        local.map_or(self.ends, |local| self.ends.with_local(local))
    }

    pub(crate) fn remote_ip(&self) -> Option<IpAddr> {
        self.ends.remote_ip()
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.ends.encrypted()
    }

    /// That a request has been read and is being answered.
    pub(crate) fn begin_request(&self) {
        self.enter(Phase::Request);
    }

    /// That a request has been answered; the response's body comes next, until [`InFlight`] is dropped.
    pub(crate) fn begin_body(&self) {
        self.enter(Phase::Body);
    }

    fn enter(&self, phase: Phase) {
        if let Some(watched) = &self.watched {
            watched.enter(phase);
        }
    }

    /// That hyper reads, whether something came, and whether what it wrote is waiting for the client.
    ///
    /// It may read while a response is on its way, for the rest of a request's body.
    pub(super) fn reads(&self, came: bool, blocked: bool) {
        let Some(watched) = &self.watched else {
            return;
        };
        match (watched.state().phase(), came) {
            (Phase::Written, false) if !blocked => watched.enter(Phase::Idle),
            (Phase::Written, true) if !blocked => watched.enter(Phase::Head),
            (Phase::Idle, true) => watched.enter(Phase::Head),
            _ => {}
        }
    }

    pub(super) fn state(&self) -> Option<State> {
        self.watched.as_ref().map(Watched::state)
    }

    /// The socket, to be written to.
    pub(super) fn socket(&self) -> Option<&TcpStream> {
        self.watched.as_ref().map(|watched| watched.socket.as_ref())
    }

    /// Ends the direction to the client.
    pub(super) fn end(&self) {
        if let Some(socket) = self.socket() {
            let _ = SockRef::from(socket).shutdown(Shutdown::Write);
        }
    }

    /// Closes it from outside, unless it has gone on meanwhile: its task sees the end of the stream.
    pub(super) fn close_if(&self, state: State) {
        if let Some(watched) = &self.watched {
            let closed = State::new(Phase::Closed, state.since()).0;
            let exchanged = watched
                .state
                .compare_exchange(state.0, closed, AcqRel, Relaxed);
            if exchanged.is_ok() {
                self.close();
            }
        }
    }

    /// Closes it from outside.
    pub(super) fn close(&self) {
        if let Some(socket) = self.socket() {
            let _ = SockRef::from(socket).shutdown(Shutdown::Both);
        }
    }

    /// Waits until the client has gone away.
    ///
    /// A client that closed only its sending side counts as gone, as it does in Node.
    pub(crate) async fn closed(&self) {
        let Some(socket) = self.socket() else {
            return pending().await;
        };
        loop {
            match socket.ready(Interest::READABLE).await {
                Ok(ready) if !ready.is_read_closed() => {}
                _ => return,
            }
            // What it sent ahead, a next request or a body that nobody reads, stands before its end.
            tokio::time::sleep(UNREAD_PAUSE).await;
        }
    }
}

impl Watched {
    fn state(&self) -> State {
        State(self.state.load(Acquire))
    }

    fn enter(&self, phase: Phase) {
        let state = State::new(phase, self.registry.now());
        self.state.store(state.0, Release);
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
        Self { connection, then }
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
