//! A client that sends bytes as they are given and reads what comes, over a real socket.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A response, as read off the wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// Names in lower case, in the order they came, without `date`.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is text")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A connection to a server, plain but where the test has made it another.
pub(crate) struct Client<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("the server listens")
    }

    /// As `connect`, to a server that may have ended.
    pub(crate) fn try_connect(address: SocketAddr) -> Option<Self> {
        Some(Self::on(TcpStream::connect(address).ok()?))
    }

    /// On a connection that the test has made.
    pub(crate) fn on(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        // A test that waits longer than this has failed.
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        Self::over(stream)
    }

    /// Sends no more.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Goes away at once: the server sees a reset where it still writes.
    pub(crate) fn cut(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl<S: Read + Write> Client<S> {
    /// On what the test has made of a connection.
    pub(crate) fn over(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("it is sent");
    }

    /// As `send`, to a server that may have closed the connection.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Asks with GET, on a connection that stays open.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Asks with a method and more header lines, each ended.
    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &str) -> Answer {
        self.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n"
        ));
        self.read(method == "HEAD").expect("an answer")
    }

    /// Reads one response; `None` where the connection ends before one.
    pub(crate) fn read(&mut self, head_only: bool) -> Option<Answer> {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            if !self.fill() {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.drain(..end);
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.splitn(3, ' ');
        let status = first.nth(1)?.parse().ok()?;
        let message = first.next().unwrap_or("").to_owned();
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .filter(|(name, _)| name != "date")
            .collect();
        let value = |name: &str| {
            headers
                .iter()
                .find(|(field, _)| field == name)
                .map(|(_, value)| value)
        };
        let body = if head_only || matches!(status, 100..=199 | 204 | 304) {
            Vec::new()
        } else if value("transfer-encoding").is_some() {
            self.read_chunks()?
        } else {
            let length = value("content-length").map_or(0, |length| length.parse().unwrap());
            while self.buffer.len() < length {
                if !self.fill() {
                    return None;
                }
            }
            self.buffer.drain(..length).collect()
        };
        Some(Answer {
            status,
            message,
            headers,
            body,
        })
    }

    fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Some(body);
            }
            body.extend(chunk);
        }
    }

    /// Reads one chunk of a body that comes in chunks, an empty one at its end; `None` where the connection ends before.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                break at;
            }
            if !self.fill() {
                return None;
            }
        };
        let size = std::str::from_utf8(&self.buffer[..line]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        self.buffer.drain(..line + 2);
        while self.buffer.len() < size + 2 {
            if !self.fill() {
                return None;
            }
        }
        let chunk = self.buffer.drain(..size).collect();
        self.buffer.drain(..2);
        Some(chunk)
    }

    /// Waits for more bytes; false at the end of the connection.
    pub(crate) fn fill(&mut self) -> bool {
        let mut chunk = [0; 64 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(read) => {
                self.buffer.extend_from_slice(&chunk[..read]);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            // The process was stopped for a while.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(error) => panic!("the server neither answers nor closes: {error}"),
        }
    }

    /// What has come and was not read yet.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    /// Reads to the end of the connection, and gives what came.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.buffer)
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// Asks once, on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    Client::connect(address).get(path)
}
