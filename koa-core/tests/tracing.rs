//! Spans of requests, and the listener for metrics.

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
