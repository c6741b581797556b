//! Looking for events some more times before a thread sleeps.
//!
//! To put a thread to sleep and to wake it takes longer than a small request does, for the client's system too: with a few
//! connections, a server that has answered them all and sleeps is slower than one that is slow. So a thread that had more
//! than one request since it slept last looks again before it sleeps, a few microseconds long. Where that finds nothing it is
//! done ever more rarely, and one client that waits for each answer never causes it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::task::yield_now;

/// How many looks in a row find nothing before the thread sleeps.
const LOOKS: u32 = 16;

/// After how many times at most that were worth looking it is tried again.
const MOST_LEFT_OUT: u32 = 63;

/// What the connections of a runtime with one thread tell of what comes.
pub(super) struct BusyPoll {
    /// Named, since who took a connection over may read it anywhere.
    runtime: Handle,
    metrics: RuntimeMetrics,
    looking: AtomicBool,
    /// How many requests have come while it was looking.
    came: AtomicU32,
    /// After how many sleeps one came the last time, times two; and one, if that was decided upon.
    seen: AtomicU64,
    /// How many times are still left out.
    leave_out: AtomicU32,
    /// How many were left out before it looked the last time.
    left_out: AtomicU32,
}

impl BusyPoll {
    /// On the runtime of the caller, or nothing where that has several threads: another one may look for events then.
    pub(super) fn here() -> Option<Arc<Self>> {
        let runtime = Handle::current();
        let metrics = runtime.metrics();
        let only = metrics.num_workers() == 1;
        only.then(|| {
            Arc::new(Self {
                runtime,
                metrics,
                looking: AtomicBool::new(false),
                came: AtomicU32::new(0),
                seen: AtomicU64::new(u64::MAX),
                leave_out: AtomicU32::new(0),
                left_out: AtomicU32::new(0),
            })
        })
    }

    /// That a request of HTTP/1 begins to come.
    #[inline]
    pub(super) fn request_comes(self: &Arc<Self>) {
        if self.looking.load(Relaxed) {
            let came = self.came.load(Relaxed).wrapping_add(1);
            return self.came.store(came, Relaxed);
        }
        let sleeps = self.metrics.worker_park_count(0) << 1;
        let seen = self.seen.load(Relaxed);
        if seen == sleeps {
            self.seen.store(sleeps | 1, Relaxed);
            self.begin();
        } else if seen != sleeps | 1 {
            self.seen.store(sleeps, Relaxed);
        }
    }

    #[cold]
    fn begin(self: &Arc<Self>) {
        let leave_out = self.leave_out.load(Relaxed);
        if leave_out > 0 {
            return self.leave_out.store(leave_out - 1, Relaxed);
        }
        self.looking.store(true, Relaxed);
        self.runtime.spawn(Arc::clone(self).look());
    }

    /// Keeps the thread from sleeping for as long as several requests come between two looks that find nothing: one client
    /// that asks again and again does not. A task that yields is polled again after the others, and after a look for events.
    async fn look(self: Arc<Self>) {
        let mut in_vain = 0;
        let mut found = false;
        let mut before = self.came.load(Relaxed);
        let mut at_last = before;
        while in_vain < LOOKS {
            yield_now().await;
            let came = self.came.load(Relaxed);
            if came == before {
                if came.wrapping_sub(at_last) > 1 {
                    found |= in_vain > 0;
                    in_vain = 0;
                }
                in_vain += 1;
                at_last = came;
            }
            before = came;
        }
        let left_out = self.left_out.load(Relaxed);
        let leave_out = if found {
            0
        } else {
            (left_out * 2 + 1).min(MOST_LEFT_OUT)
        };
        self.left_out.store(leave_out, Relaxed);
        self.leave_out.store(leave_out, Relaxed);
        self.looking.store(false, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{BusyPoll, LOOKS, MOST_LEFT_OUT};
    use tokio::runtime::Handle;
    use tokio::task::yield_now;

    /// Whether a task looks for events.
    fn looks() -> bool {
        Handle::current().metrics().num_alive_tasks() > 0
    }

    /// Until the thread has slept: the clock goes on when there is nothing else to do.
    async fn sleep() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_looks_after_the_second_of_what_comes_without_a_sleep_between() {
        let busy = BusyPoll::here().unwrap();
        for _ in 0..3 {
            busy.request_comes();
            assert!(!looks(), "one client that waits for its answers");
            sleep().await;
        }
        busy.request_comes();
        busy.request_comes();
        assert!(looks());
        for _ in 0..LOOKS {
            assert!(looks());
            yield_now().await;
        }
        yield_now().await;
        assert!(!looks(), "it ends where nothing comes");
    }

    /// Ends it after so many looks in which that many requests come between those in vain.
    async fn looks_on(requests: usize) -> u32 {
        let busy = BusyPoll::here().unwrap();
        busy.request_comes();
        busy.request_comes();
        let mut rounds = 0;
        while looks() && rounds < LOOKS * 8 {
            for _ in 0..LOOKS / 4 {
                yield_now().await;
            }
            for _ in 0..requests {
                busy.request_comes();
            }
            rounds += 1;
        }
        sleep().await;
        assert!(!looks());
        busy.request_comes();
        busy.request_comes();
        let again = looks();
        assert_eq!(
            again,
            rounds == LOOKS * 8,
            "it is left out where it was not worth it"
        );
        rounds
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_while_the_requests_of_several_clients_come() {
        assert_eq!(looks_on(2).await, LOOKS * 8);
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_for_one_client() {
        let rounds = looks_on(1).await;
        assert!(rounds < 8, "{rounds}");
    }

    #[tokio::test(start_paused = true)]
    async fn where_it_finds_nothing_it_is_left_out_ever_more_often() {
        let busy = BusyPoll::here().unwrap();
        let mut between = Vec::new();
        let mut left_out = 0;
        while between.len() < 9 {
            busy.request_comes();
            busy.request_comes();
            busy.request_comes();
            if looks() {
                between.push(left_out);
                left_out = 0;
            } else {
                left_out += 1;
            }
            sleep().await;
        }
        let most = MOST_LEFT_OUT;
        assert_eq!(between, [0, 1, 3, 7, 15, 31, most, most, most]);
    }

    #[test]
    fn a_connection_may_be_read_where_there_is_no_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let busy = runtime.block_on(async { BusyPoll::here().unwrap() });
        busy.request_comes();
        busy.request_comes();
        assert_eq!(runtime.metrics().num_alive_tasks(), 1);
        drop(runtime);
        busy.request_comes();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_does_not_on_several_threads() {
        assert!(BusyPoll::here().is_none());
    }
}
