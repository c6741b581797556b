//! A redis-server of a test's own, on a Unix socket in a directory of its own.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Runs until it is dropped.
pub(crate) struct RedisServer {
    directory: PathBuf,
    /// What it is told beside what all of them are.
    options: Vec<String>,
    process: Option<Child>,
}

impl RedisServer {
    /// None where there is no redis-server, which is a failure in CI.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(|_| Vec::new())
    }

    /// The same with options, which may name files in its directory.
    pub(crate) fn start_with(options: impl FnOnce(&Path) -> Vec<String>) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("koa-redis-{}-{count}", std::process::id());
        let mut server = Self {
            directory: std::env::temp_dir().join(name),
            options: Vec::new(),
            process: None,
        };
        std::fs::create_dir_all(&server.directory).unwrap();
        server.options = options(&server.directory);
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
            .args(&self.options)
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

/// A port that nobody listens on, and that the system gives to nobody by itself before it is listened on.
pub(crate) fn free_port() -> u16 {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    loop {
        let number = std::process::id() as usize * 16 + COUNT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(10_000 + number % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Three masters, each with a third of the slots, and a replica of the first one.
pub(crate) struct RedisCluster {
    pub(crate) nodes: Vec<RedisServer>,
    ports: Vec<u16>,
}

const MASTERS: usize = 3;

impl RedisCluster {
    /// None where there is no redis-server, which is a failure in CI.
    pub(crate) fn start() -> Option<Self> {
        let mut cluster = Self {
            nodes: Vec::new(),
            ports: Vec::new(),
        };
        for _ in 0..=MASTERS {
            let port = free_port();
            let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
            // Who has slots of their own goes on with them, whoever is down.
            let options = options.iter().chain(&[
                "--cluster-require-full-coverage",
                "no",
                "--cluster-replica-validity-factor",
                "0",
            ]);
            let mut options: Vec<_> = options.map(|option| (*option).to_owned()).collect();
            for (name, port) in [("--port", port), ("--cluster-port", free_port())] {
                options.extend([name.to_owned(), port.to_string()]);
            }
            cluster.nodes.push(RedisServer::start_with(|_| options)?);
            cluster.ports.push(port);
        }
        let share = 16384 / MASTERS;
        for (number, node) in cluster.nodes.iter().take(MASTERS).enumerate() {
            let first = number * share;
            let last = match number + 1 {
                MASTERS => 16383,
                next => next * share - 1,
            };
            let added = node.command(&format!("CLUSTER ADDSLOTSRANGE {first} {last}"));
            assert_eq!(added, "+OK\r\n");
            node.command(&format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1));
        }
        let (first, others) = cluster.nodes.split_first().unwrap();
        for (node, port) in others.iter().zip(&cluster.ports[1..]) {
            let bus = node.command("CONFIG GET cluster-port");
            let bus = bus.lines().last().unwrap();
            let met = first.command(&format!("CLUSTER MEET 127.0.0.1 {port} {bus}"));
            assert_eq!(met, "+OK\r\n");
        }
        cluster.wait_for("every node to know all", |node| {
            let info = node.command("CLUSTER INFO");
            info.contains("cluster_known_nodes:4") && info.contains("cluster_size:3")
        });
        let id = first.command("CLUSTER MYID");
        let id = id.lines().last().unwrap();
        let replica = cluster.nodes.last().unwrap();
        let replicates = replica.command(&format!("CLUSTER REPLICATE {id}"));
        assert_eq!(replicates, "+OK\r\n");
        cluster.wait_for("the cluster to be ready", |node| {
            let info = node.command("CLUSTER INFO");
            let nodes = node.command("CLUSTER NODES");
            info.contains("cluster_state:ok")
                && nodes.matches(" slave ").count() + nodes.matches("myself,slave ").count() == 1
        });
        cluster.wait_for("the replica to be in step", |node| {
            let role = node.command("INFO replication");
            !role.contains("role:slave") || role.contains("master_link_status:up")
        });
        Some(cluster)
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        let urls = self.ports.iter();
        urls.map(|port| format!("redis://127.0.0.1:{port}"))
            .collect()
    }

    fn wait_for(&self, what: &str, is_so: impl Fn(&RedisServer) -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !self.nodes.iter().all(&is_so) {
            assert!(Instant::now() < end, "still waiting for {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
