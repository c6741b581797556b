//! The memory of a connection that is open and idle, after one request.

use std::io;

use crate::load::Connection;
use crate::running::Running;

const CONNECTIONS: usize = 500;

/// How much a server's memory grows with each connection, in kilobytes; nothing where the system does not tell.
pub(crate) fn of_a_connection(contender: &str) -> io::Result<Option<f64>> {
    let running = Running::start(contender, &[])?;
    let port = running.port();
    // What is made once is made with the first ones.
    let mut open = connect(port, CONNECTIONS / 5)?;
    let before = resident(&running);
    open.extend(connect(port, CONNECTIONS)?);
    let after = resident(&running);
    let grown = before.zip(after).map(|(before, after)| after - before);
    Ok(grown.map(|grown| grown / CONNECTIONS as f64))
}

/// Connections that have asked at the same time, and have their answers.
fn connect(port: u16, count: usize) -> io::Result<Vec<Connection>> {
    let open = (0..count).map(|_| Connection::open(port));
    let mut open: Vec<_> = open.collect::<io::Result<_>>()?;
    for connection in &mut open {
        connection.ask("/")?;
    }
    for connection in &mut open {
        connection.answer()?;
    }
    Ok(open)
}

/// The resident memory of a process, in kilobytes.
fn resident(running: &Running) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
