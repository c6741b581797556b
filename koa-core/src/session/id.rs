//! The ids of sessions in a store.

use std::fmt;
use std::sync::{Arc, OnceLock};

use constant_time_eq::constant_time_eq_n;

use crate::base64;
use crate::error::{Error, Result};

/// How long 256 bits are in base64 for URLs.
pub(super) const LENGTH: usize = 43;

/// The id of a session in a store, and what the store knows it by.
#[derive(Clone)]
pub(crate) struct Id(Arc<Known>);

struct Known {
    text: String,
    /// What its hash is made of, and is not made of twice.
    prefix: &'static str,
    hashed: OnceLock<String>,
}

impl Id {
    pub(super) fn new(text: String, prefix: &'static str) -> Self {
        Self(Arc::new(Known {
            text,
            prefix,
            hashed: OnceLock::new(),
        }))
    }

    pub(super) fn text(&self) -> &str {
        &self.0.text
    }

    /// What a store sees of it: who reads the store cannot use its sessions.
    pub(super) fn hashed(&self) -> &str {
        let Known { text, prefix, .. } = &*self.0;
        self.0.hashed.get_or_init(|| hashed(prefix, text))
    }

    /// Whether it is this one.
    pub(super) fn is(&self, text: &[u8; LENGTH], prefix: &str) -> bool {
        let own = self.0.text.as_bytes().try_into();
        own.is_ok_and(|own| constant_time_eq_n(own, text)) && self.0.prefix == prefix
    }
}

/// Nothing of it: who knows it has the session.
impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Id")
    }
}

/// An id of 256 random bits.
pub(super) fn random() -> Result<String> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(base64::encode_url_bare(&bytes))
}

fn hashed(prefix: &str, id: &str) -> String {
    let mut room = [0; LENGTH];
    let hash = blake3::hash(id.as_bytes());
    let text = base64::encode_url_bare_into(hash.as_bytes(), &mut room);
    match prefix.is_empty() {
        true => text.to_owned(),
        false => [prefix, text].concat(),
    }
}

/// A random UUID, as koa-session makes its ids (RFC 9562, version 4).
pub(super) fn uuid() -> Result<String> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    Ok(text)
}

fn fill(bytes: &mut [u8]) -> Result {
    getrandom::fill(bytes)
        .map_err(|error| Error::internal(format!("the system gives no random bytes: {error}")))
}

#[cfg(test)]
mod tests {
    use super::{Id, hashed, random, uuid};

    #[test]
    fn ids_are_random_and_hidden() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_ne!(hashed("p:", &one), hashed("p:", &other));
        let id = Id::new(one.clone(), "p:");
        assert_eq!(id.hashed(), hashed("p:", &one));
        let [one_text, other_text] = [&one, &other].map(|id| id.as_bytes().try_into().unwrap());
        assert!(id.is(one_text, "p:"));
        assert!(!id.is(one_text, "") && !id.is(other_text, "p:"));
        assert!(!Id::new("short".to_owned(), "p:").is(one_text, "p:"));
        assert!(!format!("{id:?}").contains(&one));
        assert!(hashed("p:", &one).starts_with("p:"));
        assert!(!hashed("", &one).contains(&one));
        let uuid = uuid().unwrap();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    }
}
