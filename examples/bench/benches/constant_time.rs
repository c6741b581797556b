//! Whether a signature that is wrong at its first character is refused with as many instructions as one that is wrong at
//! its last, or that is right: a comparison that stops early tells an attacker how far it came.
//!
//! `cargo bench -p bench-koa-rs --bench constant_time`. It needs valgrind.

use std::io;
use std::process::{Command, ExitCode};

use koa::Keygrip;

const DATA: &str = "name=value";

fn main() -> io::Result<ExitCode> {
    let keys = Keygrip::new(["a key of the benchmarks, which is no secret"]);
    let right = keys.sign(DATA).unwrap_or_default();
    let wrong_at = |at: usize| {
        let other = if right.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &right[..at], &right[at + 1..])
    };
    // The second run of this program, the one that is counted.
    if let Ok(signature) = std::env::var("SIGNATURE") {
        for _ in 0..1000 {
            std::hint::black_box(keys.verify(DATA, std::hint::black_box(&signature)));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut counts = Vec::new();
    for (what, signature) in [
        ("wrong at the first character", wrong_at(0)),
        ("wrong in the middle", wrong_at(right.len() / 2)),
        ("wrong at the last character", wrong_at(right.len() - 1)),
        ("right", right.clone()),
    ] {
        let count = counted(&signature)?;
        println!("{what:<30} {count:>12} instructions for 1,000 signatures");
        counts.push(count);
    }
    let (least, most) = (counts.iter().min(), counts.iter().max());
    let apart = most.zip(least).map_or(0, |(most, least)| most - least);
    println!("{:<30} {apart:>12}", "apart");
    // Less than one instruction a signature: what differs is the start of the process.
    Ok(if apart < 1000 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How many instructions this program takes for a signature.
fn counted(signature: &str) -> io::Result<u64> {
    let file = std::env::temp_dir().join(format!("koa-constant-time-{}.out", std::process::id()));
    Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe()?)
        .env("SIGNATURE", signature)
        .status()?;
    let text = std::fs::read_to_string(&file)?;
    std::fs::remove_file(&file)?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
    total
        .and_then(|total| total.trim().parse().ok())
        .ok_or_else(|| io::Error::other("callgrind counted nothing"))
}
