//! Requests a second, in short rounds in which the contenders take turns, there and back: what else the machine does
//! meanwhile then is no contender's alone. All of them are started many times over, since where the system puts the memory of
//! a process makes some percent more than what was measured within one start would say. The servers have one processor and
//! who asks has another, or all share what there are.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::running::Running;

const CONNECTIONS: usize = 32;
const STARTS: usize = 12;
/// What shares its processors with who asks differs more than starts do.
const SHARED_STARTS: usize = 6;
const ROUNDS: usize = 3;
const TIME: Duration = Duration::from_millis(250);

/// Which processors they have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processors {
    /// The servers one, and who asks another.
    OneEach,
    /// All of them all there are.
    Shared,
}

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) enum Asker {
    /// This process, a request on each of 32 connections at a time.
    Own,
    /// wrk, on so many connections, for a second.
    Wrk(u16),
}

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
        let request = request(path, self.cookie.as_deref().unwrap_or_default());
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

fn request(path: &str, cookie: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\nAccept: */*\r\n{cookie}\r\n"
    )
}

/// The header that sends back the cookie that an answer sets.
fn cookie(answer: &str) -> String {
    let mut lines = answer.lines();
    let set = lines.find_map(|line| line.strip_prefix("set-cookie: "));
    let pair = set.and_then(|cookie| cookie.split(';').next());
    pair.map_or(String::new(), |pair| format!("Cookie: {pair}\r\n"))
}

/// A figure of a contender: the median of all starts, and the ratio to the first contender's at the same start, with the
/// standard error of its mean.
pub(crate) struct Figure {
    median: f64,
    ratio: f64,
    error: f64,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            median,
            ratio,
            error,
        } = self;
        let places = if *median < 100.0 { 2 } else { 0 };
        write!(f, "{median:.places$} ({ratio:.3} ± {error:.3})")
    }
}

impl Figure {
    pub(crate) fn median(&self) -> f64 {
        self.median
    }

    fn new(own: Vec<f64>, first: &[f64]) -> Self {
        let ratios: Vec<f64> = own.iter().zip(first).map(|(a, b)| a / b).collect();
        let count = ratios.len() as f64;
        let mean = ratios.iter().sum::<f64>() / count;
        let squares: f64 = ratios.iter().map(|ratio| (ratio - mean).powi(2)).sum();
        Self {
            median: median(own),
            ratio: mean,
            error: (squares / (count - 1.0) / count).sqrt(),
        }
    }
}

/// What a round, or all of a start, say of a contender.
#[derive(Clone, Copy)]
struct Round {
    /// Requests a second.
    rate: f64,
    /// The server's time on its processor for a request, in microseconds, where the system tells.
    time: Option<f64>,
}

impl Round {
    fn mean(rounds: &[Self]) -> Self {
        let count = rounds.len() as f64;
        let times: Option<Vec<f64>> = rounds.iter().map(|round| round.time).collect();
        Self {
            rate: rounds.iter().map(|round| round.rate).sum::<f64>() / count,
            time: times.map(|times| times.iter().sum::<f64>() / count),
        }
    }
}

/// How many requests each contender answers in a second, and how long its processor takes for one.
pub(crate) fn requests_a_second(
    asker: Asker,
    processors: Processors,
    contenders: &[&str],
    path: &str,
) -> io::Result<(Vec<Figure>, Option<Vec<Figure>>)> {
    let apart = processors == Processors::OneEach && on_processor("1");
    let through: &[&str] = if apart { &["taskset", "-c", "0"] } else { &[] };
    let mut starts = vec![Vec::new(); contenders.len()];
    let count = match processors {
        Processors::OneEach => STARTS,
        Processors::Shared => SHARED_STARTS,
    };
    for _ in 0..count {
        let mut running = Vec::new();
        for contender in contenders {
            running.push(Running::start(contender, through)?);
        }
        let mut rounds = vec![Vec::new(); contenders.len()];
        for number in 0..ROUNDS {
            let mut order: Vec<usize> = (0..contenders.len()).collect();
            if number % 2 == 1 {
                order.reverse();
            }
            for at in order {
                rounds[at].push(round(asker, &running[at], path)?);
            }
        }
        for (start, rounds) in starts.iter_mut().zip(&rounds) {
            start.push(Round::mean(rounds));
        }
    }
    on_processor("0-1023");
    let rates: Vec<Vec<f64>> = each(&starts, |start| Some(start.rate)).unwrap_or_default();
    let times = each(&starts, |start| start.time);
    Ok((figures(rates), times.map(figures)))
}

fn each(rounds: &[Vec<Round>], of: impl Fn(Round) -> Option<f64>) -> Option<Vec<Vec<f64>>> {
    let all = rounds
        .iter()
        .map(|rounds| rounds.iter().map(|round| of(*round)).collect());
    all.collect()
}

fn figures(of: Vec<Vec<f64>>) -> Vec<Figure> {
    let first = of.first().cloned().unwrap_or_default();
    of.into_iter().map(|own| Figure::new(own, &first)).collect()
}

/// Keeps this process on these processors, where the system can.
fn on_processor(list: &str) -> bool {
    let mut command = Command::new("taskset");
    command.args(["-p", "-c", list, &std::process::id().to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn round(asker: Asker, running: &Running, path: &str) -> io::Result<Round> {
    let port = running.port();
    let busy = busy(running);
    let (answered, rate) = match asker {
        Asker::Own => ask(port, path),
        Asker::Wrk(connections) => wrk(port, path, connections),
    }?;
    let time = busy
        .zip(self::busy(running))
        .map(|(begin, end)| end - begin);
    Ok(Round {
        rate,
        time: time.map(|time| time / answered),
    })
}

/// How many requests were answered, and how many in a second.
fn ask(port: u16, path: &str) -> io::Result<(f64, f64)> {
    let mut connections = (0..CONNECTIONS)
        .map(|_| Connection::open(port))
        .collect::<io::Result<Vec<_>>>()?;
    let request = request(path, "");
    let start = Instant::now();
    let mut answered: u32 = 0;
    while start.elapsed() < TIME {
        for connection in &mut connections {
            connection.stream.write_all(request.as_bytes())?;
        }
        for connection in &mut connections {
            connection.answer()?;
            answered += 1;
        }
    }
    let answered = f64::from(answered);
    Ok((answered, answered / start.elapsed().as_secs_f64()))
}

/// The same as wrk tells it.
fn wrk(port: u16, path: &str, connections: u16) -> io::Result<(f64, f64)> {
    let url = format!("http://127.0.0.1:{port}{path}");
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), "-d1s", &url])
        .output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let words: Vec<&str> = told.split_whitespace().collect();
    let number = |at: Option<&&str>| at.and_then(|word| word.parse().ok());
    let answered = words
        .windows(3)
        .find(|words| words[1..] == ["requests", "in"]);
    let rate = words.windows(2).find(|words| words[0] == "Requests/sec:");
    let numbers = number(answered.and_then(|words| words.first()))
        .zip(number(rate.and_then(|words| words.last())));
    let failed = ["Non-2xx", "Socket errors"]
        .iter()
        .any(|error| told.contains(error));
    match numbers {
        Some(numbers) if !failed => Ok(numbers),
        _ => Err(io::Error::other(format!("wrk says {told}"))),
    }
}

/// How long the threads of a process have had a processor, in microseconds.
fn busy(running: &Running) -> Option<f64> {
    let threads = std::fs::read_dir(format!("/proc/{}/task", running.id())).ok()?;
    threads
        .map(|thread| {
            let stat = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            let nanoseconds: f64 = stat.split_whitespace().next()?.parse().ok()?;
            Some(nanoseconds / 1000.0)
        })
        .sum()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
