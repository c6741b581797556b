//! The frames of an HTTP/2 connection as they come and go, counted: a client that sends only such as carry nothing is not
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

/// The length of the reason in a frame that resets a stream.
const REASON: usize = 4;

/// How many bytes that were sent account for one window update.
const UPDATE: u64 = 256;

// The kinds of frames (RFC 9113, 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

// Their flags.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Why the server resets a stream that is one too many (RFC 9113, 7).
const REFUSED_STREAM: [u8; REASON] = [0, 0, 0, 7];

/// A stream of HTTP/2, first of all what has been read of it before.
pub(super) struct Frames<S> {
    stream: S,
    begun: Bytes,
    connection: Arc<Connection>,
    incoming: Scanner,
    outgoing: Scanner,
    /// How many frames without content there may be in a second.
    most: u32,
    second: Seconds,
    count: u32,
    /// How many bytes were sent that no window update was accounted to.
    sent: u64,
    /// Whether the head of a request is coming.
    in_head: bool,
}

impl<S> Frames<S> {
    pub(super) fn new(stream: S, begun: Bytes, connection: Arc<Connection>, most: u32) -> Self {
        Self {
            stream,
            begun,
            connection,
            incoming: Scanner::after(PREFACE),
            outgoing: Scanner::after(0),
            most,
            second: 0,
            count: 0,
            sent: 0,
            in_head: false,
        }
    }

    /// Looks at what the client has sent.
    fn comes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let now = self.connection.now();
        if self.second != now {
            self.second = now;
            self.count = 0;
        }
        let Self {
            incoming,
            count,
            sent,
            ..
        } = self;
        incoming.scan(bytes, |frame| {
            if carries_nothing(frame, sent) {
                *count = count.saturating_add(1);
            }
        });
        if self.count > self.most {
            self.connection.exceeds(Limit::Http2Flood);
            return Err(io::Error::other("too many frames that carry nothing"));
        }
        let in_head = self.incoming.is_in_head();
        if in_head != self.in_head {
            self.in_head = in_head;
            self.connection.head_comes(in_head);
        }
        Ok(())
    }

    /// Looks at what was sent to the client.
    fn goes(&mut self, bytes: &[u8]) {
        self.sent = self.sent.saturating_add(bytes.len() as u64);
        let connection = &self.connection;
        self.outgoing.scan(bytes, |frame| match frame.kind {
            DATA | HEADERS => connection.goes_on(),
            RST_STREAM if frame.reason == REFUSED_STREAM => {
                connection.exceeds(Limit::Http2Streams);
            }
            _ => {}
        });
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
        Poll::Ready(this.comes(buf.filled().get(before..).unwrap_or_default()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write(cx, buf))?;
        this.goes(buf.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// What is looked at of a frame.
#[derive(Clone, Copy)]
struct Frame {
    kind: u8,
    flags: u8,
    /// Of what is behind its head, in bytes.
    length: usize,
    /// Why a stream is reset, in a frame that does so.
    reason: [u8; REASON],
}

/// Where the frames begin in a stream of bytes.
struct Scanner {
    /// Bytes until the next head.
    skip: usize,
    head: [u8; HEAD + REASON],
    /// How much of that head has come.
    filled: usize,
    /// Whether the last frame is a part of a request's head, and whether that ends with it.
    block: Option<bool>,
}

impl Scanner {
    /// Of frames that come after so many bytes.
    const fn after(skip: usize) -> Self {
        Self {
            skip,
            head: [0; HEAD + REASON],
            filled: 0,
            block: None,
        }
    }

    /// Hands over the frames that begin in these bytes.
    fn scan(&mut self, mut bytes: &[u8], mut each: impl FnMut(Frame)) {
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            if bytes.is_empty() {
                return;
            }
            let wanted = if self.filled < HEAD {
                HEAD
            } else {
                HEAD + REASON
            };
            let rest = self.head.get_mut(self.filled..wanted).unwrap_or_default();
            let taken = bytes.len().min(rest.len());
            for (to, from) in rest.iter_mut().zip(bytes) {
                *to = *from;
            }
            self.filled += taken;
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.filled < wanted {
                return;
            }
            let [a, b, c, kind, flags, _, _, _, _, reason @ ..] = self.head;
            let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            let is_reset = kind == RST_STREAM && length == REASON;
            if is_reset && wanted == HEAD {
                continue;
            }
            self.filled = 0;
            self.skip = if is_reset { 0 } else { length };
            self.block = matches!(kind, HEADERS | CONTINUATION).then_some(flags & END_HEADERS != 0);
            each(Frame {
                kind,
                flags,
                length,
                reason,
            });
        }
    }

    /// Whether the head of a request has begun to come, and not ended.
    fn is_in_head(&self) -> bool {
        self.block.is_some_and(|ends| !ends || self.skip > 0)
    }
}

/// Whether a frame carries nothing of a request: one of control, of an unknown kind, or one without a byte that does not
/// even end its stream. Window updates belong to what the client downloads.
fn carries_nothing(frame: Frame, sent: &mut u64) -> bool {
    match frame.kind {
        DATA => frame.length == 0 && frame.flags & END_STREAM == 0,
        HEADERS => false,
        CONTINUATION => frame.length == 0,
        WINDOW_UPDATE => match sent.checked_sub(UPDATE) {
            Some(rest) => {
                *sent = rest;
                false
            }
            None => true,
        },
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
        bytes.extend(frame(4, 8, 0)); // window update, which 300 bytes account for
        bytes.extend(frame(4, 8, 0)); // and one too many
        for size in 1..bytes.len() {
            let mut scanner = Scanner::after(PREFACE);
            let (mut count, mut sent) = (0, 300);
            for part in bytes.chunks(size) {
                scanner.scan(part, |frame| {
                    count += u32::from(carries_nothing(frame, &mut sent));
                });
            }
            assert_eq!(count, 5, "in parts of {size}");
        }
    }

    #[test]
    fn a_reset_says_why_however_it_is_cut() {
        let mut bytes = frame(3, 0, 0);
        bytes.extend([0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7]);
        bytes.extend(frame(4, 8, 0));
        for size in 1..bytes.len() {
            let mut scanner = Scanner::after(0);
            let mut reasons = Vec::new();
            for part in bytes.chunks(size) {
                scanner.scan(part, |frame| {
                    if frame.kind == RST_STREAM {
                        reasons.push(frame.reason);
                    }
                });
            }
            assert_eq!(reasons, [REFUSED_STREAM], "in parts of {size}");
        }
    }

    #[test]
    fn a_head_lasts_until_its_last_byte() {
        let mut bytes = frame(4, 6, 0);
        let begins = bytes.len() + HEAD;
        bytes.extend(frame(5, 1, 0));
        bytes.extend(frame(0, 9, 0));
        bytes.extend(frame(5, 9, 4));
        let ends = bytes.len();
        bytes.extend(frame(9, 0, 0));
        for at in 1..=bytes.len() {
            let mut scanner = Scanner::after(0);
            for byte in bytes.get(..at).unwrap_or_default() {
                scanner.scan(&[*byte], |_| {});
            }
            assert_eq!(scanner.is_in_head(), (begins..ends).contains(&at), "{at}");
        }
    }
}
