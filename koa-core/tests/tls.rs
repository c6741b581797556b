//! TLS: what the app sees of it, the protocols that are agreed on, and certificates that are renewed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use client::Client;
use koa::prelude::*;
use koa::{Address, Tls};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serve::{serve_at, serve_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

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

/// Connects as a client that trusts one certificate and offers these protocols.
async fn connect(
    address: SocketAddr,
    trusted: &str,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
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
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
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
    assert!(tls.reload().is_err());
    assert!(connect(server.address, &old.0, &[]).await.is_ok());

    write(&new);
    tls.reload().unwrap();
    assert!(connect(server.address, &old.0, &[]).await.is_err());
    let renewed = connect(server.address, &new.0, &[]).await.unwrap();
    assert!(ask(renewed).await.ends_with(SECURE));
    assert!(ask(open).await.ends_with(SECURE), "open connections stay");
    std::fs::remove_dir_all(&folder).unwrap();
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

    let address = Address::from("127.0.0.1:0").tls(&tls);
    let server = serve::serve_at_with(App::new().with(seen), address, |server| {
        server.header_read_timeout(Duration::from_secs(1))
    });
    let mut client = Client::connect(server.address);
    client.send([0x16, 3, 1]);
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_plain_connection_is_not_encrypted() {
    let server = serve_with(App::new().with(seen), |server| server);
    let answer = client::get(server.address, "/").text();
    assert_eq!(answer, "false http false http://test");
}
