//! What is else about a session of koa-session's form in a store that a Node app writes too.
//!
//! Node overwrites what is there. We do not: where the store can compare, what changed since it was read is merged, and what
//! was destroyed stays so.

use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::Result;
use crate::session::SessionData;
use crate::session::commit::{ONE_DAY, conflict};
use crate::session::config::MaxAge;
use crate::session::form::{self, Meta, Written};
use crate::session::handle::Session;
use crate::session::shared::millis;

/// What is kept beside the data, and the data; `None` for what is no object.
pub(super) fn read(stored: &[u8]) -> Result<Option<(Meta, Written)>> {
    let Ok(object) = serde_json::from_slice::<Map<String, Value>>(stored) else {
        return Ok(None);
    };
    let (meta, data) = form::without_meta(object);
    Ok(Some((meta, Written::of(&data)?)))
}

impl<S: SessionData> Session<S> {
    /// As [`agree_on_age`](Self::agree_on_age), where no age is one day, and one until the browser is closed is not said.
    pub(super) fn agree_on_age_with_node(
        &mut self,
        ctx: &Context,
        meta: &mut Meta,
        theirs: &Meta,
    ) -> Result {
        let before = said(self.life.age_before);
        let theirs = said(theirs.max_age.or(self.life.age_before));
        if meta.max_age == Some(before) {
            // As if it had been read so.
            self.life.max_age = Some(theirs).filter(|age| *age != MaxAge::Session);
            *meta = self.meta(theirs, millis(ctx.app().now()));
        } else if theirs != before && meta.max_age != Some(theirs) {
            return Err(conflict());
        }
        Ok(())
    }
}

/// How long one lives that says this.
fn said(age: Option<MaxAge>) -> MaxAge {
    age.unwrap_or(MaxAge::For(ONE_DAY))
}
