//! koa beside bare hyper and axum: instructions a request, requests a second, and the memory of a connection.
//!
//! `cargo bench -p bench-koa-rs`. The instructions are user-space ones, counted by valgrind's callgrind, and repeat
//! within half a percent on any machine; without valgrind that table is left out. Requests a second depend on the
//! machine and on what else it does: read them as ratios. They are asked for by this program, and by wrk where it is
//! installed.

mod contenders;
mod instructions;
mod load;
mod memory;
mod running;

use std::process::{Command, Stdio};

use load::{Asker, Processors};

const CONTENDERS: [&str; 3] = ["hyper", "axum", "koa"];
const PATHS: [(&str, &str); 2] = [("plaintext", "/"), ("json", "/json")];
/// On how many connections wrk asks.
const WRK: [u16; 3] = [8, 64, 256];
/// The same where it shares the servers' processors, and for what.
const SHARED: [(&str, &str, u16); 5] = [
    ("text, 8 connections", "/", 8),
    ("text, 64", "/", 64),
    ("text, 256", "/", 256),
    ("a millisecond of computing, 4", "/compute", 4),
    ("the same, 64", "/compute", 64),
];
const THREADS: [&str; 2] = ["koa on tokio's threads", "koa with workers"];
const SESSIONS: [&str; 2] = ["/session", "/session-mem"];
const LADDER: [&str; 3] = ["/onion/1", "/onion/10", "/onion-alt/1"];

fn main() -> std::io::Result<()> {
    // A contender serves in a process of its own, which is this program.
    if let Ok(name) = std::env::var("CONTENDER") {
        let port = std::env::var("PORT")
            .ok()
            .and_then(|port| port.parse().ok());
        return contenders::serve(&name, port.unwrap_or(0));
    }
    if is_installed("valgrind") {
        println!("\nInstructions a request, on one connection\n");
        println!("| | hyper | axum | koa |\n| --- | ---: | ---: | ---: |");
        for (name, path) in PATHS {
            row(name, |contender| instructions::a_request(contender, path))?;
        }
        let [one, ten, empty_one] = LADDER.map(|path| instructions::a_request("koa", path));
        let layer = (ten? - one?) / 9.0;
        println!(
            "\nA layer that counts in the request's state, before and after `next`: {layer:.0}"
        );
        let layer = (instructions::a_request("koa", "/onion-alt/10")? - empty_one?) / 9.0;
        println!("A layer that does nothing: {layer:.0}");
        let [sealed, stored] = SESSIONS.map(|path| instructions::a_request("koa", path));
        println!(
            "A request that reads and changes its session: {:.0} where it is sealed in the cookie, {:.0} where it is in memory",
            sealed?, stored?
        );
        let [without, with] = ["koa without a session", "koa with a session"]
            .map(|contender| instructions::a_request(contender, "/"));
        println!(
            "A session that no one asks for: {:.0} more than without it",
            with? - without?
        );
    } else {
        println!("valgrind is not installed: no instructions are counted");
    }
    println!(
        "\nRequests a second, on 32 connections; in brackets the mean ratio at the same start"
    );
    times_and_rates(Asker::Own)?;
    if is_installed("wrk") {
        for connections in WRK {
            println!("\nThe same by wrk, on {connections} connections");
            times_and_rates(Asker::Wrk(connections))?;
        }
        println!("\nRequests a second by wrk, with all processors, which it shares\n");
        println!("| | tokio's threads | a worker for each |\n| --- | ---: | ---: |");
        for (name, path, connections) in SHARED {
            let asker = Asker::Wrk(connections);
            let (rates, _) = load::requests_a_second(asker, Processors::Shared, &THREADS, path)?;
            line(name, &rates);
        }
    } else {
        println!("\nwrk is not installed: it is not asked");
    }
    println!("\nMemory of an idle connection, in kilobytes\n");
    for contender in CONTENDERS {
        if let Some(size) = memory::of_a_connection(contender)? {
            println!("{contender}: {size:.1}");
        }
    }
    Ok(())
}

/// The tables of requests a second, and of the processor's time for each.
fn times_and_rates(asker: Asker) -> std::io::Result<()> {
    println!("\n| | hyper | axum | koa |\n| --- | ---: | ---: | ---: |");
    let mut times = Vec::new();
    for (name, path) in PATHS {
        let (rates, time) = load::requests_a_second(asker, Processors::OneEach, &CONTENDERS, path)?;
        line(name, &rates);
        times.extend(time.map(|time| (name, time, rates)));
    }
    if !times.is_empty() {
        println!(
            "\nThe server's time on its processor for each of these requests, in microseconds\n"
        );
        println!("| | hyper | axum | koa |\n| --- | ---: | ---: | ---: |");
        for (name, time, rates) in &times {
            line(name, time);
            let busy = time.iter().zip(rates);
            let busy = busy.map(|(time, rate)| time.median() * rate.median() / 10_000.0);
            let busy: Vec<_> = busy.map(|share| format!("{share:.0} %")).collect();
            println!("| {name}: how busy it is | {} |", busy.join(" | "));
        }
    }
    Ok(())
}

/// A row of a table of ratios with their errors.
fn line(name: &str, figures: &[load::Figure]) {
    let figures: Vec<_> = figures.iter().map(ToString::to_string).collect();
    println!("| {name} | {} |", figures.join(" | "));
}

/// A row of a table: each contender's figure, and its ratio to the first one's.
fn row(name: &str, figure: impl Fn(&str) -> std::io::Result<f64>) -> std::io::Result<()> {
    let mut line = format!("| {name} |");
    let mut first = None;
    for contender in CONTENDERS {
        let figure = figure(contender)?;
        let ratio = figure / *first.get_or_insert(figure);
        line.push_str(&format!(" {figure:.0} ({ratio:.2}) |"));
    }
    println!("{line}");
    Ok(())
}

/// Whether there is such a program. What it says of its version, and whether it takes that for a failure, is its own.
fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok()
}
