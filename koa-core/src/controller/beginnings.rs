//! How texts begin: the eight bytes by which the matcher finds the literal that a segment may be.

/// The first eight bytes of a text, by which most texts are told apart; zeros where there are less.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Beginning(pub(super) u64);

impl Beginning {
    pub(super) fn of(text: &[u8]) -> Self {
        let bytes = text.iter().take(8).rev();
        Self(bytes.fold(0, |word, byte| word << 8 | u64::from(*byte)))
    }

    /// Of the first `length` of eight bytes.
    #[inline]
    pub(super) fn of_word(word: u64, length: usize) -> Self {
        Self(word & !(u64::MAX << (8 * length)))
    }
}

/// Where the literals are that begin in some way, as a table that one look into is mostly enough for.
#[derive(Default)]
pub(super) struct Beginnings {
    /// A power of two, and at least half of them empty.
    slots: Vec<Slot>,
    factor: u64,
    shift: u32,
}

#[derive(Clone, Copy)]
struct Slot {
    beginning: Beginning,
    at: usize,
}

impl Beginnings {
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut firsts: Vec<Slot> = Vec::new();
        for (at, text) in texts.enumerate() {
            let beginning = Beginning::of(text.as_bytes());
            if firsts.last().is_none_or(|last| last.beginning != beginning) {
                firsts.push(Slot { beginning, at });
            }
        }
        let bits = (2 * firsts.len()).next_power_of_two().ilog2();
        let table = |factor: u64| {
            let mut table = Self {
                slots: vec![Slot::EMPTY; 1 << bits],
                factor,
                shift: 64 - bits,
            };
            let collisions: usize = firsts.iter().map(|first| table.put(*first)).sum();
            (collisions, table)
        };
        // Odd numbers whose bits are spread out, of which the best is taken.
        let mut factor = 0x9E37_79B9_7F4A_7C15_u64;
        let mut best = table(factor);
        for _ in 0..8 {
            if best.0 == 0 {
                break;
            }
            factor = factor.wrapping_mul(0xD134_2543_DE82_EF95);
            let other = table(factor);
            if other.0 < best.0 {
                best = other;
            }
        }
        best.1
    }

    /// Puts it into the first empty slot from its own on, and says how far that is.
    fn put(&mut self, first: Slot) -> usize {
        let mut index = self.index(first.beginning);
        let mut away = 0;
        while let Some(slot) = self.slots.get_mut(index) {
            if slot.at == Slot::EMPTY.at {
                *slot = first;
                break;
            }
            index = (index + 1) & (self.slots.len() - 1);
            away += 1;
        }
        away
    }

    #[inline]
    fn index(&self, beginning: Beginning) -> usize {
        // No more bits than the table has slots for.
        (beginning.0.wrapping_mul(self.factor) >> (self.shift & 63)) as usize
    }

    /// The first literal that begins so.
    #[inline]
    pub(super) fn find(&self, beginning: Beginning) -> Option<usize> {
        let mut index = self.index(beginning);
        loop {
            let slot = self.slots.get(index)?;
            if slot.beginning == beginning {
                return Some(slot.at);
            }
            if slot.at == Slot::EMPTY.at {
                return None;
            }
            index = (index + 1) & (self.slots.len() - 1);
        }
    }
}

impl Slot {
    /// Where there is none; no list is that long.
    const EMPTY: Self = Self {
        beginning: Beginning(0),
        at: usize::MAX,
    };
}
