//! What a server listens on, and with how many threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::collections::HashSet;
use std::time::Duration;

use client::{Client, get};
use koa::Address;
use koa::prelude::*;
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

    fn ask(path: &PathBuf) -> String {
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

#[test]
fn workers_share_the_connections() {
    #[middleware]
    async fn thread() -> String {
        let name = std::thread::current().name().map(str::to_owned);
        name.unwrap_or_default()
    }
    let server = serve_with(App::new().with(thread), |server| server.workers(2));
    let mut names = HashSet::new();
    for _ in 0..1000 {
        let mut client = Client::connect(server.address);
        let name = client.get("/").text();
        assert_eq!(
            client.get("/").text(),
            name,
            "a connection stays on its thread"
        );
        names.insert(name);
        if names.len() == 2 {
            break;
        }
    }
    assert!(
        names.iter().all(|name| name.starts_with("koa-")),
        "{names:?}"
    );
    let address = server.address;
    drop(server);
    // The threads end with the server.
    while std::net::TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
}

/// A process of its own, to which systemd's tool hands a socket; it is told so by the environment.
#[cfg(feature = "systemd")]
#[test]
fn an_inherited_socket_is_an_address() {
    if std::env::var_os("LISTEN_FDS").is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime
            .block_on(App::new().with(seen).listen(Address::inherited(0)))
            .unwrap();
    }
    let Some(mut activate) = activated() else {
        eprintln!("systemd-socket-activate is not there");
        return;
    };
    let address = ([127, 0, 0, 1], 38_457).into();
    while std::net::TcpStream::connect(address).is_err() {
        std::thread::yield_now();
    }
    assert!(get(address, "/").text().contains("127.0.0.1:38457"));
    // The tool has become the test's own program, and ends as a server does.
    let pid = activate.id().to_string();
    let kill = std::process::Command::new("kill").arg(pid).status();
    assert!(kill.unwrap().success());
    assert!(activate.wait().unwrap().success());
}

#[cfg(feature = "systemd")]
fn activated() -> Option<std::process::Child> {
    std::process::Command::new("systemd-socket-activate")
        .args(["--listen", "127.0.0.1:38457"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "an_inherited_socket_is_an_address"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .ok()
}
