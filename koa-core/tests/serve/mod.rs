//! Serves an app on a free port, on a runtime of its own.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::SocketAddr;

use koa::{App, Onion, Server};
use tokio::runtime::{Builder, Runtime};

/// A server that runs until this is dropped.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

pub(crate) fn serve<C: Onion, List: 'static, Depth: 'static>(app: App<C, List, Depth>) -> Serving {
    serve_with(app, |server| server)
}

/// The same with a change to the server before it runs.
pub(crate) fn serve_with<C: Onion, List: 'static, Depth: 'static>(
    app: App<C, List, Depth>,
    change: impl FnOnce(Server<C>) -> Server<C>,
) -> Serving {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(app.bind("127.0.0.1:0")).unwrap();
    let address = server.addresses()[0];
    let server = change(server);
    runtime.spawn(async move { server.run().await.unwrap() });
    Serving {
        address,
        runtime: Some(runtime),
    }
}

impl Serving {
    /// How many tasks are alive: the accept loop, the sweep, and one for each connection.
    pub(crate) fn tasks(&self) -> usize {
        let runtime = self.runtime.as_ref().unwrap();
        runtime.metrics().num_alive_tasks()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
