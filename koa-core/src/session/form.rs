//! What a session is written as.
//!
//! Our own form is a head of fixed size and JSON behind it; a later version of the form has another first byte. Under
//! `compat` it is the JSON object of koa-session, with `_expire`, `_maxAge` and `_session` among the fields.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Result;
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

/// The head of our own form.
pub(super) fn head(meta: &Meta) -> [u8; HEAD] {
    let age = meta.max_age.and_then(MaxAge::millis).unwrap_or(0);
    let mut head = [VERSION; HEAD];
    let numbers = [meta.expires.unwrap_or(0), meta.created, age];
    for (place, number) in head[1..].chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    head
}

/// Our own form.
pub(super) fn to_bytes(meta: &Meta, data: &[u8]) -> Vec<u8> {
    [&head(meta), data].concat()
}

/// The head and the JSON of our own form.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<(Meta, &[u8])> {
    let (head, data) = bytes.split_at_checked(HEAD)?;
    let (version, head) = head.split_first()?;
    if *version != VERSION {
        return None;
    }
    let mut numbers = head
        .chunks_exact(8)
        .filter_map(|chunk| chunk.try_into().ok().map(u64::from_be_bytes));
    let (expires, created, age) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let meta = Meta {
        expires: (expires != 0).then_some(expires),
        created,
        max_age: Some(match age {
            0 => MaxAge::Session,
            age => MaxAge::For(Duration::from_millis(age)),
        }),
    };
    Some((meta, data))
}

/// The JSON of our own form.
pub(super) fn without_head(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.drain(..HEAD.min(bytes.len()));
    bytes
}

/// The JSON of the data.
pub(super) fn data<S: Serialize>(value: &S) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(value)?)
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

    use super::{Meta, from_bytes, to_bytes};
    use crate::session::config::MaxAge;

    #[test]
    fn the_own_form_comes_back() {
        for max_age in [MaxAge::Session, MaxAge::For(Duration::from_millis(5))] {
            let meta = Meta {
                expires: max_age.millis(),
                created: 7,
                max_age: Some(max_age),
            };
            let bytes = to_bytes(&meta, b"{}");
            assert_eq!(from_bytes(&bytes), Some((meta, &b"{}"[..])));
            assert_eq!(from_bytes(&bytes[..24]), None);
            let mut later = bytes;
            later[0] = 2;
            assert_eq!(from_bytes(&later), None);
        }
    }
}
