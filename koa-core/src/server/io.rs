//! The stream as hyper reads and writes it, noting progress for the limits.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::server::connection::Connection;

/// The two directions of a connection: of its socket, or of what TLS makes of it.
pub(super) struct Io<S> {
    stream: TokioIo<S>,
    connection: Arc<Connection>,
    /// Whether what was written last waits for the client to read.
    blocked: bool,
}

impl<S> Io<S> {
    pub(super) fn new(stream: S, connection: Arc<Connection>) -> Self {
        Self {
            stream: TokioIo::new(stream),
            connection,
            blocked: false,
        }
    }

    /// The stream alone.
    #[cfg(feature = "http2")]
    pub(super) fn into_inner(self) -> S {
        self.stream.into_inner()
    }

    /// Notes whether the client lets go on what was written.
    #[inline]
    fn note_write(&mut self, waits: bool) {
        if waits != self.blocked {
            self.blocked = waits;
            self.connection.blocks(waits);
        }
    }
}

impl<S: AsyncRead + Unpin> Read for Io<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        this.connection.reads(read.is_ready(), this.blocked);
        read
    }
}

impl<S: AsyncWrite + Unpin> Write for Io<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.note_write(written.is_pending());
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.note_write(flushed.is_pending());
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
