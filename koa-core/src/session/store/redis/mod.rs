//! Sessions in Redis.

mod link;
mod record;

use std::fmt;
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Cmd, FromRedisValue, IntoConnectionInfo};

use crate::error::{Error, Result};
use crate::session::store::{Load, Save, SessionStore, Stored, Updated};

pub use link::RedisLink;

/// How long a session is kept whose time to live nobody says, as egg-session-redis does: one until the browser is closed.
const UNSAID: Duration = Duration::from_secs(24 * 60 * 60);

/// What Redis takes for a time to live, in milliseconds: it refuses those that lead beyond its calendar.
const LONGEST: u64 = 1000 * 365 * 24 * 60 * 60 * 1000;

/// Writes a session again if it is there, at the version that was read: one step of the server's.
const UPDATE: &str = "\
local head = redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1)
if head == '' then return 0 end
if head ~= ARGV[1] then return 1 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 2";

/// The same for what is JSON alone, whose version is a part of its hash.
const UPDATE_JSON: &str = "\
local json = redis.call('GET', KEYS[1])
if not json then return 0 end
if string.sub(redis.sha1hex(json), 1, 16) ~= ARGV[1] then return 1 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 2";

/// Sessions in a Redis or a Valkey (feature `redis`), which several processes and restarts share.
///
/// ```no_run
/// use koa::prelude::*;
/// use koa::{RedisStore, session};
///
/// #[session(max_age = "1d", prefix = "sessions:")]
/// pub struct UserSession {
///     pub user: Option<String>,
/// }
///
/// # fn main() -> Result {
/// let store = RedisStore::open("redis://127.0.0.1:6379/0")?;
/// let app = App::new()
///     .keys(["a long random key"])
///     .with(UserSession::middleware().store(store));
/// # Ok(())
/// # }
/// ```
///
/// One connection serves all requests. It is made when the first one asks, and made again whenever it ends: an app starts
/// without its Redis, and finds it again. As long as there is none, what asks for a session is answered with a 503 at
/// once; how long a Redis that is silent is waited for is [`store_timeout`](crate::Sessions::store_timeout)'s.
///
/// A URL of `rediss://` is spoken over TLS (feature `redis-tls`), one of `unix:` over a Unix socket. A cluster is given with
/// `RedisStore::cluster` (feature `redis-cluster`), a connection with settings of its own with [`over`](Self::over).
///
/// # What is kept
///
/// One string a session, with its time to live. Sessions of our own form have a head of nine bytes, by which a write sees
/// that another one came first. Under `compat` it is the JSON alone, under the id, as
/// [egg-session-redis](https://github.com/eggjs/egg-session-redis) keeps it: a Node app reads what we write, and we what it
/// writes. A write of ours sees what Node wrote, or ended, since the session was read.
///
/// With the `maxmemory-policy` `noeviction` a Redis that is full refuses new sessions, which are answered with a 503; with
/// others it drops sessions, and their users are logged out.
#[derive(Clone)]
pub struct RedisStore<C = RedisLink> {
    connection: C,
}

impl RedisStore {
    /// A store at a URL: `redis://user:password@host:6379/0`, `rediss://host`, `unix:///run/redis.sock`. It is not asked
    /// before a session is.
    ///
    /// Over TLS its certificate has to be of a root that the system trusts, or of one's own:
    ///
    /// ```no_run
    /// # #[cfg(feature = "redis-tls")]
    /// # fn own() -> koa::Result {
    /// use koa::RedisStore;
    /// use koa::redis::{Client, TlsCertificates};
    ///
    /// let own = TlsCertificates {
    ///     client_tls: None,
    ///     root_cert: Some(std::fs::read("root.pem")?),
    /// };
    /// let client = Client::build_with_tls("rediss://10.0.0.1", own)?;
    /// let store = RedisStore::open(client.get_connection_info().clone())?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// That the URL is none, or needs a feature that is off.
    pub fn open(url: impl IntoConnectionInfo) -> Result<Self> {
        Ok(Self::over(RedisLink::new(url)?))
    }
}

#[cfg(feature = "redis-cluster")]
impl RedisStore<redis::cluster_async::ClusterConnection> {
    /// A store in a cluster (feature `redis-cluster`), of which some nodes are named; the others are found. It has to be made
    /// where tokio's runtime is, and no node is asked before that is needed.
    ///
    /// A session is on one of the nodes. While that one is down, and no replica has taken its place, the requests of this
    /// session are answered with a 503; those of others are not.
    ///
    /// ```no_run
    /// # async fn cluster() -> koa::Result {
    /// use koa::RedisStore;
    ///
    /// let store = RedisStore::cluster(["redis://10.0.0.1", "redis://10.0.0.2"])?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// That there is no URL, that one of them is none, or that it needs a feature that is off.
    pub fn cluster<T: IntoConnectionInfo>(nodes: impl IntoIterator<Item = T>) -> Result<Self> {
        link::cluster(nodes).map(Self::over)
    }
}

impl<C> RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    /// A store over a connection of [`koa::redis`](crate::redis) with settings of its own.
    ///
    /// ```no_run
    /// # async fn patient() -> koa::Result {
    /// use std::time::Duration;
    ///
    /// use koa::RedisStore;
    /// use koa::redis::aio::{ConnectionManager, ConnectionManagerConfig};
    ///
    /// let client = koa::redis::Client::open("redis://10.0.0.1")?;
    /// let config = ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(9)));
    /// let connection = ConnectionManager::new_lazy_with_config(client, config)?;
    /// let store = RedisStore::over(connection);
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn over(connection: C) -> Self {
        Self { connection }
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let mut connection = self.connection.clone();
        command.query_async(&mut connection).await.map_err(failed)
    }
}

/// What the client says names no key and no password.
#[cold]
fn failed(error: redis::RedisError) -> Error {
    Error::new(503, format!("Redis: {error}")).with_source(error)
}

/// The milliseconds that a session is kept for.
fn milliseconds(save: &Save<'_>) -> u64 {
    let time_to_live = save.time_to_live.unwrap_or(UNSAID);
    u64::try_from(time_to_live.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, LONGEST)
}

impl<C> SessionStore for RedisStore<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    async fn load(&self, key: &str, _: &Load) -> Result<Option<Stored>> {
        let kept: Option<Vec<u8>> = self.ask(Cmd::new().arg("GET").arg(key)).await?;
        Ok(kept.map(record::read))
    }

    async fn create(&self, key: &str, save: Save<'_>) -> Result<u64> {
        let mut command = Cmd::new();
        command.arg("SET").arg(key);
        if save.replace {
            command.arg(save.value).arg("PX").arg(milliseconds(&save));
            let () = self.ask(&command).await?;
            return Ok(record::version_of(save.value));
        }
        let version = record::first_version()?;
        command
            .arg(record::of(version, save.value))
            .arg("PX")
            .arg(milliseconds(&save))
            .arg("NX");
        let set: Option<String> = self.ask(&command).await?;
        match set {
            Some(_) => Ok(version),
            None => Err(Error::internal("there is a session of this id")),
        }
    }

    async fn update(&self, key: &str, version: u64, save: Save<'_>) -> Result<Updated> {
        let mut command = Cmd::new();
        let next = if save.replace {
            command.arg("EVAL").arg(UPDATE_JSON).arg(1).arg(key);
            command.arg(format!("{version:016x}")).arg(save.value);
            record::version_of(save.value)
        } else {
            let next = version.wrapping_add(1);
            command.arg("EVAL").arg(UPDATE).arg(1).arg(key);
            command
                .arg(record::head(version).as_slice())
                .arg(record::of(next, save.value));
            next
        };
        command.arg(milliseconds(&save));
        let came: u8 = self.ask(&command).await?;
        Ok(match came {
            0 => Updated::Gone,
            1 => Updated::Conflict,
            _ => Updated::To(next),
        })
    }

    async fn destroy(&self, key: &str) -> Result {
        self.ask(Cmd::new().arg("DEL").arg(key)).await
    }
}

/// Not where it is, since there may be a password in that.
impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}
