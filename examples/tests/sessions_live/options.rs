//! The options of a session, for both sides.

use std::time::Duration;

use koa::{MaxAge, SessionConfig};
use serde_json::{Map, Value};

use crate::clock::millis;

/// What is not said is the package's default.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) max_age: Option<MaxAge>,
    pub(crate) renew: bool,
    pub(crate) rolling: bool,
    /// What stands before ids.
    pub(crate) prefix: Option<&'static str>,
    /// The socket of the Redis that they are kept in.
    pub(crate) redis: Option<String>,
    /// The header that ids come and go in, in place of a cookie.
    pub(crate) header: Option<&'static str>,
}

impl Options {
    pub(crate) fn max_age(age: Duration) -> Self {
        Self {
            max_age: Some(MaxAge::For(age)),
            ..Self::default()
        }
    }

    pub(crate) fn config(&self, defaults: SessionConfig) -> SessionConfig {
        let config = defaults
            .renew(self.renew)
            .rolling(self.rolling)
            .prefix(self.prefix.unwrap_or_default());
        match self.max_age {
            Some(age) => config.max_age(age),
            None => config,
        }
    }

    /// As the packages take them; without a space.
    pub(crate) fn json(&self) -> String {
        let mut options = Map::new();
        options.insert("renew".to_owned(), self.renew.into());
        options.insert("rolling".to_owned(), self.rolling.into());
        if let Some(age) = self.max_age {
            options.insert("maxAge".to_owned(), age_json(age));
        }
        if let Some(prefix) = self.prefix {
            options.insert("prefix".to_owned(), prefix.into());
        }
        if let Some(redis) = &self.redis {
            options.insert("redis".to_owned(), redis.as_str().into());
        }
        if let Some(header) = self.header {
            options.insert("header".to_owned(), header.into());
        }
        Value::Object(options).to_string()
    }
}

fn age_json(age: MaxAge) -> Value {
    match age {
        MaxAge::Session => "session".into(),
        MaxAge::For(age) => millis(age).into(),
    }
}
