//! A redis-server of a test's own, on a Unix socket in a directory of its own.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Runs until it is dropped.
pub(crate) struct RedisServer {
    directory: PathBuf,
    process: Option<Child>,
}

impl RedisServer {
    /// None where there is no redis-server, which is a failure in CI.
    pub(crate) fn start() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("koa-redis-{}-{count}", std::process::id());
        let mut server = Self {
            directory: std::env::temp_dir().join(name),
            process: None,
        };
        std::fs::create_dir_all(&server.directory).unwrap();
        if server.run() {
            return Some(server);
        }
        assert!(
            std::env::var_os("CI").is_none(),
            "there is no redis-server: install the package of that name"
        );
        // Not `eprintln!`, which is heard of where a test fails only.
        let message = "NOT TESTED: there is no redis-server. Install the package of that name.";
        let _ = writeln!(std::io::stderr(), "{message}");
        None
    }

    /// Starts it again over what it has written. It writes every change to the disk before it answers.
    pub(crate) fn run(&mut self) -> bool {
        let spawned = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(self.socket())
            .args(["--appendonly", "yes", "--appendfsync", "always", "--dir"])
            .arg(&self.directory)
            .args(["--enable-debug-command", "local"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match spawned {
            Ok(process) => self.process = Some(process),
            Err(error) if error.kind() == ErrorKind::NotFound => return false,
            Err(error) => panic!("redis-server: {error}"),
        }
        let end = Instant::now() + Duration::from_secs(20);
        while self.try_command("PING").as_deref() != Some("+PONG\r\n") {
            assert!(Instant::now() < end, "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Sends it a signal, by name.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// What it answers to a line, as it comes.
    pub(crate) fn command(&self, line: &str) -> String {
        self.try_command(line).expect("redis-server answers")
    }

    /// The same with a password.
    pub(crate) fn authenticated(&self, password: &str, line: &str) -> String {
        self.command(&format!("AUTH {password}\r\n{line}"))
    }

    /// Ends all connections.
    pub(crate) fn kill_clients(&self, password: &str) {
        self.authenticated(password, "CLIENT KILL TYPE normal SKIPME yes");
    }

    fn try_command(&self, line: &str) -> Option<String> {
        let mut stream = UnixStream::connect(self.socket()).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
            .write_all(format!("{line}\r\nQUIT\r\n").as_bytes())
            .ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8_lossy(&answer);
        Some(answer.strip_suffix("+OK\r\n")?.to_owned())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if self.process.is_some() && std::thread::panicking() {
            self.signal("-CONT");
        }
        self.kill();
        drop(std::fs::remove_dir_all(&self.directory));
    }
}
