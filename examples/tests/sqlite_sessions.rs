//! Sessions in SQLite, in the store that is an example, and through the adapter for the stores of tower-sessions: both keep
//! the promises of a store.

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

use examples::sql_store::SqlStore;
use koa::tower_sessions_core::ExpiredDeletion as _;
use koa::{FromTowerSessions, Load, Save, SessionStore, Updated};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Executor as _, SqlitePool};
use store_promises::{has_versions, keeps_its_promises, keeps_its_promises_under_compat};
use tokio::runtime::Runtime;
use tower_sessions_sqlx_store::SqliteStore;

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
        let pool = runtime.block_on(connect(&path));
        let database = Self {
            path,
            pool,
            runtime,
        };
        let migrated = database.runtime.block_on(database.store().migrate());
        migrated.unwrap();
        database
    }

    fn sql_store(&self) -> SqlStore {
        let opened = SqlStore::open(self.pool.clone());
        self.runtime.block_on(opened).unwrap()
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

/// As another process does.
async fn connect(path: &std::path::Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(4);
    pool.connect_with(options).await.unwrap()
}

impl Drop for Database {
    fn drop(&mut self) {
        self.runtime.block_on(self.pool.close());
        drop(std::fs::remove_file(&self.path));
    }
}

#[test]
fn in_a_store_of_ones_own() {
    let database = Database::new("own");
    keeps_its_promises(database.sql_store());
    has_versions(&database.sql_store());
    keeps_its_promises_under_compat(database.sql_store());
    database.runtime.block_on(async {
        let store = SqlStore::open(database.pool.clone()).await.unwrap();
        let short = Save::new(b"0").for_at_most(Duration::ZERO);
        store.create("over", short).await.unwrap();
        let count = || async {
            let count = sqlx::query_scalar("select count(*) from sessions where key = 'over'");
            let count: i64 = count.fetch_one(&database.pool).await.unwrap();
            count
        };
        assert_eq!(count().await, 1);
        store.delete_expired().await.unwrap();
        assert_eq!(count().await, 0);
    });
}

/// Two processes over one database: of their writes at one version one is done, and none after the end.
#[test]
fn a_store_of_ones_own_is_shared() {
    let database = Database::new("shared");
    let one = database.sql_store();
    database.runtime.block_on(async {
        let other = SqlStore::open(connect(&database.path).await).await.unwrap();
        for round in 0..50 {
            let key = format!("k{round}");
            let version = one.create(&key, Save::new(b"0")).await.unwrap();
            let (first, second) = tokio::join!(
                one.update(&key, version, Save::new(b"1")),
                other.update(&key, version, Save::new(b"2"))
            );
            let came = [first.unwrap(), second.unwrap()];
            assert!(came.contains(&Updated::Conflict), "{came:?}");
            assert!(came.contains(&Updated::To(version + 1)), "{came:?}");
            let (written, destroyed) = tokio::join!(
                one.update(&key, version + 1, Save::new(b"3")),
                other.destroy(&key)
            );
            assert_ne!(written.unwrap(), Updated::Conflict);
            destroyed.unwrap();
            assert_eq!(one.load(&key, &Load::default()).await.unwrap(), None);
        }
    });
}

#[test]
fn through_the_adapter() {
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
