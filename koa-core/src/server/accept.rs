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

use crate::chain::Onion;
use crate::server::connection::Connection;
use crate::server::limits::{Exceeded, Limit};
use crate::server::listener::Listener;
use crate::server::serve::{Served, serve};
use crate::server::socket::Socket;
use crate::server::wire::{ReadHalf, Stream, WriteHalf};

/// How long to wait after the system refused to accept a connection for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a client gets for whom there is no connection left.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

/// How many of those are waited for at once, so that they read it.
const REFUSED: usize = 256;

/// How long.
const REFUSAL: Duration = Duration::from_secs(1);

static REFUSING: AtomicUsize = AtomicUsize::new(0);

/// Accepts on all listeners until it is stopped or dropped; then nothing listens any more.
///
/// In one future and in no tasks of their own, so that the listeners are gone as soon as it is.
pub(super) async fn accept_all<C: Onion>(
    listeners: Vec<Listener>,
    served: Arc<Served<C>>,
    mut stop: watch::Receiver<bool>,
) {
    {
        let mut stopped = Box::pin(stop.wait_for(|stop| *stop));
        let mut accepting: Vec<_> = listeners
            .iter()
            .map(|listener| Box::pin(accept(listener, &served)))
            .collect();
        poll_fn(|cx| {
            for accepting in &mut accepting {
                let _ = accepting.as_mut().poll(cx);
            }
            stopped.as_mut().poll(cx).map(drop)
        })
        .await;
    }
    for listener in listeners {
        // A client whose connection the system has accepted is served, though nobody has looked at it yet.
        #[cfg(feature = "tls")]
        let tls = listener.tls().map(crate::server::tls::Tls::config);
        if let Ok(waiting) = listener.close() {
            for (stream, ends) in waiting {
                begin(
                    stream,
                    ends,
                    &served,
                    #[cfg(feature = "tls")]
                    tls.clone(),
                );
            }
        }
    }
}

async fn accept<C: Onion>(listener: &Listener, served: &Arc<Served<C>>) {
    loop {
        match listener.accept().await {
            Ok((stream, ends)) => begin(
                stream,
                ends,
                served,
                #[cfg(feature = "tls")]
                listener.tls().map(crate::server::tls::Tls::config),
            ),
            Err(error) if is_the_clients(&error) => {}
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
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

fn begin<C: Onion>(
    stream: Stream,
    ends: Socket,
    served: &Arc<Served<C>>,
    #[cfg(feature = "tls")] tls: Option<Arc<tokio_rustls::rustls::ServerConfig>>,
) {
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
    let connection = Connection::new(application, ends, write, &served.registry);
    let connection = Arc::new(connection);
    served.registry.insert(&connection);
    let served = Arc::clone(served);
    #[cfg(feature = "tls")]
    if let Some(tls) = tls {
        let serving = crate::server::tls::serve(read, Arc::clone(&connection), served, tls);
        connection.is_served_by(tokio::spawn(serving).abort_handle());
        return;
    }
    let serving = serve(read, Arc::clone(&connection), served);
    connection.is_served_by(tokio::spawn(serving).abort_handle());
}

/// Says that there are too many connections. What the client sends is read for a moment, since closing at once would
/// take the answer from it.
fn refuse(mut read: ReadHalf, write: WriteHalf) {
    let _ = write.try_write(FULL);
    write.shutdown(Shutdown::Write);
    let Some(refusal) = Refusal::begin() else {
        return;
    };
    tokio::spawn(async move {
        let _refusal = refusal;
        let mut rest = [0; 1024];
        let reading = async { while matches!(read.read(&mut rest).await, Ok(1..)) {} };
        let _ = tokio::time::timeout(REFUSAL, reading).await;
        drop(write);
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
