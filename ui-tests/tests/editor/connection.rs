//! JSON-RPC over a process's pipes, as the Language Server Protocol frames it.
//! <https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol>

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use serde_json::{Value, json};

/// That what was asked about has changed meanwhile.
const CONTENT_MODIFIED: i64 = -32801;

/// Both directions; what comes is read by a thread, so that waiting for it can end.
pub(crate) struct Connection {
    to: ChildStdin,
    from: Receiver<Value>,
    requests: u64,
    deadline: Instant,
}

impl Connection {
    pub(crate) fn new(to: ChildStdin, from: ChildStdout, deadline: Instant) -> Self {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut from = BufReader::new(from);
            while let Ok(message) = read(&mut from) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self {
            to,
            from: receiver,
            requests: 0,
            deadline,
        }
    }

    /// The result of a request. One during which a file was changed is made again.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Value {
        loop {
            self.requests += 1;
            let id = self.requests;
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
            let answer = loop {
                let message = self.receive();
                if message["id"] == id && message.get("method").is_none() {
                    break message;
                }
                self.answer(&message);
            };
            let error = &answer["error"];
            if error["code"] != CONTENT_MODIFIED {
                assert!(error.is_null(), "{method} {params}: {error}");
                return answer["result"].clone();
            }
        }
    }

    pub(crate) fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The parameters of the next notification of a kind of which `wanted` is true.
    pub(crate) fn wait_for(&mut self, method: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.receive();
            if message["method"] == method && wanted(&message["params"]) {
                return message["params"].clone();
            }
            self.answer(&message);
        }
    }

    /// Says to a request of the server's that this client has nothing to say.
    fn answer(&mut self, message: &Value) {
        if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
        }
    }

    fn receive(&self) -> Value {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let message = self.from.recv_timeout(left);
        message.expect("the server ended, or did not answer in time")
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.to.flush().unwrap();
    }
}

fn read(from: &mut impl BufRead) -> io::Result<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = Vec::new();
    from.take(length).read_to_end(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
