//! Two controllers that serve one route are refused when the app is compiled.

use crate::controller::route::{Route, Verb};

/// Fails when compiling, with both places, if one of `added` is there already.
pub(super) const fn check(known: &[&[Route]], added: &[Route]) {
    let mut controller = 0;
    while controller < known.len() {
        let routes = known[controller];
        let mut at = 0;
        while at < routes.len() {
            let mut new = 0;
            while new < added.len() {
                if same_verb(routes[at].verb, added[new].verb)
                    && same(routes[at].shape, added[new].shape)
                {
                    refuse(&routes[at], &added[new]);
                }
                new += 1;
            }
            at += 1;
        }
        controller += 1;
    }
}

#[allow(
    clippy::panic,
    reason = "when compiling, a panic is how an error is reported"
)]
const fn refuse(first: &Route, second: &Route) -> ! {
    let mut message = Message::new();
    message.push("two controllers serve `");
    message.push(first.verb.as_str());
    message.push(" ");
    message.push(first.path);
    message.push("`: `");
    message.push_route(first);
    message.push(" and `");
    message.push_route(second);
    panic!("{}", message.text())
}

const fn same_verb(one: Verb, other: Verb) -> bool {
    one as u8 == other as u8
}

const fn same(one: &str, other: &str) -> bool {
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

/// A text that is put together when compiling.
struct Message {
    bytes: [u8; 2048],
    length: usize,
}

impl Message {
    const fn new() -> Self {
        Self {
            bytes: [0; 2048],
            length: 0,
        }
    }

    const fn push_route(&mut self, route: &Route) {
        self.push(route.handler);
        self.push("` (");
        self.push(route.place.file);
        self.push(":");
        let mut digits = [0; 10];
        let mut at = digits.len();
        let mut line = route.place.line;
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

    const fn push(&mut self, text: &str) {
        let mut at = 0;
        while at < text.len() {
            self.push_byte(text.as_bytes()[at]);
            at += 1;
        }
    }

    /// What is too long is cut off.
    const fn push_byte(&mut self, byte: u8) {
        if self.length < self.bytes.len() {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
    }

    const fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "two controllers serve one route",
        }
    }
}
