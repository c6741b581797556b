//! A store of sessions in SQL that keeps all promises of one, also for several processes: a statement for each function.
//!
//! It is written for SQLite, with sqlx. In Postgres and MySQL only the types of the table and the random numbers are others.

use std::time::{Duration, SystemTime};

use koa::{Error, Load, Result, Save, SessionStore, Stored, Updated};
use sqlx::SqlitePool;

/// How long a session is kept whose time to live nobody says: one until the browser is closed.
const UNSAID: Duration = Duration::from_secs(24 * 60 * 60);

/// What fits into the numbers of a database.
const LONGEST: Duration = Duration::from_secs(1000 * 365 * 24 * 60 * 60);

/// Sessions in a table of their own.
#[derive(Clone, Debug)]
pub struct SqlStore {
    pool: SqlitePool,
}

impl SqlStore {
    /// The store in a database, in which its table is made where there is none.
    ///
    /// # Errors
    ///
    /// That the database cannot be asked.
    pub async fn open(pool: SqlitePool) -> Result<Self> {
        let table = "CREATE TABLE IF NOT EXISTS sessions (
            key TEXT PRIMARY KEY NOT NULL,
            value BLOB NOT NULL,
            version INTEGER NOT NULL,
            expires INTEGER NOT NULL
        )";
        sqlx::query(table).execute(&pool).await?;
        Ok(Self { pool })
    }

    /// Deletes the sessions whose time is over, which are not read any more: once an hour, say.
    ///
    /// # Errors
    ///
    /// That the database cannot be asked.
    pub async fn delete_expired(&self) -> Result {
        let delete = "DELETE FROM sessions WHERE expires <= ?";
        sqlx::query(delete).bind(now()).execute(&self.pool).await?;
        Ok(())
    }
}

impl SessionStore for SqlStore {
    async fn load(&self, key: &str, _: &Load) -> Result<Option<Stored>> {
        let select = "SELECT value, version FROM sessions WHERE key = ? AND expires > ?";
        let select = sqlx::query_as(select).bind(key).bind(now());
        let found: Option<(Vec<u8>, i64)> = select.fetch_optional(&self.pool).await?;
        Ok(found.map(|(value, version)| Stored {
            value,
            version: version.cast_unsigned(),
        }))
    }

    /// The first version is random: a session that comes back under an id is another one.
    async fn create(&self, key: &str, save: Save<'_>) -> Result<u64> {
        let insert = "INSERT INTO sessions (key, value, version, expires)
            VALUES (?, ?, random() & 4611686018427387903, ?)
            ON CONFLICT (key) DO UPDATE
            SET value = excluded.value, version = excluded.version, expires = excluded.expires
            WHERE ? OR sessions.expires <= ?
            RETURNING version";
        let insert = sqlx::query_scalar(insert)
            .bind(key)
            .bind(save.value)
            .bind(expires(&save))
            .bind(save.replace)
            .bind(now());
        let version: Option<i64> = insert.fetch_optional(&self.pool).await?;
        match version {
            Some(version) => Ok(version.cast_unsigned()),
            None => Err(Error::internal("there is a session of this id")),
        }
    }

    async fn update(&self, key: &str, version: u64, save: Save<'_>) -> Result<Updated> {
        let update = "UPDATE sessions SET value = ?, version = version + 1, expires = ?
            WHERE key = ? AND version = ? AND expires > ?
            RETURNING version";
        let update = sqlx::query_scalar(update)
            .bind(save.value)
            .bind(expires(&save))
            .bind(key)
            .bind(version.cast_signed())
            .bind(now());
        let next: Option<i64> = update.fetch_optional(&self.pool).await?;
        if let Some(next) = next {
            return Ok(Updated::To(next.cast_unsigned()));
        }
        let there = self.load(key, &Load::default()).await?;
        Ok(there.map_or(Updated::Gone, |_| Updated::Conflict))
    }

    async fn destroy(&self, key: &str) -> Result {
        let delete = "DELETE FROM sessions WHERE key = ?";
        sqlx::query(delete).bind(key).execute(&self.pool).await?;
        Ok(())
    }
}

/// The milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    millis(since.unwrap_or_default())
}

fn expires(save: &Save<'_>) -> i64 {
    now().saturating_add(millis(save.time_to_live.unwrap_or(UNSAID).min(LONGEST)))
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
