//! Behind a real nginx, where it is installed, with the configuration that the page on deployment gives: what it says of
//! the client is believed with `proxy`, and only then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]
// Where all that begins with 127 is this machine.
#![cfg(target_os = "linux")]

mod client;
mod serve;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::Client;
use futures_util::stream;
use koa::prelude::*;
use koa::websocket::Message;
use koa::{Address, Cookie, Event, Onion};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serve::serve_at;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio_tungstenite::tungstenite;
use tungstenite::client::IntoClientRequest;

/// What a reader of the page copies from it.
const PAGE: &str = include_str!("../docs/deployment.md");

/// The client's address, which is not nginx's.
const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[middleware]
async fn seen(ctx: &mut Context) -> Result<String> {
    match ctx.path() {
        "/body" => return ctx.request.text().await,
        "/connection" => return Ok(format!("{:?}", ctx.socket().remote_addr())),
        "/cookie" => ctx.cookies().set(Cookie::new("id").secure(true), 1)?,
        _ => {}
    }
    let (host, origin) = (ctx.host(), ctx.origin());
    let (secure, ip, ips) = (ctx.secure(), ctx.ip(), ctx.ips());
    Ok(format!(
        "{} {host} {origin} {secure} {ip} {ips:?}",
        ctx.url()
    ))
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// nginx in front of an app, until this is dropped.
struct Nginx {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
    folder: PathBuf,
    process: Child,
}

/// The text with one part of it replaced, which is there once.
fn replace(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from:?} in {text}");
    text.replace(from, to)
}

impl Nginx {
    /// Nothing where nginx is not installed, but for CI, which installs it.
    fn start(name: &str, upstream: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("koa-nginx-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["test".to_owned()]).unwrap();
        std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
        // A port that was free a moment ago, on an address that no other test listens on.
        static STARTED: AtomicU8 = AtomicU8::new(1);
        let own = Ipv4Addr::new(127, 0, 1, STARTED.fetch_add(1, Relaxed));
        let address = TcpListener::bind((own, 0)).unwrap().local_addr().unwrap();
        let (_, block) = PAGE.split_once("```nginx\n").unwrap();
        let (block, _) = block.split_once("```").unwrap();
        let block = replace(block, "unix:/run/shop/http.sock", upstream);
        let block = replace(&block, "listen 443 ssl", &format!("listen {address} ssl"));
        let at = folder.display();
        let config = format!(
            "daemon off; pid {at}/pid; error_log {at}/error.log;
            events {{ worker_connections 64; }}
            http {{
                access_log off;
                client_body_temp_path {at}; proxy_temp_path {at}; fastcgi_temp_path {at};
                uwsgi_temp_path {at}; scgi_temp_path {at};
                ssl_certificate {at}/cert.pem; ssl_certificate_key {at}/key.pem;
                {block}
            }}"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let process = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut process) = process else {
            assert!(std::env::var_os("CI").is_none(), "nginx is not there");
            eprintln!("nginx is not there");
            return None;
        };
        while TcpStream::connect(address).is_err() {
            let ended = process.try_wait().unwrap();
            assert!(ended.is_none(), "nginx does not take the configuration");
            std::thread::yield_now();
        }
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Some(Self {
            address,
            tls: Arc::new(tls),
            folder,
            process,
        })
    }

    /// A connection of the client's.
    fn connect(&self) -> Tls {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((CLIENT, 0)).into()).unwrap();
        socket.connect(&self.address.into()).unwrap();
        // A test that waits longer than this has failed.
        let wait = Some(Duration::from_secs(30));
        socket.set_read_timeout(wait).unwrap();
        let tls = ClientConnection::new(Arc::clone(&self.tls), "test".try_into().unwrap());
        StreamOwned::new(tls.unwrap(), socket.into())
    }

    fn client(&self) -> Client<Tls> {
        Client::over(self.connect())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs a test with an app that nginx reaches over TCP.
fn over_tcp<C: Onion, List: 'static, Depth: 'static>(
    name: &str,
    app: App<C, List, Depth>,
    test: impl FnOnce(&Nginx),
) {
    let server = serve_at(app, "127.0.0.1:0");
    run(&format!("{name}-tcp"), &server.address.to_string(), test);
}

/// Runs a test with an app that nginx reaches through a Unix socket.
fn over_unix<C: Onion, List: 'static, Depth: 'static>(
    name: &str,
    app: App<C, List, Depth>,
    test: impl FnOnce(&Nginx),
) {
    let path = std::env::temp_dir().join(format!("koa-nginx-{name}-{}.sock", std::process::id()));
    // As root nginx works as another user, so the socket is open to all.
    let _server = serve_at(app, Address::unix(&path).mode(0o666));
    run(name, &format!("unix:{}", path.display()), test);
}

fn run(name: &str, upstream: &str, test: impl FnOnce(&Nginx)) {
    if let Some(nginx) = Nginx::start(name, upstream) {
        test(&nginx);
    }
}

/// What a client forges.
const FORGED: &str =
    "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n";

#[test]
fn with_proxy_what_nginx_says_counts() {
    // Only the last address is nginx's own; the others are what the client says.
    let app = || App::new().proxy(true).max_ips_count(1).with(seen);
    let test = |nginx: &Nginx| {
        let mut client = nginx.client();
        let wanted = "/a?b=c test https://test true 127.0.0.2 [\"127.0.0.2\"]";
        assert_eq!(client.get("/a?b=c").text(), wanted);
        // What a client forges is replaced by nginx, or stands before what nginx adds.
        assert_eq!(client.ask("GET", "/a?b=c", FORGED).text(), wanted);
        // The client speaks TLS, so a cookie for TLS alone may be set.
        let answer = client.get("/cookie");
        assert_eq!(answer.status, 200);
        let cookie = "id=1; path=/; secure; httponly";
        assert_eq!(answer.header("set-cookie"), Some(cookie));
        let body = "x".repeat(100_000);
        client.send(format!(
            "POST /body HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert_eq!(client.read(false).unwrap().text(), body);
    };
    over_unix("on", app(), test);
    over_tcp("on", app(), test);
}

#[test]
fn without_proxy_it_does_not() {
    let app = || App::new().silent(true).with(seen);
    let test = |nginx: &Nginx, ip: &str| {
        let mut client = nginx.client();
        let wanted = format!("/a test http://test false {ip} []");
        assert_eq!(client.get("/a").text(), wanted);
        assert_eq!(client.ask("GET", "/a", FORGED).text(), wanted);
        // From nginx the app hears over a plain connection, for which a cookie for TLS alone is refused.
        let answer = client.get("/cookie");
        assert_eq!((answer.status, answer.header("set-cookie")), (500, None));
    };
    over_unix("off", app(), |nginx| test(nginx, ""));
    // nginx itself is the client.
    over_tcp("off", app(), |nginx| test(nginx, "127.0.0.1"));
}

#[test]
fn nginx_uses_its_connection_again() {
    over_tcp("again", App::new().with(seen), |nginx| {
        let first = nginx.client().get("/connection").text();
        assert!(first.contains("127.0.0.1:"), "{first}");
        for headers in ["", "Connection: close\r\n", "Upgrade: h2c\r\n"] {
            let answer = nginx.client().ask("GET", "/connection", headers);
            assert_eq!(answer.text(), first, "{headers:?}");
        }
    });
}

#[middleware]
async fn echo(ctx: &mut Context) -> Result {
    let hello = format!("{} {}", ctx.origin(), ctx.ip());
    ctx.websocket(|mut socket| async move {
        let _ = socket.send(hello).await;
        while let Some(Ok(message)) = socket.recv().await {
            if message == Message::text("bye") {
                let _ = socket.close(4000, "as asked").await;
            } else {
                let _ = socket.send(message).await;
            }
        }
    })
}

#[test]
fn a_websocket_opens_through_nginx() {
    let app = App::new().proxy(true).max_ips_count(1).with(echo);
    over_unix("websocket", app, |nginx| {
        let connect = |origin: &str| {
            let mut request = "wss://test/".into_client_request().unwrap();
            let headers = request.headers_mut();
            headers.insert("origin", origin.parse().unwrap());
            let opened = tungstenite::client(request, nginx.connect());
            opened.map_err(|error| error.to_string())
        };
        let (mut socket, _) = connect("https://test").unwrap();
        let hello = Message::text("https://test 127.0.0.2");
        assert_eq!(socket.read().unwrap(), hello);
        for message in [
            Message::text("text"),
            Message::binary(vec![7; 100_000]),
            Message::text("more"),
        ] {
            socket.send(message.clone()).unwrap();
            assert_eq!(socket.read().unwrap(), message);
        }
        socket.send(Message::text("bye")).unwrap();
        let Message::Close(Some(close)) = socket.read().unwrap() else {
            panic!("no close frame")
        };
        assert_eq!((u16::from(close.code), &*close.reason), (4000, "as asked"));

        // A page of another origin, and what is no handshake.
        let refused = connect("https://evil.example").err().unwrap();
        assert!(refused.contains("403"), "{refused}");
        assert_eq!(nginx.client().get("/").status, 426);
    });
}

/// Events that the test sends.
struct News(Mutex<Option<UnboundedReceiver<&'static str>>>);

#[middleware]
impl News {
    async fn call(&self, ctx: &mut Context) -> Result {
        let news = self.0.lock().unwrap().take();
        ctx.send_events(stream::unfold(news.unwrap(), |mut news| async {
            let text = news.recv().await?;
            Some((Ok::<_, Error>(Event::new(text)), news))
        }))
    }
}

#[test]
fn events_come_through_nginx_one_by_one() {
    let (send, news) = unbounded_channel();
    let app = App::new().with(News(Mutex::new(Some(news))));
    over_unix("events", app, |nginx| {
        let mut client = nginx.client();
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        let mut seen = String::new();
        for (event, text) in [("one", "data: one\n\n"), ("two", "data: two\n\n")] {
            // The next one is sent when this one has been seen.
            send.send(event).unwrap();
            while !seen.contains(text) {
                assert!(client.fill(), "{seen}");
                seen += &String::from_utf8(client.take()).unwrap();
            }
        }
        drop(send);
        while !seen.ends_with("\r\n0\r\n\r\n") {
            assert!(client.fill(), "{seen}");
            seen += &String::from_utf8(client.take()).unwrap();
        }
        assert!(seen.starts_with("HTTP/1.1 200 OK\r\n"), "{seen}");
    });
}
