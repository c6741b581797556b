//! What stands between `listen` and the first middleware: addresses, connections, and the limits on them.

mod address;
mod connection;
pub(crate) mod disconnect;
mod io;
mod registry;
mod socket;
mod tick;

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use tokio::net::TcpListener;
use tokio::net::tcp::OwnedReadHalf;

use crate::app::Callback;
use crate::chain::Onion;
use crate::error::{Error, Result};
use crate::server::io::Io;
use crate::server::registry::{Registry, SWEEP};
use crate::server::tick::Ticks;

pub use address::{Address, Addresses};
pub(crate) use connection::{Connection, InFlight};
pub use disconnect::cancel_on_disconnect;
pub use socket::Socket;

/// How long a client may take to send the head of a request.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may stay open between two requests.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(75);

/// How long to wait after the system refused to accept a connection for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An app bound to its addresses, made by [`App::bind`](crate::App::bind).
///
/// ```
/// use koa::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result {
/// let server = App::new().bind(["127.0.0.1:0", "127.0.0.1:0"]).await?;
/// for address in server.addresses() {
///     println!("http://{address}");
/// }
/// tokio::spawn(server.run());
/// # Ok(())
/// # }
/// ```
pub struct Server<C> {
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
    callback: Callback<C>,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    header_read: Duration,
    keep_alive: Duration,
}

impl<C: Onion> Server<C> {
    pub(crate) async fn bind(callback: Callback<C>, addresses: impl Addresses) -> Result<Self> {
        let mut listeners = Vec::new();
        for address in addresses.addresses() {
            listeners.push(address.bind().await?);
        }
        if listeners.is_empty() {
            return Err(Error::internal("there is no address to listen on"));
        }
        let addresses = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            listeners,
            addresses,
            callback,
            limits: Limits {
                header_read: HEADER_READ_TIMEOUT,
                keep_alive: KEEP_ALIVE_TIMEOUT,
            },
        })
    }

    /// The addresses it is bound to, in the order in which they were given.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Sets how long a client may take to send the head of a request, by default 30 seconds. It is rounded up to
    /// whole seconds and checked once a second.
    #[must_use]
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.limits.header_read = timeout;
        self
    }

    /// Sets how long a connection may stay open between two requests, by default 75 seconds. It is rounded up to
    /// whole seconds and checked once a second.
    #[must_use]
    pub fn keep_alive_timeout(mut self, timeout: Duration) -> Self {
        self.limits.keep_alive = timeout;
        self
    }

    /// Serves until the future is dropped; then the addresses are free, and the connections are closed.
    ///
    /// # Errors
    ///
    /// That the system has no timer for the limits. A connection that cannot be accepted is no error: the next one is
    /// waited for.
    pub async fn run(self) -> Result {
        let registry = Registry::new(self.limits.header_read, self.limits.keep_alive);
        // Closes the connections when the future is dropped.
        let _open = registry.close_on_drop();
        let mut sweep = pin!(registry.sweep_every_second(Ticks::every(SWEEP)?));
        // In this future and in no tasks of their own, so that the listeners are gone as soon as it is.
        let mut accepting: Vec<_> = self
            .listeners
            .into_iter()
            .map(|listener| Box::pin(accept(listener, &self.callback, &registry)))
            .collect();
        poll_fn(|cx| {
            for accepting in &mut accepting {
                let Poll::Pending = accepting.as_mut().poll(cx);
            }
            sweep.as_mut().poll(cx)
        })
        .await?;
        Ok(())
    }
}

impl<C> fmt::Debug for Server<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addresses", &self.addresses)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

async fn accept<C: Onion>(
    listener: TcpListener,
    callback: &Callback<C>,
    registry: &Arc<Registry>,
) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Without it a response of two packets may wait for the client's acknowledgement of the first.
                let _ = stream.set_nodelay(true);
                let (read, write) = stream.into_split();
                let application = Arc::clone(callback.application());
                let connection = Connection::new(application, peer, write, registry);
                let connection = Arc::new(connection);
                registry.insert(&connection);
                tokio::spawn(serve(read, connection, callback.clone()));
            }
            Err(error) if is_the_clients(&error) => {}
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Whether a connection was lost before it was accepted, which leaves the listener as it was.
fn is_the_clients(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn serve<C: Onion>(read: OwnedReadHalf, connection: Arc<Connection>, callback: Callback<C>) {
    let service = callback.service_on(Arc::clone(&connection));
    // A request runs to its end when the client goes away, as in Koa, and hyper need not watch for that.
    // The header timeout is the registry's: hyper's own sets a timer for each request.
    let served = http1::Builder::new()
        .half_close(true)
        .header_read_timeout(None)
        .serve_connection(Io::new(read, connection), service)
        .with_upgrades()
        .await;
    // A client that broke off or sent what is no HTTP; hyper has answered it where that makes sense.
    drop(served);
}
