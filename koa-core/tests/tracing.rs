//! Spans of requests, of their layers and of sessions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use client::{Client, get};
use futures_core::Stream;
use hyper_util::rt::TokioIo;
use koa::Onion;
use koa::prelude::*;
use tokio::net::{TcpListener, TcpStream};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context as Spans, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Tells of each span, with its fields, when it is closed.
struct Closed(Mutex<Sender<(String, BTreeMap<String, String>)>>);

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Closed {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, spans: Spans<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        spans.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, spans: Spans<'_, S>) {
        let span = spans.span(id).unwrap();
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_close(&self, id: Id, spans: Spans<'_, S>) {
        let span = spans.span(&id).unwrap();
        let fields = span.extensions_mut().remove::<Fields>().unwrap_or_default();
        let _ = self
            .0
            .lock()
            .unwrap()
            .send((span.name().to_owned(), fields.0));
    }
}

/// Asks an app whose spans are told to a subscriber.
fn ask<C: Onion, List: 'static, Depth: 'static, A: Send + 'static>(
    app: App<C, List, Depth>,
    subscriber: impl Subscriber + Send + Sync,
    ask: impl FnOnce(SocketAddr) -> A + Send + 'static,
) -> A {
    // One thread, so that the spans are told to this test's subscriber alone.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let server = app.bind("127.0.0.1:0").await.unwrap();
            let address = server.addresses()[0];
            tokio::spawn(server.run());
            tokio::task::spawn_blocking(move || ask(address))
                .await
                .unwrap()
        })
    })
}

/// Chunks, or an error at once.
struct Chunks(Vec<Result<&'static str>>);

impl Stream for Chunks {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let next = (!self.0.is_empty()).then(|| self.0.remove(0));
        Poll::Ready(next.map(|chunk| chunk.map(Bytes::from)))
    }
}

#[middleware]
async fn answer(ctx: &mut Context) -> Result {
    // It is inside of the request's span.
    let inside = tracing::info_span!("inside").entered();
    drop(inside);
    match ctx.path() {
        "/fail" => throw!(403, "as asked"),
        "/break" => throw!("as asked"),
        "/panic" => std::panic::resume_unwind(Box::new("as asked")),
        "/none" => {}
        "/stream" => ctx.set_body(Body::stream(Chunks(vec![Ok("one"), Ok("two")]))),
        "/broken" => ctx.set_body(Body::stream(Chunks(vec![Err(Error::internal("as asked"))]))),
        "/hand" => ctx.respond_with(koa::http::Response::builder().status(418).body("")?),
        "/flushed" => {
            ctx.set_status(202)?;
            ctx.flush_headers().await?;
            ctx.set_body("late");
        }
        "/flushed-and-broken" => {
            ctx.set_status(202)?;
            ctx.flush_headers().await?;
            throw!("too late");
        }
        _ => ctx.set_body("done"),
    }
    Ok(())
}

type Told = Receiver<(String, BTreeMap<String, String>)>;

fn closed() -> (impl Subscriber + Send + Sync, Told) {
    let (tell, told) = channel();
    let closed = Closed(Mutex::new(tell));
    (tracing_subscriber::registry().with(closed), told)
}

/// The fields of the next request's span.
fn next(told: &Told) -> BTreeMap<String, String> {
    loop {
        let (name, fields) = told.recv_timeout(Duration::from_secs(20)).unwrap();
        if name == "request" {
            return fields;
        }
    }
}

fn fields(method: &str, path: &str, status: u16) -> BTreeMap<String, String> {
    let path = format!("{path:?}");
    let status = status.to_string();
    let fields = [("method", method), ("path", &path), ("status", &status)];
    let owned = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    BTreeMap::from(owned)
}

#[test]
fn each_request_has_a_span_without_its_secrets() {
    let (subscriber, told) = closed();
    ask(App::new().with(answer), subscriber, move |address| {
        let mut client = Client::connect(address);
        client.ask("GET", "/a?token=secret", "Authorization: secret\r\n");
        let (name, _) = told.iter().find(|(name, _)| name != "layer").unwrap();
        assert_eq!(name, "inside");
        assert_eq!(next(&told), fields("GET", "/a", 200));
    });
}

/// What is answered, whole and in parts, and by which status.
const ANSWERS: [(&str, &str, u16); 9] = [
    ("GET", "/", 200),
    ("HEAD", "/", 200),
    ("GET", "/fail", 403),
    ("GET", "/break", 500),
    ("GET", "/panic", 500),
    ("GET", "/none", 404),
    ("GET", "/stream", 200),
    // That is known before anything is sent.
    ("GET", "/broken", 500),
    ("GET", "/hand", 418),
];

fn check(address: SocketAddr, told: &Told, method: &str, path: &str, status: u16) {
    let mut client = Client::connect(address);
    client.send(format!("{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    let answer = client.read(true).unwrap();
    assert_eq!(answer.status, status, "{method} {path}");
    assert_eq!(next(told), fields(method, path, status));
}

#[test]
fn the_span_has_the_status_that_the_client_gets() {
    let (subscriber, told) = closed();
    let app = App::new().silent(true).with(answer);
    ask(app, subscriber, move |address| {
        for (method, path, status) in ANSWERS {
            check(address, &told, method, path, status);
        }
    });
}

#[test]
fn in_an_app_that_may_flush_too() {
    let (subscriber, told) = closed();
    let app = App::new().silent(true).flush_headers(true).with(answer);
    ask(app, subscriber, move |address| {
        for (method, path, status) in ANSWERS {
            check(address, &told, method, path, status);
        }
        for path in ["/flushed", "/flushed-and-broken"] {
            check(address, &told, "GET", path, 202);
            check(address, &told, "HEAD", path, 202);
        }
        assert!(
            told.try_iter().all(|(name, _)| name != "request"),
            "one each"
        );
    });
}

#[test]
fn a_request_that_no_layer_sees_has_a_span() {
    for flushes in [false, true] {
        let (subscriber, told) = closed();
        let app = App::new().flush_headers(flushes).with(answer);
        ask(app, subscriber, move |address| {
            check(address, &told, "GET", "/%zz", 400);
        });
    }
}

#[test]
fn a_request_to_an_app_that_cannot_serve_has_a_span() {
    let (subscriber, told) = closed();
    let _told_here = tracing::subscriber::set_default(subscriber);
    let app = App::new()
        .silent(true)
        .keys(["a key that nobody guesses"])
        .with(Visits::middleware())
        .mount("/shop", Stack::new().controller(Shop))
        .with(outer)
        .mount("/shop", Stack::new().controller(Shop));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        // Our own server would not begin.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let callback = app.callback();
        tokio::spawn(async move {
            let (stream, peer) = listener.accept().await.unwrap();
            let service = callback.service(peer);
            let http = hyper::server::conn::http1::Builder::new();
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
        let asked = move || check(address, &told, "GET", "/", 500);
        tokio::task::spawn_blocking(asked).await.unwrap();
    });
}

#[test]
fn each_request_of_a_connection_of_http_2_has_its_span() {
    let (subscriber, told) = closed();
    let app = App::new().silent(true).with(answer);
    ask(app, subscriber, move |address| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            let mut answers = Vec::new();
            for (method, path, status) in ANSWERS {
                let request = http::Request::builder().method(method);
                let uri = format!("http://{address}{path}");
                let request = request.uri(uri).body(()).unwrap();
                client = client.ready().await.unwrap();
                let (answer, _) = client.send_request(request, true).unwrap();
                answers.push((answer, status));
            }
            for (answer, status) in answers {
                assert_eq!(answer.await.unwrap().status(), status);
            }
        });
        let mut spans: Vec<_> = ANSWERS.iter().map(|_| next(&told)).collect();
        let wanted = ANSWERS.map(|(method, path, status)| fields(method, path, status));
        let mut wanted = Vec::from(wanted);
        spans.sort();
        wanted.sort();
        assert_eq!(spans, wanted);
    });
}

/// Tells of the level of each span of ours, and what it is in.
struct Levels(Mutex<Sender<(Level, String)>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Levels {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, spans: Spans<'_, S>) {
        let about = attributes.metadata();
        if about.target() == "koa" || about.name() == "inside" {
            let scope = spans.span(id).unwrap().scope();
            let path: Vec<_> = scope.from_root().map(|span| span.name()).collect();
            let told = (*about.level(), path.join(" > "));
            self.0.lock().unwrap().send(told).unwrap();
        }
    }
}

#[test]
fn requests_are_told_at_info_and_the_rest_at_debug() {
    #[middleware]
    async fn visit(visits: &mut Visits) -> &'static str {
        visits.count += 1;
        let _inside = tracing::info_span!("inside").entered();
        "done"
    }
    for (filter, wanted) in [
        (
            LevelFilter::DEBUG,
            &[
                (Level::INFO, "request"),
                (Level::DEBUG, "request > layer"),
                (Level::DEBUG, "request > layer > layer"),
                (Level::INFO, "request > layer > layer > inside"),
                (Level::DEBUG, "request > layer > session_commit"),
            ][..],
        ),
        (
            LevelFilter::INFO,
            &[(Level::INFO, "request"), (Level::INFO, "request > inside")],
        ),
    ] {
        let (tell, told) = channel();
        let levels = Levels(Mutex::new(tell));
        let subscriber = tracing_subscriber::registry().with(levels).with(filter);
        let app = App::new().keys(["a key that nobody guesses"]);
        let app = app.with(Visits::middleware()).with(visit);
        let answer = ask(app, subscriber, |address| get(address, "/"));
        assert_eq!(answer.text(), "done");
        let told: Vec<_> = told.try_iter().collect();
        let wanted = wanted
            .iter()
            .map(|(level, path)| (*level, (*path).to_owned()));
        assert_eq!(told, wanted.collect::<Vec<_>>());
    }
}

/// The spans as paths from the outermost one, each a layer's name or its own.
struct Paths(Mutex<Sender<String>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Paths {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, spans: Spans<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = spans.span(id).unwrap();
        let label = match span.name() {
            "layer" => fields.0["name"].trim_matches('"').to_owned(),
            "session_commit" => format!("commit of {}", fields.0["session"]),
            name => name.to_owned(),
        };
        span.extensions_mut().insert(label);
        let path: Vec<_> = span
            .scope()
            .from_root()
            .map(|span| span.extensions().get::<String>().unwrap().clone())
            .collect();
        if path[0] == "request" {
            self.0.lock().unwrap().send(path.join(" > ")).unwrap();
        }
    }
}

#[koa::session(key = "visits")]
struct Visits {
    count: u32,
}

#[middleware]
async fn outer(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

struct ByHand<T>(T);

impl<T: Send + Sync + 'static> Middleware for ByHand<T> {
    type Provides = ();
    type Wiring = Self;

    async fn call<'a, N: Next + 'a>(&'a self, ctx: &'a mut Context, next: N) -> Result {
        next.run(ctx).await
    }
}

impl<Above, T> koa::Requires<Above, ()> for ByHand<T> {}

#[middleware]
async fn around(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

struct Shop;

#[controller("/", with(around))]
impl Shop {
    #[get("/visit")]
    async fn visit(&self, visits: &mut Visits) -> &'static str {
        visits.count += 1;
        tokio::task::yield_now().await;
        let _inside = tracing::info_span!("inside").entered();
        "done"
    }
}

#[test]
fn each_layer_and_the_saving_of_a_session_have_spans_one_in_the_other() {
    let (tell, told) = channel();
    let subscriber = tracing_subscriber::registry().with(Paths(Mutex::new(tell)));
    let shop = Stack::new().with(ByHand(0_u8)).controller(Shop);
    let app = App::new()
        .keys(["a key that nobody guesses"])
        .with(outer)
        .with(Visits::middleware())
        .mount("/shop", shop);
    let answer = ask(app, subscriber, |address| get(address, "/shop/visit"));
    assert_eq!(answer.text(), "done");
    let spans: Vec<_> = told.try_iter().collect();
    assert_eq!(
        spans,
        [
            "request",
            "request > outer",
            "request > outer > Sessions",
            "request > outer > Sessions > Mount",
            "request > outer > Sessions > Mount > ByHand",
            "request > outer > Sessions > Mount > ByHand > around",
            "request > outer > Sessions > Mount > ByHand > around > inside",
            "request > outer > Sessions > commit of \"visits\"",
        ]
    );
}
