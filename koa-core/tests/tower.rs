//! Tower both ways, with the real tower-http, axum and hyper.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

#[path = "serve/by_tower.rs"]
mod by_tower;
mod client;
mod h2_client;
mod serve;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get as axum_get;
use client::{Client, get};
use http::{HeaderName, StatusCode};
use koa::prelude::*;
use koa::tower::{layer, service};
use serve::{Serving, serve};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::{
    SetSensitiveRequestHeadersLayer, SetSensitiveResponseHeadersLayer,
};
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;

const ID: HeaderName = HeaderName::from_static("x-request-id");

#[middleware]
async fn answer(ctx: &mut Context) -> Result {
    match ctx.path() {
        "/fail" => throw!(403, "as asked"),
        "/break" => throw!("as asked"),
        "/panic" => std::panic::resume_unwind(Box::new("as asked")),
        "/wait" => std::future::pending().await,
        "/none" => {}
        "/empty" => ctx.set_body(()),
        "/stream" => ctx.set_body(Body::reader(&b"abc"[..])),
        "/long" => ctx.set_body("long ".repeat(1000)),
        "/body" => {
            let text = ctx.request.text().await?;
            ctx.set_body(text);
        }
        "/message" => {
            ctx.set_status(200)?;
            ctx.set_message("Quite Fine")?;
            ctx.set_body("fine");
        }
        "/id" => {
            let id = ctx.get("X-Request-Id").into_owned();
            ctx.set_body(id);
        }
        "/secret" => {
            let secret = ctx.headers()["authorization"].is_sensitive();
            ctx.set_body(secret.to_string());
        }
        path => {
            let path = path.to_owned();
            ctx.set_body(path);
        }
    }
    Ok(())
}

/// What a layer above sees of the response.
struct Above(Mutex<std::sync::mpsc::Sender<(u16, Option<u64>)>>);

#[middleware]
impl Above {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        ctx.set("X-Above", "1")?;
        let result = next.run(ctx).await;
        let status = result.as_ref().err().map_or(ctx.status(), Error::status);
        let _ = self.0.lock().unwrap().send((status, ctx.length()));
        result
    }
}

#[test]
fn a_layer_that_changes_nothing_changes_nothing() {
    let plain = serve(App::new().silent(true).with(answer));
    let app = App::new()
        .silent(true)
        .with(layer(tower::layer::util::Identity::new()))
        .with(answer);
    let layered = serve(app);
    for path in [
        "/", "/fail", "/break", "/panic", "/none", "/empty", "/stream", "/long", "/message",
    ] {
        for method in ["GET", "HEAD"] {
            let ask = |server: &Serving| Client::connect(server.address).ask(method, path, "");
            assert_eq!(ask(&layered), ask(&plain), "{method} {path}");
        }
    }
    let mut client = Client::connect(layered.address);
    client.send("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    assert_eq!(client.read(false).unwrap().text(), "body");
}

fn gunzip(coded: &[u8]) -> String {
    use async_compression::tokio::bufread::GzipDecoder;
    use tokio::io::AsyncReadExt;

    let mut plain = String::new();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    let mut decoder = GzipDecoder::new(coded);
    let read = decoder.read_to_string(&mut plain);
    runtime.block_on(read).unwrap();
    plain
}

#[test]
fn compression() {
    let (tell, told) = channel();
    let app = App::new()
        .with(Above(Mutex::new(tell)))
        .with(layer(CompressionLayer::new()))
        .with(answer);
    let server = serve(app);
    let gzip = "Accept-Encoding: gzip\r\n";
    let ask = |method, path, accept| Client::connect(server.address).ask(method, path, accept);
    let coded = ask("GET", "/long", gzip);
    assert_eq!(coded.header("content-encoding"), Some("gzip"));
    assert_eq!(coded.header("content-length"), None);
    assert_eq!(coded.header("vary"), Some("accept-encoding"));
    assert_eq!(coded.header("x-above"), Some("1"));
    assert!(coded.body.len() < 500);
    assert_eq!(gunzip(&coded.body), "long ".repeat(1000));
    assert_eq!(told.recv(), Ok((200, None)));
    let plain = ask("GET", "/long", "");
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.text().len(), 5000);
    assert_eq!(told.recv(), Ok((200, Some(5000))));

    let stream = ask("GET", "/stream", gzip);
    assert_eq!(stream.header("content-encoding"), Some("gzip"));
    assert_eq!(gunzip(&stream.body), "abc");
    // What HEAD says is true of GET: the length of what is coded is not known.
    let kept = |answer: &client::Answer| {
        let mut headers = answer.headers.clone();
        headers.retain(|(name, _)| name != "transfer-encoding");
        headers
    };
    for (path, coded) in [("/long", &coded), ("/stream", &stream)] {
        assert_eq!(kept(&ask("HEAD", path, gzip)), kept(coded), "{path}");
    }
    let head = ask("HEAD", "/long", "");
    assert_eq!(head.header("content-length"), Some("5000"));
}

#[test]
fn cors_answers_by_itself_and_marks_errors_too() {
    let (tell, told) = channel();
    let errors = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&errors);
    let app = App::new()
        .on_error(move |_, _| {
            count.fetch_add(1, Relaxed);
        })
        .with(Above(Mutex::new(tell)))
        .with(layer(CorsLayer::permissive()))
        .with(answer);
    let server = serve(app);
    let mut client = Client::connect(server.address);
    let origin = "Origin: http://a.example\r\n";
    let asked = format!("{origin}Access-Control-Request-Method: PUT\r\n");
    let preflight = client.ask("OPTIONS", "/", &asked);
    assert_eq!(preflight.status, 200);
    assert!(preflight.header("access-control-allow-methods").is_some());
    assert_eq!(preflight.header("x-above"), Some("1"));
    assert_eq!(
        (preflight.text().as_str(), told.recv()),
        ("", Ok((200, None)))
    );

    let fine = client.ask("GET", "/", origin);
    assert_eq!(fine.header("access-control-allow-origin"), Some("*"));
    assert_eq!(told.recv(), Ok((200, Some(1))));

    let failed = client.ask("GET", "/fail", origin);
    assert_eq!((failed.status, failed.text().as_str()), (403, "as asked"));
    assert_eq!(failed.header("access-control-allow-origin"), Some("*"));
    assert_eq!(told.recv().unwrap().0, 403, "layers above see the error");
    let broken = client.ask("GET", "/break", origin);
    assert_eq!(broken.text(), "Internal Server Error");
    assert_eq!(errors.load(Relaxed), 2, "and the listeners, once each");
}

/// Waits for ever, and tells when it is dropped.
struct Waits(std::sync::mpsc::SyncSender<&'static str>);

#[middleware]
impl Waits {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        struct Guard(std::sync::mpsc::SyncSender<&'static str>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.send("dropped").unwrap();
            }
        }
        let guard = Guard(self.0.clone());
        let result = next.run(ctx).await;
        self.0.send("done").unwrap();
        drop(guard);
        result
    }
}

#[test]
fn timeouts_drop_what_is_below() {
    let time = Duration::from_millis(200);
    let (tell, told) = sync_channel(10);
    let (tell_above, above) = channel();
    let app = App::new()
        .with(Above(Mutex::new(tell_above)))
        .with(layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            time,
        )))
        .with(Waits(tell))
        .with(answer);
    let server = serve(app);
    let late = get(server.address, "/wait");
    assert_eq!((late.status, late.text().as_str()), (503, ""));
    assert_eq!(late.header("x-above"), Some("1"));
    // What is above goes on, and what is below was dropped before that.
    assert_eq!(above.recv().unwrap().0, 503);
    assert_eq!(told.try_recv(), Ok("dropped"));
    assert_eq!(get(server.address, "/").status, 200);
    assert_eq!(told.recv(), Ok("done"));
}

#[test]
fn request_ids_go_down_and_come_back() {
    let app = App::new()
        .with(layer(SetRequestIdLayer::new(ID, MakeRequestUuid)))
        .with(layer(PropagateRequestIdLayer::new(ID)))
        .with(answer);
    let server = serve(app);
    let mut client = Client::connect(server.address);
    let made = client.get("/id");
    assert_eq!(made.text().len(), 36);
    assert_eq!(made.header("x-request-id"), Some(made.text().as_str()));
    let given = client.ask("GET", "/id", "X-Request-Id: mine\r\n");
    assert_eq!(given.text(), "mine");
    assert_eq!(given.header("x-request-id"), Some("mine"));
    let failed = client.ask("GET", "/fail", "X-Request-Id: mine\r\n");
    assert_eq!(
        (failed.status, failed.header("x-request-id")),
        (403, Some("mine"))
    );
}

#[test]
fn sensitive_headers_are_marked() {
    let secret = SetSensitiveRequestHeadersLayer::new([http::header::AUTHORIZATION]);
    let server = serve(App::new().with(layer(secret)).with(answer));
    let mut client = Client::connect(server.address);
    let answer = client.ask("GET", "/secret", "Authorization: x\r\n");
    assert_eq!(answer.text(), "true");
}

#[test]
fn sensitive_headers_of_responses_are_marked_for_those_above() {
    struct Sees(std::sync::mpsc::SyncSender<[bool; 2]>);
    #[middleware]
    impl Sees {
        async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
            next.run(ctx).await?;
            let headers = ctx.response.headers();
            let marked = ["x-token", "x-open"].map(|name| headers[name].is_sensitive());
            self.0.send(marked).unwrap();
            Ok(())
        }
    }
    #[middleware]
    async fn token(ctx: &mut Context) -> Result {
        ctx.set("X-Token", "secret")?;
        ctx.set("X-Open", "open")
    }
    let (tell, told) = sync_channel(1);
    let secret = SetSensitiveResponseHeadersLayer::new([HeaderName::from_static("x-token")]);
    let server = serve(App::new().with(Sees(tell)).with(layer(secret)).with(token));
    let answer = get(server.address, "/");
    assert_eq!(answer.header("x-token"), Some("secret"), "it is sent");
    assert_eq!(told.recv(), Ok([true, false]));
}

#[test]
fn panics_are_caught() {
    let app = App::new().with(layer(CatchPanicLayer::new())).with(answer);
    let server = serve(app);
    let answer = get(server.address, "/panic");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (500, "Service panicked")
    );
    assert_eq!(get(server.address, "/").status, 200);
}

#[test]
fn a_layer_changes_the_url_for_those_below() {
    let app = App::new()
        .with(layer(NormalizePathLayer::trim_trailing_slash()))
        .with(answer);
    let server = serve(app);
    assert_eq!(get(server.address, "/a/b//").text(), "/a/b");
}

#[test]
fn what_a_layer_keeps_is_shared_by_all_requests() {
    let limit = tower::limit::ConcurrencyLimitLayer::new(1);
    let (tell, told) = channel();
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    struct Once(
        Mutex<Option<tokio::sync::oneshot::Receiver<()>>>,
        Mutex<std::sync::mpsc::Sender<()>>,
    );
    #[middleware]
    impl Once {
        async fn call(&self, ctx: &mut Context) -> &'static str {
            let _ = ctx;
            self.1.lock().unwrap().send(()).unwrap();
            let wait = self.0.lock().unwrap().take();
            if let Some(wait) = wait {
                let _ = wait.await;
            }
            "done"
        }
    }
    let once = Once(Mutex::new(Some(gone)), Mutex::new(tell));
    let server = serve(App::new().with(layer(limit)).with(once));
    let mut clients: Vec<_> = (0..2)
        .map(|_| {
            let mut client = Client::connect(server.address);
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            client
        })
        .collect();
    told.recv().unwrap();
    assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
    go.send(()).unwrap();
    for client in &mut clients {
        assert_eq!(client.read(false).unwrap().text(), "done");
    }
}

#[test]
fn static_files() {
    let folder = std::env::temp_dir().join(format!("koa-static-{}", std::process::id()));
    let public = folder.join("public");
    std::fs::create_dir_all(&public).unwrap();
    std::fs::write(public.join("a.txt"), "from a file").unwrap();
    std::fs::write(folder.join("secret.txt"), "secret").unwrap();
    let app = App::new()
        .mount("/static", service(ServeDir::new(&public)))
        .with(answer);
    let server = serve(app);
    let file = get(server.address, "/static/a.txt");
    assert_eq!((file.status, file.text().as_str()), (200, "from a file"));
    assert_eq!(file.header("content-type"), Some("text/plain"));
    assert_eq!(file.header("content-length"), Some("11"));
    let mut client = Client::connect(server.address);
    let part = client.ask("GET", "/static/a.txt", "Range: bytes=5-\r\n");
    assert_eq!((part.status, part.text().as_str()), (206, "a file"));
    let head = client.ask("HEAD", "/static/a.txt", "");
    assert_eq!(head.header("content-length"), Some("11"));

    let modified = file.header("last-modified").unwrap();
    let asked = |time: &str| format!("If-Modified-Since: {time}\r\n");
    let same = client.ask("GET", "/static/a.txt", &asked(modified));
    assert_eq!((same.status, same.body.as_slice()), (304, &b""[..]));
    let long_ago = asked("Thu, 01 Jan 1970 00:00:00 GMT");
    let newer = client.ask("GET", "/static/a.txt", &long_ago);
    assert_eq!((newer.status, newer.text().as_str()), (200, "from a file"));

    assert_eq!(client.get("/static/none.txt").status, 404);
    for path in [
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/..%5csecret.txt",
        "/static/none/%2e%2e/%2e%2e/secret.txt",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
    ] {
        let answer = client.get(path);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    assert_eq!(client.get("/other").text(), "/other");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn an_axum_router_is_an_endpoint() {
    async fn hello() -> &'static str {
        "from axum"
    }
    async fn echo(body: String) -> String {
        body
    }
    async fn fails() -> (StatusCode, &'static str) {
        (StatusCode::IM_A_TEAPOT, "no coffee")
    }
    let router = Router::new()
        .route("/hello", axum_get(hello).post(echo))
        .route("/fails", axum_get(fails));
    let app = App::new().mount("/axum", service(router)).with(answer);
    let server = serve(app);
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/axum/hello").text(), "from axum");
    assert_eq!(client.get("/axum/fails").status, 418);
    assert_eq!(client.get("/axum/none").status, 404);
    assert_eq!(client.get("/other").text(), "/other");
    client.send("POST /axum/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    assert_eq!(client.read(false).unwrap().text(), "body");
}

#[test]
fn a_service_knows_the_connection_and_what_was_set_before_is_kept() {
    #[middleware]
    async fn before(ctx: &mut Context, next: impl Next) -> Result {
        ctx.set("X-Before", "1")?;
        ctx.set("Cache-Control", "no-store")?;
        ctx.vary("Origin")?;
        ctx.cookies().set("before", "1")?;
        next.run(ctx).await
    }
    async fn peer(socket: axum::Extension<koa::Socket>) -> impl axum::response::IntoResponse {
        let headers = [
            ("cache-control", "max-age=60"),
            ("vary", "accept"),
            ("set-cookie", "own=1"),
        ];
        (headers, socket.remote_addr().unwrap().to_string())
    }
    let router = Router::new().route("/", axum_get(peer));
    let server = serve(App::new().with(before).with(service(router)));
    let stream = std::net::TcpStream::connect(server.address).unwrap();
    let own = stream.local_addr().unwrap();
    let answer = Client::on(stream).get("/");
    assert_eq!(answer.text(), own.to_string());
    assert_eq!(answer.header("x-before"), Some("1"));
    let all = |name| {
        let named = answer
            .headers
            .iter()
            .filter(move |(field, _)| field == name);
        named.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(all("cache-control"), ["max-age=60"], "its own counts");
    assert_eq!(all("vary"), ["Origin", "accept"]);
    assert_eq!(all("set-cookie"), ["before=1; path=/; httponly", "own=1"]);
}

#[test]
fn an_app_is_mounted_into_axum() {
    #[middleware]
    async fn address(ctx: &mut Context) -> Result<String> {
        if ctx.path() == "/body" {
            return ctx.request.text().await;
        }
        ensure!(ctx.path() != "/fail", 402, "pay");
        Ok(format!("{} {}", ctx.url(), ctx.ip()))
    }
    let app = App::new().silent(true).with(address).callback();
    let socket: SocketAddr = ([192, 0, 2, 7], 80).into();
    let router: Router = Router::new()
        .route("/axum", axum_get(|| async { "from axum" }))
        .nest_service("/koa", app)
        .layer(axum::Extension(koa::Socket::new(socket)));
    let serving = by_tower::in_axum(router);
    let server = serving.address;
    assert_eq!(get(server, "/axum").text(), "from axum");
    assert_eq!(get(server, "/koa/a?b=c").text(), "/a?b=c 192.0.2.7");
    assert_eq!(get(server, "/koa/fail").status, 402);
    let mut client = Client::connect(server);
    client.send("POST /koa/body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    assert_eq!(client.read(false).unwrap().text(), "body");
}

#[test]
fn an_app_is_served_by_hyper() {
    let serving = by_tower::in_hyper(App::new().with(answer));
    let server = serving.address;
    assert_eq!(get(server, "/path").text(), "/path");
    assert_eq!(get(server, "/stream").text(), "abc");
}

#[middleware]
async fn flushes(ctx: &mut Context, next: impl Next) -> Result {
    ctx.set_type("text")?;
    ctx.set_status(202)?;
    ctx.flush_headers().await?;
    next.run(ctx).await
}

#[test]
fn what_is_sent_already_is_not_changed_by_a_layer() {
    let app = App::new().flush_headers(true);
    let server = serve(
        app.with(layer(CompressionLayer::new()))
            .with(flushes)
            .with(answer),
    );
    let mut client = Client::connect(server.address);
    let answer = client.ask("GET", "/long", "Accept-Encoding: gzip\r\n");
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!((answer.status, answer.text()), (202, "long ".repeat(1000)));
}

#[test]
fn of_a_service_behind_a_flush_the_body_counts() {
    let router = Router::new().route("/", axum_get(|| async { (StatusCode::CREATED, "axum") }));
    let app = App::new().flush_headers(true);
    let server = serve(app.with(flushes).with(service(router)));
    let answer = get(server.address, "/");
    assert_eq!((answer.status, answer.text().as_str()), (202, "axum"));
    assert_eq!(answer.header("content-length"), None);
}

#[tokio::test]
async fn over_http2_the_url_and_the_host_are_those_of_http1() {
    #[middleware]
    async fn say(ctx: &mut Context) -> String {
        format!("{} {} {:?}", ctx.url(), ctx.host(), ctx.get("Host"))
    }
    let said = r#"/a?b=c test.example:81 "test.example:81""#;
    for by_tower in [true, false] {
        let serving = by_tower::in_hyper_http2(App::new().with(say), by_tower);
        let mut client = h2_client::connect(serving.address).await;
        let (status, text) = h2_client::ask(&mut client, "GET", "/a?b=c").await;
        assert_eq!((status, text.as_str()), (200, said), "{by_tower}");
    }
    let app = App::new().with(say).callback();
    let serving = by_tower::in_axum(Router::new().nest_service("/koa", app));
    let mut client = h2_client::connect(serving.address).await;
    let (status, text) = h2_client::ask(&mut client, "GET", "/koa/a?b=c").await;
    assert_eq!((status, text.as_str()), (200, said));
    // And HTTP/1 beside it.
    let mut client = Client::connect(serving.address);
    assert_eq!(client.get("/koa/a").text(), r#"/a test "test""#);
}
