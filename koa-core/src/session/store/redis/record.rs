//! What a session is in Redis: a byte that no JSON begins with, the version, and the session; or its JSON alone.

use sha1::{Digest, Sha1};

use crate::error::{Error, Result};
use crate::session::store::Stored;

const MARK: u8 = 0;
const HEAD: usize = 1 + 8;

/// The version of JSON, which has none beside it: the first half of its SHA-1, which Redis can make too.
pub(super) fn version_of(json: &[u8]) -> u64 {
    let hash = Sha1::digest(json);
    hash.iter()
        .take(8)
        .fold(0, |version, byte| version << 8 | u64::from(*byte))
}

/// What a session of a version begins with.
pub(super) fn head(version: u64) -> [u8; HEAD] {
    let mut head = [MARK; HEAD];
    head[1..].copy_from_slice(&version.to_be_bytes());
    head
}

pub(super) fn of(version: u64, session: &[u8]) -> Vec<u8> {
    [&head(version), session].concat()
}

/// The session and its version.
pub(super) fn read(mut kept: Vec<u8>) -> Stored {
    let version = match kept.split_first_chunk::<HEAD>() {
        Some(([MARK, version @ ..], _)) => u64::from_be_bytes(*version),
        _ => {
            return Stored {
                version: version_of(&kept),
                value: kept,
            };
        }
    };
    kept.drain(..HEAD);
    Stored {
        value: kept,
        version,
    }
}

/// A random one: where an id comes back (`genid`), what was read under it before is another version.
pub(super) fn first_version() -> Result<u64> {
    getrandom::u64()
        .map_err(|error| Error::internal(format!("the system gives no random bytes: {error}")))
}

#[cfg(test)]
mod tests {
    use super::{of, read, version_of};

    #[test]
    fn a_session_comes_back_with_its_version() {
        for (version, session) in [(1, &b"\x01data"[..]), (u64::MAX, b""), (0, b"{}")] {
            let stored = read(of(version, session));
            assert_eq!((stored.version, &*stored.value), (version, session));
        }
    }

    #[test]
    fn json_is_as_it_is() {
        // `printf '{}' | sha1sum`
        assert_eq!(version_of(b"{}"), 0xbf21_a9e8_fbc5_a384);
        for json in [&br#"{"user":"ada"}"#[..], b"{}", b"", b"\0"] {
            let stored = read(json.to_vec());
            assert_eq!((stored.version, &*stored.value), (version_of(json), json));
        }
    }
}
