//! One case over one connection: the bytes of the request as they are listed, and the response read off the wire.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use koa::Socket;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::app;
use crate::cases::{Case, Request};
use crate::compare::same_event;
use crate::record::Record;
use crate::sessions::{in_order, named, named_line};

/// How long a case may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a case, and says what is not as recorded.
pub(crate) async fn replay(case: &Arc<Case>) -> Vec<String> {
    let record = Arc::new(Record::default());
    match tokio::time::timeout(PATIENCE, exchange(case, &record)).await {
        Ok(received) => check(case, &record, &received),
        Err(_) => record.fail(format!("no answer within {PATIENCE:?}")),
    }
    std::mem::take(&mut *record.failures.lock().unwrap())
}

async fn exchange(case: &Arc<Case>, record: &Arc<Record>) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (server, peer) = accepted.unwrap();
    let service = app::callback(case, record).service(socket_of(&case.request, peer));
    let served = tokio::spawn(async move {
        let connection = http1::Builder::new()
            .half_close(true)
            .serve_connection(TokioIo::new(server), service);
        // A request that hyper refuses, or a body that fails on its way: the client sees it.
        let _ = connection.await;
    });
    let mut client = client.unwrap();
    client.write_all(&to_bytes(&case.request)).await.unwrap();
    let mut received = Vec::new();
    // A connection that is cut is seen in what was received.
    let _ = client.read_to_end(&mut received).await;
    let _ = served.await;
    received
}

/// What the case says of the connection.
fn socket_of(request: &Request, peer: SocketAddr) -> Socket {
    let socket = match request.remote_ip.as_deref() {
        None => Socket::new(SocketAddr::from(([127, 0, 0, 1], peer.port()))),
        Some("") => Socket::default(),
        Some(ip) => {
            let ip: IpAddr = ip.parse().unwrap();
            Socket::new(SocketAddr::new(ip, peer.port()))
        }
    };
    socket.with_encrypted(request.encrypted)
}

fn to_bytes(request: &Request) -> Vec<u8> {
    let version = request.http_version.as_deref().unwrap_or("1.1");
    let mut bytes =
        format!("{} {} HTTP/{version}\r\n", request.method, request.target).into_bytes();
    for (name, value) in &request.headers {
        bytes.extend(format!("{name}: ").bytes());
        bytes.extend(latin1(value));
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"Connection: close\r\n\r\n");
    let body = request
        .body
        .as_ref()
        .map(crate::cases::Bytes::to_vec)
        .unwrap_or_default();
    let chunked = request.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
    });
    if chunked {
        if !body.is_empty() {
            bytes.extend(format!("{:x}\r\n", body.len()).bytes());
            bytes.extend(&body);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
    } else {
        bytes.extend(&body);
    }
    bytes
}

/// Each character as one byte.
fn latin1(text: &str) -> impl Iterator<Item = u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap())
}

struct Received {
    status: u16,
    message: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn parse(bytes: &[u8], head: bool) -> Option<Received> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text: String = bytes[..end].iter().copied().map(char::from).collect();
    let mut lines = text.split("\r\n");
    let mut status = lines.next()?.splitn(3, ' ').skip(1);
    let (code, message) = (status.next()?.parse().ok()?, status.next().unwrap_or(""));
    let headers: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap_or((line, "")))
        .map(|(name, value)| {
            let value = value.strip_prefix(' ').unwrap_or(value);
            (name.to_ascii_lowercase(), value.to_owned())
        })
        .collect();
    let body = &bytes[end + 4..];
    let chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
    Some(Received {
        status: code,
        message: message.to_owned(),
        body: if chunked && !head {
            unchunk(body)?
        } else {
            body.to_vec()
        },
        headers,
    })
}

fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).ok()?, 16).ok()?;
        let chunk = bytes.get(end + 2..end + 2 + size)?;
        if size == 0 {
            return Some(body);
        }
        body.extend(chunk);
        bytes = bytes.get(end + 4 + size..)?;
    }
}

fn check(case: &Case, record: &Record, received: &[u8]) {
    let expected = &case.response;
    let Some(mut actual) = parse(received, case.request.method == "HEAD") else {
        let text = String::from_utf8_lossy(received);
        return record.fail(format!("the response is not whole: {text:?}"));
    };
    for (name, value) in &mut actual.headers {
        *value = match name.as_str() {
            "set-cookie" => named_line(value, case),
            _ => named(value, case),
        };
    }
    let differ = |what: &str, expected: String, actual: String| {
        if expected != actual {
            record.fail(format!("{what}: expected {expected}, got {actual}"));
        }
    };
    differ(
        "status",
        expected.status.to_string(),
        actual.status.to_string(),
    );
    // A status without a standard text gets one of hyper's; Node's says nothing either.
    if expected.message != "unknown" {
        differ("reason phrase", expected.message.clone(), actual.message);
    }
    let body = expected.body.to_vec();
    let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    let same_json = case.any_step(&|step| step.op == "body=")
        && json(&body).is_some()
        && json(&body) == json(&actual.body);
    if !same_json {
        differ("body", shown(&body), shown(&actual.body));
    }
    // How a body is delimited belongs to the connection: hyper writes the length of a whole body, also of an empty one,
    // where Node sends chunks or ends the connection.
    let delimits = |(name, _): &&(String, String)| name == "content-length";
    let length = actual.body.len().to_string();
    let sent = actual.headers.iter().find(delimits);
    let framed = !expected.headers.iter().any(|header| delimits(&header))
        && sent.is_some_and(|(_, sent)| *sent == length);
    // Lines of one name stay in their order; JSON may be written with another length.
    let sorted = |headers: &[(String, String)]| {
        let ignored = |name: &str| {
            matches!(
                name,
                "date" | "connection" | "keep-alive" | "transfer-encoding"
            ) || ((same_json || framed) && name == "content-length")
        };
        let kept = headers.iter().filter(|(name, _)| !ignored(name));
        let mut headers: Vec<_> = kept.cloned().collect();
        for (_, value) in headers.iter_mut().filter(|(name, _)| name == "set-cookie") {
            *value = in_order(value, case);
        }
        headers.sort_by(|(a, _), (b, _)| a.cmp(b));
        headers
    };
    let (wanted, got) = (sorted(&expected.headers), sorted(&actual.headers));
    differ("headers", format!("{wanted:?}"), format!("{got:?}"));
    let trace = std::mem::take(&mut *record.trace.lock().unwrap());
    differ("trace", format!("{:?}", case.trace), format!("{trace:?}"));
    let mut events = std::mem::take(&mut *record.events.lock().unwrap());
    let mut expected_events = case.events.clone();
    // When a session is told of, among other events, does not matter.
    let about_session = |event: &serde_json::Value| {
        let name = event["event"].as_str().unwrap_or("");
        name.starts_with("session:").then(|| event.to_string())
    };
    events.sort_by_key(about_session);
    expected_events.sort_by_key(about_session);
    for event in &mut events {
        *event = serde_json::from_str(&named(&event.to_string(), case)).unwrap();
    }
    let same_events = expected_events.len() == events.len()
        && expected_events
            .iter()
            .zip(&events)
            .all(|(expected, actual)| same_event(expected, actual));
    if !same_events {
        let list = |events: &[serde_json::Value]| serde_json::Value::from(events).to_string();
        record.fail(format!(
            "events: expected {}, got {}",
            list(&case.events),
            list(&events)
        ));
    }
}

fn shown(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes))
}
