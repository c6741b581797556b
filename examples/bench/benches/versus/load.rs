//! Requests a second: one on each of 32 connections at a time, in rounds in which the contenders take turns. What else the
//! machine does meanwhile then is no contender's alone.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 15;
const TIME: Duration = Duration::from_millis(500);

/// A connection that asks for one path after another.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: [u8; 4096],
    /// The header with the cookie that the first answer set, or nothing, which each later request has.
    cookie: Option<String>,
}

impl Connection {
    pub(crate) fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: [0; 4096],
            cookie: None,
        })
    }

    pub(crate) fn ask(&mut self, path: &str) -> io::Result<()> {
        let cookie = self.cookie.as_deref().unwrap_or_default();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\nAccept: */*\r\n{cookie}\r\n"
        );
        self.stream.write_all(request.as_bytes())
    }

    /// Reads an answer, each of which is one short packet.
    pub(crate) fn answer(&mut self) -> io::Result<()> {
        let read = self.stream.read(&mut self.buffer)?;
        if !self.buffer[..read].starts_with(b"HTTP/1.1 200 OK\r\n") {
            return Err(io::Error::other("an answer that is not 200"));
        }
        if self.cookie.is_none() {
            let answer = String::from_utf8_lossy(&self.buffer[..read]);
            self.cookie = Some(cookie(&answer));
        }
        Ok(())
    }
}

/// The header that sends back the cookie that an answer sets.
fn cookie(answer: &str) -> String {
    let mut lines = answer.lines();
    let set = lines.find_map(|line| line.strip_prefix("set-cookie: "));
    let pair = set.and_then(|cookie| cookie.split(';').next());
    pair.map_or(String::new(), |pair| format!("Cookie: {pair}\r\n"))
}

/// A contender's requests a second, and its ratio to the first one's: the median of all rounds.
pub(crate) type Figure = (f64, f64);

/// How many requests each contender answers in a second.
pub(crate) fn requests_a_second(contenders: &[&str], path: &str) -> io::Result<Vec<Figure>> {
    let mut running = Vec::new();
    for contender in contenders {
        running.push(crate::start(contender, &[])?);
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let round: io::Result<Vec<f64>> =
            running.iter().map(|(_, port)| run(*port, path)).collect();
        rounds.push(round?);
    }
    for (child, _) in &mut running {
        child.kill()?;
        child.wait()?;
    }
    let figures = (0..contenders.len()).map(|at| {
        let figure = median(rounds.iter().map(|round| round[at]).collect());
        let ratio = median(rounds.iter().map(|round| round[at] / round[0]).collect());
        (figure, ratio)
    });
    Ok(figures.collect())
}

fn run(port: u16, path: &str) -> io::Result<f64> {
    let mut connections = (0..CONNECTIONS)
        .map(|_| Connection::open(port))
        .collect::<io::Result<Vec<_>>>()?;
    let start = Instant::now();
    let mut answered: u32 = 0;
    while start.elapsed() < TIME {
        for connection in &mut connections {
            connection.ask(path)?;
        }
        for connection in &mut connections {
            connection.answer()?;
            answered += 1;
        }
    }
    Ok(f64::from(answered) / start.elapsed().as_secs_f64())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
