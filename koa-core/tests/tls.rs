//! TLS: what the app sees of it, the protocols that are agreed on, and certificates that are renewed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use client::Client;
use koa::prelude::*;
use koa::{Address, Exceeded, Limit, Tls};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serve::{serve_at, serve_at_with, serve_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig};

#[middleware]
async fn seen(ctx: &mut Context) -> String {
    let (secure, protocol) = (ctx.secure(), ctx.protocol());
    let encrypted = ctx.socket().encrypted();
    format!("{secure} {protocol} {encrypted} {}", ctx.origin())
}

/// A certificate for `localhost` and its key, in PEM form.
fn certificate() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

/// A client that trusts one certificate and offers these protocols.
fn client_config(trusted: &str, protocols: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| (*name).into()).collect();
    config
}

/// Connects as that client.
async fn connect(
    address: SocketAddr,
    trusted: &str,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(client_config(trusted, protocols)))
        .connect(name, stream)
        .await
}

/// Asks over HTTP/1.1, once.
async fn ask(mut stream: TlsStream<TcpStream>) -> String {
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

const SECURE: &str = "true https true https://localhost";

#[tokio::test]
async fn the_app_sees_that_a_connection_is_encrypted() {
    let (cert, key) = certificate();
    let tls = Tls::from_pem(cert.as_bytes(), key.as_bytes()).unwrap();
    let server = serve_at(
        App::new().with(seen),
        Address::from("127.0.0.1:0").tls(&tls),
    );
    for protocols in [&["http/1.1"][..], &[]] {
        let stream = connect(server.address, &cert, protocols).await.unwrap();
        let answer = ask(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with(SECURE), "{answer}");
    }
}

#[tokio::test]
async fn http_2_is_agreed_on() {
    let (cert, key) = certificate();
    let tls = Tls::from_pem(cert.as_bytes(), key.as_bytes()).unwrap();
    let server = serve_at(
        App::new().with(seen),
        Address::from("127.0.0.1:0").tls(&tls),
    );
    let stream = connect(server.address, &cert, &["h2", "http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://localhost/").body(()).unwrap();
    let mut client = client.ready().await.unwrap();
    let (response, _) = client.send_request(request, true).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), SECURE);
}

#[tokio::test]
async fn a_certificate_is_renewed_without_a_restart() {
    let folder = std::env::temp_dir().join(format!("koa-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let files = (folder.join("cert.pem"), folder.join("key.pem"));
    let write = |(cert, key): &(String, String)| {
        std::fs::write(&files.0, cert).unwrap();
        std::fs::write(&files.1, key).unwrap();
    };
    let (old, new) = (certificate(), certificate());
    write(&old);
    let tls = Tls::from_pem_files(&files.0, &files.1).unwrap();
    let server = serve_at(
        App::new().with(seen),
        Address::from("127.0.0.1:0").tls(&tls),
    );
    let open = connect(server.address, &old.0, &[]).await.unwrap();

    // Files that do not fit leave what there is.
    write(&(new.0.clone(), old.1.clone()));
    let error = tls.reload().unwrap_err();
    for file in [&files.0, &files.1] {
        let file = file.display().to_string();
        assert!(error.message().contains(&file), "{}", error.message());
    }
    assert!(connect(server.address, &old.0, &[]).await.is_ok());

    write(&new);
    tls.reload().unwrap();
    assert!(connect(server.address, &old.0, &[]).await.is_err());
    let renewed = connect(server.address, &new.0, &[]).await.unwrap();
    assert!(ask(renewed).await.ends_with(SECURE));
    assert!(ask(open).await.ends_with(SECURE), "open connections stay");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A configuration of one's own, with these protocols.
fn config((cert, key): &(String, String), protocols: &[&str]) -> ServerConfig {
    let cert = CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| (*name).into()).collect();
    config
}

#[tokio::test]
async fn a_configuration_of_ones_own_keeps_its_protocols_or_gets_the_servers() {
    let certificate = certificate();
    for (own, agreed) in [(&["http/1.1"][..], "http/1.1"), (&[], "h2")] {
        let tls = Tls::from_config(config(&certificate, own));
        let address = Address::from("127.0.0.1:0").tls(&tls);
        let server = serve_at(App::new().with(seen), address);
        let offered = ["h2", "http/1.1"];
        let stream = connect(server.address, &certificate.0, &offered).await;
        let stream = stream.unwrap();
        let found = stream.get_ref().1.alpn_protocol();
        assert_eq!(found, Some(agreed.as_bytes()), "{own:?}");
        let plain = connect(server.address, &certificate.0, &[]).await.unwrap();
        assert!(ask(plain).await.ends_with(SECURE));
    }
}

#[tokio::test]
async fn a_configuration_is_replaced_without_a_restart() {
    let (old, new) = (certificate(), certificate());
    let tls = Tls::from_config(config(&old, &["http/1.1"]));
    let address = Address::from("127.0.0.1:0").tls(&tls);
    let server = serve_at(App::new().with(seen), address);
    let open = connect(server.address, &old.0, &[]).await.unwrap();

    let error = tls.reload().unwrap_err();
    assert!(error.message().contains("not read from files"));
    assert!(connect(server.address, &old.0, &[]).await.is_ok());

    tls.replace(config(&new, &[]));
    assert!(connect(server.address, &old.0, &[]).await.is_err());
    let renewed = connect(server.address, &new.0, &["h2"]).await.unwrap();
    assert_eq!(renewed.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let renewed = connect(server.address, &new.0, &[]).await.unwrap();
    assert!(ask(renewed).await.ends_with(SECURE));
    assert!(ask(open).await.ends_with(SECURE), "open connections stay");
}

/// Waits until it is let go on, and says that it waits.
struct Gate {
    come: Arc<Notify>,
    go_on: Arc<Notify>,
}

#[middleware]
impl Gate {
    async fn call(&self, ctx: &mut Context) -> &'static str {
        if ctx.path() == "/wait" {
            self.come.notify_one();
            self.go_on.notified().await;
        }
        "done"
    }
}

#[tokio::test]
async fn a_server_that_ends_answers_what_is_in_flight_and_closes_the_others() {
    let (cert, key) = certificate();
    let tls = Tls::from_pem(cert.as_bytes(), key.as_bytes()).unwrap();
    let (come, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let app = App::new().with(Gate {
        come: Arc::clone(&come),
        go_on: Arc::clone(&go_on),
    });
    let address = Address::from("127.0.0.1:0").tls(&tls);
    let server = app.bind(address).await.unwrap();
    let address = server.addresses()[0];
    let (stop, stopped) = oneshot::channel::<()>();
    let server = server.shutdown_on(async {
        let _ = stopped.await;
    });
    let running = tokio::spawn(server.run());

    let mut unused = connect(address, &cert, &[]).await.unwrap();
    let mut idle = connect(address, &cert, &[]).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    idle.write_all(request).await.unwrap();
    let mut answer = vec![0; 1024];
    let read = idle.read(&mut answer).await.unwrap();
    assert!(answer[..read].ends_with(b"done"));
    let mut busy = connect(address, &cert, &[]).await.unwrap();
    let request = b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n";
    busy.write_all(request).await.unwrap();
    come.notified().await;

    stop.send(()).unwrap();
    // The end of each is said in TLS too: nothing was cut off.
    assert_eq!(unused.read(&mut answer).await.unwrap(), 0);
    assert_eq!(idle.read(&mut answer).await.unwrap(), 0);
    go_on.notify_one();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(answer.ends_with("done"), "{answer}");
    running.await.unwrap().unwrap();
}

/// An app that tells of limits.
fn telling() -> (App, Receiver<Limit>) {
    let (tell, told) = channel();
    let app = App::new().silent(true).on(move |event: &Exceeded| {
        assert!(event.peer.is_some());
        let _ = tell.send(event.limit);
    });
    (app, told)
}

fn next(told: &Receiver<Limit>) -> Limit {
    told.recv_timeout(Duration::from_secs(20))
        .expect("the limit is told")
}

#[middleware]
async fn endless() -> Body {
    Body::reader(tokio::io::repeat(7))
}

#[tokio::test]
async fn a_client_that_does_not_read_its_response_is_cut_off() {
    let (cert, key) = certificate();
    let tls = Tls::from_pem(cert.as_bytes(), key.as_bytes()).unwrap();
    let address = Address::from("127.0.0.1:0").tls(&tls);
    let server = serve_at_with(App::new().with(endless), address, |server| {
        server.write_timeout(Duration::from_secs(1))
    });
    let mut stream = connect(server.address, &cert, &[]).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut part = [0; 1024];
    assert_ne!(stream.read(&mut part).await.unwrap(), 0);
    let (begin, with_it) = (Instant::now(), server.tasks());
    while server.tasks() == with_it {
        assert!(begin.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // What the system had taken comes, and then the connection is gone.
    let mut rest = Vec::new();
    assert!(stream.read_to_end(&mut rest).await.is_err());
}

#[tokio::test]
async fn a_client_for_whom_there_is_no_room_is_closed() {
    let (cert, key) = certificate();
    let tls = Tls::from_pem(cert.as_bytes(), key.as_bytes()).unwrap();
    let address = Address::from("127.0.0.1:0").tls(&tls);
    let (app, told) = telling();
    let server = serve_at_with(app.with(seen), address, |server| server.max_connections(2));
    let first = connect(server.address, &cert, &[]).await.unwrap();
    let second = connect(server.address, &cert, &[]).await.unwrap();
    assert!(connect(server.address, &cert, &[]).await.is_err());
    assert_eq!(next(&told), Limit::Connections);
    assert!(ask(first).await.ends_with(SECURE));
    // Where one has left, there is room again, a moment after its client has seen the end.
    let begin = Instant::now();
    let another = loop {
        if let Ok(stream) = connect(server.address, &cert, &[]).await {
            break stream;
        }
        assert!(begin.elapsed() < Duration::from_secs(20));
    };
    assert!(ask(another).await.ends_with(SECURE));
    assert!(ask(second).await.ends_with(SECURE));
}

#[test]
fn what_is_no_certificate_is_an_error_that_says_so() {
    let (cert, key) = certificate();
    let (_, other) = certificate();
    for (cert, key, what) in [
        ("", key.as_str(), "the certificate cannot be used"),
        (cert.as_str(), "", "the key cannot be used"),
        (
            cert.as_str(),
            other.as_str(),
            "the certificate cannot be used",
        ),
    ] {
        let error = Tls::from_pem(cert.as_bytes(), key.as_bytes()).unwrap_err();
        assert!(error.message().starts_with(what), "{}", error.message());
    }
    let error = Tls::from_pem_files("/nowhere/cert.pem", "/nowhere/key.pem").unwrap_err();
    assert!(
        error
            .message()
            .starts_with("/nowhere/cert.pem cannot be read")
    );
    assert!(!format!("{:?}", Tls::from_pem(cert.as_bytes(), key.as_bytes())).contains("KEY"));
}

/// The client's side of a handshake, by hand.
struct Handshake {
    tls: ClientConnection,
    stream: std::net::TcpStream,
}

impl Handshake {
    /// Sends what there is to send.
    fn send(&mut self) {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.stream).unwrap();
        }
    }

    /// Reads and understands what has come; whether it is the end.
    fn read(&mut self) -> bool {
        let read = self.tls.read_tls(&mut self.stream).unwrap();
        self.tls.process_new_packets().unwrap();
        read == 0
    }
}

#[test]
fn a_handshake_is_finished_by_a_server_that_ends() {
    let (cert, key) = certificate();
    let tls = Tls::from_pem(cert.as_bytes(), key.as_bytes()).unwrap();
    let address = Address::from("127.0.0.1:0").tls(&tls);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = serve_at_with(App::new().with(seen), address, |server| {
        server.shutdown_on(async {
            let _ = stopped.await;
        })
    });
    let name = ServerName::try_from("localhost").unwrap();
    let config = Arc::new(client_config(&cert, &[]));
    let mut client = Handshake {
        tls: ClientConnection::new(config, name).unwrap(),
        stream: std::net::TcpStream::connect(server.address).unwrap(),
    };
    client.send();
    // The server has begun.
    assert!(!client.read());

    stop.send(()).unwrap();
    // Longer than an unused connection is kept open.
    let late = Some(Duration::from_secs(1));
    client.stream.set_read_timeout(late).unwrap();
    let mut rest = [0; 1];
    while let Ok(read) = client.stream.peek(&mut rest) {
        assert!(read == 1 && !client.read(), "it is not cut off");
    }
    let most = Some(Duration::from_secs(20));
    client.stream.set_read_timeout(most).unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.tls.writer().write_all(request).unwrap();
    client.send();
    while !client.read() {}
    let mut answer = String::new();
    client.tls.reader().read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with(SECURE), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
}

#[test]
fn a_handshake_that_never_ends_is_given_up() {
    let (cert, key) = certificate();
    let tls = Tls::from_pem(cert.as_bytes(), key.as_bytes()).unwrap();
    let address = Address::from("127.0.0.1:0").tls(&tls);
    let server = serve_at(App::new().with(seen), address);
    // What is no handshake is answered with an alert, or nothing, and closed.
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(!client.rest().starts_with(b"HTTP"));
    drop(server);

    let (app, told) = telling();
    let address = Address::from("127.0.0.1:0").tls(&tls);
    let server = serve_at_with(app.with(seen), address, |server| {
        server.header_read_timeout(Duration::from_secs(1))
    });
    // A record that is announced, and comes byte by byte.
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    let mut client = Client::on(stream.try_clone().unwrap());
    client.send([0x16, 3, 1, 2, 0]);
    let sending = std::thread::spawn(move || {
        let begin = Instant::now();
        let mut sent = 0;
        while stream.write_all(&[1]).is_ok() {
            assert!(begin.elapsed() < Duration::from_secs(20), "it is given up");
            sent += 1;
            std::thread::sleep(Duration::from_millis(50));
        }
        sent
    });
    assert_eq!(client.rest(), b"");
    assert_eq!(next(&told), Limit::HeaderReadTime);
    assert!(sending.join().unwrap() > 5, "it sent on");
}

#[test]
fn a_plain_connection_is_not_encrypted() {
    let server = serve_with(App::new().with(seen), |server| server);
    let answer = client::get(server.address, "/").text();
    assert_eq!(answer, "false http false http://test");
}
