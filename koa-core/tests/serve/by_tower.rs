//! Serves what others serve by tower: an axum router, and an app as a service in a server of hyper's.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::future::Future;

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use koa::{App, Onion};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::serve::Serving;

/// A router, served by axum.
pub(crate) fn in_axum(router: Router) -> Serving {
    on_a_port(|listener| async move { axum::serve(listener, router).await.unwrap() })
}

/// An app, served by hyper, with upgrades.
pub(crate) fn in_hyper<C: Onion, List: 'static, Depth: 'static>(
    app: App<C, List, Depth>,
) -> Serving {
    let callback = app.callback();
    on_a_port(|listener| async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(callback.clone());
            let http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(http.with_upgrades());
        }
    })
}

/// The same over HTTP/2, by tower or as [`Callback::service`](koa::Callback::service).
pub(crate) fn in_hyper_http2<C: Onion, List: 'static, Depth: 'static>(
    app: App<C, List, Depth>,
    by_tower: bool,
) -> Serving {
    let callback = app.callback();
    on_a_port(move |listener| async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let http = http2::Builder::new(TokioExecutor::new());
            let stream = TokioIo::new(stream);
            if by_tower {
                let service = TowerToHyperService::new(callback.clone());
                tokio::spawn(http.serve_connection(stream, service));
            } else {
                tokio::spawn(http.serve_connection(stream, callback.service(peer)));
            }
        }
    })
}

fn on_a_port<F: Future<Output = ()> + Send + 'static>(
    run: impl FnOnce(TcpListener) -> F,
) -> Serving {
    let runtime = Runtime::new().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let listener = {
        let _inside = runtime.enter();
        TcpListener::from_std(listener).unwrap()
    };
    runtime.spawn(run(listener));
    Serving::on(runtime, address)
}
