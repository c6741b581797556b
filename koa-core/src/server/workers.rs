//! Threads that serve, each with a runtime of its own.

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot, watch};

use crate::chain::Onion;
use crate::server::accept::{Accepted, accept_all};
use crate::server::balance::Balance;
use crate::server::listener::{Bound, Listener};
use crate::server::serve::Served;
use crate::server::wire::Unregistered;

/// Threads that end, with all their connections, when this is dropped.
pub(super) struct Workers {
    _end: watch::Sender<()>,
}

impl Workers {
    /// Starts `count` of them on the same sockets. They stop to accept with `stop`, and serve on what they have
    /// accepted.
    pub(super) async fn start<C: Onion>(
        count: usize,
        bound: &[Bound],
        served: &Arc<Served<C>>,
        stop: &watch::Receiver<bool>,
        accepting: &mpsc::Sender<()>,
    ) -> io::Result<Self> {
        let (end, ended) = watch::channel(());
        for (number, balance) in Balance::over(count).into_iter().enumerate() {
            let bound: io::Result<_> = bound.iter().map(Bound::try_clone).collect();
            let worker = Worker {
                bound: bound?,
                served: Arc::clone(served),
                balance,
                stop: stop.clone(),
                accepting: accepting.clone(),
                ended: ended.clone(),
            };
            let (begun, begins) = oneshot::channel();
            thread::Builder::new()
                .name(format!("koa-{number}"))
                .spawn(move || worker.run(begun))?;
            // Its errors are heard here.
            begins
                .await
                .unwrap_or_else(|_| Err(io::Error::other("a worker does not begin")))?;
        }
        Ok(Self { _end: end })
    }
}

struct Worker<C> {
    bound: Vec<Bound>,
    served: Arc<Served<C>>,
    balance: Balance<Accepted<Unregistered>>,
    stop: watch::Receiver<bool>,
    accepting: mpsc::Sender<()>,
    ended: watch::Receiver<()>,
}

impl<C: Onion> Worker<C> {
    /// Says whether it can serve, and does.
    fn run(self, begun: oneshot::Sender<io::Result<()>>) {
        let Self {
            bound,
            served,
            balance,
            stop,
            accepting,
            mut ended,
        } = self;
        let (runtime, listeners) = match listen(bound) {
            Ok(listening) => listening,
            Err(error) => {
                let _ = begun.send(Err(error));
                return;
            }
        };
        let _ = begun.send(Ok(()));
        runtime.block_on(async {
            let serving = async {
                accept_all(listeners, served, balance, stop).await;
                drop(accepting);
            };
            tokio::select! {
                () = serving => { let _ = ended.changed().await; }
                _ = ended.changed() => {}
            }
        });
    }
}

/// Listens, on a runtime of this thread.
fn listen(bound: Vec<Bound>) -> io::Result<(Runtime, Vec<Listener>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listeners: io::Result<_> = {
        let _entered = runtime.enter();
        bound.into_iter().map(Bound::listen).collect()
    };
    Ok((runtime, listeners?))
}
