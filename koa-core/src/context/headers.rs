//! Header maps that go round: a response gets the one that an earlier request left, emptied, and hyper keeps the
//! response's for the next request. So none is allocated once a thread is warm, and a handler has the request's own
//! headers to the end.

use std::cell::RefCell;

use http::HeaderMap;

/// How many maps a thread keeps.
const KEPT: usize = 64;

/// The largest map that is kept, in headers.
const LARGEST: usize = 64;

thread_local! {
    static MAPS: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// An empty map.
pub(crate) fn take() -> HeaderMap {
    MAPS.try_with(|maps| maps.borrow_mut().pop())
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// Keeps the map of a request that has been answered.
pub(crate) fn keep(mut map: HeaderMap) {
    if map.capacity() > LARGEST {
        return;
    }
    map.clear();
    // A thread that ends has none any more.
    let _ = MAPS.try_with(|maps| {
        let mut maps = maps.borrow_mut();
        if maps.len() < KEPT {
            maps.push(map);
        }
    });
}
