//! What stands between `listen` and the first middleware: addresses, connections, and the limits on them.

mod accept;
mod address;
mod balance;
mod busy_poll;
mod connection;
pub(crate) mod disconnect;
pub(crate) mod escapes;
#[cfg(feature = "http2")]
mod frames;
pub(crate) mod host;
#[cfg(feature = "http2")]
mod http2;
#[cfg(feature = "systemd")]
mod inherited;
mod io;
mod limits;
mod listener;
mod pace;
mod registry;
mod serve;
mod shutdown;
mod socket;
mod tick;
#[cfg(feature = "tls")]
mod tls;
mod wire;
mod workers;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::app::{Application, Callback};
use crate::chain::Onion;
use crate::error::{Error, Result};
use crate::server::accept::accept_all;
use crate::server::balance::Balance;
use crate::server::limits::Limits;
use crate::server::listener::Bound;
use crate::server::registry::{Registry, SWEEP};
use crate::server::serve::Served;
use crate::server::shutdown::Shutdown;
use crate::server::tick::Ticks;
use crate::server::workers::Workers;

pub use address::{Address, Addresses};
pub(crate) use connection::{Connection, InFlight, Orphan};
pub use disconnect::cancel_on_disconnect;
pub use limits::{Exceeded, Limit};
pub use shutdown::shutdown_signal;
pub use socket::Socket;
#[cfg(feature = "tls")]
pub use tls::Tls;

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
    bound: Vec<Bound>,
    addresses: Vec<SocketAddr>,
    callback: Callback<C>,
    limits: Limits,
    shutdown: Shutdown,
    workers: usize,
}

impl<C: Onion> Server<C> {
    pub(crate) async fn bind(callback: Callback<C>, addresses: impl Addresses) -> Result<Self> {
        let mut bound = Vec::new();
        for address in addresses.addresses() {
            bound.push(Bound::bind(address).await?);
        }
        if bound.is_empty() {
            return Err(Error::internal("there is no address to listen on"));
        }
        let addresses = bound.iter().filter_map(Bound::local_addr).collect();
        Ok(Self {
            bound,
            addresses,
            callback,
            limits: Limits::default(),
            shutdown: Shutdown::default(),
            workers: 0,
        })
    }

    /// The addresses it is bound to, in the order in which they were given, without Unix sockets.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The app that it serves: its settings, its events, and how often a limit was reached.
    #[must_use]
    pub fn application(&self) -> &Arc<Application> {
        self.callback.application()
    }

    /// Serves on `count` threads of its own, each with a single-threaded runtime, instead of on the runtime that
    /// [`run`](Self::run) is called on; 0, the default, for that one.
    ///
    /// A connection goes to the thread that has the fewest, or within 5 milliseconds to another one where that is busy. It then
    /// stays on its thread, and so does what its requests spawn.
    #[must_use]
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// Serves until it is [shut down](Self::shutdown_on), or the future is dropped; then the addresses are free, and
    /// the connections are closed.
    ///
    /// # Errors
    ///
    /// That the system has no timer for the limits, or no thread for a worker. A connection that cannot be accepted is
    /// no error: the next one is waited for.
    pub async fn run(self) -> Result {
        let mut shutdown = self.shutdown;
        let registry = Registry::new(&self.limits);
        // Closes the connections when the future is dropped.
        let _open = registry.close_on_drop();
        let ticks = Ticks::every(SWEEP)?;
        let served = Served::new(self.callback, Arc::clone(&registry), self.limits);
        let served = Arc::new(served);
        let (stop, stopping) = watch::channel(false);
        // Closed once nothing accepts any more.
        let (accepting, mut accepted) = mpsc::channel::<()>(1);
        let workers =
            Workers::start(self.workers, &self.bound, &served, &stopping, &accepting).await?;
        let listeners = match self.workers {
            0 => self
                .bound
                .into_iter()
                .map(Bound::listen)
                .collect::<Result<_, _>>()?,
            // The workers have the sockets, which are to be free as soon as they stop to accept.
            _ => {
                drop(self.bound);
                Vec::new()
            }
        };
        let serving = async {
            let accept = async {
                accept_all(listeners, served, Balance::alone(), stopping).await;
                drop(accepting);
            };
            let end = async {
                shutdown.signalled().await;
                stop.send_replace(true);
                let mut grace = shutdown.grace_time();
                // A worker whose thread is blocked does not even stop to accept.
                tokio::select! {
                    _ = accepted.recv() => Some(grace),
                    () = &mut grace => None,
                }
            };
            let ((), grace) = tokio::join!(accept, end);
            shutdown.finish(&registry, grace).await;
        };
        let result = tokio::select! {
            () = serving => Ok(()),
            failed = registry.sweep_every_second(ticks) => failed.map_err(Error::from),
        };
        drop(workers);
        result
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
