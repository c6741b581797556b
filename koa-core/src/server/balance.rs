//! The threads that share the connections of a server. All of them accept, and one that wakes first would take all that
//! come at a time: so each connection goes to the thread that has the fewest.

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Which part of its connections a thread may have more than another: one that is handed over is registered twice.
const SLACK: usize = 8;

/// One of the threads, as all of them see it. `T` is a connection.
pub(super) struct Thread<T> {
    /// How many connections it has, with those that are on their way to it.
    open: Arc<AtomicUsize>,
    handed: Mutex<Inbox<T>>,
    comes: Notify,
}

/// The connections that are on their way to a thread, each with its number.
struct Inbox<T> {
    waiting: VecDeque<(u64, T)>,
    next: u64,
    closed: bool,
}

/// A connection's place on a thread, which is free again when this is dropped.
pub(super) struct Place(Arc<AtomicUsize>);

/// A thread and the others.
pub(super) struct Balance<T> {
    own: Arc<Thread<T>>,
    all: Arc<[Arc<Thread<T>>]>,
}

/// A connection that was handed over, for who may want it back.
pub(super) struct Handed<T> {
    to: Arc<Thread<T>>,
    number: u64,
}

impl<T> Balance<T> {
    /// The only thread.
    pub(super) fn alone() -> Self {
        let own = Arc::new(Thread::new());
        Self {
            all: Arc::from([Arc::clone(&own)]),
            own,
        }
    }

    /// So many threads.
    pub(super) fn over(count: usize) -> Vec<Self> {
        let all: Arc<[_]> = (0..count).map(|_| Arc::new(Thread::new())).collect();
        let each = all.iter().map(|own| Self {
            own: Arc::clone(own),
            all: Arc::clone(&all),
        });
        each.collect()
    }

    /// A place on this thread.
    pub(super) fn place(&self) -> Place {
        self.own.place()
    }

    /// The thread that a new connection is to be handed to, if that is not this one.
    pub(super) fn other(&self) -> Option<&Arc<Thread<T>>> {
        let own = self.own.open();
        let other = self.all.iter().min_by_key(|thread| thread.open())?;
        (other.open() + own / SLACK < own).then_some(other)
    }

    /// The next connection that was handed to this thread.
    pub(super) async fn next(&self) -> T {
        loop {
            let next = self.own.inbox().waiting.pop_front();
            if let Some((_, connection)) = next {
                return connection;
            }
            self.own.comes.notified().await;
        }
    }

    /// Takes no more, and gives those that are still on their way.
    pub(super) fn close(&self) -> Vec<T> {
        let mut inbox = self.own.inbox();
        inbox.closed = true;
        let waiting = inbox.waiting.drain(..);
        waiting.map(|(_, connection)| connection).collect()
    }
}

impl<T> Thread<T> {
    fn new() -> Self {
        Self {
            open: Arc::default(),
            handed: Mutex::new(Inbox {
                waiting: VecDeque::new(),
                next: 0,
                closed: false,
            }),
            comes: Notify::new(),
        }
    }

    fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// A place on it.
    pub(super) fn place(&self) -> Place {
        self.open.fetch_add(1, Relaxed);
        Place(Arc::clone(&self.open))
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox<T>> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a connection over.
    ///
    /// # Errors
    ///
    /// The connection, where the thread takes no more.
    pub(super) fn hand(self: &Arc<Self>, connection: T) -> Result<Handed<T>, T> {
        let mut inbox = self.inbox();
        if inbox.closed {
            return Err(connection);
        }
        let number = inbox.next;
        inbox.next += 1;
        inbox.waiting.push_back((number, connection));
        drop(inbox);
        self.comes.notify_one();
        Ok(Handed {
            to: Arc::clone(self),
            number,
        })
    }
}

impl<T> Handed<T> {
    /// Takes it back, if the thread has not taken it yet.
    pub(super) fn take_back(self) -> Option<T> {
        let mut inbox = self.to.inbox();
        let mut numbers = inbox.waiting.iter().map(|(number, _)| *number);
        let at = numbers.position(|number| number == self.number)?;
        inbox.waiting.remove(at).map(|(_, connection)| connection)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
