//! Values that only a holder of the keys can read or make.
//!
//! A sealed value is `version | nonce | ciphertext and tag`, in base64 for URLs: AES-256-GCM-SIV
//! ([RFC 8452](https://www.rfc-editor.org/rfc/rfc8452)) under a key that HKDF-SHA256 derives for one purpose from one of the
//! app's keys. Each nonce of 96 random bits gives a message a key of its own, and two messages that happened to share one
//! would show no more than whether they are equal: where AES-GCM is at its limit with 2^32 messages under one key, this
//! has room for 2^48 and more. The cookie's name and the purpose are authenticated with it, and what is encrypted begins
//! with the time until which it counts.

use std::time::{Duration, SystemTime};

use aes_gcm_siv::aead::AeadInOut;
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::base64;
use crate::error::{Error, Result};

const VERSION: u8 = 1;
const NONCE: usize = 12;
const EXPIRY: usize = 8;
const TAG: usize = 16;
const SHORT: usize = 64;

/// How much stands before what is encrypted.
const BEFORE: usize = 1 + NONCE;

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

/// One of the app's keys, for one purpose.
pub(super) struct Seal {
    cipher: Aes256GcmSiv,
    purpose: Purpose,
}

/// What was in a sealed value.
pub(crate) struct Opened {
    pub(crate) value: Vec<u8>,
    /// Until when it counts; without end where there is none.
    pub(crate) expires: Option<SystemTime>,
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
        }
    }

    pub(super) fn is_for(&self, purpose: Purpose) -> bool {
        self.purpose == purpose
    }

    /// Seals a value for the cookie `name`.
    pub(super) fn seal(
        &self,
        name: &str,
        value: [&[u8]; 2],
        expires: Option<SystemTime>,
    ) -> Result<String> {
        let length = value[0].len() + value[1].len();
        let mut head = [VERSION; BEFORE];
        getrandom::fill(&mut head[1..]).map_err(|error| {
            Error::internal(format!("the system gives no random bytes: {error}"))
        })?;
        let mut bytes = Vec::with_capacity(BEFORE + EXPIRY + length + TAG);
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&millis(expires).to_be_bytes());
        bytes.extend_from_slice(value[0]);
        bytes.extend_from_slice(value[1]);
        let (head, text) = bytes.split_at_mut(BEFORE);
        let nonce = nonce(head).ok_or_else(failed)?;
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce, self.bound(name).bytes(), text.into())
            .map_err(|_| failed())?;
        bytes.extend_from_slice(&tag);
        Ok(base64::encode_url_bare(&bytes))
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
            .decrypt_inout_detached(&nonce(head)?, self.bound(name).bytes(), text.into(), tag)
            .ok()?;
        let millis = u64::from_be_bytes(sealed.get(BEFORE..BEFORE + EXPIRY)?.try_into().ok()?);
        let expires = (millis != 0)
            .then(|| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)))
            .flatten();
        if expires.is_some_and(|expires| expires <= now) {
            return None;
        }
        sealed.truncate(end);
        sealed.drain(..BEFORE + EXPIRY);
        Some(Opened {
            value: sealed,
            expires,
        })
    }

    /// What is authenticated beside the value. A name cannot hold a NUL.
    fn bound(&self, name: &str) -> Bound {
        let label = self.purpose.label().as_bytes();
        let parts: [&[u8]; 4] = [&[VERSION], label, &[0], name.as_bytes()];
        let length = parts.iter().map(|part| part.len()).sum();
        let mut short = [0; SHORT];
        if length > SHORT {
            return Bound::Long(parts.concat());
        }
        let mut at = 0;
        for part in parts {
            short[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        Bound::Short(short, length)
    }
}

/// What is authenticated beside a value, without an allocation for names of the usual length.
enum Bound {
    Short([u8; SHORT], usize),
    Long(Vec<u8>),
}

impl Bound {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(bytes, length) => &bytes[..*length],
            Self::Long(bytes) => bytes,
        }
    }
}

/// The bytes of a sealed value.
pub(super) fn decode(sealed: &[u8]) -> Option<Vec<u8>> {
    base64::decode_url_bare(sealed)
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
