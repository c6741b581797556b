//! The frames of an HTTP/2 connection as they come, counted: a client that sends only such as carry nothing is not
//! served for long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::server::connection::Connection;
use crate::server::limits::Limit;
use crate::server::registry::Seconds;

/// The length of the client's preface (RFC 9113, 3.4).
const PREFACE: usize = 24;

/// The length of a frame's head (RFC 9113, 4.1).
const HEAD: usize = 9;

/// A stream of HTTP/2, first of all what has been read of it before.
pub(super) struct Frames<S> {
    stream: S,
    begun: Bytes,
    connection: Arc<Connection>,
    scanner: Scanner,
    /// How many frames without content there may be in a second.
    most: u32,
    second: Seconds,
    count: u32,
}

impl<S> Frames<S> {
    pub(super) fn new(stream: S, begun: Bytes, connection: Arc<Connection>, most: u32) -> Self {
        Self {
            stream,
            begun,
            connection,
            scanner: Scanner::default(),
            most,
            second: 0,
            count: 0,
        }
    }

    fn look_at(&mut self, bytes: &[u8]) -> io::Result<()> {
        let now = self.connection.now();
        if self.second != now {
            self.second = now;
            self.count = 0;
        }
        let count = self.scanner.scan(bytes);
        self.count = self.count.saturating_add(count);
        if self.count > self.most {
            self.connection.exceeds(Limit::Http2Flood);
            return Err(io::Error::other("too many frames that carry nothing"));
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Frames<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if this.begun.is_empty() {
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        } else {
            let part = this.begun.len().min(buf.remaining());
            buf.put_slice(this.begun.get(..part).unwrap_or_default());
            this.begun.advance(part);
        }
        Poll::Ready(this.look_at(buf.filled().get(before..).unwrap_or_default()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Where the frames begin in a stream of bytes.
struct Scanner {
    /// Bytes until the next head.
    skip: usize,
    head: [u8; HEAD],
    /// How much of that head has come.
    filled: usize,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            skip: PREFACE,
            head: [0; HEAD],
            filled: 0,
        }
    }
}

impl Scanner {
    /// How many frames without content begin in these bytes.
    fn scan(&mut self, mut bytes: &[u8]) -> u32 {
        let mut count: u32 = 0;
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            if bytes.is_empty() {
                return count;
            }
            let rest = self.head.get_mut(self.filled..).unwrap_or_default();
            let taken = bytes.len().min(rest.len());
            for (to, from) in rest.iter_mut().zip(bytes) {
                *to = *from;
            }
            self.filled += taken;
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.filled == HEAD {
                self.filled = 0;
                let [a, b, c, kind, flags, ..] = self.head;
                self.skip = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                count = count.saturating_add(u32::from(is_empty(kind, flags, self.skip)));
            }
        }
    }
}

/// Whether a frame carries nothing of a request: one of control, of an unknown kind, or one without a byte that does not
/// even end its stream. Window updates belong to what the client downloads.
fn is_empty(kind: u8, flags: u8, length: usize) -> bool {
    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const WINDOW_UPDATE: u8 = 8;
    const CONTINUATION: u8 = 9;
    const END_STREAM: u8 = 1;
    match kind {
        DATA => length == 0 && flags & END_STREAM == 0,
        HEADERS | WINDOW_UPDATE => false,
        CONTINUATION => length == 0,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: u8, kind: u8, flags: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        frame.resize(HEAD + usize::from(length), 7);
        frame
    }

    #[test]
    fn frames_are_found_however_they_are_cut() {
        let mut bytes = vec![7; PREFACE];
        bytes.extend(frame(6, 4, 0)); // settings
        bytes.extend(frame(20, 1, 5)); // headers
        bytes.extend(frame(200, 0, 0)); // data
        bytes.extend(frame(0, 0, 0)); // empty data
        bytes.extend(frame(0, 0, 1)); // the end of a stream
        bytes.extend(frame(8, 6, 0)); // ping
        bytes.extend(frame(4, 3, 0)); // reset
        bytes.extend(frame(4, 8, 0)); // window update
        for size in 1..bytes.len() {
            let mut scanner = Scanner::default();
            let count: u32 = bytes.chunks(size).map(|part| scanner.scan(part)).sum();
            assert_eq!(count, 4, "in parts of {size}");
        }
    }
}
