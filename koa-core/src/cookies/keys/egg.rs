//! Egg's encryption: AES-256-CBC under a key and an initial vector that are both made from the app's key with MD5, as
//! OpenSSL once did. Nothing is authenticated, and equal values look equal.

use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use md5::{Digest, Md5};
use std::fmt;

use zeroize::Zeroizing;

use crate::base64;
use crate::cookies::keys::keygrip::{Algorithm, Keygrip};

/// Keys that sign and encrypt as Egg's do, the newest first: the `Keygrip` of `egg-cookies`.
///
/// For what an app beside a Node app needs outside of a request; the cookies of a request are
/// [`Compat::Egg`](crate::Compat::Egg)'s. Its encryption is not authenticated: use it for nothing new.
///
/// ```
/// use koa::EggKeygrip;
///
/// let keys = EggKeygrip::new("new key,old key");
/// assert_eq!(keys.decrypt_cookie("kqmf7Iasm-gNNtNbyJd8ww=="), None);
/// let text = keys.encrypt_cookie("value").expect("there is a key");
/// assert_eq!(keys.decrypt_cookie(&text), Some((b"value".to_vec(), 0)));
/// ```
pub struct EggKeygrip {
    signer: Keygrip,
    ciphers: Vec<Cipher>,
}

impl EggKeygrip {
    /// The keys, as [`App::keys`](crate::App::keys) takes them.
    #[must_use]
    pub fn new(keys: impl Into<Keygrip>) -> Self {
        let signer = keys.into().algorithm(Algorithm::Sha256);
        Self {
            ciphers: signer.keys().map(Cipher::new).collect(),
            signer,
        }
    }

    /// The signature over `data` with the first key, by HMAC-SHA256; `None` where there is no key.
    #[must_use]
    pub fn sign(&self, data: impl AsRef<[u8]>) -> Option<String> {
        self.signer.sign(data)
    }

    /// Which of the keys signed `data` so, from 0. Egg's `verify`.
    #[must_use]
    pub fn index(&self, data: impl AsRef<[u8]>, signature: &str) -> Option<usize> {
        self.signer.index(data, signature)
    }

    /// Encrypts with the first key; `None` where there is none.
    #[must_use]
    pub fn encrypt(&self, value: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        Some(self.ciphers.first()?.encrypt(value.as_ref()))
    }

    /// Decrypts, and says which of the keys fitted, from 0. A wrong key fits one time in 256.
    #[must_use]
    pub fn decrypt(&self, bytes: impl AsRef<[u8]>) -> Option<(Vec<u8>, usize)> {
        let bytes = bytes.as_ref();
        let fitting = |(index, cipher): (usize, &Cipher)| Some((cipher.decrypt(bytes)?, index));
        self.ciphers.iter().enumerate().find_map(fitting)
    }

    /// Encrypts to what stands in a cookie, in base64 for URLs.
    #[must_use]
    pub fn encrypt_cookie(&self, value: impl AsRef<[u8]>) -> Option<String> {
        Some(base64::encode_url(&self.encrypt(value)?))
    }

    /// Decrypts what stands in a cookie.
    #[must_use]
    pub fn decrypt_cookie(&self, text: &str) -> Option<(Vec<u8>, usize)> {
        self.decrypt(base64::decode(text))
    }

    pub(super) fn signer(&self) -> &Keygrip {
        &self.signer
    }
}

/// How many there are, and nothing else.
impl fmt::Debug for EggKeygrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EggKeygrip({} keys)", self.ciphers.len())
    }
}

struct Cipher {
    key: Zeroizing<[u8; 32]>,
    vector: [u8; 16],
}

impl Cipher {
    fn new(key: &[u8]) -> Self {
        let mut bytes = Zeroizing::new([0; 48]);
        let mut last: Option<[u8; 16]> = None;
        for chunk in bytes.chunks_exact_mut(16) {
            let mut hash = Md5::new();
            if let Some(last) = last {
                hash.update(last);
            }
            hash.update(key);
            let digest: [u8; 16] = hash.finalize().into();
            chunk.copy_from_slice(&digest);
            last = Some(digest);
        }
        let mut cipher = Self {
            key: Zeroizing::new([0; 32]),
            vector: [0; 16],
        };
        cipher.key.copy_from_slice(&bytes[..32]);
        cipher.vector.copy_from_slice(&bytes[32..]);
        cipher
    }

    fn encrypt(&self, value: &[u8]) -> Vec<u8> {
        cbc::Encryptor::<Aes256>::new((&*self.key).into(), &self.vector.into())
            .encrypt_padded_vec::<Pkcs7>(value)
    }

    /// `None` where the padding is wrong.
    fn decrypt(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        cbc::Decryptor::<Aes256>::new((&*self.key).into(), &self.vector.into())
            .decrypt_padded_vec::<Pkcs7>(bytes)
            .ok()
    }
}
