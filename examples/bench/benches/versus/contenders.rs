//! The same two answers by three servers, each written the usual way and on one thread; what a session costs that nobody
//! asks for; and the two ways to use all processors.

use std::convert::Infallible;
use std::io;
use std::time::{Duration, Instant};

use axum::routing::get;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use koa::prelude::*;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

#[derive(serde::Serialize)]
struct Message {
    message: &'static str,
}

const MESSAGE: Message = Message {
    message: "Hello, World!",
};

/// Serves until the process ends.
pub(crate) fn serve(contender: &str, port: u16) -> io::Result<()> {
    if contender == "koa on tokio's threads" {
        return told(Runtime::new()?.block_on(on_all_processors(port, 0)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match contender {
        "hyper" => runtime.block_on(hyper(port)),
        "axum" => runtime.block_on(axum(port)),
        "koa without a session" => told(runtime.block_on(without_a_session(port))),
        "koa with a session" => told(runtime.block_on(with_a_session(port))),
        "koa with workers" => {
            let processors = std::thread::available_parallelism()?;
            told(runtime.block_on(on_all_processors(port, processors.get())))
        }
        _ => told(runtime.block_on(bench_koa_rs::serve(port))),
    }
}

fn told(served: koa::Result) -> io::Result<()> {
    served.map_err(|error| io::Error::other(error.to_string()))
}

async fn hyper(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(connection);
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (kind, body) = match request.uri().path() {
        "/json" => (
            "application/json",
            serde_json::to_vec(&MESSAGE).unwrap_or_default().into(),
        ),
        _ => (
            "text/plain; charset=utf-8",
            Bytes::from_static(b"Hello World"),
        ),
    };
    let mut response = Response::new(Full::new(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

#[middleware]
async fn hello() -> &'static str {
    "Hello World"
}

/// Takes its thread for a millisecond where the path says so.
#[middleware]
async fn compute(ctx: &mut Context, next: impl Next) -> Result {
    if ctx.path() == "/compute" {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(1) {
            std::hint::spin_loop();
        }
    }
    next.run(ctx).await
}

#[session(max_age = "1d")]
struct Visitor {
    name: Option<String>,
    visits: u64,
}

fn app() -> App {
    App::new().keys(["a key of the benchmarks, which is no secret"])
}

async fn without_a_session(port: u16) -> Result {
    app().with(hello).listen(("127.0.0.1", port)).await
}

/// The same below a session, which nobody asks for.
async fn with_a_session(port: u16) -> Result {
    let app = app().with(Visitor::middleware()).with(hello);
    app.listen(("127.0.0.1", port)).await
}

/// The app without a session on threads of its own, or on those of the runtime.
async fn on_all_processors(port: u16, workers: usize) -> Result {
    let server = app()
        .with(compute)
        .with(hello)
        .bind(("127.0.0.1", port))
        .await?;
    server.workers(workers).run().await
}

async fn axum(port: u16) -> io::Result<()> {
    let app = axum::Router::new()
        .route("/", get(async || "Hello World"))
        .route("/json", get(async || axum::Json(MESSAGE)));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app).await
}
