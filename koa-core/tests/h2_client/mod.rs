//! Clients of HTTP/2: one that does what it is told, and one that sends frames as they are given.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use tokio::net::TcpStream;

use crate::client::Client;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The head of `GET / HTTP/1.1` without an authority: the shortest request there is.
pub(crate) const GET: &[u8] = &[0x82, 0x84, 0x86];

/// A connection, driven by a task.
pub(crate) async fn connect(address: SocketAddr) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(async move {
        let _ = connection.await;
    });
    client.ready().await.unwrap()
}

pub(crate) fn request(method: &str, path: &str) -> http::Request<()> {
    http::Request::builder()
        .method(method)
        .uri(format!("http://test.example:81{path}"))
        .body(())
        .unwrap()
}

pub(crate) async fn read(response: ResponseFuture) -> Result<(u16, Vec<u8>), h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok((head.status.as_u16(), bytes))
}

pub(crate) async fn ask(
    client: &mut SendRequest<Bytes>,
    method: &str,
    path: &str,
) -> (u16, String) {
    let (response, _) = client.send_request(request(method, path), true).unwrap();
    let (status, bytes) = read(response).await.unwrap();
    (status, String::from_utf8(bytes).unwrap())
}

/// A connection on which the test writes the frames.
pub(crate) fn raw(address: SocketAddr) -> Client {
    let mut client = Client::connect(address);
    client.send(PREFACE);
    client.send(frame(4, 0, 0, b""));
    client
}

/// A frame: its kind, its flags, its stream, and what it carries.
pub(crate) fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let [.., a, b, c] = payload.len().to_be_bytes();
    let mut frame = vec![a, b, c, kind, flags, 0, 0, 0, stream];
    frame.extend_from_slice(payload);
    frame
}

/// The frames in these bytes, each as its kind, its stream and its payload.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<(u8, u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, _, _, _, _, stream, rest @ ..] = bytes {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some((payload, rest)) = rest.split_at_checked(length) else {
            break;
        };
        frames.push((*kind, *stream, payload.to_vec()));
        bytes = rest;
    }
    frames
}

/// Reads until a frame is what is wanted.
pub(crate) fn wait_for(client: &mut Client, wanted: impl Fn(&(u8, u8, Vec<u8>)) -> bool) {
    let mut came = Vec::new();
    while !frames(&came).iter().any(&wanted) {
        assert!(client.fill(), "{:?}", frames(&came));
        came.extend(client.take());
    }
}

/// Reads to the end of the connection, before which the server says that there is one, and why.
pub(crate) fn wait_for_goodbye(client: &mut Client, reason: u8) {
    let rest = client.rest();
    let goodbye = frames(&rest)
        .into_iter()
        .rfind(|(kind, ..)| *kind == 7)
        .expect("a GOAWAY");
    assert_eq!(goodbye.2.get(4..8), Some(&[0, 0, 0, reason][..]));
}
