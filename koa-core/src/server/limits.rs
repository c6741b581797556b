//! The limits of a server: what each protects from, its default, its setter, and what is told when it is reached.

use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::app::Application;
use crate::server::Server;

/// How long a client may take to send the head of a request, and to begin one after it has connected.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The size of a request's head, in bytes.
const HEADER_SIZE: usize = 32 * 1024;

/// The number of a request's headers; hyper's own default, which costs nothing.
const HEADER_COUNT: usize = 100;

/// How many there can be at all: a map of headers has room for some more.
const HEADERS_MOST: usize = 20_000;

/// How fast the body of a request has to come, in bytes a second.
const BODY_RATE: u32 = 240;

/// How long that does not count at the beginning.
const BODY_GRACE: Duration = Duration::from_secs(10);

/// How long a client may leave a response unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection may stay open between two requests.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(75);

/// After how long a connection takes no further request.
const CONNECTION_TIME: Duration = Duration::from_secs(60 * 60);

/// How many requests a connection of HTTP/2 may have at once.
#[cfg(feature = "http2")]
const STREAMS: u32 = 100;

/// How many frames that carry nothing a connection of HTTP/2 may send in a second.
#[cfg(feature = "http2")]
const CONTROL_FRAMES: u32 = 500;

/// How many streams of HTTP/2 may be opened and reset before the server has looked at them; h2's own default.
#[cfg(feature = "http2")]
const PENDING_RESETS: usize = 20;

/// How many connections there may be at once.
const CONNECTIONS: usize = 10_000;

/// A limit of the server: what an [`Exceeded`] event is about, and what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// The head of a request took too long: [`Server::header_read_timeout`]. The client gets a 408 if it has sent a part of
    /// it, by HTTP/1.1 and without TLS; else the connection is closed.
    HeaderReadTime,
    /// The head of a request was too large, or had too many headers: [`Server::max_header_size`],
    /// [`Server::max_headers`]. The client gets a 431.
    HeaderSize,
    /// The body of a request was longer than the app or a handler reads: [`App::body_limit`](crate::App::body_limit).
    /// The client gets a 413.
    BodySize,
    /// The body of a request came too slowly: [`Server::min_body_rate`]. The client gets a 408.
    BodyRate,
    /// The client did not read its response: [`Server::write_timeout`]. The connection is cut; of HTTP/2 the stream is reset.
    WriteTime,
    /// The connection was idle: [`Server::keep_alive_timeout`]. It is closed.
    IdleTime,
    /// The connection was old: [`Server::max_connection_time`]. The response says that it is the last one.
    ConnectionTime,
    /// There were too many connections: [`Server::max_connections`]. The client gets a 503, where the connection is not
    /// encrypted.
    Connections,
    /// The client had too many requests at once on a connection of HTTP/2, or running on after it had given them up:
    /// `Server::max_http2_streams`. The stream is refused, or the request is dropped.
    Http2Streams,
    /// The client flooded an HTTP/2 connection with frames that carry nothing, `Server::max_http2_control_frames`, or with
    /// streams that it reset at once, `Server::max_http2_pending_resets`. The connection is cut.
    Http2Flood,
    /// A request had not ended when the server had to: [`Server::grace`]. It is cut off.
    GraceTime,
}

impl Limit {
    pub(crate) const COUNT: usize = Self::GraceTime as usize + 1;
}

/// A limit of the server was reached. An event: [`App::on`](crate::App::on) adds a listener, and
/// [`Application::exceeded`] has the counts.
///
/// ```
/// use koa::{Exceeded, prelude::*};
///
/// let app = App::new().on(|event: &Exceeded| eprintln!("{event}"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exceeded {
    /// The limit.
    pub limit: Limit,
    /// The client, where it has an address.
    pub peer: Option<SocketAddr>,
}

impl Exceeded {
    /// Counts it and tells the listeners.
    pub(crate) fn tell(app: &Application, limit: Limit, peer: Option<SocketAddr>) {
        app.count(limit);
        // Nothing of the server ends by a listener that panics.
        let _ = catch_unwind(AssertUnwindSafe(|| app.emit(&Self { limit, peer })));
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.limit {
            Limit::HeaderReadTime => "the head of a request took too long",
            Limit::HeaderSize => "the head of a request is too large",
            Limit::BodySize => "the body of a request is too long",
            Limit::BodyRate => "the body of a request comes too slowly",
            Limit::WriteTime => "a response is not read",
            Limit::IdleTime => "a connection is idle",
            Limit::ConnectionTime => "a connection is old",
            Limit::Connections => "there are too many connections",
            Limit::Http2Streams => "an HTTP/2 connection has too many requests",
            Limit::Http2Flood => "an HTTP/2 connection is flooded",
            Limit::GraceTime => "a request has not ended with the server",
        };
        match self.peer {
            Some(peer) => write!(f, "{what}: {peer}"),
            None => f.write_str(what),
        }
    }
}

/// What a server allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) header_read: Duration,
    pub(super) header_size: usize,
    pub(super) headers: usize,
    pub(super) body_rate: u32,
    pub(super) body_grace: Duration,
    pub(super) write: Duration,
    pub(super) keep_alive: Duration,
    pub(super) connection: Duration,
    pub(super) connections: usize,
    #[cfg(feature = "http2")]
    pub(super) streams: u32,
    #[cfg(feature = "http2")]
    pub(super) control_frames: u32,
    #[cfg(feature = "http2")]
    pub(super) pending_resets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_read: HEADER_READ_TIMEOUT,
            header_size: HEADER_SIZE,
            headers: HEADER_COUNT,
            body_rate: BODY_RATE,
            body_grace: BODY_GRACE,
            write: WRITE_TIMEOUT,
            keep_alive: KEEP_ALIVE_TIMEOUT,
            connection: CONNECTION_TIME,
            connections: CONNECTIONS,
            #[cfg(feature = "http2")]
            streams: STREAMS,
            #[cfg(feature = "http2")]
            control_frames: CONTROL_FRAMES,
            #[cfg(feature = "http2")]
            pending_resets: PENDING_RESETS,
        }
    }
}

impl Limits {
    /// The number of headers, where it is not the default, which hyper keeps without an allocation.
    pub(super) fn own_headers(&self) -> Option<usize> {
        (self.headers != HEADER_COUNT).then_some(self.headers)
    }
}

/// The limits. Times are rounded up to whole seconds and looked at once a second.
impl<C> Server<C> {
    /// Sets how long a client may take to send the head of a request, by default 30 seconds; the TLS handshake and the
    /// time until the first byte of a connection count. One that has sent a part of it, by HTTP/1.1 and without TLS, gets
    /// a 408; every other one is closed.
    #[must_use]
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.limits.header_read = timeout;
        self
    }

    /// Sets how large the head of a request may be, in bytes, by default 32 KiB. A larger one gets a 431. That of HTTP/2 is
    /// counted as RFC 9113 (6.5.2) does; beyond twice as much the stream is answered while it is read, and not told.
    #[must_use]
    pub fn max_header_size(mut self, bytes: usize) -> Self {
        self.limits.header_size = bytes;
        self
    }

    /// Sets how many headers a request may have, by default 100, at most 20,000. One with more gets a 431. Another number
    /// than the default costs every request of HTTP/1 an allocation.
    #[must_use]
    pub fn max_headers(mut self, count: usize) -> Self {
        self.limits.headers = count.min(HEADERS_MOST);
        self
    }

    /// Sets how fast the body of a request has to come while the app waits for it: on average `bytes` a second, once
    /// it has been waited for `grace`. By default 240 bytes a second after 10 seconds; 0 bytes turn it off. A slower
    /// one fails with a 408. So it is with a body that is read on after the response, as long as the app keeps its
    /// stream: the time of an idle connection begins after it.
    #[must_use]
    pub fn min_body_rate(mut self, bytes: u32, grace: Duration) -> Self {
        self.limits.body_rate = bytes;
        self.limits.body_grace = grace;
        self
    }

    /// Sets how long a client may leave a response unread, by default 60 seconds: that is the time between two
    /// successful writes, so a client that reads slowly but steadily is not cut off. With HTTP/2 it is the stream that is
    /// reset, and the others of its connection go on, unless the client reads nothing of the connection at all.
    #[must_use]
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.limits.write = timeout;
        self
    }

    /// Sets how long a connection may stay open between two requests, by default 75 seconds.
    #[must_use]
    pub fn keep_alive_timeout(mut self, timeout: Duration) -> Self {
        self.limits.keep_alive = timeout;
        self
    }

    /// Sets after how long a connection takes no further request, by default one hour. The request that is then being
    /// answered is answered to its end.
    #[must_use]
    pub fn max_connection_time(mut self, time: Duration) -> Self {
        self.limits.connection = time;
        self
    }

    /// Sets how many connections there may be at once, by default 10,000. A further one gets a 503, where it is not
    /// encrypted, and is closed.
    #[must_use]
    pub fn max_connections(mut self, count: usize) -> Self {
        self.limits.connections = count;
        self
    }

    /// Sets how many requests a connection of HTTP/2 may have at once, by default 100; its client is told, and one that
    /// does not mind has the others refused. With the feature `http2`.
    #[cfg(feature = "http2")]
    #[must_use]
    pub fn max_http2_streams(mut self, count: u32) -> Self {
        self.limits.streams = count;
        self
    }

    /// Sets how many frames that carry nothing of a request (settings, pings, resets, priorities, empty ones, and window
    /// updates beyond one for each 256 bytes that were sent) a connection of HTTP/2 may send in a second, by default 500. With
    /// more it is cut. With the feature `http2`.
    #[cfg(feature = "http2")]
    #[must_use]
    pub fn max_http2_control_frames(mut self, count: u32) -> Self {
        self.limits.control_frames = count;
        self
    }

    /// Sets how many streams a connection of HTTP/2 may open and reset before the server has looked at them, by default 20.
    /// With more it is closed: what costs a client nothing must not cost the server a request (Rapid Reset, CVE-2023-44487).
    /// With the feature `http2`.
    #[cfg(feature = "http2")]
    #[must_use]
    pub fn max_http2_pending_resets(mut self, count: usize) -> Self {
        self.limits.pending_resets = count;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The default in the row of the documentation that names a setter.
    fn documented(setter: &str) -> Vec<&'static str> {
        let rows = include_str!("../../docs/limits.md").lines();
        let rows = rows.filter(|row| row.contains(&format!("`{setter}`")));
        rows.filter_map(|row| row.split(" | ").nth(1)).collect()
    }

    #[test]
    fn the_documentation_says_what_the_defaults_are() {
        let limits = Limits::default();
        let seconds = |time: Duration| format!("{} s", time.as_secs());
        let header_read = seconds(limits.header_read);
        let rate = format!(
            "{} bytes/s on average, after {}",
            limits.body_rate,
            seconds(limits.body_grace)
        );
        for (setter, default) in [
            ("header_read_timeout", &header_read),
            (
                "max_header_size",
                &format!("{} KiB", limits.header_size / 1024),
            ),
            ("max_headers", &limits.headers.to_string()),
            ("min_body_rate", &rate),
            ("write_timeout", &seconds(limits.write)),
            ("keep_alive_timeout", &seconds(limits.keep_alive)),
            (
                "max_connection_time",
                &format!("{} h", limits.connection.as_secs() / 3600),
            ),
            ("max_connections", &"10,000".to_owned()),
            ("grace", &seconds(crate::server::shutdown::GRACE)),
        ] {
            let rows = documented(setter);
            assert!(!rows.is_empty(), "{setter}");
            assert!(rows.iter().all(|row| row == default), "{setter}: {rows:?}");
        }
        assert_eq!(limits.connections, 10_000);
        #[cfg(feature = "http2")]
        for (setter, default) in [
            (
                "max_http2_control_frames",
                limits.control_frames.to_string(),
            ),
            (
                "max_http2_pending_resets",
                format!("{} at once", limits.pending_resets),
            ),
        ] {
            assert_eq!(documented(setter), [default], "{setter}");
        }
        #[cfg(feature = "http2")]
        assert_eq!(
            documented("max_http2_streams").first(),
            Some(&limits.streams.to_string().as_str())
        );
    }
}
