//! Threads that serve, each with a runtime of its own.

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::chain::Onion;
use crate::server::accept::accept_all;
use crate::server::listener::Bound;
use crate::server::serve::Served;

/// Threads that end, with all their connections, when this is dropped.
pub(super) struct Workers {
    _end: watch::Sender<()>,
}

impl Workers {
    /// Starts `count` of them on the same sockets. They stop to accept with `stop`, and serve on what they have
    /// accepted.
    pub(super) fn start<C: Onion>(
        count: usize,
        bound: &[Bound],
        served: &Arc<Served<C>>,
        stop: &watch::Receiver<bool>,
        accepting: &tokio::sync::mpsc::Sender<()>,
    ) -> io::Result<Self> {
        let (end, ended) = watch::channel(());
        for number in 0..count {
            let bound = bound
                .iter()
                .map(Bound::try_clone)
                .collect::<io::Result<Vec<_>>>()?;
            let runtime = Builder::new_current_thread().enable_all().build()?;
            // Here, where an error is heard.
            let listeners: io::Result<Vec<_>> = {
                let _entered = runtime.enter();
                bound.into_iter().map(Bound::listen).collect()
            };
            let listeners = match listeners {
                Ok(listeners) => listeners,
                Err(error) => {
                    // To drop it would wait for its threads, which this one must not.
                    runtime.shutdown_background();
                    return Err(error);
                }
            };
            let (served, stop) = (Arc::clone(served), stop.clone());
            let (accepting, mut ended) = (accepting.clone(), ended.clone());
            thread::Builder::new()
                .name(format!("koa-{number}"))
                .spawn(move || {
                    runtime.block_on(async {
                        let serving = async {
                            accept_all(listeners, served, stop).await;
                            drop(accepting);
                        };
                        tokio::select! {
                            () = serving => { let _ = ended.changed().await; }
                            _ = ended.changed() => {}
                        }
                    });
                })?;
        }
        Ok(Self { _end: end })
    }
}
