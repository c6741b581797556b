//! Addresses to listen on, in every usual form.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, lookup_host};

use crate::error::{Error, Result};

/// How many connections the system keeps waiting to be accepted. Node's default is 511.
const BACKLOG: i32 = 1024;

/// One address to listen on.
#[derive(Debug, Clone)]
pub struct Address(Form);

#[derive(Debug, Clone)]
enum Form {
    /// All interfaces, IPv6 and IPv4.
    Port(u16),
    Socket(SocketAddr),
    /// `host:port`, to be read or resolved.
    Text(String),
}

/// What [`App::listen`](crate::App::listen) takes: one address, or several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an address to listen on",
    note = "an address is a port such as `3000`, text such as \"127.0.0.1:3000\", a `SocketAddr`, a pair of host and \
            port, or several of these in an array"
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
        vec![Address(Form::Port(self))]
    }
}

impl Addresses for SocketAddr {
    fn addresses(self) -> Vec<Address> {
        vec![Address(Form::Socket(self))]
    }
}

impl Addresses for &str {
    fn addresses(self) -> Vec<Address> {
        vec![Address(Form::Text(self.to_owned()))]
    }
}

impl Addresses for String {
    fn addresses(self) -> Vec<Address> {
        vec![Address(Form::Text(self))]
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

impl Address {
    pub(super) async fn bind(&self) -> Result<TcpListener> {
        match &self.0 {
            Form::Port(port) => bind_port(*port),
            Form::Socket(address) => bind(*address),
            Form::Text(text) => match text.strip_prefix(':').unwrap_or(text).parse() {
                Ok(port) => bind_port(port),
                Err(_) => bind_text(text).await,
            },
        }
    }
}

/// All interfaces: IPv6's, which take IPv4 too, or IPv4's where there is no IPv6.
fn bind_port(port: u16) -> Result<TcpListener> {
    bind(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)).or_else(|error| {
        let in_use = error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>())
            .is_some_and(|error| error.kind() == io::ErrorKind::AddrInUse);
        if in_use {
            return Err(error);
        }
        bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
    })
}

/// The first of a name's addresses that can be bound.
async fn bind_text(text: &str) -> Result<TcpListener> {
    let found = lookup_host(text).await.map_err(|error| {
        failed(
            format_args!("the address {text:?} cannot be read or resolved"),
            error,
        )
    })?;
    let mut last = None;
    for address in found {
        match bind(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::internal(format!("the name in {text:?} has no address"))))
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    listener(address).map_err(|error| failed(format_args!("cannot listen on {address}"), error))
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
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
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn failed(what: std::fmt::Arguments<'_>, error: io::Error) -> Error {
    Error::internal(format!("{what}: {error}")).with_source(error)
}
