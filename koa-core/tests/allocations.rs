//! What a request allocates: nothing that bare hyper would not. Counted over a real socket, on the server's thread.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc::channel;

use allocation_counter::measure;
use bytes::Bytes;
use client::Client;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use koa::{Onion, prelude::*, session};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

const REQUESTS: u64 = 200;

/// How many allocations a request costs a server, which `start` starts on this thread's runtime.
fn a_request(start: impl AsyncFnOnce() -> SocketAddr) -> u64 {
    a_request_of("/", "", start)
}

/// The same for a request with a target and headers.
fn a_request_of(
    target: &'static str,
    headers: &'static str,
    start: impl AsyncFnOnce() -> SocketAddr,
) -> u64 {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let address = runtime.block_on(start());
    let (say, mut said) = tokio::sync::mpsc::channel::<()>(1);
    let (go, may_go) = channel();
    let client = std::thread::spawn(move || {
        let mut client = Client::connect(address);
        // Buffers grow, and pools fill, with the first requests.
        for _ in 0..20 {
            assert_eq!(client.ask("GET", target, headers).status, 200);
        }
        say.blocking_send(()).unwrap();
        may_go.recv().unwrap();
        for _ in 0..REQUESTS {
            assert_eq!(client.ask("GET", target, headers).status, 200);
        }
        say.blocking_send(()).unwrap();
    });
    runtime.block_on(said.recv());
    let counted = measure(|| {
        go.send(()).unwrap();
        runtime.block_on(said.recv());
    });
    client.join().unwrap();
    // What is not done for each request, such as waking this thread, is lost in the division.
    counted.count_total / REQUESTS
}

fn of_koa<C: Onion, List: 'static, Depth: 'static>(app: App<C, List, Depth>) -> u64 {
    of_koa_asked("/", "", app)
}

fn of_koa_asked<C: Onion, List: 'static, Depth: 'static>(
    target: &'static str,
    headers: &'static str,
    app: App<C, List, Depth>,
) -> u64 {
    a_request_of(target, headers, async move || {
        let server = app.bind("127.0.0.1:0").await.unwrap();
        let address = server.addresses()[0];
        tokio::spawn(server.run());
        address
    })
}

fn of_hyper(body: fn() -> Bytes) -> u64 {
    a_request(async move || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service_fn(move |_| async move {
                    let mut response = hyper::Response::new(Full::new(body()));
                    let value =
                        hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
                    response.headers_mut().insert("content-type", value);
                    Ok::<_, Infallible>(response)
                });
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
            }
        });
        address
    })
}

#[middleware]
async fn pass(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

#[middleware]
async fn hello() -> &'static str {
    "Hello World"
}

#[middleware]
async fn numbers() -> Json<[u8; 3]> {
    Json([1, 2, 3])
}

#[test]
fn text_allocates_nothing() {
    assert_eq!(of_koa(App::new().with(hello)), 0);
    assert!(
        of_hyper(|| Bytes::from_static(b"Hello World")) > 0,
        "the count counts"
    );
}

#[middleware]
async fn where_to(ctx: &mut Context) -> &'static str {
    if ctx.path() == "/here" {
        "Hello World"
    } else {
        "nowhere"
    }
}

#[middleware]
async fn what(ctx: &mut Context) -> Result<&'static str> {
    let read = (
        ctx.query_pairs().iter().count(),
        ctx.cookies().get("a")?,
        ctx.accepted_types().len(),
        ctx.ips().len(),
    );
    assert!(read.0 > 0 && read.1.is_some() && read.2 > 0 && read.3 > 0);
    Ok("Hello World")
}

#[test]
fn a_request_that_reads_its_path_has_nothing_else_parsed() {
    let target = "/here?q=%C3%A9&r=a+b&r=c";
    let headers = "Cookie: a=1; a.sig=x; b=2\r\nAccept: text/html;q=0.8, */*\r\n\
                   Content-Type: application/json; charset=x\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n\
                   If-None-Match: \"a\", \"b\"\r\nX-Forwarded-Proto: https\r\n";
    // hyper keeps the names of headers that have no standard.
    let nothing = of_koa_asked(target, headers, App::new().proxy(true).with(hello));
    let path = of_koa_asked(target, headers, App::new().proxy(true).with(where_to));
    assert_eq!((path, nothing), (2, 2));
    let all = of_koa_asked(target, headers, App::new().proxy(true).with(what));
    assert!(all > path, "the count counts");
}

#[test]
fn json_allocates_what_it_does_with_bare_hyper_at_the_most() {
    let hyper = of_hyper(|| serde_json::to_vec(&[1, 2, 3]).unwrap().into());
    let koa = of_koa(App::new().with(numbers));
    assert!(koa <= hyper, "{koa} allocations, hyper's are {hyper}");
}

#[test]
fn sixteen_layers_allocate_nothing_and_each_sixteen_more_once() {
    macro_rules! five {
        ($app:expr) => {
            $app.with(pass).with(pass).with(pass).with(pass).with(pass)
        };
    }
    let fifteen = five!(five!(five!(App::new())));
    assert_eq!(of_koa(fifteen.with(hello)), 0, "16 layers");

    let sixteen = five!(five!(five!(App::new()))).with(pass);
    assert_eq!(of_koa(sixteen.with(hello)), 1, "17 layers");

    let thirty_one = five!(five!(five!(five!(five!(five!(App::new())))))).with(pass);
    assert_eq!(of_koa(thirty_one.with(hello)), 1, "32 layers");

    let thirty_two = five!(five!(five!(five!(five!(five!(App::new()))))))
        .with(pass)
        .with(pass);
    assert_eq!(of_koa(thirty_two.with(hello)), 2, "33 layers");
}

#[test]
fn a_group_of_layers_costs_no_more_than_its_layers() {
    let group = Stack::new().with(pass).with(pass).with(pass);
    assert_eq!(of_koa(App::new().with(pass).with(group).with(hello)), 0);
    let mounted = Stack::new().with(pass).with(hello);
    assert_eq!(of_koa(App::new().with(pass).mount("/", mounted)), 0);
}

#[session(key = "visitor", max_age = "1d")]
struct Visitor {
    visits: u64,
}

#[middleware]
async fn visit(visitor: &mut Visitor) -> &'static str {
    visitor.visits += 1;
    "hello"
}

/// The headers of a request that has the cookie of a session.
fn of_a_visitor<C: Onion, List: 'static, Depth: 'static>(app: App<C, List, Depth>) -> &'static str {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(app.bind("127.0.0.1:0")).unwrap();
    let address = server.addresses()[0];
    let client = std::thread::spawn(move || client::get(address, "/"));
    let answer = runtime.block_on(async {
        let server = tokio::spawn(server.run());
        let answer = tokio::task::spawn_blocking(|| client.join().unwrap());
        let answer = answer.await.unwrap();
        server.abort();
        answer
    });
    let cookie = answer.header("set-cookie").unwrap();
    let pair = cookie.split(';').next().unwrap();
    format!("Cookie: {pair}\r\n").leak()
}

#[test]
fn a_session_that_nobody_asks_for_allocates_nothing() {
    let app = || App::new().keys(["a key of the tests"]);
    let visitor = of_a_visitor(app().with(Visitor::middleware()).with(visit));
    let untouched = app().with(Visitor::middleware()).with(hello);
    assert_eq!(of_koa_asked("/", visitor, untouched), 0);
}

#[test]
fn a_session_in_its_cookie_allocates_little() {
    let app = || {
        App::new()
            .keys(["a key of the tests"])
            .with(Visitor::middleware())
            .with(visit)
    };
    // The session, and the line of the answer.
    assert_eq!(of_koa_asked("/", of_a_visitor(app()), app()), 2);
}

#[cfg(feature = "memory")]
#[test]
fn a_session_in_memory_allocates_little() {
    let store = koa::MemoryStore::new();
    let app = || {
        App::new()
            .with(Visitor::middleware().store(store.clone()))
            .with(visit)
    };
    // The session, and the line of the answer.
    assert_eq!(of_koa_asked("/", of_a_visitor(app()), app()), 2);
}
