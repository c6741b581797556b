//! Instructions a request: the difference of two runs, so that starting and stopping cancel out.

use std::io;
use std::process::Command;

use crate::load::Connection;
use crate::running::Running;

const FEW: u32 = 500;
const MANY: u32 = 2500;

/// How many instructions a contender spends on a request, in user space.
pub(crate) fn a_request(contender: &str, path: &str) -> io::Result<f64> {
    let few = of(contender, path, FEW)?;
    let many = of(contender, path, MANY)?;
    Ok((many - few) / f64::from(MANY - FEW))
}

fn of(contender: &str, path: &str, requests: u32) -> io::Result<f64> {
    let file = std::env::temp_dir().join(format!("koa-bench-{}.out", std::process::id()));
    let out = format!("--callgrind-out-file={}", file.display());
    let through = ["valgrind", "--tool=callgrind", &out];
    let mut running = Running::start(contender, &through)?;
    let mut connection = Connection::open(running.port())?;
    for _ in 0..requests {
        connection.ask(path)?;
        connection.answer()?;
    }
    // callgrind writes its file when the process is interrupted, and not when it is killed.
    Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status()?;
    running.wait()?;
    let text = std::fs::read_to_string(&file)?;
    std::fs::remove_file(&file)?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
    total
        .and_then(|total| total.trim().parse().ok())
        .ok_or_else(|| io::Error::other("callgrind counted nothing"))
}
