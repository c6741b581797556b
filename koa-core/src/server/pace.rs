//! How fast the body of a request comes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::server::registry::Seconds;

/// What is known of the body that is being read. The one who reads it notes when it has to wait, the sweep looks at it
/// once a second.
#[derive(Default)]
pub(crate) struct Pace(Mutex<Reading>);

#[derive(Default)]
struct Reading {
    /// The bytes that had come when it was last waited for.
    bytes: u64,
    /// How many sweeps have found it waiting.
    waited: Seconds,
    waiting: Option<Waker>,
    late: bool,
}

impl Pace {
    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// That a body begins.
    pub(crate) fn begin(&self) {
        *self.lock() = Reading::default();
    }

    /// That more is waited for, after so many bytes.
    pub(crate) fn wait(&self, bytes: u64, waker: &Waker) {
        let mut reading = self.lock();
        reading.bytes = bytes;
        match &mut reading.waiting {
            Some(waiting) => waiting.clone_from(waker),
            waiting => *waiting = Some(waker.clone()),
        }
    }

    /// That something came, or nobody waits any more.
    pub(crate) fn go_on(&self) {
        self.lock().waiting = None;
    }

    /// Whether it came too slowly.
    pub(crate) fn is_late(&self) -> bool {
        self.lock().late
    }

    /// Looks at it, once a second; whether it has just become too late.
    pub(super) fn sweep(&self, rate: u32, grace: Seconds) -> bool {
        let mut reading = self.lock();
        if reading.waiting.is_none() || reading.late {
            return false;
        }
        reading.waited = reading.waited.saturating_add(1);
        let due = u64::from(rate) * u64::from(reading.waited);
        if reading.waited <= grace || reading.bytes >= due {
            return false;
        }
        reading.late = true;
        let waiting = reading.waiting.take();
        drop(reading);
        if let Some(waker) = waiting {
            waker.wake();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_keeps_its_pace_is_not_late() {
        let pace = Pace::default();
        pace.begin();
        for second in 1..100 {
            pace.wait(second * 100, Waker::noop());
            assert!(!pace.sweep(100, 0), "second {second}");
        }
        assert!(pace.sweep(100, 0), "and then nothing comes");
        assert!(pace.is_late());
        assert!(!pace.sweep(100, 0), "it is told once");
    }

    #[test]
    fn what_nobody_waits_for_is_not_late() {
        let pace = Pace::default();
        pace.wait(0, Waker::noop());
        pace.go_on();
        for _ in 0..100 {
            assert!(!pace.sweep(100, 0));
        }
    }

    #[test]
    fn at_the_beginning_there_is_time() {
        let pace = Pace::default();
        pace.wait(0, Waker::noop());
        assert!(!pace.sweep(100, 2));
        assert!(!pace.sweep(100, 2));
        assert!(pace.sweep(100, 2));
    }
}
