//! How a server ends: what is in flight is finished, and what the app has to do at the end is done.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::server::Server;
use crate::server::limits::Limit;
use crate::server::registry::Registry;

/// How long requests in flight may take to end.
pub(super) const GRACE: Duration = Duration::from_secs(25);

/// How often to look for connections that are idle: one is ended when it is found so twice, since its client may have sent
/// a request before it could know.
const LOOK: Duration = Duration::from_millis(150);

type Signal = Pin<Box<dyn Future<Output = ()> + Send>>;
type Hook = Box<dyn FnOnce() -> Signal + Send>;

/// When a server shuts down, and what it then does.
pub(super) struct Shutdown {
    signal: Option<Signal>,
    /// Whether Ctrl-C ends the grace time.
    by_signals: bool,
    grace: Duration,
    hooks: Vec<Hook>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            signal: None,
            by_signals: false,
            grace: GRACE,
            hooks: Vec::new(),
        }
    }
}

/// The end of a server. It stops to accept, finishes the requests in flight, and closes connections: an idle one within
/// half a second, since its client may just be sending a request, another one with its response, which says
/// `Connection: close` (HTTP/1.1) or comes after `GOAWAY` (HTTP/2).
impl<C> Server<C> {
    /// Shuts down when the future is ready. Without it a server runs until [`run`](Self::run) is dropped.
    ///
    /// ```
    /// use koa::prelude::*;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result {
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let server = App::new().bind("127.0.0.1:0").await?.shutdown_on(async {
    ///     let _ = stopped.await;
    /// });
    /// let running = tokio::spawn(server.run());
    /// let _ = stop.send(());
    /// assert!(running.await?.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn shutdown_on(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.shutdown.signal = Some(Box::pin(signal));
        self.shutdown.by_signals = false;
        self
    }

    /// Shuts down on SIGTERM or SIGINT, as [`App::listen`](crate::App::listen) does. A SIGINT after that, which is a second
    /// Ctrl-C, ends the [`grace`](Self::grace) time.
    #[must_use]
    pub fn shutdown_on_signals(mut self) -> Self {
        self = self.shutdown_on(shutdown_signal());
        self.shutdown.by_signals = true;
        self
    }

    /// Sets how long requests in flight may take to end, by default 25 seconds. What has not ended then is cut off: its
    /// client sees the connection end, its layers are dropped where they wait, and it is told as
    /// [`Limit::GraceTime`](crate::Limit::GraceTime).
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.shutdown.grace = grace;
        self
    }

    /// Adds something to do once the requests have ended, or are cut off: close a pool, write out what is buffered. Hooks
    /// run one after another in the order in which they were added, and [`run`](Self::run) waits for them.
    #[must_use]
    pub fn on_shutdown<F>(mut self, hook: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.shutdown.hooks.push(Box::new(|| Box::pin(hook())));
        self
    }
}

impl Shutdown {
    /// Waits until the server is to shut down.
    pub(super) async fn signalled(&mut self) {
        match &mut self.signal {
            Some(signal) => signal.await,
            None => pending().await,
        }
    }

    /// The grace time, which begins now.
    pub(super) fn grace_time(&self) -> Signal {
        let (grace, by_signals) = (self.grace, self.by_signals);
        Box::pin(async move {
            let hurry = async {
                if !by_signals || tokio::signal::ctrl_c().await.is_err() {
                    pending::<()>().await;
                }
            };
            tokio::select! {
                () = sleep(grace) => {}
                () = hurry => {}
            }
        })
    }

    /// Waits for what is in flight, as long as there is time, and runs the hooks.
    pub(super) async fn finish(self, registry: &Arc<Registry>, grace: Option<Signal>) {
        registry.drain();
        let mut drained = pin!(registry.drained());
        let ended = async {
            while timeout(LOOK, &mut drained).await.is_err() {
                registry.end_idle();
            }
        };
        let is_late = match grace {
            Some(grace) => tokio::select! {
                biased;
                () = ended => false,
                () = grace => true,
            },
            None => true,
        };
        let late = registry.close_all();
        if is_late {
            for connection in late.iter().filter(|connection| !connection.is_stream()) {
                connection.exceeds(Limit::GraceTime);
            }
            drop(late);
            // What is dropped with them is gone before the hooks, unless it blocks its thread.
            let _ = timeout(LOOK, registry.drained()).await;
        }
        for hook in self.hooks {
            hook().await;
        }
    }
}

/// Ready when the process is told to end: SIGTERM or SIGINT, or Ctrl-C where there are no signals.
pub async fn shutdown_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        // Without a handler the signal ends the process, which is what it would have done.
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}
