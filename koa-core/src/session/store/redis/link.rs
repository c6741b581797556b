//! The connection that all requests share.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    Client, Cmd, ErrorKind, IntoConnectionInfo, Pipeline, RedisError, RedisFuture, RedisResult,
    Value,
};

use crate::error::{Error, Result};

/// How long making the connection may take, and how long a connection that is dead may look alive.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connection of a [`RedisStore`](crate::RedisStore), which comes back by itself.
///
/// It is the client's own connection manager, begun when it is first asked, and begun anew where that gives up: a server
/// that refuses a new connection (a password that is not set yet, too many clients) is asked again by the next request.
#[derive(Clone)]
pub struct RedisLink {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    manager: RwLock<Option<ConnectionManager>>,
}

impl RedisLink {
    pub(super) fn new(url: impl IntoConnectionInfo) -> Result<Self> {
        let info = url.into_connection_info().map_err(unusable)?;
        #[cfg(feature = "redis-tls")]
        with_cryptography();
        let info = info.set_tcp_settings(settings());
        let client = Client::open(info).map_err(unusable)?;
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                manager: RwLock::new(None),
            }),
        })
    }

    fn manager(&self) -> RedisResult<ConnectionManager> {
        let manager = self.shared.manager.read();
        if let Some(manager) = &*manager.unwrap_or_else(PoisonError::into_inner) {
            return Ok(manager.clone());
        }
        let manager = self.shared.manager.write();
        let mut manager = manager.unwrap_or_else(PoisonError::into_inner);
        if let Some(manager) = &*manager {
            return Ok(manager.clone());
        }
        // The next request tries again: one that waited for that would only be late.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let made = ConnectionManager::new_lazy_with_config(self.shared.client.clone(), config)?;
        Ok(manager.insert(made).clone())
    }

    /// The manager makes its connection anew after an error of the socket; after one of the server's it would keep it.
    fn heard<T>(&self, answer: RedisResult<T>) -> RedisResult<T> {
        if let Err(error) = &answer
            && is_a_refusal(error)
        {
            let manager = self.shared.manager.write();
            *manager.unwrap_or_else(PoisonError::into_inner) = None;
        }
        answer
    }
}

/// Whether an error may be of the connection and not of a command.
fn is_a_refusal(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::AuthenticationFailed => true,
        ErrorKind::Server(_) => matches!(
            error.code(),
            None | Some("ERR" | "NOAUTH" | "WRONGPASS" | "NOPERM" | "READONLY")
        ),
        _ => false,
    }
}

/// The client's own connection to a cluster, which is made in the background and comes back by itself.
#[cfg(feature = "redis-cluster")]
pub(super) fn cluster<T: IntoConnectionInfo>(
    nodes: impl IntoIterator<Item = T>,
) -> Result<redis::cluster_async::ClusterConnection> {
    #[cfg(feature = "redis-tls")]
    with_cryptography();
    let client = redis::cluster::ClusterClient::builder(nodes)
        .tcp_settings(settings())
        .connection_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .build()
        .map_err(unusable)?;
    let config = redis::cluster::ClusterConfig::new();
    Ok(client.get_pending_async_connection_with_config(config))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "that is what `map_err` hands over"
)]
#[cold]
fn unusable(error: RedisError) -> Error {
    Error::internal(format!("the Redis cannot be used: {error}"))
}

fn settings() -> TcpSettings {
    let settings = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(TcpKeepalive::new().with_time(PATIENCE));
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(PATIENCE);
    settings
}

/// The client leaves it to the program which cryptography it uses, and panics where none is chosen.
#[cfg(feature = "redis-tls")]
fn with_cryptography() {
    use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
    if CryptoProvider::get_default().is_none() {
        // Another thread may have been first; then it is chosen too.
        drop(ring::default_provider().install_default());
    }
}

impl ConnectionLike for RedisLink {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut manager = self.manager()?;
            self.heard(manager.send_packed_command(cmd).await)
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let mut manager = self.manager()?;
            self.heard(manager.send_packed_commands(pipeline, offset, count).await)
        })
    }

    fn get_db(&self) -> i64 {
        self.shared
            .client
            .get_connection_info()
            .redis_settings()
            .db()
    }
}

/// Not where it leads, since there may be a password in that.
impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLink").finish_non_exhaustive()
    }
}
