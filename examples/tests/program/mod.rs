//! A program that prints where it listens, and requests to it over a real socket.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running program; it ends when this is dropped.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Where it listens: `127.0.0.1:1234`.
    pub(crate) addresses: Vec<String>,
}

impl Program {
    /// Starts an example of this package, on free ports, and reads the lines that say where it listens.
    pub(crate) fn example(path: &str, addresses: usize) -> Self {
        Self::listening(&mut Command::new(path), addresses)
    }

    /// The same, with arguments for example.
    pub(crate) fn listening(command: &mut Command, addresses: usize) -> Self {
        let mut program = Self::start(command.env("PORT", "0"));
        for _ in 0..addresses {
            let line = program.line();
            let address = line
                .strip_prefix("listening on http://")
                .expect("where it listens");
            program.addresses.push(address.to_owned());
        }
        program
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("its output is piped");
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
            addresses: Vec::new(),
        }
    }

    /// Writes a line to it, if its input was piped.
    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("its input is piped");
        writeln!(input, "{line}").expect("it reads");
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        self.lines
            .next()
            .expect("it prints a line")
            .expect("of text")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Asks with a method and more header lines, each ended.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        ask(&self.addresses[0], method, path, headers)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A response: its status line, its headers without those of the connection, its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.status.split(' ').nth(1).unwrap_or("")
    }
}

/// Asks once, on a connection of its own.
pub(crate) fn ask(address: &str, method: &str, path: &str, headers: &str) -> Answer {
    send(address, method, path, headers, "")
}

/// Sends a form.
pub(crate) fn post(address: &str, path: &str, headers: &str, form: &str) -> Answer {
    let length = form.len();
    let headers = format!(
        "{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n"
    );
    send(address, "POST", path, &headers, form)
}

fn send(address: &str, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    stream
        .write_all(request.as_bytes())
        .expect("the request is sent");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer of text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or("").to_owned();
    let mut headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .filter(|(name, _)| !["date", "connection", "keep-alive"].contains(&name.as_str()))
        .collect();
    headers.sort();
    Answer {
        status,
        headers,
        body: body.to_owned(),
    }
}
