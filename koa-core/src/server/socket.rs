//! What is known of the connection that a request came over.

use std::net::{IpAddr, SocketAddr};

/// The two ends of a connection, and whether it is encrypted: what [`ctx.socket()`](crate::Context::socket) says, and
/// what a server of one's own tells a [`Callback`](crate::Callback). Koa's `request.socket`:
/// <https://koajs.com/#request-socket>.
///
/// ```
/// use koa::Socket;
///
/// let peer = ([192, 0, 2, 1], 50_000).into();
/// let socket = Socket::new(peer).with_encrypted(true);
/// assert_eq!(socket.remote_addr(), Some(peer));
/// assert!(socket.encrypted());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Socket {
    remote: Option<SocketAddr>,
    local: Option<SocketAddr>,
    encrypted: bool,
}

impl Socket {
    /// A plain connection with a client. One of which nothing is known is [`Socket::default()`].
    #[must_use]
    pub const fn new(remote: SocketAddr) -> Self {
        Self {
            remote: Some(remote),
            local: None,
            encrypted: false,
        }
    }

    /// With the server's own address.
    #[must_use]
    pub const fn with_local(mut self, local: SocketAddr) -> Self {
        self.local = Some(local);
        self
    }

    /// With another answer to whether it is encrypted (TLS).
    #[must_use]
    pub const fn with_encrypted(mut self, encrypted: bool) -> Self {
        self.encrypted = encrypted;
        self
    }

    /// The client's address and port; `None` for a connection that has none.
    #[must_use]
    pub const fn remote_addr(&self) -> Option<SocketAddr> {
        self.remote
    }

    /// The client's address. Node's `socket.remoteAddress`.
    #[must_use]
    pub fn remote_ip(&self) -> Option<IpAddr> {
        self.remote.map(|remote| remote.ip())
    }

    /// The server's address and port, where they are known.
    #[must_use]
    pub const fn local_addr(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Whether the connection is encrypted (TLS). Node's `socket.encrypted`.
    #[must_use]
    pub const fn encrypted(&self) -> bool {
        self.encrypted
    }
}

impl From<SocketAddr> for Socket {
    fn from(remote: SocketAddr) -> Self {
        Self::new(remote)
    }
}

impl From<Option<SocketAddr>> for Socket {
    fn from(remote: Option<SocketAddr>) -> Self {
        remote.map_or_else(Self::default, Self::new)
    }
}
