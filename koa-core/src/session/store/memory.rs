//! Sessions in the memory of the process.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use quick_cache::sync::{Cache, EntryAction, EntryResult};

use crate::error::{Error, Result};
use crate::session::buffers;
use crate::session::store::{Load, Save, SessionStore, Stored, Updated};

/// How many sessions are kept unless it is said.
const CAPACITY: usize = 100_000;

/// How long a session is kept whose time to live nobody says: one until the browser is closed.
const UNSAID: Duration = Duration::from_secs(24 * 60 * 60);

/// Sessions in the memory of the process: gone when it ends, and not shared with others. At most 100,000 of them, or as
/// many as [`with_capacity`](Self::with_capacity) says; the least used go first.
#[derive(Clone)]
pub struct MemoryStore {
    sessions: Arc<Cache<String, Kept>>,
}

#[derive(Clone)]
struct Kept {
    value: Arc<[u8]>,
    version: u64,
    /// One whose time is over is as none, and goes when its place is needed.
    until: SystemTime,
}

impl MemoryStore {
    /// A store of at most 100,000 sessions.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// A store of at most this many sessions.
    #[must_use]
    pub fn with_capacity(sessions: usize) -> Self {
        Self {
            sessions: Arc::new(Cache::new(sessions)),
        }
    }

    /// How many sessions there are, those included whose time is over and whose place nobody needed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Kept {
    fn new(save: &Save<'_>, version: u64) -> Self {
        Self {
            value: save.value.into(),
            version,
            until: until(save),
        }
    }

    /// Writes it again, in its place if it is as long as it was and nobody reads it.
    fn write(&mut self, save: &Save<'_>, version: u64) {
        match Arc::get_mut(&mut self.value) {
            Some(value) if value.len() == save.value.len() => value.copy_from_slice(save.value),
            _ => self.value = save.value.into(),
        }
        self.version = version;
        self.until = until(save);
    }

    fn is_over(&self, now: SystemTime) -> bool {
        self.until <= now
    }
}

/// Until when it is kept.
fn until(save: &Save<'_>) -> SystemTime {
    let life = save.time_to_live.unwrap_or(UNSAID);
    let end = save.now.checked_add(life);
    end.or_else(|| save.now.checked_add(UNSAID))
        .unwrap_or(save.now)
}

impl SessionStore for MemoryStore {
    const IMMEDIATE: bool = true;

    async fn load(&self, key: &str, load: &Load) -> Result<Option<Stored>> {
        let kept = self.sessions.get(key);
        let kept = kept.filter(|kept| !kept.is_over(load.now));
        Ok(kept.map(|Kept { value, version, .. }| {
            let mut copy = buffers::take();
            copy.extend_from_slice(&value);
            Stored {
                value: copy,
                version,
            }
        }))
    }

    async fn create(&self, key: &str, save: Save<'_>) -> Result<u64> {
        let entry = self.sessions.entry(key, None, |_, kept| {
            if save.replace || kept.is_over(save.now) {
                let version = kept.version.wrapping_add(1);
                kept.write(&save, version);
                EntryAction::Retain(Some(version))
            } else {
                EntryAction::Retain(None)
            }
        });
        match entry {
            EntryResult::Retained(Some(version)) => Ok(version),
            EntryResult::Vacant(place) => {
                // A place that is lost to another one meanwhile has been taken by it.
                let _ = place.insert(Kept::new(&save, 1));
                Ok(1)
            }
            _ => Err(Error::internal("there is a session of this id")),
        }
    }

    async fn update(&self, key: &str, version: u64, save: Save<'_>) -> Result<Updated> {
        let next = version.wrapping_add(1);
        let entry = self.sessions.entry(key, None, |_, kept| {
            if kept.is_over(save.now) {
                return EntryAction::Remove;
            }
            if kept.version != version {
                return EntryAction::Retain(Updated::Conflict);
            }
            kept.write(&save, next);
            EntryAction::Retain(Updated::To(next))
        });
        Ok(match entry {
            EntryResult::Retained(updated) => updated,
            _ => Updated::Gone,
        })
    }

    async fn destroy(&self, key: &str) -> Result {
        self.sessions.remove(key);
        Ok(())
    }
}

/// How many there are, and nothing of them.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} sessions)", self.len())
    }
}
