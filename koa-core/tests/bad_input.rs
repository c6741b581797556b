//! What is no request, or a bad one: a 4xx or a closed connection, and the server serves on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::time::Duration;

use client::{Client, get};
use koa::prelude::*;
use serve::{Serving, serve, serve_with};

#[middleware]
async fn fine(ctx: &mut Context) -> String {
    format!("fine: {}", ctx.path())
}

fn server() -> Serving {
    serve(App::new().with(fine))
}

/// Sends bytes, and gives the status of the answer, if there is one before the connection ends.
fn status_of(server: &Serving, bytes: &[u8]) -> Option<u16> {
    let mut client = Client::connect(server.address);
    // The server may close before it has read everything.
    let _ = client.try_send(bytes);
    client.read(false).map(|answer| answer.status)
}

fn is_refused(server: &Serving, bytes: &[u8]) {
    let status = status_of(server, bytes);
    assert!(
        status.is_none_or(|status| (400..500).contains(&status)),
        "{status:?} to {:?}",
        String::from_utf8_lossy(&bytes[..bytes.len().min(80)])
    );
    assert_eq!(get(server.address, "/").status, 200, "the server serves on");
}

#[test]
fn what_is_no_request_is_refused() {
    let server = server();
    for bytes in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1 extra\r\nHost: x\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nBad Name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\n folded: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03\r\n\r\n",
    ] {
        is_refused(&server, bytes.as_bytes());
    }
}

#[test]
fn a_header_of_a_megabyte_is_refused() {
    let server = server();
    let mut bytes = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ".to_vec();
    bytes.resize(bytes.len() + (1 << 20), b'a');
    bytes.extend_from_slice(b"\r\n\r\n");
    is_refused(&server, &bytes);
}

#[test]
fn a_thousand_headers_are_refused() {
    let server = server();
    let headers: String = (0..1000)
        .map(|number| format!("X-{number}: 1\r\n"))
        .collect();
    is_refused(
        &server,
        format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes(),
    );
}

#[test]
fn a_path_of_a_megabyte_is_refused() {
    let server = server();
    is_refused(
        &server,
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1 << 20)).as_bytes(),
    );
}

#[test]
fn a_bad_percent_escape_in_a_path_is_refused() {
    let server = server();
    for path in [
        "/%",
        "/%2",
        "/%zz",
        "/%2g",
        "/%%20",
        "/a/%/b",
        "/a%2/b",
        "/a/%zz/b",
        "/a/%2gb",
        "/a/b%",
        "/a/b%2",
        "/%20/b%zz",
        "/%?a=1",
        "http://test/%zz",
    ] {
        let mut client = Client::connect(server.address);
        let answer = client.get(path);
        assert_eq!((answer.status, answer.text().as_str()), (400, ""), "{path}");
        assert_eq!(answer.header("connection"), Some("close"), "{path}");
        assert!(!client.fill(), "{path}: the connection is closed");
    }
    assert_eq!(get(server.address, "/").status, 200, "the server serves on");
}

#[test]
fn a_good_percent_escape_and_a_bad_one_in_the_query_are_not() {
    let server = server();
    for (target, path) in [
        ("/%20", "/%20"),
        ("/a%2Fb/%c3%A9", "/a%2Fb/%c3%A9"),
        ("/%ff%fe", "/%ff%fe"),
        ("/%00", "/%00"),
        ("/%25zz", "/%25zz"),
        ("/?%", "/"),
        ("/?a=%zz&b=%2", "/"),
        ("/%20?%2g", "/%20"),
    ] {
        let answer = get(server.address, target);
        assert_eq!(
            (answer.status, answer.text()),
            (200, format!("fine: {path}")),
            "{target}"
        );
    }
}

#[test]
fn a_body_that_is_cut_off_ends_the_connection_and_nothing_else() {
    let server = server();
    let mut client = Client::connect(server.address);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this");
    client.cut();
    assert_eq!(get(server.address, "/").status, 200);
}

#[test]
fn a_request_that_takes_long_is_not_given_up() {
    #[middleware]
    async fn slow() -> &'static str {
        tokio::time::sleep(Duration::from_secs(4)).await;
        "slow"
    }
    let server = serve_with(App::new().with(slow), |server| {
        server
            .header_read_timeout(Duration::from_secs(1))
            .keep_alive_timeout(Duration::from_secs(1))
    });
    assert_eq!(get(server.address, "/").text(), "slow");
}

#[middleware]
async fn large() -> Vec<u8> {
    vec![7; 40_000_000]
}

/// The rest of the request's body is never sent, and the response waits for its client for longer than the limits.
#[test]
fn a_response_that_waits_for_its_client_is_not_taken_for_idle() {
    let server = serve_with(App::new().with(large), |server| {
        server
            .header_read_timeout(Duration::from_secs(1))
            .keep_alive_timeout(Duration::from_secs(1))
    });
    let mut client = Client::connect(server.address);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
    // A client as slow as that; there is nothing to wait for that would say when the limits have passed.
    std::thread::sleep(Duration::from_secs(4));
    let answer = client.read(false).expect("the whole answer");
    assert_eq!(answer.body.len(), 40_000_000);
}
