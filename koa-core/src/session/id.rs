//! The ids of sessions in a store.

use crate::base64;
use crate::error::{Error, Result};

/// An id of 256 random bits.
pub(super) fn random() -> Result<String> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(base64::encode_url_bare(&bytes))
}

/// What the store sees of an id: who reads the store cannot use its sessions.
pub(super) fn hashed(prefix: &str, id: &str) -> String {
    let mut room = [0; 43];
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
    use super::{hashed, random, uuid};

    #[test]
    fn ids_are_random_and_hidden() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_ne!(hashed("p:", &one), hashed("p:", &other));
        assert!(hashed("p:", &one).starts_with("p:"));
        assert!(!hashed("", &one).contains(&one));
        let uuid = uuid().unwrap();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    }
}
