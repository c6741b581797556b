//! Sockets that listen, made from addresses.

use std::io;
#[cfg(unix)]
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdTcpListener};
#[cfg(unix)]
use std::os::unix::net::UnixListener as StdUnixListener;
#[cfg(unix)]
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, TcpKeepalive, Type};
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::net::{TcpListener, TcpStream, lookup_host};

use crate::error::{Error, Result};
use crate::server::address::{Address, Form, Options};
#[cfg(feature = "systemd")]
use crate::server::inherited::inherit;
use crate::server::socket::Socket;
#[cfg(feature = "tls")]
use crate::server::tls::Tls;
use crate::server::wire::Stream;

/// A bound socket that belongs to no runtime yet.
pub(super) struct Bound {
    socket: Listening,
    options: Options,
}

pub(super) enum Listening {
    Tcp(StdTcpListener),
    #[cfg(unix)]
    Unix(StdUnixListener, Option<Arc<SocketFile>>),
}

/// A socket of a runtime.
pub(super) struct Listener {
    socket: Accepting,
    nodelay: bool,
    keep_alive: Option<Duration>,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

enum Accepting {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix {
        socket: UnixListener,
        /// Removed with the last listener of it.
        _file: Option<Arc<SocketFile>>,
    },
}

/// The file of a Unix socket, which is removed with it.
#[cfg(unix)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Which file it is.
    identity: Option<(u64, u64)>,
}

#[cfg(unix)]
impl SocketFile {
    fn new(path: PathBuf) -> Self {
        let identity = Self::identity(&path);
        Self { path, identity }
    }

    fn identity(path: &Path) -> Option<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;

        let file = std::fs::symlink_metadata(path).ok()?;
        Some((file.dev(), file.ino()))
    }
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another server may have bound the path since.
        if Self::identity(&self.path) == self.identity {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Bound {
    pub(super) async fn bind(address: Address) -> Result<Self> {
        let options = address.options;
        let socket = match address.form {
            Form::Port(port) => bind_port(port, &options)?,
            Form::Socket(address) => bind(address, &options)?,
            Form::Text(text) => match text.strip_prefix(':').unwrap_or(&text).parse() {
                Ok(port) => bind_port(port, &options)?,
                Err(_) => bind_text(&text, &options).await?,
            },
            #[cfg(unix)]
            Form::Unix(path) => bind_unix(path, &options)?,
            #[cfg(feature = "systemd")]
            Form::Inherited(index) => inherit(index)?,
        };
        Ok(Self { socket, options })
    }

    /// The address of a TCP socket.
    pub(super) fn local_addr(&self) -> Option<SocketAddr> {
        match &self.socket {
            Listening::Tcp(socket) => socket.local_addr().ok(),
            #[cfg(unix)]
            Listening::Unix(..) => None,
        }
    }

    /// The same socket once more, for another runtime.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        let socket = match &self.socket {
            Listening::Tcp(socket) => Listening::Tcp(socket.try_clone()?),
            #[cfg(unix)]
            Listening::Unix(socket, file) => {
                Listening::Unix(socket.try_clone()?, file.as_ref().map(Arc::clone))
            }
        };
        let options = self.options.clone();
        Ok(Self { socket, options })
    }

    /// Gives it to the runtime that runs.
    pub(super) fn listen(self) -> io::Result<Listener> {
        let socket = match self.socket {
            Listening::Tcp(socket) => Accepting::Tcp(TcpListener::from_std(socket)?),
            #[cfg(unix)]
            Listening::Unix(socket, file) => Accepting::Unix {
                socket: UnixListener::from_std(socket)?,
                _file: file,
            },
        };
        Ok(Listener {
            socket,
            nodelay: self.options.nodelay,
            keep_alive: self.options.keep_alive,
            #[cfg(feature = "tls")]
            tls: self.options.tls,
        })
    }
}

impl Listener {
    /// The next connection, and what is known of it.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Socket)> {
        match &self.socket {
            Accepting::Tcp(socket) => {
                let (stream, peer) = socket.accept().await?;
                self.prepare(&stream);
                Ok((Stream::Tcp(stream), self.describe(Socket::new(peer))))
            }
            #[cfg(unix)]
            Accepting::Unix { socket, .. } => {
                let (stream, _) = socket.accept().await?;
                Ok((Stream::Unix(stream), self.describe(Socket::default())))
            }
        }
    }

    /// Stops to listen, and gives the connections that were still waiting to be accepted.
    pub(super) fn close(self) -> io::Result<Vec<(Stream, Socket)>> {
        let mut waiting = Vec::new();
        match &self.socket {
            Accepting::Tcp(socket) => {
                let socket = SockRef::from(socket);
                while let Ok((stream, peer)) = socket.accept() {
                    stream.set_nonblocking(true)?;
                    let stream = TcpStream::from_std(stream.into())?;
                    self.prepare(&stream);
                    let ends = peer.as_socket().map(Socket::new).unwrap_or_default();
                    waiting.push((Stream::Tcp(stream), self.describe(ends)));
                }
            }
            #[cfg(unix)]
            Accepting::Unix { socket, .. } => {
                let socket = SockRef::from(socket);
                while let Ok((stream, _)) = socket.accept() {
                    stream.set_nonblocking(true)?;
                    let stream = tokio::net::UnixStream::from_std(stream.into())?;
                    waiting.push((Stream::Unix(stream), self.describe(Socket::default())));
                }
            }
        }
        Ok(waiting)
    }

    fn prepare(&self, stream: &TcpStream) {
        if self.nodelay {
            let _ = stream.set_nodelay(true);
        }
        if let Some(time) = self.keep_alive {
            let keep_alive = TcpKeepalive::new().with_time(time);
            let _ = SockRef::from(stream).set_tcp_keepalive(&keep_alive);
        }
    }

    #[cfg(feature = "tls")]
    fn describe(&self, ends: Socket) -> Socket {
        ends.with_encrypted(self.tls.is_some())
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self, reason = "it is used with the feature `tls`")]
    fn describe(&self, ends: Socket) -> Socket {
        ends
    }

    #[cfg(feature = "tls")]
    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }
}

/// All interfaces: IPv6's, which take IPv4 too, or IPv4's where there is no IPv6.
fn bind_port(port: u16, options: &Options) -> Result<Listening> {
    bind(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port), options).or_else(|error| {
        let in_use = error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>())
            .is_some_and(|error| error.kind() == io::ErrorKind::AddrInUse);
        if in_use {
            return Err(error);
        }
        bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port), options)
    })
}

/// The first of a name's addresses that can be bound.
async fn bind_text(text: &str, options: &Options) -> Result<Listening> {
    if !text.contains(':') || text.ends_with(']') || text.parse::<IpAddr>().is_ok() {
        return Err(Error::internal(format!(
            "the address {text:?} has no port; one with it is \"127.0.0.1:3000\", \"[::1]:3000\" or \":3000\""
        )));
    }
    let found = lookup_host(text).await.map_err(|error| {
        failed(
            format_args!("the address {text:?} cannot be read or resolved"),
            error,
        )
    })?;
    let mut last = None;
    for address in found {
        match bind(address, options) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::internal(format!("the name in {text:?} has no address"))))
}

fn bind(address: SocketAddr, options: &Options) -> Result<Listening> {
    listen_on(address, options)
        .map(Listening::Tcp)
        .map_err(|error| failed(format_args!("cannot listen on {address}"), error))
}

fn listen_on(address: SocketAddr, options: &Options) -> io::Result<StdTcpListener> {
    let socket = RawSocket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    // So that a server can be started again at once; elsewhere than on Unix it would mean something else.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

#[cfg(unix)]
fn bind_unix(path: PathBuf, options: &Options) -> Result<Listening> {
    match listen_at(&path, options) {
        Ok(socket) => Ok(Listening::Unix(
            socket,
            Some(Arc::new(SocketFile::new(path))),
        )),
        Err(error) => {
            let path = path.display();
            Err(failed(format_args!("cannot listen on {path}"), error))
        }
    }
}

#[cfg(unix)]
fn listen_at(path: &Path, options: &Options) -> io::Result<StdUnixListener> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};

    let address = socket2::SockAddr::unix(path)?;
    let socket = RawSocket::new(Domain::UNIX, Type::STREAM, None)?;
    if let Err(error) = socket.bind(&address) {
        // A socket that nobody listens on was left by a server that has ended.
        let is_socket =
            std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
        let probe = RawSocket::new(Domain::UNIX, Type::STREAM, None)?;
        // One that is too busy to take a connection is in use.
        probe.set_nonblocking(true)?;
        let probe = probe.connect(&address);
        let is_dead = probe.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused);
        if error.kind() != ErrorKind::AddrInUse || !is_socket || !is_dead {
            return Err(error);
        }
        std::fs::remove_file(path)?;
        socket.bind(&address)?;
    }
    if let Some(mode) = options.mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    socket.set_nonblocking(true)?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

pub(super) fn failed(what: std::fmt::Arguments<'_>, error: io::Error) -> Error {
    Error::internal(format!("{what}: {error}")).with_source(error)
}

#[cfg(test)]
mod tests;
