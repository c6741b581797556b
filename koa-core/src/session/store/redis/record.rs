//! What a session is in Redis: a byte that no JSON begins with, the version, and the session; or its JSON alone.

use crate::error::{Error, Result};
use crate::session::store::Stored;

const MARK: u8 = 0;
const HEAD: usize = 1 + 8;

/// The version of what has none.
pub(super) const NONE: u64 = 0;

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
                value: kept,
                version: NONE,
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
    use super::{NONE, of, read};

    #[test]
    fn a_session_comes_back_with_its_version() {
        for (version, session) in [(1, &b"\x01data"[..]), (u64::MAX, b""), (NONE, b"{}")] {
            let stored = read(of(version, session));
            assert_eq!((stored.version, &*stored.value), (version, session));
        }
    }

    #[test]
    fn json_is_as_it_is() {
        for json in [&br#"{"user":"ada"}"#[..], b"{}", b"", b"\0"] {
            let stored = read(json.to_vec());
            assert_eq!((stored.version, &*stored.value), (NONE, json));
        }
    }
}
