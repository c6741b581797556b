//! Replays what Koa itself answered: every case is sent over a real connection to an app that is put together and
//! driven through the public API only.
//!
//! `cargo test --test conformance` replays the cases in `vectors/`, whose README says where they come from;
//! `KOA_VECTORS=dir` replays another folder of the same format. The run fails if a case fails that is not in the table
//! of deliberate differences (`docs/differences.md`), or if a case of that table passes, or does not exist.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what it takes for granted"
)]

mod app;
mod cases;
mod compare;
mod cookies;
mod differences;
mod exchange;
mod operations;
mod pure;
mod record;
mod report;
mod steps;
mod streams;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::differences::Differences;
use crate::report::{Outcome, Report};

fn main() -> ExitCode {
    // What `cargo test name` passes to every test: this one has no tests to choose from.
    let filter = std::env::args().nth(1).filter(|arg| !arg.starts_with('-'));
    if filter.is_some_and(|filter| !"conformance".contains(&filter)) {
        return ExitCode::SUCCESS;
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let own = root.join("tests/conformance/vectors");
    let other = std::env::var_os("KOA_VECTORS").map(PathBuf::from);
    let families = cases::read(other.as_ref().unwrap_or(&own));
    let listed = other.is_some().then(|| cases::read(&own));
    let details = root.join("tests/conformance/differences.txt");
    let page = root.join("docs/differences.md");
    let differences = Differences::read(&page, &details, listed.as_deref());
    let mut differing = String::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut report = Report::default();
    for family in &families {
        for case in &family.cases {
            if case.is_for_later() {
                report.add(case, Outcome::NotYet);
                continue;
            }
            // A failure of several lines is one line of the file.
            let failures = match case.kind.as_str() {
                "pure" => pure::replay(case),
                _ => runtime.block_on(exchange::replay(case)),
            };
            let failures: Vec<_> = failures
                .iter()
                .map(|failure| failure.replace('\n', " "))
                .collect();
            let outcome = match failures {
                none if none.is_empty() => Outcome::Passed,
                failures if differences.covers(case, &failures) => {
                    let _ = writeln!(differing, "{}\n    {}", case.id, failures.join("\n    "));
                    Outcome::Differs
                }
                failures => Outcome::Failed(failures),
            };
            report.add(case, outcome);
        }
    }
    if differences::updates() && other.is_none() {
        std::fs::write(details, differing).unwrap();
    }
    report.finish(&differences)
}
