//! Spans of requests, of their layers and of sessions, and the listener for metrics.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use client::get;
use koa::prelude::*;
use serve::serve;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
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

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Closed {
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

#[middleware]
async fn answer(ctx: &mut Context) -> Result<&'static str> {
    ensure!(ctx.path() != "/fail", 403, "as asked");
    // It is inside of the request's span.
    let _inside = tracing::info_span!("inside").entered();
    Ok("done")
}

#[test]
fn each_request_has_a_span_and_is_told() {
    let (tell, closed) = channel();
    let subscriber = tracing_subscriber::registry().with(Closed(Mutex::new(tell)));
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (tell, told) = channel();
    let app = App::new()
        .on_answer(move |ctx, time| {
            assert!(time < Duration::from_secs(20));
            let _ = tell.send((ctx.path().to_owned(), ctx.status()));
        })
        .with(answer);
    let server = serve(app);
    get(server.address, "/a?token=secret");
    get(server.address, "/fail");
    let spans: Vec<_> = closed
        .iter()
        .filter(|(name, _)| name == "request" || name == "inside")
        .take(3)
        .collect();
    assert_eq!(spans[0].0, "inside");
    let wanted = |path: &str, status: &str| {
        let fields = [("method", "GET"), ("path", path), ("status", status)];
        let owned = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        ("request".to_owned(), BTreeMap::from(owned))
    };
    assert_eq!(spans[1], wanted("\"/a\"", "200"));
    assert_eq!(spans[2], wanted("\"/fail\"", "403"));
    assert_eq!(told.recv(), Ok(("/a".to_owned(), 200)));
    assert_eq!(told.recv(), Ok(("/fail".to_owned(), 403)));
}

/// The spans as paths from the outermost one, each a layer's name or its own.
struct Paths(Mutex<Sender<String>>);

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Paths {
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
    // One thread, so that the spans are told to this test's subscriber alone.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let shop = Stack::new().with(ByHand(0_u8)).controller(Shop);
    let app = App::new()
        .keys(["a key that nobody guesses"])
        .with(outer)
        .with(Visits::middleware())
        .mount("/shop", shop);
    let answer = tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let server = app.bind("127.0.0.1:0").await.unwrap();
            let address = server.addresses()[0];
            tokio::spawn(server.run());
            tokio::task::spawn_blocking(move || get(address, "/shop/visit"))
                .await
                .unwrap()
        })
    });
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
