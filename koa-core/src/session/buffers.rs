//! Buffers that sessions are written into, used again by the thread.

use std::cell::RefCell;

/// How much room a session is given at first, in bytes.
const USUAL: usize = 128;

/// How many buffers a thread keeps, and how large they may be, in bytes.
const BUFFERS: usize = 4;
const LARGEST: usize = 4096;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer, one that a session before had if there is one.
#[inline]
pub(super) fn take() -> Vec<u8> {
    let kept = KEPT.try_with(|kept| kept.borrow_mut().pop());
    let kept = kept.ok().flatten();
    kept.unwrap_or_else(|| Vec::with_capacity(USUAL))
}

/// Leaves a buffer to a session after this one, emptied.
#[inline]
pub(super) fn put_back(mut buffer: Vec<u8>) {
    if !(USUAL..=LARGEST).contains(&buffer.capacity()) {
        return;
    }
    buffer.clear();
    let _ = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        if kept.len() < BUFFERS {
            kept.push(buffer);
        }
    });
}
