//! The stores of tower-sessions, which are there for many databases.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::Mutex;
use tower_sessions_core::SessionStore as TowerStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::Error as TowerError;

use crate::error::{Error, Result};
use crate::session::store::{Load, Save, SessionStore, Stored, Updated};

/// How long a session is kept whose time to live nobody says: one until the browser is closed.
const UNSAID: Duration = Duration::from_secs(24 * 60 * 60);

/// What calendars end after.
const LONGEST: Duration = Duration::from_secs(1000 * 365 * 24 * 60 * 60);

/// How many sessions can be written at once. Two of them that meet here wait for one another.
const TURNS: usize = 256;

/// What any form of JSON has as a whole number.
const VERSIONS: u64 = (1 << 53) - 1;

/// A store of [tower-sessions](https://docs.rs/tower-sessions) 0.14 as a [`SessionStore`] (feature `tower-sessions`): with
/// [tower-sessions-sqlx-store](https://docs.rs/tower-sessions-sqlx-store) 0.15 those of SQLite, Postgres and MySQL.
///
/// ```ignore
/// use koa::FromTowerSessions;
/// use koa::tower_sessions_core::ExpiredDeletion;
/// use tower_sessions_sqlx_store::{SqliteStore, sqlx::SqlitePool};
///
/// let database = SqliteStore::new(SqlitePool::connect("sqlite:sessions.db?mode=rwc").await?);
/// database.migrate().await?; // makes the table
/// let sessions = UserSession::middleware().store(FromTowerSessions::new(database.clone()));
///
/// // What is over is not read, and stays until it is deleted: once an hour, say.
/// let every_hour = Duration::from_secs(3600);
/// tokio::spawn(database.continuously_delete_expired(every_hour));
/// ```
///
/// What is kept is our own form, under a hash of the id, also under `compat`: an app that uses tower-sessions itself, or a Node
/// app, does not read it.
///
/// # Overlapping requests
///
/// Those stores cannot compare and set. So the versions are compared here, and of one session one write is done at a time. In
/// one process that keeps all promises of a store: changes of requests that overlap are not lost, and a session that was
/// destroyed stays so. Of several processes over one database one can write between another's reading and writing, which are
/// two statements that follow one another: what it changed, or that it destroyed the session, is then lost. Where that
/// matters, keep the sessions in a [`RedisStore`](crate::RedisStore), or write the four functions of [`SessionStore`] in SQL,
/// where `UPDATE .. WHERE key = ? AND version = ?` does both at once: `examples/src/sql_store.rs` is such a store.
pub struct FromTowerSessions<T> {
    store: T,
    /// Held while a session is written. A handler never holds one, and who gives up waiting for the store lets go of it.
    turns: Box<[Mutex<()>]>,
}

impl<T: TowerStore> FromTowerSessions<T> {
    /// A [`SessionStore`] over such a store. All writes of a process have to go through one.
    #[must_use]
    pub fn new(store: T) -> Self {
        Self {
            store,
            turns: (0..TURNS).map(|_| Mutex::new(())).collect(),
        }
    }

    async fn turn(&self, id: Id) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let at = id.0.unsigned_abs() % TURNS as u128;
        let turn = self.turns.get(usize::try_from(at).unwrap_or(0))?;
        Some(turn.lock().await)
    }

    async fn save(&self, id: Id, version: u64, save: &Save<'_>) -> Result {
        let record = record(id, version, save);
        self.store.save(&record).await.map_err(failed)
    }

    async fn version(&self, id: Id) -> Result<Option<u64>> {
        let stored = self.store.load(&id).await.map_err(failed)?;
        Ok(stored.map(read).transpose()?.map(|stored| stored.version))
    }
}

/// What such a store knows a session by.
fn id(key: &str) -> Id {
    let mut bytes = [0; 16];
    let hash = blake3::hash(key.as_bytes());
    for (byte, hash) in bytes.iter_mut().zip(hash.as_bytes()) {
        *byte = *hash;
    }
    Id(i128::from_be_bytes(bytes))
}

fn record(id: Id, version: u64, save: &Save<'_>) -> Record {
    let life = save.time_to_live.unwrap_or(UNSAID).min(LONGEST);
    let session = crate::base64::encode_url(save.value);
    Record {
        id,
        data: [
            ("session".to_owned(), Value::String(session)),
            ("version".to_owned(), version.into()),
        ]
        .into(),
        expiry_date: (SystemTime::now() + life).into(),
    }
}

fn read(record: Record) -> Result<Stored> {
    let data = record.data;
    let session = data.get("session").and_then(Value::as_str);
    let version = data.get("version").and_then(Value::as_u64);
    match (session, version) {
        (Some(session), Some(version)) => Ok(Stored {
            value: crate::base64::decode(session),
            version,
        }),
        _ => Err(Error::new(503, "what the store has is not of this library")),
    }
}

/// Where an id comes back (`genid`), what was read under it before is another version.
fn first_version() -> Result<u64> {
    match getrandom::u64() {
        Ok(version) => Ok(version & VERSIONS),
        Err(error) => Err(Error::internal(format!(
            "the system gives no random bytes: {error}"
        ))),
    }
}

#[cold]
fn failed(error: TowerError) -> Error {
    Error::new(503, format!("tower-sessions: {error}")).with_source(error)
}

impl<T: TowerStore> SessionStore for FromTowerSessions<T> {
    async fn load(&self, key: &str, _: &Load) -> Result<Option<Stored>> {
        let stored = self.store.load(&id(key)).await.map_err(failed)?;
        stored.map(read).transpose()
    }

    async fn create(&self, key: &str, save: Save<'_>) -> Result<u64> {
        let (id, version) = (id(key), first_version()?);
        let _turn = self.turn(id).await;
        if save.replace {
            self.save(id, version, &save).await?;
            return Ok(version);
        }
        let mut record = record(id, version, &save);
        self.store.create(&mut record).await.map_err(failed)?;
        if record.id != id {
            // There is one: it has been given an id that nobody knows.
            self.store.delete(&record.id).await.map_err(failed)?;
            if self.version(id).await?.is_some() {
                return Err(Error::internal("there is a session of this id"));
            }
            // The time of that one is over.
            self.save(id, version, &save).await?;
        }
        Ok(version)
    }

    async fn update(&self, key: &str, version: u64, save: Save<'_>) -> Result<Updated> {
        let id = id(key);
        let _turn = self.turn(id).await;
        match self.version(id).await? {
            None => Ok(Updated::Gone),
            Some(present) if present != version => Ok(Updated::Conflict),
            Some(_) => {
                let next = version.wrapping_add(1) & VERSIONS;
                self.save(id, next, &save).await?;
                Ok(Updated::To(next))
            }
        }
    }

    async fn destroy(&self, key: &str) -> Result {
        let id = id(key);
        let _turn = self.turn(id).await;
        self.store.delete(&id).await.map_err(failed)
    }
}

/// Nothing of the store, whose form is not ours to know.
impl<T> fmt::Debug for FromTowerSessions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromTowerSessions").finish_non_exhaustive()
    }
}
