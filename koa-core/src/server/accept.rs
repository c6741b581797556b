//! Accepting connections, each of which becomes a task.

use std::future::{Future, poll_fn};
use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::watch;
#[cfg(feature = "tls")]
use tokio_rustls::rustls::ServerConfig;

use crate::chain::Onion;
use crate::server::balance::{Balance, Place};
use crate::server::busy_poll::BusyPoll;
use crate::server::connection::Connection;
use crate::server::limits::{Exceeded, Limit};
use crate::server::listener::Listener;
use crate::server::serve::{Served, serve};
use crate::server::socket::Socket;
#[cfg(feature = "tls")]
use crate::server::tls::Tls;
use crate::server::wire::{ReadHalf, Stream, Unregistered, WriteHalf};

/// How long to wait after the system refused to accept a connection for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a connection waits for the thread that it was handed to, which may be busy.
const UNTAKEN: Duration = Duration::from_millis(5);

/// What a client gets for whom there is no connection left.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

/// How many of those are waited for at once, so that they read it.
const REFUSED: usize = 256;

/// How long.
const REFUSAL: Duration = Duration::from_secs(1);

static REFUSING: AtomicUsize = AtomicUsize::new(0);

/// A connection that was accepted, as long as it has no task.
pub(super) struct Accepted<S> {
    stream: S,
    ends: Socket,
    place: Place,
    #[cfg(feature = "tls")]
    tls: Option<Arc<ServerConfig>>,
}

/// What accepts on a thread, and begins what was accepted.
struct Acceptor<C> {
    served: Arc<Served<C>>,
    balance: Balance<Accepted<Unregistered>>,
    busy_poll: Option<Arc<BusyPoll>>,
}

/// Accepts on all listeners until it is stopped or dropped; then nothing listens any more.
///
/// In one future and in no tasks of their own, so that the listeners are gone as soon as it is.
pub(super) async fn accept_all<C: Onion>(
    listeners: Vec<Listener>,
    served: Arc<Served<C>>,
    balance: Balance<Accepted<Unregistered>>,
    mut stop: watch::Receiver<bool>,
) {
    let acceptor = Arc::new(Acceptor {
        served,
        balance,
        busy_poll: BusyPoll::here(),
    });
    {
        let mut stopped = Box::pin(stop.wait_for(|stop| *stop));
        let mut receiving = Box::pin(acceptor.receive());
        let mut accepting: Vec<_> = listeners
            .iter()
            .map(|listener| Box::pin(acceptor.accept(listener)))
            .collect();
        poll_fn(|cx| {
            for accepting in &mut accepting {
                let _ = accepting.as_mut().poll(cx);
            }
            let _ = receiving.as_mut().poll(cx);
            stopped.as_mut().poll(cx).map(drop)
        })
        .await;
    }
    for connection in acceptor.balance.close() {
        acceptor.register(connection);
    }
    for listener in listeners {
        // A client whose connection the system has accepted is served, though nobody has looked at it yet.
        #[cfg(feature = "tls")]
        let tls = listener.tls().map(Tls::config);
        if let Ok(waiting) = listener.close() {
            for (stream, ends) in waiting {
                acceptor.begin(Accepted {
                    stream,
                    ends,
                    place: acceptor.balance.place(),
                    #[cfg(feature = "tls")]
                    tls: tls.clone(),
                });
            }
        }
    }
}

impl<C: Onion> Acceptor<C> {
    async fn accept(self: &Arc<Self>, listener: &Listener) {
        loop {
            match listener.accept().await {
                Ok((stream, ends)) => self.share(Accepted {
                    stream,
                    ends,
                    place: self.balance.place(),
                    #[cfg(feature = "tls")]
                    tls: listener.tls().map(Tls::config),
                }),
                Err(error) if is_the_clients(&error) => {}
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    /// Begins what other threads have handed to this one.
    async fn receive(&self) {
        loop {
            self.register(self.balance.next().await);
        }
    }

    /// Serves a connection here, or hands it to a thread that has fewer.
    fn share(self: &Arc<Self>, accepted: Accepted<Stream>) {
        let Some(other) = self.balance.other() else {
            return self.begin(accepted);
        };
        // That fails as accepting would have: there is no connection.
        let Ok(accepted) = accepted.try_map(Stream::unregister) else {
            return;
        };
        let accepted = Accepted {
            place: other.place(),
            ..accepted
        };
        match other.hand(accepted) {
            Ok(handed) => {
                let this = Arc::clone(self);
                tokio::spawn(async move {
                    // Nobody waits for a thread that computes.
                    tokio::time::sleep(UNTAKEN).await;
                    if let Some(accepted) = handed.take_back() {
                        this.take_back(accepted);
                    }
                });
            }
            Err(accepted) => self.take_back(accepted),
        }
    }

    fn take_back(&self, accepted: Accepted<Unregistered>) {
        self.register(Accepted {
            place: self.balance.place(),
            ..accepted
        });
    }

    fn register(&self, accepted: Accepted<Unregistered>) {
        if let Ok(accepted) = accepted.try_map(Unregistered::register) {
            self.begin(accepted);
        }
    }

    fn begin(&self, accepted: Accepted<Stream>) {
        let Self {
            served, busy_poll, ..
        } = self;
        let Accepted {
            stream,
            ends,
            place,
            ..
        } = accepted;
        let application = served.callback.application();
        let (read, write) = stream.into_split();
        if served.registry.open() >= served.limits.connections {
            Exceeded::tell(application, Limit::Connections, ends.remote_addr());
            if !ends.encrypted() {
                refuse(read, write);
            }
            return;
        }
        let application = Arc::clone(application);
        let (registry, busy_poll) = (&served.registry, busy_poll.clone());
        let connection = Connection::new(application, ends, write, place, registry, busy_poll);
        let connection = Arc::new(connection);
        registry.insert(&connection);
        let served = Arc::clone(served);
        #[cfg(feature = "tls")]
        if let Some(tls) = accepted.tls {
            let serving = crate::server::tls::serve(read, Arc::clone(&connection), served, tls);
            connection.is_served_by(tokio::spawn(serving).abort_handle());
            return;
        }
        let serving = serve(read, Arc::clone(&connection), served);
        connection.is_served_by(tokio::spawn(serving).abort_handle());
    }
}

impl<S> Accepted<S> {
    fn try_map<T>(self, stream: impl FnOnce(S) -> io::Result<T>) -> io::Result<Accepted<T>> {
        Ok(Accepted {
            stream: stream(self.stream)?,
            ends: self.ends,
            place: self.place,
            #[cfg(feature = "tls")]
            tls: self.tls,
        })
    }
}

/// Whether a connection was lost before it was accepted, which leaves the listener as it was.
fn is_the_clients(error: &io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Says that there are too many connections. What the client sends is read for a moment, since closing at once would
/// take the answer from it.
fn refuse(mut read: ReadHalf, write: WriteHalf) {
    let told = write.try_write(FULL).is_ok();
    let Some(refusal) = Refusal::begin() else {
        return;
    };
    tokio::spawn(async move {
        let _refusal = refusal;
        let mut rest = [0; 1024];
        let refusing = async {
            // This runtime may not have heard yet that it can be written to.
            if !told && poll_fn(|cx| write.poll_write_ready(cx)).await.is_ok() {
                let _ = write.try_write(FULL);
            }
            write.shutdown(Shutdown::Write);
            while matches!(read.read(&mut rest).await, Ok(1..)) {}
        };
        let _ = tokio::time::timeout(REFUSAL, refusing).await;
    });
}

/// One of those that are waited for, also where its task is dropped with its runtime.
struct Refusal;

impl Refusal {
    fn begin() -> Option<Self> {
        let refusal = (REFUSING.fetch_add(1, Relaxed) < REFUSED).then_some(Self);
        if refusal.is_none() {
            REFUSING.fetch_sub(1, Relaxed);
        }
        refusal
    }
}

impl Drop for Refusal {
    fn drop(&mut self) {
        REFUSING.fetch_sub(1, Relaxed);
    }
}
