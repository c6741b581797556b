//! What a session is written as.
//!
//! Our own form is a head of fixed size and JSON behind it; a later version of the form has another first byte. Under
//! `compat` it is the JSON object of koa-session, with `_expire`, `_maxAge` and `_session` among the fields.

use std::mem;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::cookies::keys::ROOM;
use crate::error::Result;
use crate::session::buffers;
use crate::session::config::MaxAge;

const VERSION: u8 = 1;
const HEAD: usize = 1 + 3 * 8;

/// What is kept beside the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meta {
    /// Until when it counts, in milliseconds since 1970; none is written for a life until the browser is closed.
    pub(super) expires: Option<u64>,
    /// When it began, in milliseconds since 1970.
    pub(super) created: u64,
    /// How long this user's session lives, where it was saved with an age.
    pub(super) max_age: Option<MaxAge>,
}

/// The JSON of a session's data, behind the head of our own form and what else is needed to keep or to seal it: that then
/// needs no copy.
#[derive(Clone, Default)]
pub(super) struct Written {
    bytes: Vec<u8>,
    /// Where the head begins.
    start: usize,
}

impl Drop for Written {
    fn drop(&mut self) {
        buffers::put_back(mem::take(&mut self.bytes));
    }
}

impl Written {
    /// The JSON of the data.
    pub(super) fn of<S: Serialize>(data: &S) -> Result<Self> {
        let mut bytes = buffers::take();
        bytes.extend_from_slice(&[VERSION; ROOM + HEAD]);
        serde_json::to_writer(&mut bytes, data)?;
        let start = ROOM;
        Ok(Self { bytes, start })
    }

    /// JSON that is there already.
    pub(super) fn from_json(json: &[u8]) -> Self {
        Self {
            bytes: [&[VERSION; ROOM + HEAD], json].concat(),
            start: ROOM,
        }
    }

    pub(super) fn json(&self) -> &[u8] {
        self.bytes.get(self.start + HEAD..).unwrap_or_default()
    }

    /// Our own form.
    #[inline]
    pub(super) fn with_head(&mut self, meta: &Meta) -> &[u8] {
        let own = self.bytes.get_mut(self.start..).unwrap_or_default();
        let age = meta.max_age.and_then(MaxAge::millis).unwrap_or(0);
        let numbers = [meta.expires.unwrap_or(0), meta.created, age];
        if let Some([_, places @ ..]) = own.first_chunk_mut::<HEAD>() {
            for (place, number) in places.as_chunks_mut().0.iter_mut().zip(numbers) {
                *place = number.to_be_bytes();
            }
        }
        own
    }

    /// Our own form behind the room to seal it in.
    pub(super) fn sealable(mut self, meta: &Meta) -> Vec<u8> {
        if self.start != ROOM {
            return [&[0; ROOM], self.with_head(meta)].concat();
        }
        self.with_head(meta);
        mem::take(&mut self.bytes)
    }

    /// What was kept in our own form, behind so many bytes of something else.
    pub(super) fn read(bytes: Vec<u8>, start: usize) -> Option<(Meta, Self)> {
        let [version, numbers @ ..] = bytes.get(start..)?.first_chunk::<HEAD>()?;
        if *version != VERSION {
            return None;
        }
        let (numbers, _) = numbers.as_chunks();
        let mut numbers = numbers.iter().map(|number| u64::from_be_bytes(*number));
        let (expires, created, age) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let meta = Meta {
            expires: (expires != 0).then_some(expires),
            created,
            max_age: Some(match age {
                0 => MaxAge::Session,
                age => MaxAge::For(Duration::from_millis(age)),
            }),
        };
        Some((meta, Self { bytes, start }))
    }
}

/// koa-session's form, made of the JSON of the data: the fields in their order, and behind them what is kept beside them.
pub(super) fn to_json(meta: &Meta, data: &[u8]) -> String {
    let data = String::from_utf8_lossy(data);
    let fields = data.strip_suffix('}').unwrap_or("{");
    let comma = if fields.ends_with('{') { "" } else { "," };
    match (meta.expires, meta.max_age.and_then(MaxAge::millis)) {
        (Some(expires), Some(age)) => {
            format!("{fields}{comma}\"_expire\":{expires},\"_maxAge\":{age}}}")
        }
        _ => format!("{fields}{comma}\"_session\":true}}"),
    }
}

/// The head and the data of koa-session's form. What is no object has no fields, as in JavaScript.
pub(super) fn from_json<S: DeserializeOwned>(value: Value) -> Result<(Meta, S)> {
    let object = match value {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    let (meta, object) = without_meta(object);
    Ok((meta, serde_json::from_value(Value::Object(object))?))
}

/// What is kept beside the data, and the data without it.
pub(super) fn without_meta(mut object: Map<String, Value>) -> (Meta, Map<String, Value>) {
    let mut meta = Meta {
        expires: object.get("_expire").and_then(number),
        ..Meta::default()
    };
    if let Some(age) = object.get("_maxAge").and_then(number) {
        meta.max_age = Some(MaxAge::For(Duration::from_millis(age)));
    }
    if object.contains_key("_session") {
        meta.max_age = Some(MaxAge::Session);
    }
    object.retain(|name, _| !name.starts_with('_'));
    (meta, object)
}

/// A number of milliseconds, as JavaScript compares it.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is beyond the range is its end"
)]
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| Some(value.as_f64()? as u64))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{HEAD, Meta, Written};
    use crate::session::config::MaxAge;

    #[test]
    fn the_own_form_comes_back() {
        for max_age in [MaxAge::Session, MaxAge::For(Duration::from_millis(5))] {
            let meta = Meta {
                expires: max_age.millis(),
                created: 7,
                max_age: Some(max_age),
            };
            let mut written = Written::from_json(b"{}");
            let bytes = written.with_head(&meta).to_vec();
            let (read, json) = Written::read(bytes.clone(), 0).unwrap();
            assert_eq!((read, json.json()), (meta, &b"{}"[..]));
            assert!(Written::read(bytes[..HEAD - 1].to_vec(), 0).is_none());
            let mut later = bytes;
            later[0] = 2;
            assert!(Written::read(later, 0).is_none());
        }
    }
}
