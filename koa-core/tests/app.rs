//! An app's settings, values, events and addresses, and its use under a server of one's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::channel;
use std::time::Duration;

use client::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use koa::prelude::*;
use serve::serve;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

#[middleware]
async fn settings(ctx: &mut Context) -> serde_json::Value {
    let app = ctx.app();
    serde_json::json!([
        app.env(),
        app.proxy(),
        app.subdomain_offset(),
        app.proxy_ip_header(),
        app.max_ips_count(),
        app.silent(),
        app.to_json(),
    ])
}

#[test]
fn settings_have_koas_defaults() {
    let server = serve(App::new().with(settings));
    assert_eq!(
        get(server.address, "/").text(),
        r#"["development",false,2,"X-Forwarded-For",0,false,{"env":"development","proxy":false,"subdomainOffset":2}]"#
    );
}

#[test]
fn settings_can_be_set() {
    let app = App::new()
        .env("test")
        .keys(["new", "old"])
        .proxy(true)
        .subdomain_offset(0)
        .proxy_ip_header("X-Real-IP")
        .max_ips_count(3)
        .silent(true)
        .with(settings);
    let server = serve(app);
    assert_eq!(
        get(server.address, "/").text(),
        r#"["test",true,0,"X-Real-IP",3,true,{"env":"test","proxy":true,"subdomainOffset":0}]"#
    );
}

/// The environment is read when the app is made: in a process of its own, since it is that of all threads.
#[test]
fn the_environment_is_koa_env() {
    for (value, wanted) in [("production", "production"), ("", "development")] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "prints_its_environment",
                "--ignored",
            ])
            .env("KOA_ENV", value)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(&format!("env={wanted};")), "{printed}");
    }
}

#[test]
#[ignore = "the part of the_environment_is_koa_env that runs in a process of its own"]
fn prints_its_environment() {
    #[middleware]
    async fn env(ctx: &mut Context) -> String {
        ctx.app().env().to_owned()
    }
    let server = serve(App::new().with(env));
    println!("env={};", get(server.address, "/").text());
}

#[test]
fn keys_are_never_printed() {
    let app = App::new().keys(["a secret", "another"]);
    let printed = format!("{app:?} {app:#?}");
    assert!(
        !printed.contains("secret") && !printed.contains("another"),
        "{printed}"
    );
}

struct Database(&'static str);

#[middleware]
async fn look(ctx: &mut Context, database: &Database) -> String {
    let same = ctx.app().value::<Database>().unwrap();
    format!("{} {} {:?}", database.0, same.0, ctx.app().value::<u8>())
}

#[test]
fn values_belong_to_the_whole_app() {
    let server = serve(App::new().context(Database("postgres")).with(look));
    assert_eq!(get(server.address, "/").text(), "postgres postgres None");
}

struct SignedUp(String);

#[middleware]
async fn sign_up(ctx: &mut Context) -> String {
    let heard = ctx.app().emit(&SignedUp(ctx.path().to_owned()));
    let nobody = ctx.app().emit(&7_u8);
    format!("{heard} {nobody}")
}

#[test]
fn events_reach_the_listeners_of_their_type_in_order() {
    let (hears, heard) = channel();
    let (first, second) = (hears.clone(), hears);
    let app = App::new()
        .on(move |event: &SignedUp| first.send(format!("first {}", event.0)).unwrap())
        .on(move |event: &SignedUp| second.send(format!("second {}", event.0)).unwrap())
        .with(sign_up);
    let server = serve(app);
    assert_eq!(get(server.address, "/ada").text(), "true false");
    assert_eq!(
        heard.try_iter().collect::<Vec<_>>(),
        ["first /ada", "second /ada"]
    );
}

#[middleware]
async fn peer(ctx: &mut Context) -> String {
    format!("{:?}", ctx.socket().remote_ip())
}

#[test]
fn an_app_runs_under_a_server_of_ones_own() {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let callback = App::new().with(peer).callback();
    runtime.spawn(async move {
        for known in [true, false] {
            let (stream, peer) = listener.accept().await.unwrap();
            let service = callback.service(known.then_some(peer));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    assert_eq!(get(address, "/").text(), "Some(127.0.0.1)");
    assert_eq!(get(address, "/").text(), "None");
}

#[middleware]
async fn hello() -> &'static str {
    "hello"
}

#[test]
fn an_address_can_be_written_in_every_usual_form() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        macro_rules! binds {
            ($($address:expr),* $(,)?) => {$(
                let server = App::new().with(hello).bind($address).await.unwrap();
                let bound = server.addresses().to_vec();
                assert!(bound.iter().all(|address| address.port() != 0), "{}", stringify!($address));
                let running = tokio::spawn(server.run());
                for address in bound {
                    let port = address.port();
                    let answer = tokio::task::spawn_blocking(move || {
                        get(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), "/")
                    });
                    assert_eq!(answer.await.unwrap().text(), "hello", "{}", stringify!($address));
                }
                running.abort();
            )*};
        }
        binds! {
            "127.0.0.1:0",
            String::from("127.0.0.1:0"),
            ("127.0.0.1", 0),
            ("localhost", 0),
            ([127, 0, 0, 1], 0),
            (std::net::IpAddr::from(Ipv4Addr::LOCALHOST), 0),
            SocketAddr::from(([127, 0, 0, 1], 0)),
            0_u16,
            ":0",
            "0",
            ["127.0.0.1:0", "0.0.0.0:0"],
            vec![("127.0.0.1", 0), ("127.0.0.1", 0)],
        }
    });
}

#[test]
fn an_address_that_cannot_be_had_is_an_error_that_names_it() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let taken = App::new().bind("127.0.0.1:0").await.unwrap();
        let address = taken.addresses()[0];
        let error = App::new().bind(address).await.unwrap_err();
        assert!(error.message().contains(&address.to_string()), "{error}");

        for bad in ["127.0.0.1", "127.0.0.1:99999", "no such host:80", ""] {
            let error = App::new().bind(bad).await.unwrap_err();
            assert!(error.message().contains(&format!("{bad:?}")), "{error}");
        }
    });
}

#[test]
fn no_address_is_an_error() {
    let runtime = Runtime::new().unwrap();
    let error = runtime
        .block_on(App::new().listen(Vec::<u16>::new()))
        .unwrap_err();
    assert!(error.message().contains("no address"), "{error}");
}

#[test]
fn a_server_that_is_dropped_while_clients_come_leaves_nothing_behind() {
    for _ in 0..20 {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(App::new().with(hello).bind(OWN)).unwrap();
        let address = server.addresses()[0];
        let running = runtime.spawn(server.run());
        let clients = std::thread::spawn(move || {
            let mut clients = Vec::new();
            while let Ok(stream) = std::net::TcpStream::connect(address) {
                clients.push(stream);
                if clients.len() == 30 {
                    break;
                }
            }
            clients
        });
        let mut first = client::Client::connect(address);
        assert_eq!(first.get("/").text(), "hello");
        running.abort();
        assert!(runtime.block_on(running).unwrap_err().is_cancelled());
        for mut stream in clients.join().unwrap() {
            // Each is closed, and none is answered any more.
            let _ = std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let mut answer = [0; 1];
            let read = std::io::Read::read(&mut stream, &mut answer);
            assert!(!matches!(read, Ok(1)), "it is answered");
            let timed_out = read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
            assert!(!timed_out, "it stays open");
        }
        is_free(&runtime, address);
    }
}

/// A free port of an address that is no other test's: on another one the system might give the port to their sockets, once
/// it is free again.
const OWN: &str = if cfg!(target_os = "linux") {
    "127.19.7.1:0"
} else {
    "127.0.0.1:0"
};

fn is_free(runtime: &Runtime, address: SocketAddr) {
    let again = runtime.block_on(App::new().bind(address));
    assert!(again.is_ok(), "the address is free: {again:?}");
}

#[test]
fn dropping_the_server_closes_its_connections_and_frees_its_addresses() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(App::new().with(hello).bind(OWN)).unwrap();
    let address = server.addresses()[0];
    let running = runtime.spawn(server.run());
    let mut client = client::Client::connect(address);
    assert_eq!(client.get("/").text(), "hello");
    running.abort();
    assert_eq!(client.rest(), b"", "the connection ends");
    assert!(runtime.block_on(running).is_err());
    is_free(&runtime, address);
}

mod program {
    use super::*;

    /// Blocks a thread for good.
    #[koa::main]
    pub(super) async fn main() -> Result {
        let (keep, never) = std::sync::mpsc::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let _ = tell.send(());
            let _keep = keep;
            let _ = never.recv();
        });
        told.await?;
        Ok(())
    }
}

#[test]
fn a_thread_that_is_blocked_does_not_keep_the_process_from_ending() {
    let begin = std::time::Instant::now();
    program::main().unwrap();
    assert!(begin.elapsed() < std::time::Duration::from_secs(10));
}
