//! The keys of an app: what they sign, seal and open.

mod egg;
mod keygrip;
mod seal;
#[cfg(test)]
mod tests;
mod weak;

use std::time::SystemTime;

use crate::cookies::keys::seal::Seal;
use crate::error::Result;

pub use egg::EggKeygrip;
pub use keygrip::{Algorithm, Encoding, Keygrip};
pub(crate) use seal::{Opened, Purpose, ROOM};
pub use weak::{WeakKey, Weakness};

/// What is made of an app's keys when it starts.
pub(crate) struct Ring {
    pub(super) signer: Keygrip,
    /// Koa's signatures, where the app's own are others.
    pub(super) koa: Option<Keygrip>,
    pub(super) egg: EggKeygrip,
    seals: Vec<Seal>,
}

/// What a key fitted.
pub(crate) struct Fitted<T> {
    pub(crate) value: T,
    /// Whether it was made with the first key, in the form that is written now.
    pub(crate) current: bool,
}

impl Ring {
    pub(crate) fn new(keys: &Keygrip) -> Self {
        let koa = (!keys.signs_with(Algorithm::Sha1)).then(|| Keygrip::new(keys.keys()));
        Self {
            signer: keys.clone(),
            koa,
            egg: EggKeygrip::new(keys.clone().encoding(Encoding::Base64)),
            seals: [Purpose::Cookie, Purpose::Session]
                .into_iter()
                .flat_map(|purpose| keys.keys().map(move |key| Seal::new(key, purpose)))
                .collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.signer.is_empty()
    }

    /// The keys that can be guessed.
    pub(crate) fn weak(&self) -> impl Iterator<Item = WeakKey> {
        self.signer.keys().enumerate().filter_map(|(index, key)| {
            let weakness = weak::weakness(key)?;
            Some(WeakKey { index, weakness })
        })
    }

    /// Egg's signatures.
    pub(super) fn egg_signer(&self) -> &Keygrip {
        self.egg.signer()
    }

    /// Seals a value with the first key, in its place behind [`ROOM`]; `None` where there is no key.
    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        name: &str,
        value: Vec<u8>,
        expires: Option<SystemTime>,
    ) -> Option<Result<Vec<u8>>> {
        let seal = self.for_purpose(purpose).next()?;
        Some(seal.seal(name, value, expires))
    }

    /// Opens what was sealed with any of the keys.
    pub(crate) fn open(
        &self,
        purpose: Purpose,
        name: &str,
        mut bytes: Vec<u8>,
        now: SystemTime,
    ) -> Option<Fitted<Opened>> {
        let mut seals = self.for_purpose(purpose).enumerate().peekable();
        while let Some((index, seal)) = seals.next() {
            // A value is opened in its place; only where there is another key to try it is needed again.
            let again = seals.peek().map(|_| bytes.clone());
            if let Some(value) = seal.open(name, bytes, now) {
                let current = index == 0;
                return Some(Fitted { value, current });
            }
            bytes = again?;
        }
        None
    }

    fn for_purpose(&self, purpose: Purpose) -> impl Iterator<Item = &Seal> {
        self.seals.iter().filter(move |seal| seal.is_for(purpose))
    }
}
