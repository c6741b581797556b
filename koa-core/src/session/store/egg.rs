//! Stores of three functions, as Egg and koa-session have them.

use std::future::Future;
use std::time::Duration;

use serde_json::Value;

use crate::error::Result;
use crate::session::config::MaxAge;
use crate::session::store::{Load, Save, SessionStore, Stored, Updated};

/// A store with Egg's three functions, `get`, `set` and `destroy`, which keep JSON:
/// <https://www.eggjs.org/core/cookie-and-session>.
///
/// [`FromEgg`] makes a [`SessionStore`] of it. It has no versions: of two requests of one session that overlap, the later
/// one to end wins; under `compat` also over one that destroyed the session, as in Node.
pub trait EggStore: Send + Sync + 'static {
    /// The session under a key.
    ///
    /// # Errors
    ///
    /// That the store cannot be asked.
    fn get(&self, key: &str, load: &Load) -> impl Future<Output = Result<Option<Value>>> + Send;

    /// Keeps a session under a key, for at least `max_age`.
    ///
    /// # Errors
    ///
    /// That the store cannot be asked.
    fn set(
        &self,
        key: &str,
        value: &Value,
        max_age: MaxAge,
        save: &Save<'_>,
    ) -> impl Future<Output = Result> + Send;

    /// Removes the session under a key.
    ///
    /// # Errors
    ///
    /// That the store cannot be asked.
    fn destroy(&self, key: &str) -> impl Future<Output = Result> + Send;
}

/// A store with Egg's three functions, as a [`SessionStore`].
#[derive(Debug)]
pub struct FromEgg<T>(pub T);

impl<T: EggStore> FromEgg<T> {
    /// Under `compat` what is kept is JSON; otherwise it is a string of it.
    async fn set(&self, key: &str, save: Save<'_>) -> Result {
        let value = match serde_json::from_slice(save.value) {
            Ok(value @ Value::Object(_)) => value,
            _ => Value::String(crate::base64::encode_url(save.value)),
        };
        let age = save.time_to_live.map_or(MaxAge::Session, MaxAge::For);
        self.0.set(key, &value, age, &save).await
    }
}

impl<T: EggStore> SessionStore for FromEgg<T> {
    async fn load(&self, key: &str, load: &Load) -> Result<Option<Stored>> {
        let value = match self.0.get(key, load).await? {
            None => return Ok(None),
            Some(Value::String(text)) => crate::base64::decode(&text),
            Some(value) => serde_json::to_vec(&value)?,
        };
        Ok(Some(Stored { value, version: 0 }))
    }

    async fn create(&self, key: &str, save: Save<'_>) -> Result<u64> {
        self.set(key, save).await?;
        Ok(0)
    }

    async fn update(&self, key: &str, _: u64, save: Save<'_>) -> Result<Updated> {
        // As koa-session does.
        if save.replace {
            self.set(key, save).await?;
            return Ok(Updated::To(0));
        }
        // Without versions this is what keeps a destroyed session destroyed, but for the moment between the two.
        let load = Load {
            now: save.now,
            max_age: save.time_to_live.map(MaxAge::For),
            rolling: save.rolling,
        };
        if self.0.get(key, &load).await?.is_none() {
            return Ok(Updated::Gone);
        }
        self.set(key, save).await?;
        Ok(Updated::To(0))
    }

    async fn destroy(&self, key: &str) -> Result {
        self.0.destroy(key).await
    }
}

/// What koa-session adds to the age of a session for its store, so that the cookie ends first.
pub(in crate::session) const STORE_LONGER: Duration = Duration::from_secs(10);
