//! A connection, as its requests and the registry see it.

use std::fmt;
use std::future::pending;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

use crate::app::Application;
use crate::server::registry::{Registry, Seconds};
use crate::server::socket::Socket;

/// How often to look again for the end of a client that has sent more than was read.
const UNREAD_PAUSE: Duration = Duration::from_millis(100);

/// What a connection is doing. Only its own task changes it, the registry reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing has come since the last response.
    Idle,
    /// The head of a request is coming.
    Head,
    /// A request is being answered.
    Request,
    /// A response is being sent.
    Response,
}

impl Phase {
    const fn from_u8(number: u8) -> Self {
        match number {
            0 => Self::Idle,
            1 => Self::Head,
            2 => Self::Request,
            _ => Self::Response,
        }
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
    phase: AtomicU8,
    /// When the phase began.
    since: AtomicU32,
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
                phase: AtomicU8::new(Phase::Head as u8),
                since: AtomicU32::new(registry.now()),
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
        if let Some(watched) = &self.watched {
            watched.phase.store(Phase::Request as u8, Relaxed);
        }
    }

    /// That a request has been answered; what is left is to send the response.
    pub(crate) fn end_request(&self) {
        if let Some(watched) = &self.watched {
            watched.phase.store(Phase::Response as u8, Relaxed);
        }
    }

    /// That hyper reads, and whether something came. It does not read while it sends a response, so that the first
    /// look after that is the end of it.
    pub(super) fn reads(&self, came: bool) {
        let Some(watched) = &self.watched else {
            return;
        };
        match (Phase::from_u8(watched.phase.load(Relaxed)), came) {
            (Phase::Response, false) => watched.enter(Phase::Idle),
            (Phase::Response | Phase::Idle, true) => watched.enter(Phase::Head),
            _ => {}
        }
    }

    pub(super) fn phase(&self) -> Option<(Phase, Seconds)> {
        let watched = self.watched.as_ref()?;
        let phase = Phase::from_u8(watched.phase.load(Relaxed));
        Some((phase, watched.since.load(Relaxed)))
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

    /// Closes it from outside: its task sees the end of the stream.
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
    fn enter(&self, phase: Phase) {
        self.since.store(self.registry.now(), Relaxed);
        self.phase.store(phase as u8, Relaxed);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("peer", &self.ends.remote_addr())
            .finish_non_exhaustive()
    }
}
