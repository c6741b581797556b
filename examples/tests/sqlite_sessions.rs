//! Sessions in SQLite, through the adapter for the stores of tower-sessions: the promises that each store keeps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

#[path = "../../koa-core/tests/browser/mod.rs"]
mod browser;
#[path = "../../koa-core/tests/client/mod.rs"]
mod client;
#[path = "../../koa-core/tests/serve/mod.rs"]
mod serve;
#[path = "../../koa-core/tests/store_promises/mod.rs"]
mod store_promises;

use std::time::{Duration, Instant};

use koa::tower_sessions_core::ExpiredDeletion as _;
use koa::{FromTowerSessions, Load, Save, SessionStore, Updated};
use store_promises::{has_versions, keeps_its_promises, keeps_its_promises_under_compat};
use tokio::runtime::Runtime;
use tower_sessions_sqlx_store::SqliteStore;
use tower_sessions_sqlx_store::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tower_sessions_sqlx_store::sqlx::{self, Executor as _, SqlitePool};

/// A database in a file, which ends with the test.
struct Database {
    path: std::path::PathBuf,
    pool: SqlitePool,
    runtime: Runtime,
}

impl Database {
    fn new(name: &str) -> Self {
        let name = format!("koa-{name}-{}.db", std::process::id());
        let path = std::env::temp_dir().join(name);
        let runtime = Runtime::new().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(4);
        let pool = runtime.block_on(pool.connect_with(options)).unwrap();
        let database = Self {
            path,
            pool,
            runtime,
        };
        let migrated = database.runtime.block_on(database.store().migrate());
        migrated.unwrap();
        database
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::new(self.pool.clone())
    }

    /// What is in its table, as text.
    fn dump(&self) -> Vec<(String, Vec<u8>)> {
        let rows = sqlx::query_as("select id, data from tower_sessions");
        self.runtime.block_on(rows.fetch_all(&self.pool)).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.runtime.block_on(self.pool.close());
        drop(std::fs::remove_file(&self.path));
    }
}

#[test]
fn in_sqlite() {
    let database = Database::new("promises");
    keeps_its_promises(FromTowerSessions::new(database.store()));
    has_versions(&FromTowerSessions::new(database.store()));
    keeps_its_promises_under_compat(FromTowerSessions::new(database.store()));
}

/// A file that is opened again has what was in it, and the database never sees the key.
#[test]
fn what_is_kept_is_on_the_disk() {
    let database = Database::new("disk");
    let store = FromTowerSessions::new(database.store());
    database.runtime.block_on(async {
        store
            .create("the key", Save::new(b"the session"))
            .await
            .unwrap();
    });
    let rows = database.dump();
    assert_eq!(rows.len(), 1);
    let (id, data) = &rows[0];
    assert!(!id.contains("the key"));
    assert!(!String::from_utf8_lossy(data).contains("the key"));
    let again = FromTowerSessions::new(database.store());
    let stored = database
        .runtime
        .block_on(again.load("the key", &Load::default()));
    assert_eq!(stored.unwrap().unwrap().value, b"the session");
}

/// Of a hundred writes at once at one version one is done; and none after the end.
#[test]
fn of_writes_at_once_one_is_done() {
    let database = Database::new("at-once");
    let store = std::sync::Arc::new(FromTowerSessions::new(database.store()));
    database.runtime.block_on(async {
        let version = store.create("k", Save::new(b"0")).await.unwrap();
        let mut writes = tokio::task::JoinSet::new();
        for number in 0..100_u32 {
            let store = std::sync::Arc::clone(&store);
            writes.spawn(async move {
                let value = number.to_string();
                store
                    .update("k", version, Save::new(value.as_bytes()))
                    .await
                    .unwrap()
            });
        }
        let came = writes.join_all().await;
        let done = came.iter().filter(|came| matches!(came, Updated::To(_)));
        assert_eq!(done.count(), 1);
        let conflicts = came.iter().filter(|came| **came == Updated::Conflict);
        assert_eq!(conflicts.count(), 99);

        for round in 0..50 {
            let key = format!("ends {round}");
            let version = store.create(&key, Save::new(b"0")).await.unwrap();
            let (written, destroyed) = tokio::join!(
                store.update(&key, version, Save::new(b"1")),
                store.destroy(&key)
            );
            assert!(matches!(written.unwrap(), Updated::To(_) | Updated::Gone));
            destroyed.unwrap();
            assert_eq!(store.load(&key, &Load::default()).await.unwrap(), None);
        }
    });
}

/// A database that cannot be asked is a 503; what is over goes when it is deleted.
#[test]
fn what_fails_and_what_is_over() {
    let database = Database::new("fails");
    let store = FromTowerSessions::new(database.store());
    database.runtime.block_on(async {
        let short = Save::new(b"0").for_at_most(Duration::ZERO);
        store.create("over", short).await.unwrap();
        // Its place can be taken.
        store.create("over", short).await.unwrap();
    });
    assert_eq!(database.dump().len(), 1);
    // The second in which it ended has to be over.
    let end = Instant::now() + Duration::from_secs(10);
    while !database.dump().is_empty() {
        assert!(Instant::now() < end, "it stays for ever");
        let deleted = database.store();
        database.runtime.block_on(deleted.delete_expired()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
    database.runtime.block_on(async {
        database
            .pool
            .execute("drop table tower_sessions")
            .await
            .unwrap();
        let error = store.load("k", &Load::default()).await.unwrap_err();
        assert_eq!(error.status(), 503);
        let error = store.create("k", Save::new(b"0")).await.unwrap_err();
        assert_eq!(error.status(), 503);
    });
}
