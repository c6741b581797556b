//! What a server listens on, and with how many threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use client::{Client, get};
use koa::prelude::*;
use koa::{Address, Exceeded, Limit};
use serve::{serve_at, serve_with};

#[middleware]
async fn seen(ctx: &mut Context) -> String {
    format!("{:?} {:?}", ctx.ip(), ctx.socket().local_addr())
}

#[test]
fn options_are_set_on_the_sockets() {
    let options = Address::from("127.0.0.1:0")
        .backlog(5)
        .reuse_port(true)
        .nodelay(false)
        .tcp_keep_alive(Duration::from_secs(30));
    let server = serve_at(App::new().with(seen), options.clone());
    assert_eq!(get(server.address, "/").status, 200);
    // Another server on the same port, which only `SO_REUSEPORT` allows.
    let same = Address::from(server.address);
    let bind = |address: Address| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(App::new().bind(address)).map(drop)
    };
    assert!(bind(same.clone()).is_err());
    assert!(bind(same.reuse_port(true)).is_ok());
}

/// What `main` prints, which is said once.
#[test]
fn what_cannot_be_listened_on_is_said() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = |address: &str| {
        let bound = runtime.block_on(App::new().bind(address));
        format!("{:?}", bound.expect_err("it is no address"))
    };
    for text in ["127.0.0.1", "::1", "[::1]", "localhost", ""] {
        assert_eq!(
            error(text),
            format!(
                "the address {text:?} has no port; one with it is \"127.0.0.1:3000\", \"[::1]:3000\" or \":3000\""
            )
        );
    }
    assert_eq!(
        error("127.0.0.1:99999"),
        "the address \"127.0.0.1:99999\" cannot be read or resolved: invalid port value"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let in_use = error(&address);
    let why = in_use.strip_prefix(&format!("cannot listen on {address}: "));
    let why = why.unwrap_or_else(|| panic!("{in_use}"));
    assert!(!why.contains('\n') && !why.contains("500"), "{why}");
}

#[cfg(unix)]
mod unix {
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;
    use std::path::PathBuf;

    use super::*;

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("koa-{}-{name}.sock", std::process::id()))
    }

    pub(super) fn ask(path: &PathBuf) -> String {
        let mut stream = UnixStream::connect(path).unwrap();
        let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn a_unix_socket_is_an_address() {
        let path = path("plain");
        let address = Address::unix(&path).mode(0o600);
        let server = serve_at(App::new().with(seen), address);
        let answer = ask(&path);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\"\" None"), "{answer}");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(server);
    }

    #[tokio::test]
    async fn its_file_is_removed_with_the_server() {
        let path = path("removed");
        let server = App::new().bind(Address::unix(&path)).await.unwrap();
        assert!(server.addresses().is_empty());
        assert!(path.exists());
        drop(server);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_that_another_server_has_bound_since_stays() {
        let path = path("newer");
        let older = App::new().bind(Address::unix(&path)).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        let newer = App::new().bind(Address::unix(&path)).await.unwrap();
        drop(older);
        assert!(path.exists());
        drop(newer);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn one_that_is_too_busy_is_in_use() {
        let path = path("busy");
        let address = socket2::SockAddr::unix(&path).unwrap();
        let socket = || socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let busy = socket().unwrap();
        busy.bind(&address).unwrap();
        busy.listen(1).unwrap();
        let mut waiting = Vec::new();
        loop {
            let client = socket().unwrap();
            client.set_nonblocking(true).unwrap();
            if client.connect(&address).is_err() {
                break;
            }
            waiting.push(client);
        }
        let error = App::new().bind(Address::unix(&path)).await.err().unwrap();
        assert!(error.message().contains("in use"), "{error}");
        std::fs::remove_file(&path).unwrap();
    }

    #[tokio::test]
    async fn one_that_was_left_behind_is_taken_over_and_one_in_use_is_not() {
        let path = path("left");
        let left = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = App::new().bind(Address::unix(&path)).await.err().unwrap();
        assert!(error.message().contains("cannot listen on"), "it is in use");
        drop(left);
        let server = App::new().bind(Address::unix(&path)).await.unwrap();
        drop(server);
        std::fs::write(&path, "no socket").unwrap();
        assert!(App::new().bind(Address::unix(&path)).await.is_err());
        assert!(path.exists(), "what is no socket is left alone");
        std::fs::remove_file(&path).unwrap();
    }
}

/// Two requests that meet: each blocks its thread until the other has come.
struct Meeting {
    come: Sender<()>,
    both: Barrier,
    ended: Sender<String>,
}

/// Says that its thread has ended.
struct End(String, Sender<String>);

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.1.send(self.0.clone());
    }
}

thread_local! {
    static END: RefCell<Option<End>> = const { RefCell::new(None) };
}

#[middleware]
impl Meeting {
    async fn call(&self, ctx: &mut Context) -> Result {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default().to_owned();
        match ctx.path() {
            "/body" => drop(ctx.request.bytes().await?),
            "/endless" => ctx.set_body(Body::reader(tokio::io::repeat(7))),
            "/meet" => {
                END.set(Some(End(name.clone(), self.ended.clone())));
                self.come.send(())?;
                self.both.wait();
                ctx.set_body(name);
            }
            _ => ctx.set_body(name),
        }
        Ok(())
    }
}

/// What happens on the workers' threads.
struct Seen {
    come: Receiver<()>,
    ended: Receiver<String>,
    told: Receiver<Limit>,
}

/// An app whose requests can meet, on a server with these settings.
macro_rules! server {
    ($($settings:tt)*) => {{
        let ((come_to, come), (end, ended), (tell, told)) = (channel(), channel(), channel());
        let meeting = Meeting {
            come: come_to,
            both: Barrier::new(2),
            ended: end,
        };
        let app = App::new()
            .silent(true)
            .on(move |event: &Exceeded| {
                let _ = tell.send(event.limit);
            })
            .with(meeting);
        let server = serve_with(app, |server| server $($settings)*);
        (server, Seen { come, ended, told })
    }};
}

fn next<T>(told: &Receiver<T>) -> T {
    told.recv_timeout(Duration::from_secs(20))
        .expect("it is told")
}

/// Two clients of two threads, and the names of these.
fn meet(address: SocketAddr, seen: &Seen) -> [(Client, String); 2] {
    let ask = || {
        let mut client = Client::connect(address);
        client.send("GET /meet HTTP/1.1\r\nHost: x\r\n\r\n");
        next(&seen.come);
        client
    };
    // The thread of the first one is blocked when the second one connects.
    [ask(), ask()].map(|mut client| {
        let name = client.read(false).expect("they meet").text();
        (client, name)
    })
}

#[test]
fn workers_share_the_connections() {
    let (server, seen) = server!(.workers(2));
    let clients = meet(server.address, &seen);
    let mut names = HashSet::new();
    for (mut client, name) in clients {
        assert!(name.starts_with("koa-"), "{name}");
        for _ in 0..10 {
            assert_eq!(
                client.get("/").text(),
                name,
                "a connection stays on its thread"
            );
        }
        names.insert(name);
    }
    assert_eq!(names.len(), 2, "{names:?}");
    let address = server.address;
    drop(server);
    // The threads end with the server.
    let ended = HashSet::from([next(&seen.ended), next(&seen.ended)]);
    assert_eq!(ended, names);
    while std::net::TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn connections_that_come_at_once_are_spread_over_the_workers() {
    let (server, _seen) = server!(.workers(2));
    let clients: Vec<_> = (0..32).map(|_| Client::connect(server.address)).collect();
    let mut names = HashMap::new();
    for mut client in clients {
        *names.entry(client.get("/").text()).or_insert(0) += 1;
    }
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.values().all(|count| *count >= 12), "{names:?}");
}

#[test]
fn a_worker_that_is_busy_keeps_no_connection_waiting() {
    let (server, seen) = server!(.workers(2));
    let mut busy = Client::connect(server.address);
    busy.send("GET /meet HTTP/1.1\r\nHost: x\r\n\r\n");
    next(&seen.come);
    let mut clients: Vec<_> = (0..8).map(|_| Client::connect(server.address)).collect();
    let names: HashSet<_> = clients
        .iter_mut()
        .map(|client| client.get("/").text())
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    clients[0].send("GET /meet HTTP/1.1\r\nHost: x\r\n\r\n");
    let name = busy.read(false).expect("they meet").text();
    assert!(!names.contains(&name), "{name}");
}

#[test]
fn connections_count_over_all_workers() {
    let (server, seen) = server!(.workers(2).max_connections(2));
    let _clients = meet(server.address, &seen);
    for _ in 0..4 {
        assert_eq!(get(server.address, "/").status, 503);
        assert_eq!(next(&seen.told), Limit::Connections);
    }
}

#[test]
fn slow_clients_of_each_worker_are_ended() {
    const SECOND: Duration = Duration::from_secs(1);
    for (bytes, status, limit) in [
        ("", None, Limit::IdleTime),
        ("GET / HTTP/1.1\r\nX: ", Some(408), Limit::HeaderReadTime),
        (
            "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na",
            Some(408),
            Limit::BodyRate,
        ),
        (
            "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n",
            None,
            Limit::WriteTime,
        ),
    ] {
        let (server, seen) = server!(
            .workers(2)
            .keep_alive_timeout(SECOND)
            .header_read_timeout(SECOND)
            .min_body_rate(100, SECOND)
            .write_timeout(SECOND)
        );
        let mut clients = meet(server.address, &seen);
        for (client, _) in &mut clients {
            client.send(bytes);
        }
        assert_eq!([next(&seen.told), next(&seen.told)], [limit, limit]);
        for (mut client, _) in clients {
            let answer = client.read(false).map(|answer| answer.status);
            assert_eq!(answer, status, "{limit:?}");
        }
    }
}

/// A process of its own, which is handed a TCP and a Unix socket as systemd hands them: as its descriptors from 3 on, of which
/// the environment tells.
#[cfg(all(unix, feature = "systemd"))]
#[test]
fn inherited_sockets_are_addresses() {
    use std::os::fd::OwnedFd;
    use std::process::{Command, Stdio};

    if std::env::var_os("LISTEN_FDS").is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(async {
            let both = [Address::inherited(0), Address::inherited(1)];
            let server = App::new().with(seen).bind(both).await.unwrap();
            for (index, why) in [(0, "taken already"), (2, "LISTEN_FDS")] {
                let error = App::new().bind(Address::inherited(index)).await.err();
                let error = error.expect("each is there once").to_string();
                assert!(error.contains(why), "{error}");
            }
            server.shutdown_on_signals().run().await.unwrap();
        });
    }
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let path = std::env::temp_dir().join(format!("koa-{}-inherited.sock", std::process::id()));
    let unix = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let hand_over =
        "exec 3<&0 4>&1 >/dev/null; LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\" --exact \"$1\"";
    let mut server = Command::new("sh")
        .args(["-c", hand_over])
        .arg(std::env::current_exe().unwrap())
        .arg("inherited_sockets_are_addresses")
        .stdin(Stdio::from(OwnedFd::from(tcp)))
        .stdout(Stdio::from(OwnedFd::from(unix)))
        .spawn()
        .unwrap();
    // The system takes connections for a socket that nobody accepts on yet.
    let answer = get(address, "/").text();
    assert!(answer.contains(&address.to_string()), "{answer}");
    let answer = unix::ask(&path);
    assert!(answer.ends_with("\"\" None"), "{answer}");
    std::fs::remove_file(&path).unwrap();
    // The shell has become the test's own program, which ends as a server does.
    let pid = server.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    assert!(server.wait().unwrap().success());
}

/// A process of its own, which may open few files.
#[cfg(unix)]
#[test]
fn a_worker_that_cannot_begin_is_an_error_of_run() {
    use std::process::Command;

    if std::env::var_os("KOA_FEW_FILES").is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let error = runtime.block_on(async {
            let server = App::new().with(seen).bind("127.0.0.1:0").await.unwrap();
            let address = server.addresses()[0];
            let error = server.workers(100).run().await.expect_err("too few files");
            // Nothing listens any more, also of those that had begun.
            while std::net::TcpStream::connect(address).is_ok() {
                std::thread::yield_now();
            }
            error
        });
        return assert!(error.to_string().contains("Too many open files"), "{error}");
    }
    let status = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().unwrap())
        .arg("a_worker_that_cannot_begin_is_an_error_of_run")
        .env("KOA_FEW_FILES", "1")
        .status()
        .unwrap();
    assert!(status.success());
}
