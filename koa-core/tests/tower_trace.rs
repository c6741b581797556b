//! tower-http's traces of requests: what they tell of, and that the layers below run in their span.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use client::{Client, get};
use futures_core::Stream;
use http::{HeaderMap, Request, Response};
use koa::prelude::*;
use koa::tower::{Body as TowerBody, layer};
use serve::serve;
use tower_http::classify::ServerErrorsFailureClass;
use tower_http::trace::TraceLayer;
use tracing::field::{Field, Visit};
use tracing::{Event, Span, info, info_span};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context as Spans, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Chunks that tell of themselves, and then an end or an error.
struct Chunks(Vec<&'static str>, bool);

impl Stream for Chunks {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let next = (!self.0.is_empty()).then(|| self.0.remove(0));
        Poll::Ready(match next {
            Some(chunk) => {
                info!("{chunk}");
                Some(Ok(chunk.into()))
            }
            None => self.1.then(|| Err(Error::internal("as asked"))),
        })
    }
}

#[middleware]
async fn answer(ctx: &mut Context) -> Result {
    info!("below");
    // It may go on elsewhere, and is still there.
    tokio::task::yield_now().await;
    match ctx.path() {
        "/break" => throw!("as asked"),
        "/fail" => throw!(403, "as asked"),
        "/stream" => ctx.set_body(Body::stream(Chunks(vec!["one", "two"], false))),
        "/broken-stream" => ctx.set_body(Body::stream(Chunks(vec!["one"], true))),
        _ => ctx.set_body("text"),
    }
    info!("done");
    Ok(())
}

#[test]
fn requests_responses_bodies_and_failures_are_told() {
    // A thread without a subscriber that is the first to come to an event would turn it off for the other test too.
    tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    let (tell, told) = channel();
    let all = std::array::from_fn::<_, 5, _>(|_| tell.clone());
    let [request, response, chunk, end, failure] = all;
    let trace = TraceLayer::new_for_http()
        .on_request(move |asked: &Request<TowerBody>, _: &Span| {
            request.send(format!("asked {}", asked.uri())).unwrap();
        })
        .on_response(move |answer: &Response<TowerBody>, _: Duration, _: &Span| {
            let status = answer.status().as_u16();
            response.send(format!("answered {status}")).unwrap();
        })
        .on_body_chunk(move |part: &Bytes, _: Duration, _: &Span| {
            let part = std::str::from_utf8(part).unwrap();
            chunk.send(format!("chunk {part}")).unwrap();
        })
        .on_eos(move |_: Option<&HeaderMap>, _: Duration, _: &Span| {
            end.send("end".to_owned()).unwrap();
        })
        .on_failure(
            move |class: ServerErrorsFailureClass, _: Duration, _: &Span| {
                failure.send(format!("failed: {class}")).unwrap();
            },
        );
    let server = serve(App::new().silent(true).with(layer(trace)).with(answer));
    let failed = "failed: Status code: 500 Internal Server Error";
    for (path, status, wanted) in [
        ("/", 200, &["answered 200", "chunk text"][..]),
        ("/fail", 403, &["answered 403"]),
        ("/break", 500, &["answered 500", failed]),
        (
            "/stream",
            200,
            &["answered 200", "chunk one", "chunk two", "end"],
        ),
    ] {
        assert_eq!(get(server.address, path).status, status);
        let next = || told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(next(), format!("asked {path}"));
        for wanted in wanted {
            assert_eq!(next(), *wanted, "{path}");
        }
    }
    let mut client = Client::connect(server.address);
    client.send("GET /broken-stream HTTP/1.1\r\nHost: x\r\n\r\n");
    client.rest();
    let told: Vec<_> = told.try_iter().collect();
    // It has no end. Of a body's error tower-http tells only where its classifier looks at ends, which this one does not.
    let wanted = ["asked /broken-stream", "answered 200", "chunk one"];
    assert_eq!(told, wanted);
}

/// Tells of each event, with the names of the spans that it is in.
struct Places(Mutex<Sender<String>>);

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Places {
    fn on_event(&self, event: &Event<'_>, spans: Spans<'_, S>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
                self.0 = format!("{value:?}");
            }
        }
        let Some(scope) = spans.event_scope(event) else {
            return;
        };
        let mut path: Vec<_> = scope
            .from_root()
            .map(|span| span.name().to_owned())
            .collect();
        let mut text = Text(String::new());
        event.record(&mut text);
        path.push(text.0);
        self.0.lock().unwrap().send(path.join(" > ")).unwrap();
    }
}

#[test]
fn the_layers_below_run_in_the_span_of_a_trace() {
    let (tell, told) = channel();
    let subscriber = tracing_subscriber::registry()
        .with(Places(Mutex::new(tell)))
        .with(LevelFilter::INFO);
    // One thread, so that all is told to this test's subscriber.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    #[middleware]
    async fn above(ctx: &mut Context, next: impl Next) -> Result {
        let result = next.run(ctx).await;
        info!("above");
        result
    }
    let trace = TraceLayer::new_for_http()
        .make_span_with(|_: &Request<TowerBody>| info_span!("traced"))
        .on_request(())
        .on_response(())
        .on_failure(());
    let app = App::new().with(above).with(layer(trace)).with(answer);
    let answer = tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let server = app.bind("127.0.0.1:0").await.unwrap();
            let address = server.addresses()[0];
            tokio::spawn(server.run());
            tokio::task::spawn_blocking(move || get(address, "/stream"))
                .await
                .unwrap()
        })
    });
    assert_eq!(answer.text(), "onetwo");
    let wanted = [
        "request > traced > below",
        "request > traced > done",
        "request > above",
        "request > traced > one",
        "request > traced > two",
    ];
    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(told, wanted);
}
