//! Saving a session of koa-session's form in a store that a Node app writes too.
//!
//! Node overwrites what is there. We do not: where the store can compare, what changed since it was read is merged, and what
//! was destroyed stays so.

use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::Result;
use crate::session::SessionData;
use crate::session::commit::{MERGES, ONE_DAY, conflict, time_to_live};
use crate::session::config::MaxAge;
use crate::session::form::{self, Meta};
use crate::session::handle::Session;
use crate::session::merge::merged;
use crate::session::shared::millis;
use crate::session::store::{AnyStore, Save, Updated};

impl<S: SessionData> Session<S> {
    /// Writes it to the store: a new one, or one that is still there.
    pub(super) async fn keep_json(
        &mut self,
        ctx: &Context,
        store: &dyn AnyStore,
        key: &str,
        mut meta: Meta,
        data: Vec<u8>,
        save: Save<'_>,
    ) -> Result<Vec<u8>> {
        let shared = std::sync::Arc::clone(&self.shared);
        let Some(mut version) = self.life.version else {
            let value = form::to_json(&meta, &data).into_bytes();
            let save = Save {
                value: &value,
                ..save
            };
            let created = store.create(key, save);
            self.life.version = Some(shared.ask(ctx, "create", created).await?);
            return Ok(data);
        };
        let mut written = data.clone();
        for _ in 0..MERGES {
            let value = form::to_json(&meta, &written).into_bytes();
            let save = Save {
                value: &value,
                time_to_live: time_to_live(&meta, ctx),
                ..save
            };
            let updated = store.update(key, version, save);
            match shared.ask(ctx, "update", updated).await? {
                Updated::To(version) => {
                    self.life.version = Some(version);
                    if written != data {
                        self.data = serde_json::from_slice(&written)?;
                    }
                    return Ok(written);
                }
                Updated::Gone => {
                    self.is_gone();
                    return Ok(written);
                }
                Updated::Conflict => {}
            }
            let load = shared.load();
            let stored = shared.ask(ctx, "load", store.load(key, &load)).await?;
            let Some(stored) = stored else {
                self.is_gone();
                return Ok(written);
            };
            let theirs: Map<String, Value> =
                serde_json::from_slice(&stored.value).map_err(|_| conflict())?;
            let (their_meta, theirs) = form::without_meta(theirs);
            let theirs = serde_json::to_vec(&theirs)?;
            let before = self.life.before.as_deref().unwrap_or(b"{}");
            written = merged(before, &data, &theirs).ok_or_else(conflict)?;
            let theirs = said(their_meta.max_age.or(self.life.age_before));
            if meta.max_age == Some(said(self.life.age_before)) {
                // As if it had been read so.
                self.life.max_age = Some(theirs).filter(|age| *age != MaxAge::Session);
                meta = self.meta(theirs, millis(ctx.app().now()));
            } else if theirs != said(self.life.age_before) && meta.max_age != Some(theirs) {
                return Err(conflict());
            }
            version = stored.version;
        }
        Err(conflict())
    }
}

/// How long one lives that says this.
fn said(age: Option<MaxAge>) -> MaxAge {
    age.unwrap_or(MaxAge::For(ONE_DAY))
}
