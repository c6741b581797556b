//! What a session can be, and what it can be told.

use std::time::Duration;

use koa::prelude::*;
use koa::{EggStore, FromEgg, Load, MaxAge, Save};

/// Everything by default.
#[session]
pub struct Plain {
    pub user: Option<String>,
    pub visits: u32,
}

/// Derived already, in part; private; renamed fields.
#[session(key = "__Host-own", max_age = "30m", absolute = "30d", renew, secure, same_site = "strict")]
#[derive(Debug, Clone, Default, PartialEq)]
struct Own {
    #[serde(alias = "name", skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    cart: Vec<Item>,
}

#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Item {
    id: u64,
}

#[session(key = "egg", compat = "egg", rolling, max_age = "1.5h", prefix = "sess:", store = FromEgg(Nowhere))]
struct Egg {
    #[serde(rename = "userId")]
    user_id: Option<u64>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

#[session(compat = "koa", max_age = "session", valid = is_valid, before_save = stamp, auto_commit = false)]
struct KoaSession {
    stamp: u32,
}

#[session(key = KEY, max_age = AGE, external_key = (get_id, set_id), domain = "example.com")]
struct Elsewhere {
    at: u8,
}

const KEY: &str = "elsewhere";
const AGE: MaxAge = MaxAge::For(Duration::from_secs(60));

fn is_valid(_: &Context, session: &KoaSession) -> bool {
    session.stamp < 9
}

fn stamp(_: &Context, session: &mut KoaSession) {
    session.stamp += 1;
}

fn get_id(ctx: &Context) -> Option<String> {
    Some(ctx.get("X-Session").into_owned())
}

fn set_id(ctx: &mut Context, id: &str) -> Result {
    ctx.set("X-Session", id)
}

struct Nowhere;

impl EggStore for Nowhere {
    async fn get(&self, _: &str, _: &Load) -> Result<Option<serde_json::Value>> {
        Ok(None)
    }

    async fn set(&self, _: &str, _: &serde_json::Value, _: MaxAge, _: &Save<'_>) -> Result {
        Ok(())
    }

    async fn destroy(&self, _: &str) -> Result {
        Ok(())
    }
}

#[middleware]
async fn count(ctx: &mut Context, plain: Slot<Plain>, own: Slot<Own>, next: impl Next) -> Result {
    ctx[plain].visits += 1;
    ctx[own].cart.push(Item { id: 1 });
    next.run(ctx).await
}

#[middleware]
async fn whole(ctx: &mut Context, session: &mut Session<Plain>) -> Result<String> {
    session.user = None;
    session.set_max_age(Duration::from_secs(1));
    session.regenerate(ctx).await?;
    session.destroy();
    Ok(session.is_new().to_string())
}

#[middleware]
async fn sometimes(ctx: &mut Context, next: impl Next) -> Result {
    if ctx.path() == "/visits" {
        ctx.session::<Plain>().await?.visits += 1;
    }
    next.run(ctx).await
}

#[middleware]
async fn several(plain: &mut Plain, own: &Own, egg: &Egg) -> String {
    plain.visits += 1;
    format!("{:?} {:?} {}", own.user, egg.user_id, egg.others.len())
}

fn main() {
    let _ = App::new()
        .keys(["key"])
        .with(Plain::middleware().max_age(Duration::from_secs(9)).secure(false))
        .with(Own::middleware())
        .with(Egg::middleware())
        .with(KoaSession::middleware())
        .with(Elsewhere::middleware().store(FromEgg(Nowhere)))
        .with(sometimes)
        .with(count)
        .with(Stack::new().with(whole))
        .mount("/several", several);
}
