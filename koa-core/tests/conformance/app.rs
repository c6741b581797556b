//! The app of a case.

use std::sync::Arc;

use koa::{
    App, BoxMiddleware, CookieLimitExceeded, SessionExpired, SessionInvalid, SessionMissed, Stack,
    WeakKey,
};
use serde_json::{Map, Value, json};

use crate::cases::{AppSettings, Case};
use crate::cookies;
use crate::record::Record;
use crate::sessions;
use crate::steps::Layer;

/// What the case puts on the context of its app.
pub(crate) struct ContextValues(pub Map<String, Value>);

/// An event of the app's own, which is recorded where it is emitted: Koa's emitter tells nobody whether anyone listens.
pub(crate) struct Custom;

pub(crate) fn callback(case: &Arc<Case>, record: &Arc<Record>) -> koa::Callback<impl koa::Onion> {
    let layer = |index| Layer {
        case: Arc::clone(case),
        index,
        record: Arc::clone(record),
    };
    let layers: Vec<BoxMiddleware> = match &case.continued {
        None => (0..case.layers().len())
            .map(|index| BoxMiddleware::new(layer(index)))
            .collect(),
        // The session stands between the outer steps, if there are any, and those that use it.
        Some(continued) => {
            let outer = (!case.layers()[0].is_empty()).then(|| BoxMiddleware::new(layer(0)));
            let inner = Stack::new()
                .with(sessions::middleware(case, continued))
                .with(layer(1));
            outer
                .into_iter()
                .chain([BoxMiddleware::new(inner)])
                .collect()
        }
    };
    let listener = Arc::clone(record);
    let app = App::new()
        .flush_headers(case.tags.iter().any(|tag| tag == "flush"))
        .on_error(move |error, ctx| listener.error_event(error, ctx))
        .on(|_: &Custom| {})
        .on(|_: &WeakKey| {})
        .clock(cookies::clock(case))
        .cookies(cookies::settings(&case.app));
    let limit = Arc::clone(record);
    let app = app.on(move |event: &CookieLimitExceeded| {
        limit.event(json!({
            "event": "cookieLimitExceed",
            "name": event.name,
            "length": event.length,
        }));
    });
    let (missed, expired, invalid) = (record.clone(), record.clone(), record.clone());
    let app = app
        .on(move |event: &SessionMissed| {
            sessions::event(&missed, "missed", event.id.as_ref(), None);
        })
        .on(move |event: &SessionExpired| {
            sessions::event(&expired, "expired", event.id.as_ref(), Some(&event.value));
        })
        .on(move |event: &SessionInvalid| {
            sessions::event(&invalid, "invalid", event.id.as_ref(), Some(&event.value));
        });
    macro_rules! settings {
        ($app:ident, $settings:expr) => {{
            let settings: &AppSettings = $settings;
            let mut app = $app;
            if let Some(proxy) = settings.proxy {
                app = app.proxy(proxy);
            }
            if let Some(header) = &settings.proxy_ip_header {
                app = app.proxy_ip_header(header);
            }
            if let Some(count) = settings.max_ips_count {
                app = app.max_ips_count(count);
            }
            if let Some(offset) = settings.subdomain_offset {
                app = app.subdomain_offset(offset);
            }
            if let Some(env) = &settings.env {
                app = app.env(env);
            }
            if let Some(keys) = cookies::keys(settings) {
                app = app.keys(keys);
            }
            if let Some(silent) = settings.silent {
                app = app.silent(silent);
            }
            app
        }};
    }
    let app = settings!(app, &case.app);
    let app = match &case.app.dynamic {
        Some(dynamic) => settings!(app, dynamic),
        None => app,
    };
    let values = case.app.context.clone().unwrap_or_default();
    app.context(ContextValues(values)).with(layers).callback()
}
