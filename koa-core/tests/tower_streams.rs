//! Bodies on their way through tower, in both directions: each part is handed on when it comes, and not when all is there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

#[path = "serve/by_tower.rs"]
mod by_tower;
mod client;
mod serve;

use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use async_compression::tokio::write::GzipDecoder;
use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use client::Client;
use futures_core::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use koa::prelude::*;
use koa::tower::{BoxError, layer, service};
use koa::{Exceeded, Limit};
use serve::{Serving, serve, serve_with};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tower::layer::util::Identity;
use tower::service_fn;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;

/// A body of what the test sends.
struct Parts(mpsc::Receiver<io::Result<&'static str>>);

type Tell = mpsc::Sender<io::Result<&'static str>>;

fn parts() -> (Tell, Mutex<Option<Parts>>) {
    let (tell, told) = mpsc::channel(1);
    (tell, Mutex::new(Some(Parts(told))))
}

impl Stream for Parts {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let part = self.0.poll_recv(cx);
        part.map(|part| part.map(|part| part.map(Bytes::from)))
    }
}

/// Answers with the parts, or with the request's own body as it comes.
struct Streams(Mutex<Option<Parts>>);

#[middleware]
impl Streams {
    async fn call(&self, ctx: &mut Context) -> Result {
        let body = if *ctx.method() == koa::http::Method::POST {
            Body::stream(ctx.request.stream()?)
        } else {
            Body::stream(self.0.lock().unwrap().take().unwrap())
        };
        ctx.set_body(body);
        Ok(())
    }
}

/// The same, of axum's.
fn router(parts: Mutex<Option<Parts>>) -> Router {
    use axum::body::Body;

    let body = Body::from_stream(parts.into_inner().unwrap().unwrap());
    let body = std::sync::Arc::new(Mutex::new(Some(body)));
    let answer = get(async move || body.lock().unwrap().take().unwrap());
    let echo = async |body: Body| body;
    Router::new().route("/", answer.post(echo))
}

/// Checks a server for each way that there is.
fn in_each_way(check: impl Fn(&str, &Serving, Tell)) {
    let (tell, parts) = self::parts();
    let app = App::new().with(layer(Identity::new()));
    let server = serve(app.with(Streams(parts)));
    check("below a layer that changes nothing", &server, tell);

    let (tell, parts) = self::parts();
    let app = App::new().with(layer(CompressionLayer::new()));
    let server = serve(app.with(Streams(parts)));
    check("below compression", &server, tell);

    let (tell, parts) = self::parts();
    let server = serve(App::new().with(service(router(parts))));
    check("axum in an app", &server, tell);

    let (tell, parts) = self::parts();
    let app = App::new().with(Streams(parts)).callback();
    let server = by_tower::in_axum(Router::new().fallback_service(app));
    check("an app in axum", &server, tell);

    let (tell, parts) = self::parts();
    let server = by_tower::in_hyper(App::new().with(Streams(parts)));
    check("an app in hyper", &server, tell);
}

#[test]
fn a_response_is_handed_on_as_it_comes() {
    in_each_way(|way, server, tell| {
        let mut client = Client::connect(server.address);
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        for part in ["one", "two"] {
            // The second one is not there before the client has the first.
            tell.blocking_send(Ok(part)).unwrap();
            if part == "one" {
                assert_eq!(client.read(true).unwrap().status, 200, "{way}");
            }
            assert_eq!(client.chunk().unwrap(), part.as_bytes(), "{way}");
        }
        drop(tell);
        assert_eq!(client.chunk().unwrap(), b"", "{way}");
    });
}

#[test]
fn a_request_is_handed_on_as_it_comes() {
    in_each_way(|way, server, _| {
        let mut client = Client::connect(server.address);
        client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
        for part in ["one", "two"] {
            client.send(format!("3\r\n{part}\r\n"));
            if part == "one" {
                assert_eq!(client.read(true).unwrap().status, 200, "{way}");
            }
            assert_eq!(client.chunk().unwrap(), part.as_bytes(), "{way}");
        }
        client.send("0\r\n\r\n");
        assert_eq!(client.chunk().unwrap(), b"", "{way}");
    });
}

#[tokio::test]
async fn what_is_compressed_is_handed_on_as_it_comes() {
    let (tell, parts) = parts();
    let app = App::new().with(layer(CompressionLayer::new()));
    let server = serve(app.with(Streams(parts)));
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n");
    let mut plain = GzipDecoder::new(Vec::new());
    let mut so_far = String::new();
    for part in ["one, ", "two"] {
        tell.send(Ok(part)).await.unwrap();
        if so_far.is_empty() {
            let head = client.read(true).unwrap();
            assert_eq!(head.header("content-encoding"), Some("gzip"));
            assert_eq!(head.header("content-length"), None);
        }
        so_far.push_str(part);
        while plain.get_ref() != so_far.as_bytes() {
            let chunk = client.chunk().unwrap();
            assert!(!chunk.is_empty(), "it ends before {part:?}");
            plain.write_all(&chunk).await.unwrap();
            plain.flush().await.unwrap();
        }
    }
    drop(tell);
    while !client.chunk().unwrap().is_empty() {}
}

#[test]
fn a_stream_ends_when_its_client_goes_away() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    in_each_way(|way, server, tell| {
        let mut client = Client::connect(server.address);
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        tell.blocking_send(Ok("one")).unwrap();
        assert_eq!(client.read(true).unwrap().status, 200, "{way}");
        client.cut();
        let ended = async { tokio::time::timeout(Duration::from_secs(20), tell.closed()).await };
        assert!(runtime.block_on(ended).is_ok(), "{way}");
    });
}

#[test]
fn an_error_in_a_stream_is_heard_as_it_was_and_cuts_the_connection() {
    for accept in ["", "Accept-Encoding: gzip\r\n"] {
        let (tell, parts) = parts();
        let (failed, errors) = channel();
        let app = App::new()
            .on_error(move |error, _| failed.send(error.to_string()).unwrap())
            .with(layer(Identity::new()))
            .with(layer(CompressionLayer::new()))
            .with(Streams(parts));
        let server = serve(app);
        let mut client = Client::connect(server.address);
        client.send(format!("GET / HTTP/1.1\r\nHost: test\r\n{accept}\r\n"));
        tell.blocking_send(Ok("one")).unwrap();
        assert_eq!(client.read(true).unwrap().status, 200);
        tell.blocking_send(Err(io::Error::other("as asked")))
            .unwrap();
        while client.chunk().is_some() {}
        assert_eq!(errors.recv().unwrap(), "as asked", "{accept}");
    }
}

type Answered<B> = Result<Response<B>, BoxError>;

/// Answers with a body whose length is not known before, and with trailers behind it.
async fn trailed(
    _: Request<koa::tower::Body>,
) -> Answered<impl http_body::Body<Data = Bytes, Error: Into<BoxError>>> {
    let (tell, parts) = parts();
    tell.try_send(Ok("the body"))?;
    let parts = parts.into_inner()?.unwrap();
    let trailers = HeaderMap::from_iter([(DIGEST, HeaderValue::from_static("a digest"))]);
    let body = axum::body::Body::from_stream(parts).with_trailers(async { Some(Ok(trailers)) });
    Ok(Response::builder().header("trailer", DIGEST).body(body)?)
}

const DIGEST: HeaderName = HeaderName::from_static("x-digest");

#[test]
fn trailers_of_a_service_are_passed_on() {
    let checks = |way: &str, server: &Serving| {
        let mut client = Client::connect(server.address);
        client.send("GET / HTTP/1.1\r\nHost: test\r\nTE: trailers\r\nConnection: close\r\n\r\n");
        let answer = String::from_utf8(client.rest()).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let sent = "8\r\nthe body\r\n0\r\nx-digest: a digest\r\n\r\n";
        assert_eq!(body, sent, "{way}");
    };
    checks(
        "by itself",
        &serve(App::new().with(service(service_fn(trailed)))),
    );

    let layered = || {
        App::new()
            .with(layer(Identity::new()))
            .with(layer(CompressionLayer::new()))
            .with(service(service_fn(trailed)))
    };
    checks("below layers", &serve(layered()));

    let in_axum = Router::new().fallback_service(layered().callback());
    checks("in axum", &by_tower::in_axum(in_axum));
}

#[test]
fn a_body_that_is_shorter_than_its_length_is_cut_before_its_trailers() {
    async fn shorter(
        request: Request<koa::tower::Body>,
    ) -> Answered<impl http_body::Body<Data = Bytes, Error: Into<BoxError>>> {
        let mut response = trailed(request).await?;
        let headers = response.headers_mut();
        headers.insert("content-length", HeaderValue::from_static("9"));
        Ok(response)
    }
    let (failed, errors) = channel();
    let app = App::new()
        .on_error(move |error, _| failed.send(error.to_string()).unwrap())
        .with(service(service_fn(shorter)));
    let server = serve(app);
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: test\r\nTE: trailers\r\n\r\n");
    client.rest();
    assert_eq!(
        errors.recv().unwrap(),
        "the body ended 1 bytes before its length"
    );
}

/// An app that tells of the limits that are reached.
fn limited() -> (App, Receiver<Limit>) {
    let (tell, told) = channel();
    let app = App::new().silent(true).on(move |event: &Exceeded| {
        let _ = tell.send(event.limit);
    });
    (app, told)
}

/// Sends a body that stops after its first bytes; the status of its answer.
fn stop(server: &Serving) -> u16 {
    let mut client = Client::connect(server.address);
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nbegun");
    let answer = client.read(false).expect("an answer");
    assert_eq!(client.rest(), b"", "the connection ends");
    answer.status
}

#[test]
fn a_body_that_comes_too_slowly_fails_in_a_service_and_below_layers() {
    #[middleware]
    async fn length(ctx: &mut Context) -> Result<String> {
        Ok(ctx.request.bytes().await?.len().to_string())
    }
    async fn collects(request: Request<koa::tower::Body>) -> Result<Response<String>, BoxError> {
        let body = request.into_body().collect().await?;
        Ok(Response::new(body.to_bytes().len().to_string()))
    }
    const SECOND: Duration = Duration::from_secs(1);

    let (app, told) = limited();
    let app = app.with(service(service_fn(collects)));
    let server = serve_with(app, |server| server.min_body_rate(100, SECOND));
    assert_eq!(stop(&server), 408);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [Limit::BodyRate]);

    // axum says by itself what it cannot read.
    let (app, told) = limited();
    let router = Router::new().route("/", axum::routing::post(async |body: Bytes| body));
    let app = app.with(service(router));
    let server = serve_with(app, |server| server.min_body_rate(100, SECOND));
    assert_eq!(stop(&server), 400);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [Limit::BodyRate]);

    let (app, told) = limited();
    let app = app
        .with(layer(RequestBodyLimitLayer::new(10_000)))
        .with(layer(Identity::new()))
        .with(length);
    let server = serve_with(app, |server| server.min_body_rate(100, SECOND));
    assert_eq!(stop(&server), 408);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [Limit::BodyRate]);
}
