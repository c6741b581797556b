//! The socket as hyper reads and writes it, noting progress for the limits.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::tcp::OwnedReadHalf;

use crate::server::connection::Connection;

/// The two directions of a connection.
pub(super) struct Io {
    read: TokioIo<OwnedReadHalf>,
    connection: Arc<Connection>,
    /// Whether what was written last waits for the client to read.
    blocked: bool,
}

impl Io {
    pub(super) fn new(read: OwnedReadHalf, connection: Arc<Connection>) -> Self {
        Self {
            read: TokioIo::new(read),
            connection,
            blocked: false,
        }
    }
}

impl Read for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.read).poll_read(cx, buf);
        this.connection.reads(read.is_ready(), this.blocked);
        read
    }
}

/// A plain write of each buffer: hyper then puts the head and a small body into one, which is less work than a
/// vectored write of two.
impl Write for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let Some(socket) = this.connection.socket() else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        loop {
            match socket.try_write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    this.blocked = true;
                    ready!(socket.poll_write_ready(cx))?;
                }
                result => {
                    this.blocked = false;
                    return Poll::Ready(result);
                }
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
