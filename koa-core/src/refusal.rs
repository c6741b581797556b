//! The text of an error that is found when compiling, put together there.

use crate::controller::Place;

/// What is too long is cut off.
pub(crate) struct Message {
    bytes: [u8; 2048],
    length: usize,
}

impl Message {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; 2048],
            length: 0,
        }
    }

    /// Something that is declared, and where: `` `Posts::show` (src/main.rs:7) ``.
    pub(crate) const fn push_declared(&mut self, name: &str, place: &Place) {
        self.push("`");
        self.push(name);
        self.push("` (");
        self.push(place.file);
        self.push(":");
        let mut digits = [0; 10];
        let mut at = digits.len();
        let mut line = place.line;
        loop {
            at -= 1;
            digits[at] = b'0' + (line % 10) as u8;
            line /= 10;
            if line == 0 {
                break;
            }
        }
        while at < digits.len() {
            self.push_byte(digits[at]);
            at += 1;
        }
        self.push(")");
    }

    pub(crate) const fn push(&mut self, text: &str) {
        let mut at = 0;
        while at < text.len() {
            self.push_byte(text.as_bytes()[at]);
            at += 1;
        }
    }

    const fn push_byte(&mut self, byte: u8) {
        if self.length < self.bytes.len() {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
    }

    /// `otherwise` where a letter was cut in two.
    pub(crate) const fn text<'a>(&'a self, otherwise: &'a str) -> &'a str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => otherwise,
        }
    }
}

/// Whether both are the same text.
pub(crate) const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
