//! Addresses to listen on, in every usual form.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
#[cfg(unix)]
use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "tls")]
use crate::server::tls::Tls;

/// How many connections the system keeps waiting to be accepted. Node's default is 511.
const BACKLOG: u32 = 1024;

/// One address to listen on, with options where the usual ones do not do.
///
/// ```
/// use koa::Address;
/// use koa::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result {
/// let address = Address::from("127.0.0.1:0").backlog(4096).reuse_port(true);
/// let server = App::new().bind(address).await?;
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Address {
    pub(super) form: Form,
    pub(super) options: Options,
}

#[derive(Debug, Clone)]
pub(super) enum Form {
    /// All interfaces, IPv6 and IPv4.
    Port(u16),
    Socket(SocketAddr),
    /// `host:port`, to be read or resolved.
    Text(String),
    #[cfg(unix)]
    Unix(PathBuf),
    #[cfg(feature = "systemd")]
    Inherited(usize),
}

#[derive(Clone)]
pub(super) struct Options {
    pub(super) backlog: u32,
    pub(super) reuse_port: bool,
    pub(super) nodelay: bool,
    pub(super) keep_alive: Option<Duration>,
    #[cfg(unix)]
    pub(super) mode: Option<u32>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Tls>,
}

impl Address {
    fn new(form: Form) -> Self {
        Self {
            form,
            options: Options {
                backlog: BACKLOG,
                reuse_port: false,
                nodelay: true,
                keep_alive: None,
                #[cfg(unix)]
                mode: None,
                #[cfg(feature = "tls")]
                tls: None,
            },
        }
    }

    /// A Unix socket at a path. A socket that an ended server has left there is taken over, and the file is removed
    /// when this server ends. Its clients have no address: `ctx.ip()` is empty but for what a trusted proxy says.
    #[cfg(unix)]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::new(Form::Unix(path.into()))
    }

    /// A socket that was handed to the process: the `index`-th of those that systemd has opened for it, from 0
    /// (`LISTEN_FDS`), TCP or Unix. <https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html>
    ///
    /// With the feature `systemd`. `backlog`, `reuse_port` and `mode` are then the opener's.
    #[cfg(feature = "systemd")]
    #[must_use]
    pub fn inherited(index: usize) -> Self {
        Self::new(Form::Inherited(index))
    }

    /// Sets how many connections the system keeps waiting to be accepted, by default 1024.
    #[must_use]
    pub fn backlog(mut self, connections: u32) -> Self {
        self.options.backlog = connections;
        self
    }

    /// Sets `SO_REUSEPORT`, by default off: several processes listen on one address, and the system divides the
    /// connections among them. It has no effect on systems other than Unix.
    #[must_use]
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.options.reuse_port = reuse;
        self
    }

    /// Sets `TCP_NODELAY`, by default on: without it a response of two packets may wait for the client's
    /// acknowledgement of the first.
    #[must_use]
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.options.nodelay = nodelay;
        self
    }

    /// Sets TCP's keep-alive: after how long the system asks a silent client whether it is still there. It is off by
    /// default, since the server's own limits end connections that are silent.
    #[must_use]
    pub fn tcp_keep_alive(mut self, time: Duration) -> Self {
        self.options.keep_alive = Some(time);
        self
    }

    /// Sets who may connect to a Unix socket, as the permissions of its file (`0o660`); by default what the umask
    /// leaves.
    #[cfg(unix)]
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.options.mode = Some(mode);
        self
    }

    /// Speaks TLS there. With the feature `tls`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: &Tls) -> Self {
        self.options.tls = Some(tls.clone());
        self
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.form).finish()
    }
}

impl From<u16> for Address {
    fn from(port: u16) -> Self {
        Self::new(Form::Port(port))
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::new(Form::Socket(address))
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self::new(Form::Text(text))
    }
}

/// What [`App::listen`](crate::App::listen) takes: one address, or several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an address to listen on",
    note = "an address is a port such as `3000`, text such as \"127.0.0.1:3000\", a `SocketAddr`, a pair of host and \
            port, or several of these in an array; \
            `Address` has the options"
)]
pub trait Addresses {
    /// The addresses, in their order.
    fn addresses(self) -> Vec<Address>;
}

impl Addresses for Address {
    fn addresses(self) -> Vec<Address> {
        vec![self]
    }
}

impl Addresses for u16 {
    fn addresses(self) -> Vec<Address> {
        vec![self.into()]
    }
}

impl Addresses for SocketAddr {
    fn addresses(self) -> Vec<Address> {
        vec![self.into()]
    }
}

impl Addresses for &str {
    fn addresses(self) -> Vec<Address> {
        vec![self.into()]
    }
}

impl Addresses for String {
    fn addresses(self) -> Vec<Address> {
        vec![self.into()]
    }
}

impl Addresses for &String {
    fn addresses(self) -> Vec<Address> {
        self.as_str().addresses()
    }
}

impl Addresses for (IpAddr, u16) {
    fn addresses(self) -> Vec<Address> {
        SocketAddr::from(self).addresses()
    }
}

impl Addresses for ([u8; 4], u16) {
    fn addresses(self) -> Vec<Address> {
        SocketAddr::from(self).addresses()
    }
}

impl Addresses for (&str, u16) {
    fn addresses(self) -> Vec<Address> {
        let (host, port) = self;
        match host.parse::<IpAddr>() {
            Ok(ip) => SocketAddr::new(ip, port).addresses(),
            Err(_) => format!("{host}:{port}").addresses(),
        }
    }
}

impl Addresses for (String, u16) {
    fn addresses(self) -> Vec<Address> {
        (self.0.as_str(), self.1).addresses()
    }
}

impl<A: Addresses, const N: usize> Addresses for [A; N] {
    fn addresses(self) -> Vec<Address> {
        self.into_iter().flat_map(Addresses::addresses).collect()
    }
}

impl<A: Addresses> Addresses for Vec<A> {
    fn addresses(self) -> Vec<Address> {
        self.into_iter().flat_map(Addresses::addresses).collect()
    }
}

impl<A: Addresses + Clone> Addresses for &[A] {
    fn addresses(self) -> Vec<Address> {
        self.iter()
            .cloned()
            .flat_map(Addresses::addresses)
            .collect()
    }
}
