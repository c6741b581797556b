//! Sessions in the memory of the process.

use std::fmt;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::ops::compute::{CompResult, Op};
use moka::sync::Cache;

use crate::error::{Error, Result};
use crate::session::store::{Load, Save, SessionStore, Stored, Updated};

/// How many sessions are kept unless it is said.
const CAPACITY: u64 = 100_000;

/// How long a session is kept whose time to live nobody says: one until the browser is closed.
const UNSAID: Duration = Duration::from_secs(24 * 60 * 60);

/// Sessions in the memory of the process: gone when it ends, and not shared with others. At most 100,000 of them, or as
/// many as [`with_capacity`](Self::with_capacity) says; the least used go first.
#[derive(Clone)]
pub struct MemoryStore {
    sessions: Cache<String, Kept>,
}

#[derive(Clone)]
struct Kept {
    stored: Stored,
    time_to_live: Duration,
}

impl MemoryStore {
    /// A store of at most 100,000 sessions.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// A store of at most this many sessions.
    #[must_use]
    pub fn with_capacity(sessions: u64) -> Self {
        Self {
            sessions: Cache::builder()
                .max_capacity(sessions)
                .expire_after(LifeOfEach)
                .build(),
        }
    }

    /// How many sessions there are, about.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.sessions.run_pending_tasks();
        self.sessions.entry_count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// Each session lives as long as it was last written for.
struct LifeOfEach;

impl Expiry<String, Kept> for LifeOfEach {
    fn expire_after_create(&self, _: &String, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.time_to_live)
    }

    fn expire_after_update(
        &self,
        _: &String,
        kept: &Kept,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.time_to_live)
    }
}

fn kept(save: &Save<'_>, version: u64) -> Kept {
    Kept {
        stored: Stored {
            value: save.value.to_vec(),
            version,
        },
        time_to_live: save.time_to_live.unwrap_or(UNSAID),
    }
}

impl SessionStore for MemoryStore {
    async fn load(&self, key: &str, _: &Load) -> Result<Option<Stored>> {
        Ok(self.sessions.get(key).map(|kept| kept.stored))
    }

    async fn create(&self, key: &str, save: Save<'_>) -> Result<u64> {
        let entry = self.sessions.entry_by_ref(key);
        let result = entry.and_compute_with(|old| match old {
            Some(_) if !save.replace => Op::Nop,
            _ => Op::Put(kept(&save, 1)),
        });
        match result {
            CompResult::Inserted(_) | CompResult::ReplacedWith(_) => Ok(1),
            _ => Err(Error::internal("there is a session of this id")),
        }
    }

    async fn update(&self, key: &str, version: u64, save: Save<'_>) -> Result<Updated> {
        let entry = self.sessions.entry_by_ref(key);
        let result = entry.and_compute_with(|old| match old {
            Some(old) if old.value().stored.version == version => {
                Op::Put(kept(&save, version.wrapping_add(1)))
            }
            _ => Op::Nop,
        });
        Ok(match result {
            CompResult::ReplacedWith(_) => Updated::To(version.wrapping_add(1)),
            CompResult::Unchanged(_) => Updated::Conflict,
            _ => Updated::Gone,
        })
    }

    async fn destroy(&self, key: &str) -> Result {
        self.sessions.invalidate(key);
        Ok(())
    }
}

/// How many there are, and nothing of them.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} sessions)", self.sessions.entry_count())
    }
}
