//! Keys that sign, and the signatures of the `keygrip` package.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::base64;
use crate::error::{Error, Result};

/// Keys for cookies, the newest first: the first one signs, all of them verify. The `keygrip` package:
/// <https://github.com/crypto-utils/keygrip>.
///
/// ```
/// use koa::{Algorithm, Keygrip};
///
/// let keys = Keygrip::new(["new key", "old key"]).algorithm(Algorithm::Sha256);
/// let signature = keys.sign("name=value").expect("there is a key");
/// assert!(keys.verify("name=value", &signature));
/// assert!(!keys.verify("name=other", &signature));
/// ```
///
/// [`App::keys`](crate::App::keys) takes one, or what it is made of: an array or a `Vec` of keys, or one string with
/// commas between them, as Egg has it.
#[derive(Clone, Default)]
pub struct Keygrip {
    keys: Vec<Key>,
    algorithm: Algorithm,
    encoding: Encoding,
}

/// A key, and what it signs with: the hash is begun once.
#[derive(Clone)]
struct Key {
    bytes: Zeroizing<Vec<u8>>,
    signer: Signer,
}

/// With which hash is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA1, Koa's. What is broken about SHA-1 does not touch HMAC.
    #[default]
    Sha1,

    /// HMAC-SHA256, Egg's.
    Sha256,

    /// HMAC-SHA384.
    Sha384,

    /// HMAC-SHA512.
    Sha512,
}

/// How signatures are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// In base64 for URLs, without padding.
    #[default]
    Base64,

    /// In lower-case hexadecimal digits.
    Hex,
}

#[derive(Clone)]
enum Signer {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Keygrip {
    /// Keys that sign with HMAC-SHA1, in base64. Without any, whatever should be signed is an error.
    #[must_use]
    pub fn new<K: AsRef<[u8]>>(keys: impl IntoIterator<Item = K>) -> Self {
        let algorithm = Algorithm::default();
        let keys = keys.into_iter().map(|key| {
            let bytes = Zeroizing::new(key.as_ref().to_vec());
            Key {
                signer: Signer::new(algorithm, &bytes),
                bytes,
            }
        });
        Self {
            keys: keys.collect(),
            algorithm,
            encoding: Encoding::default(),
        }
    }

    /// The keys in an environment variable, with commas between them.
    ///
    /// ```no_run
    /// use koa::prelude::*;
    /// use koa::Keygrip;
    ///
    /// # fn main() -> Result {
    /// let app = App::new().keys(Keygrip::from_env("KOA_KEYS")?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no such variable, or no key in it.
    pub fn from_env(variable: &str) -> Result<Self> {
        let keys = std::env::var(variable).map(Self::from).unwrap_or_default();
        if keys.keys.is_empty() {
            return Err(Error::internal(format!(
                "the environment variable {variable} has no keys: set it to one or more, with commas between them, \
                 the newest first"
            )));
        }
        Ok(keys)
    }

    /// The same keys with another hash.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        for key in &mut self.keys {
            key.signer = Signer::new(algorithm, &key.bytes);
        }
        self
    }

    /// The same keys with signatures written in another way.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The signature over `data` with the first key; `None` where there is no key.
    #[must_use]
    pub fn sign(&self, data: impl AsRef<[u8]>) -> Option<String> {
        self.sign_parts(&[data.as_ref()])
    }

    /// Whether any of the keys signed `data` so. It takes as long for one wrong signature as for another.
    #[must_use]
    pub fn verify(&self, data: impl AsRef<[u8]>, signature: &str) -> bool {
        self.index(data, signature).is_some()
    }

    /// Which of the keys signed `data` so, from 0.
    #[must_use]
    pub fn index(&self, data: impl AsRef<[u8]>, signature: &str) -> Option<usize> {
        self.index_parts(&[data.as_ref()], signature)
    }

    pub(crate) fn sign_parts(&self, data: &[&[u8]]) -> Option<String> {
        let key = self.keys.first()?;
        let mut buffer = Buffer::default();
        let signature = key.signer.sign(data, self.encoding, &mut buffer);
        Some(String::from_utf8_lossy(signature).into_owned())
    }

    pub(crate) fn index_parts(&self, data: &[&[u8]], signature: &str) -> Option<usize> {
        let mut buffer = Buffer::default();
        self.keys.iter().position(|key| {
            let own = key.signer.sign(data, self.encoding, &mut buffer);
            own.ct_eq(signature.as_bytes()).into()
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.keys.iter().map(|key| key.bytes.as_slice())
    }

    pub(super) fn signs_with(&self, algorithm: Algorithm) -> bool {
        self.algorithm == algorithm && self.encoding == Encoding::Base64
    }
}

/// The longest signature: SHA-512 in hexadecimal digits.
struct Buffer([u8; 128]);

impl Default for Buffer {
    fn default() -> Self {
        Self([0; 128])
    }
}

impl Signer {
    fn new(algorithm: Algorithm, key: &[u8]) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::Sha1(mac(key)),
            Algorithm::Sha256 => Self::Sha256(mac(key)),
            Algorithm::Sha384 => Self::Sha384(mac(key)),
            Algorithm::Sha512 => Self::Sha512(mac(key)),
        }
    }

    fn sign<'b>(&self, data: &[&[u8]], encoding: Encoding, buffer: &'b mut Buffer) -> &'b [u8] {
        match self {
            Self::Sha1(mac) => encode(&digest(mac, data), encoding, buffer),
            Self::Sha256(mac) => encode(&digest(mac, data), encoding, buffer),
            Self::Sha384(mac) => encode(&digest(mac, data), encoding, buffer),
            Self::Sha512(mac) => encode(&digest(mac, data), encoding, buffer),
        }
    }
}

#[allow(
    clippy::expect_used,
    reason = "HMAC takes keys of any length, and its type cannot say so"
)]
fn mac<M: KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn digest<M: Mac + Clone>(mac: &M, data: &[&[u8]]) -> hmac::digest::Output<M> {
    let mut mac = mac.clone();
    for part in data {
        mac.update(part);
    }
    mac.finalize().into_bytes()
}

fn encode<'b>(digest: &[u8], encoding: Encoding, buffer: &'b mut Buffer) -> &'b [u8] {
    let length = match encoding {
        Encoding::Base64 => {
            return base64::encode_url_bare_into(digest, &mut buffer.0).as_bytes();
        }
        Encoding::Hex => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            for (pair, byte) in buffer.0.chunks_exact_mut(2).zip(digest) {
                pair[0] = DIGITS[usize::from(byte >> 4)];
                pair[1] = DIGITS[usize::from(byte & 15)];
            }
            digest.len() * 2
        }
    };
    &buffer.0[..length]
}

/// How many there are, and nothing else.
impl fmt::Debug for Keygrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keygrip({} keys)", self.keys.len())
    }
}

impl<K: AsRef<[u8]>, const N: usize> From<[K; N]> for Keygrip {
    fn from(keys: [K; N]) -> Self {
        Self::new(keys)
    }
}

impl<K: AsRef<[u8]>> From<Vec<K>> for Keygrip {
    fn from(keys: Vec<K>) -> Self {
        Self::new(keys)
    }
}

impl<K: AsRef<[u8]>> From<&[K]> for Keygrip {
    fn from(keys: &[K]) -> Self {
        Self::new(keys)
    }
}

/// Keys with commas between them. Egg's `config.keys`.
impl From<&str> for Keygrip {
    fn from(keys: &str) -> Self {
        Self::new(keys.split(',').map(str::trim).filter(|key| !key.is_empty()))
    }
}

/// Keys with commas between them. Egg's `config.keys`.
impl From<String> for Keygrip {
    fn from(keys: String) -> Self {
        Self::from(keys.as_str())
    }
}
