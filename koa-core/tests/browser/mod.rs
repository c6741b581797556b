//! A browser as far as cookies go, and a clock that a test moves.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use crate::client::{Answer, Client};

/// Keeps the cookies that answers set, and sends them back. It forgets none by its age: what a session is worth is the
/// server's to say.
#[derive(Clone)]
pub(crate) struct Browser {
    address: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let answer = Client::connect(self.address).ask("GET", path, &self.header());
        self.take(&answer);
        answer
    }

    /// The text of an answer that has to be a 200.
    pub(crate) fn read(&mut self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.text()
    }

    /// Sends a request without waiting for its answer.
    pub(crate) fn begin(&self, path: &str) -> Client {
        let mut client = Client::connect(self.address);
        let header = self.header();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n{header}\r\n"));
        client
    }

    /// Reads the answer to what was begun.
    pub(crate) fn end(&mut self, mut client: Client) -> Answer {
        let answer = client.read(false).expect("an answer");
        self.take(&answer);
        answer
    }

    pub(crate) fn header(&self) -> String {
        if self.cookies.is_empty() {
            return String::new();
        }
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("Cookie: {}\r\n", pairs.join("; "))
    }

    pub(crate) fn take(&mut self, answer: &Answer) {
        for line in lines(answer) {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            if attributes.contains("expires=Thu, 01 Jan 1970") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The lines of cookies in an answer.
pub(crate) fn lines(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.iter();
    lines
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| value.as_str())
        .collect()
}

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Mutex<SystemTime>>);

impl Clock {
    /// The first of January 2026.
    pub(crate) fn new() -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        Self(Arc::new(Mutex::new(start)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    pub(crate) fn of(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let Self(now) = self.clone();
        move || *now.lock().unwrap()
    }
}
