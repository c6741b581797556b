//! An app of ours that does with its session what it is asked for, as `sessions.js` does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use koa::prelude::*;
use koa::{KeyOverridden, MaxAge, RedisStore, SessionData, Sessions, session};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::options::Options;
use crate::side::Package;

/// A session of koa-session's form. Fields that are not there are not written, as in Node.
#[session(compat = "koa")]
struct KoaSession {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visits: Option<u32>,
    /// Those that only the Node app knows.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The same in Egg's.
#[session(compat = "egg")]
struct EggSession {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visits: Option<u32>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    fields: String,
    #[serde(default)]
    age: String,
}

/// Where a request waits with its session open and changed.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Notify, Notify)>);

impl Gate {
    async fn pass(&self) {
        let (reached, opened) = &*self.0;
        reached.notify_one();
        opened.notified().await;
    }

    /// Waits until a request has come to it.
    pub(crate) async fn reached(&self) {
        self.0.0.notified().await;
    }

    pub(crate) fn open(&self) {
        self.0.1.notify_one();
    }
}

async fn act<S: SessionData>(ctx: &mut Context, session: &mut Session<S>) -> Result<String> {
    let asked: Asked = ctx.query()?;
    match ctx.path() {
        "/set" | "/fail" | "/hold" => {
            let mut all = serde_json::to_value(&**session)?;
            let fields: Map<String, Value> = serde_json::from_str(&asked.fields)?;
            all.as_object_mut().unwrap().extend(fields);
            **session = serde_json::from_value(all)?;
            ensure!(ctx.path() != "/fail", 418);
            if let ("/hold", Some(gate)) = (ctx.path(), ctx.app().value::<Gate>()) {
                gate.pass().await;
            }
        }
        "/remember" => session.set_max_age(match asked.age.parse() {
            Ok(age) => MaxAge::For(Duration::from_millis(age)),
            Err(_) => MaxAge::Session,
        }),
        "/regenerate" => session.regenerate(ctx).await?,
        "/end" => {
            session.destroy();
            return Ok("ended".to_owned());
        }
        _ => {}
    }
    let answer = json!({ "isNew": session.is_new(), "session": &**session });
    Ok(answer.to_string())
}

#[middleware]
async fn koa_session(ctx: &mut Context, session: &mut Session<KoaSession>) -> Result<String> {
    act(ctx, session).await
}

#[middleware]
async fn egg_session(ctx: &mut Context, session: &mut Session<EggSession>) -> Result<String> {
    act(ctx, session).await
}

#[middleware]
async fn pass() -> &'static str {
    "passed"
}

fn sessions<S: SessionData>(options: &Options) -> Sessions<S, KeyOverridden> {
    let sessions = Sessions::with_config(options.config(S::CONFIG));
    let sessions = match &options.redis {
        Some(socket) => sessions.store(RedisStore::open(format!("unix://{socket}")).unwrap()),
        None => sessions,
    };
    match options.header {
        Some(header) => sessions.external_key(
            move |ctx| Some(ctx.get(header).into_owned()),
            move |ctx, id| ctx.set(header, id),
        ),
        None => sessions,
    }
}

/// Serves the app on a free port, with a clock of its own.
pub(crate) fn serve(
    package: Package,
    keys: &str,
    options: &Options,
    clock: Clock,
    gate: Gate,
) -> (SocketAddr, Runtime) {
    let app = App::new()
        .keys(keys)
        .context(gate)
        .silent(true)
        .clock(move || clock.now())
        .with(match package {
            Package::Koa => BoxMiddleware::<()>::new(
                Stack::new()
                    .with(sessions::<KoaSession>(options))
                    .mount("/pass", pass)
                    .with(koa_session),
            ),
            Package::Egg => BoxMiddleware::new(
                Stack::new()
                    .with(sessions::<EggSession>(options))
                    .mount("/pass", pass)
                    .with(egg_session),
            ),
        });
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(app.bind("127.0.0.1:0")).unwrap();
    let address = server.addresses()[0];
    runtime.spawn(async move { server.run().await.unwrap() });
    (address, runtime)
}
