//! A connection's socket as bytes: TCP's or a Unix one.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};
use tokio::net::{TcpStream, tcp};
#[cfg(unix)]
use tokio::net::{UnixStream, unix};
use tokio::task::coop::poll_proceed;

use crate::server::connection::Connection;

/// How every connection of HTTP/2 begins (RFC 9113, 3.4).
#[cfg(feature = "http2")]
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How much may be written, in bytes, without a look at how long the task has had its thread. What follows a short answer
/// has to be read first, which has that look.
const SHORT: usize = 4 * 1024;

/// How much is thrown away at once, in bytes.
const DISCARDED: usize = 4 * 1024;

/// A connection that was accepted.
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// The same on no runtime, on its way from one to another.
pub(super) enum Unregistered {
    Tcp(std::net::TcpStream),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

/// The half that is written and shut down, from anywhere.
pub(super) enum WriteHalf {
    Tcp(tcp::OwnedWriteHalf),
    #[cfg(unix)]
    Unix(unix::OwnedWriteHalf),
}

/// The half that is read. Which kind of socket it is, is looked up at each read: a task for each kind would be HTTP and
/// the whole app compiled once more, and less of it inlined.
pub(super) enum ReadHalf {
    Tcp(tcp::OwnedReadHalf),
    #[cfg(unix)]
    Unix(unix::OwnedReadHalf),
}

impl Stream {
    /// Takes it from this runtime.
    pub(super) fn unregister(self) -> io::Result<Unregistered> {
        Ok(match self {
            Self::Tcp(stream) => Unregistered::Tcp(stream.into_std()?),
            #[cfg(unix)]
            Self::Unix(stream) => Unregistered::Unix(stream.into_std()?),
        })
    }

    pub(super) fn into_split(self) -> (ReadHalf, WriteHalf) {
        match self {
            Self::Tcp(stream) => {
                let (read, write) = stream.into_split();
                (ReadHalf::Tcp(read), WriteHalf::Tcp(write))
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                let (read, write) = stream.into_split();
                (ReadHalf::Unix(read), WriteHalf::Unix(write))
            }
        }
    }
}

impl Unregistered {
    /// Takes it to this runtime.
    pub(super) fn register(self) -> io::Result<Stream> {
        Ok(match self {
            Self::Tcp(stream) => Stream::Tcp(TcpStream::from_std(stream)?),
            #[cfg(unix)]
            Self::Unix(stream) => Stream::Unix(UnixStream::from_std(stream)?),
        })
    }
}

impl AsyncRead for ReadHalf {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(cx, buf),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_read(cx, buf),
        }
    }
}

impl WriteHalf {
    #[inline]
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.try_write(bytes),
            #[cfg(unix)]
            Self::Unix(socket) => socket.try_write(bytes),
        }
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(socket) => socket.as_ref().poll_write_ready(cx),
            #[cfg(unix)]
            Self::Unix(socket) => socket.as_ref().poll_write_ready(cx),
        }
    }

    fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(socket) => SockRef::from(socket.as_ref()),
            #[cfg(unix)]
            Self::Unix(socket) => SockRef::from(socket.as_ref()),
        }
    }

    pub(super) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(socket) => socket.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }

    pub(super) async fn readable(&self) -> io::Result<Ready> {
        match self {
            Self::Tcp(socket) => socket.ready(Interest::READABLE).await,
            #[cfg(unix)]
            Self::Unix(socket) => socket.ready(Interest::READABLE).await,
        }
    }

    /// Waits until there is something to read; whether that is the end.
    pub(super) async fn read_closed(&self) -> bool {
        self.readable().await.map_or(true, Ready::is_read_closed)
    }

    /// Reads and throws away what still comes, until the client ends its direction. `came`: that something did.
    pub(super) async fn discard(&self, came: impl Fn()) {
        while self.readable().await.is_ok() {
            match self.discard_part() {
                Ok(1..) => {
                    came();
                    tokio::task::yield_now().await;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return,
            }
        }
    }

    fn discard_part(&self) -> io::Result<usize> {
        let mut part = [0; DISCARDED];
        match self {
            Self::Tcp(socket) => socket.as_ref().try_read(&mut part),
            #[cfg(unix)]
            Self::Unix(socket) => socket.as_ref().try_read(&mut part),
        }
    }

    pub(super) fn shutdown(&self, how: Shutdown) {
        let _ = self.socket().shutdown(how);
    }

    /// That what is still unsent is thrown away when it is closed, so that nothing is kept for a client that reads
    /// nothing.
    pub(super) fn forget_unsent(&self) {
        let _ = self.socket().set_linger(Some(Duration::ZERO));
    }
}

/// Both directions, for the connection's task.
pub(super) struct Wire {
    read: ReadHalf,
    connection: Arc<Connection>,
    /// What has come of the beginning, as long as that may be HTTP/2's.
    #[cfg(feature = "http2")]
    begins: Option<Vec<u8>>,
}

impl Wire {
    pub(super) fn new(read: ReadHalf, connection: Arc<Connection>) -> Self {
        Self {
            read,
            connection,
            #[cfg(feature = "http2")]
            begins: Some(Vec::new()),
        }
    }

    /// Reads the beginning. hyper tells HTTP/2 by its whole preface, so one that comes in pieces is put together first.
    #[cfg(feature = "http2")]
    fn poll_begin(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        loop {
            let held = self.begins.take().unwrap_or_default();
            buf.put_slice(&held);
            let Poll::Ready(read) = Pin::new(&mut self.read).poll_read(cx, buf) else {
                buf.set_filled(before);
                self.begins = Some(held);
                return Poll::Pending;
            };
            let came = buf.filled().get(before..).unwrap_or_default();
            let is_part = came.len() > held.len() && came.len() < PREFACE.len();
            if read.is_err() || !is_part || !PREFACE.starts_with(came) {
                return Poll::Ready(read);
            }
            self.begins = Some(came.to_vec());
            buf.set_filled(before);
        }
    }
}

impl AsyncRead for Wire {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        #[cfg(feature = "http2")]
        if self.begins.is_some() {
            return self.get_mut().poll_begin(cx, buf);
        }
        Pin::new(&mut self.get_mut().read).poll_read(cx, buf)
    }
}

/// A plain write of each buffer: hyper then puts the head and a small body into one, which is less work than a
/// vectored write of two.
impl AsyncWrite for Wire {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(socket) = self.connection.socket() else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        if buf.len() > SHORT {
            ready!(poll_proceed(cx)).made_progress();
        }
        loop {
            match socket.try_write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(socket.poll_write_ready(cx))?;
                }
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.end();
        Poll::Ready(Ok(()))
    }
}
