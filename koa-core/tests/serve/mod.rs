//! Serves an app on a free port, on a runtime of its own.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::SocketAddr;

use koa::{Addresses, App, Onion, Server};
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
    serve_at_with(app, "127.0.0.1:0", change)
}

/// As `serve`, at an address with options.
pub(crate) fn serve_at<C: Onion, List: 'static, Depth: 'static>(
    app: App<C, List, Depth>,
    address: impl Addresses,
) -> Serving {
    serve_at_with(app, address, |server| server)
}

/// Both.
pub(crate) fn serve_at_with<C: Onion, List: 'static, Depth: 'static>(
    app: App<C, List, Depth>,
    address: impl Addresses,
    change: impl FnOnce(Server<C>) -> Server<C>,
) -> Serving {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    // In a test that has a runtime of its own, another thread may wait.
    let addresses = address.addresses();
    let (server, runtime) = std::thread::scope(|scope| {
        let binding = scope.spawn(|| (runtime.block_on(app.bind(addresses)).unwrap(), runtime));
        binding.join().unwrap()
    });
    let none = SocketAddr::from(([0, 0, 0, 0], 0));
    let address = server.addresses().first().copied().unwrap_or(none);
    let server = change(server);
    runtime.spawn(async move { server.run().await.unwrap() });
    Serving::on(runtime, address)
}

impl Serving {
    pub(crate) fn on(runtime: Runtime, address: SocketAddr) -> Self {
        Self {
            address,
            runtime: Some(runtime),
        }
    }

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
