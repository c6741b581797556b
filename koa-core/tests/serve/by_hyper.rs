//! Serves an app's callback on a server of hyper's, as a user would who has one.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use koa::{App, Onion};
use tokio::runtime::Builder;

use super::serve::Serving;

/// The app's callback, served by hyper.
pub(crate) fn serve<C: Onion, List, Depth>(app: App<C, List, Depth>) -> Serving {
    let callback = app.callback();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((stream, peer)) = listener.accept().await {
            let service = callback.service(peer);
            let http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(http);
        }
    });
    Serving::on(runtime, address)
}
