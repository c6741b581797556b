//! Values that only a holder of the keys can read or make.
//!
//! A sealed value is `version | nonce | ciphertext and tag`, which stands in a cookie in base64 for URLs: AES-256-GCM-SIV
//! ([RFC 8452](https://www.rfc-editor.org/rfc/rfc8452)) under a key that HKDF-SHA256 derives for one purpose from one of the
//! app's keys. Each nonce of 96 random bits gives a message a key of its own, and two messages that happened to share one
//! would show no more than whether they are equal: where AES-GCM is at its limit with 2^32 messages under one key, this
//! has room for 2^48 and more. The cookie's name and the purpose are authenticated with it, and what is encrypted begins
//! with the time until which it counts.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aes_gcm_siv::aead::AeadInOut;
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

const VERSION: u8 = 1;
const NONCE: usize = 12;
const EXPIRY: usize = 8;
const TAG: usize = 16;

/// How much stands before what is encrypted.
const BEFORE: usize = 1 + NONCE;

/// How much room a value needs before it to be sealed in its place, and is opened with, in bytes.
pub(crate) const ROOM: usize = BEFORE + EXPIRY;

/// What a sealed value is for: one that was made for another purpose is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Cookie,
    Session,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Session => "session",
        }
    }
}

/// Of how many names it is kept what is authenticated beside them; that of others is made each time.
const NAMES: usize = 4;

/// One of the app's keys, for one purpose.
pub(super) struct Seal {
    cipher: Aes256GcmSiv,
    purpose: Purpose,
    /// The names that came first, mostly all of them, and what is authenticated beside their values.
    names: [OnceLock<(String, Vec<u8>)>; NAMES],
}

/// What was in a sealed value.
pub(crate) struct Opened {
    /// The value, behind [`ROOM`].
    pub(crate) bytes: Vec<u8>,
    /// Until when it counts; without end where there is none.
    pub(crate) expires: Option<SystemTime>,
}

impl Opened {
    pub(crate) fn into_value(mut self) -> Vec<u8> {
        self.bytes.drain(..ROOM.min(self.bytes.len()));
        self.bytes
    }
}

impl Seal {
    #[allow(
        clippy::expect_used,
        reason = "HKDF gives out up to 8,160 bytes, and these are 32"
    )]
    pub(super) fn new(key: &[u8], purpose: Purpose) -> Self {
        let mut derived = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(b"koa sealed values"), key)
            .expand(purpose.label().as_bytes(), derived.as_mut_slice())
            .expect("32 bytes are not too many");
        Self {
            cipher: Aes256GcmSiv::new((&*derived).into()),
            purpose,
            names: Default::default(),
        }
    }

    pub(super) fn is_for(&self, purpose: Purpose) -> bool {
        self.purpose == purpose
    }

    /// Seals a value for the cookie `name`, in its place: it stands behind [`ROOM`].
    pub(super) fn seal(
        &self,
        name: &str,
        mut bytes: Vec<u8>,
        expires: Option<SystemTime>,
    ) -> Result<Vec<u8>> {
        let (head, text) = bytes.split_at_mut_checked(BEFORE).ok_or_else(failed)?;
        let (version, random) = head.split_first_mut().ok_or_else(failed)?;
        *version = VERSION;
        getrandom::fill(random).map_err(|error| {
            Error::internal(format!("the system gives no random bytes: {error}"))
        })?;
        let nonce = nonce(head).ok_or_else(failed)?;
        let expiry = text.first_chunk_mut().ok_or_else(failed)?;
        *expiry = millis(expires).to_be_bytes();
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce, &self.bound(name), text.into())
            .map_err(|_| failed())?;
        bytes.extend_from_slice(&tag);
        Ok(bytes)
    }

    /// Opens what [`seal`](Self::seal) made of a value with this key, for this cookie, unless its time is over.
    pub(super) fn open(&self, name: &str, mut sealed: Vec<u8>, now: SystemTime) -> Option<Opened> {
        let end = sealed.len().checked_sub(TAG)?;
        let (head, rest) = sealed.split_at_mut_checked(BEFORE)?;
        let (text, tag) = rest.split_at_mut_checked(end.checked_sub(BEFORE)?)?;
        if head[0] != VERSION || text.len() < EXPIRY {
            return None;
        }
        let tag = (&*tag).try_into().ok()?;
        self.cipher
            .decrypt_inout_detached(&nonce(head)?, &self.bound(name), text.into(), tag)
            .ok()?;
        let millis = u64::from_be_bytes(sealed.get(BEFORE..BEFORE + EXPIRY)?.try_into().ok()?);
        let expires = (millis != 0)
            .then(|| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)))
            .flatten();
        if expires.is_some_and(|expires| expires <= now) {
            return None;
        }
        sealed.truncate(end);
        Some(Opened {
            bytes: sealed,
            expires,
        })
    }

    /// What is authenticated beside the value. A name cannot hold a NUL.
    fn bound(&self, name: &str) -> Cow<'_, [u8]> {
        let bound = || {
            [
                &[VERSION],
                self.purpose.label().as_bytes(),
                &[0],
                name.as_bytes(),
            ]
            .concat()
        };
        for place in &self.names {
            let (known, bytes) = place.get_or_init(|| (name.to_owned(), bound()));
            if known == name {
                return Cow::Borrowed(bytes);
            }
        }
        Cow::Owned(bound())
    }
}

fn nonce(head: &[u8]) -> Option<Nonce> {
    Nonce::try_from(head.get(1..)?).ok()
}

fn millis(expires: Option<SystemTime>) -> u64 {
    let since = expires.and_then(|expires| expires.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

fn failed() -> Error {
    Error::internal("a value is too long to be sealed")
}
