//! Keys that can be guessed.

/// A key of the app that is easily guessed: whoever guesses it signs and reads every cookie. An event, told once when
/// the app starts; without a listener it is printed.
///
/// ```
/// use koa::prelude::*;
/// use koa::WeakKey;
///
/// let app = App::new().keys(["secret"]).on(|weak: &WeakKey| eprintln!("{weak}"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeakKey {
    /// Which of the keys it is, from 0.
    pub index: usize,

    /// What is weak about it.
    pub weakness: Weakness,
}

/// What makes a key easily guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It is shorter than 16 bytes.
    Short,

    /// It says the same few characters again and again.
    Repetitive,
}

impl std::fmt::Display for WeakKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.weakness {
            Weakness::Short => "is shorter than 16 bytes",
            Weakness::Repetitive => "repeats a few characters",
        };
        write!(
            f,
            "key {} of `App::keys` {what}: whoever guesses it can forge every cookie. Put 32 random bytes before it, \
             such as `openssl rand -base64 32` prints, and drop it when no cookie is signed with it any more.",
            self.index + 1
        )
    }
}

/// What is weak about a key. Its entropy is that of its bytes, each as rare as it is in the key.
pub(super) fn weakness(key: &[u8]) -> Option<Weakness> {
    if key.len() < 16 {
        return Some(Weakness::Short);
    }
    let mut counts = [0_u32; 256];
    for byte in key {
        counts[usize::from(*byte)] += 1;
    }
    #[allow(
        clippy::cast_precision_loss,
        reason = "the length of a key is a small number"
    )]
    let length = key.len() as f64;
    let bits = |count: &u32| f64::from(*count) * (length / f64::from(*count)).log2();
    let entropy: f64 = counts.iter().filter(|count| **count > 0).map(bits).sum();
    (entropy < 40.0).then_some(Weakness::Repetitive)
}

#[cfg(test)]
mod tests {
    use super::{Weakness, weakness};

    #[test]
    fn what_can_be_guessed_is_weak() {
        assert_eq!(weakness(b""), Some(Weakness::Short));
        assert_eq!(weakness(b"keyboard cat"), Some(Weakness::Short));
        assert_eq!(weakness(&[b'x'; 64]), Some(Weakness::Repetitive));
        assert_eq!(
            weakness(b"abababababababababab"),
            Some(Weakness::Repetitive)
        );
        assert_eq!(weakness(b"0123456789abcdef"), None);
        assert_eq!(weakness(b"Zm9vYmFyYmF6cXV4MTIzNA=="), None);
    }
}
