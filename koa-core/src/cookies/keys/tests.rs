//! A million forged signatures and sealed values: none is believed.

use std::time::{Duration, SystemTime};

use super::{Keygrip, Purpose, ROOM, Ring};
use crate::base64;

// More than are kept.
const NAMES: [&str; 6] = ["session", "sessions", "other", "a", "b", "ab"];
const NOW: SystemTime = SystemTime::UNIX_EPOCH;

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % limit
    }
}

/// A text with a bit flipped, cut off, with a piece left out, or two of its letters swapped.
fn mutated(text: &str, numbers: &mut Numbers) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = numbers.below(bytes.len());
    match numbers.below(5) {
        0 => bytes[at] ^= 1 << numbers.below(7),
        1 => bytes.truncate(at),
        2 => {
            bytes.remove(at);
        }
        3 => bytes.swap(at, 0),
        _ => bytes.insert(at, bytes[0]),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn ring() -> Ring {
    Ring::new(&Keygrip::new([
        "first key of the ring 1",
        "second key of the ring",
    ]))
}

fn sealable() -> Vec<u8> {
    [&[0; ROOM], &b"value"[..]].concat()
}

#[test]
fn forged_signatures_are_not_believed() {
    let keys = Keygrip::new(["first key of the ring 1", "second key of the ring"]);
    let mut numbers = Numbers(1);
    let signed: Vec<_> = NAMES
        .iter()
        .map(|name| (*name, keys.sign(format!("{name}=value")).unwrap()))
        .collect();
    for _ in 0..650_000 {
        let (name, signature) = &signed[numbers.below(signed.len())];
        let forged = mutated(signature, &mut numbers);
        if forged != *signature {
            assert!(!keys.verify(format!("{name}=value"), &forged), "{forged}");
        }
    }
    for (name, signature) in &signed {
        for other in NAMES {
            assert_eq!(
                keys.verify(format!("{other}=value"), signature),
                other == *name
            );
        }
        assert!(!keys.verify(format!("{name}=valuf"), signature));
        assert!(!Keygrip::new(["third key"]).verify(format!("{name}=value"), signature));
    }
}

#[test]
fn forged_sealed_values_are_not_opened() {
    let ring = ring();
    let mut numbers = Numbers(2);
    let sealed: Vec<_> = NAMES
        .iter()
        .map(|name| {
            let sealed = ring.seal(Purpose::Cookie, name, sealable(), None);
            (*name, base64::encode_url_bare(&sealed.unwrap().unwrap()))
        })
        .collect();
    let opens = |name: &str, text: &str| {
        let sealed = base64::decode_url_bare(text.as_bytes());
        let open = |sealed| ring.open(Purpose::Cookie, name, sealed, NOW);
        sealed.and_then(open).is_some()
    };
    for _ in 0..450_000 {
        let (name, sealed) = &sealed[numbers.below(sealed.len())];
        let forged = mutated(sealed, &mut numbers);
        if forged != *sealed {
            assert!(!opens(name, &forged), "{forged}");
        }
    }
    for (name, text) in &sealed {
        for other in NAMES {
            assert_eq!(opens(other, text), other == *name);
        }
    }
}

#[test]
fn every_bit_of_a_sealed_value_counts() {
    let ring = ring();
    let sealed = ring.seal(Purpose::Cookie, "a", sealable(), None);
    let bytes = sealed.unwrap().unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut forged = bytes.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        let opened = ring.open(Purpose::Cookie, "a", forged, NOW);
        assert!(opened.is_none(), "bit {bit}");
    }
}

#[test]
fn a_sealed_value_ends_with_its_time() {
    let ring = ring();
    let end = NOW + Duration::from_secs(10);
    let sealed = ring.seal(Purpose::Cookie, "a", sealable(), Some(end));
    let sealed = sealed.unwrap().unwrap();
    let opened = |now| ring.open(Purpose::Cookie, "a", sealed.clone(), now);
    let fitted = opened(end - Duration::from_millis(1)).unwrap();
    assert_eq!(fitted.value.expires, Some(end));
    assert_eq!(fitted.value.into_value(), b"value");
    assert!(opened(end).is_none());
}

#[test]
fn no_nonce_is_used_twice() {
    let ring = ring();
    let sealed = || {
        ring.seal(Purpose::Cookie, "a", sealable(), None)
            .unwrap()
            .unwrap()
    };
    let mut all: Vec<_> = (0..1000).map(|_| sealed()).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 1000);
}
