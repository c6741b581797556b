//! Behind a real nginx, where it is installed: what it says of the client is believed with `proxy`, and only then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]
#![cfg(unix)]

mod client;
mod serve;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use client::Client;
use koa::prelude::*;
use koa::{Address, Cookie};
use serve::serve_at;

#[middleware]
async fn seen(ctx: &mut Context) -> Result<String> {
    match ctx.path() {
        "/body" => return ctx.request.text().await,
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

/// nginx in front of a Unix socket, until this is dropped.
struct Nginx {
    address: SocketAddr,
    folder: PathBuf,
    process: Child,
}

impl Nginx {
    /// Nothing where nginx is not installed, but for CI, which installs it.
    fn start(name: &str, socket: &std::path::Path) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("koa-nginx-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let at = folder.display();
        // As root nginx works as another user, so the socket is open to all.
        let config = format!(
            "daemon off; pid {at}/pid; error_log {at}/error.log;
            events {{ worker_connections 64; }}
            http {{
                access_log off;
                client_body_temp_path {at}; proxy_temp_path {at}; fastcgi_temp_path {at};
                uwsgi_temp_path {at}; scgi_temp_path {at};
                upstream app {{ server unix:{}; keepalive 4; }}
                server {{
                    listen {address};
                    location / {{
                        proxy_pass http://app;
                        proxy_http_version 1.1;
                        proxy_set_header Connection \"\";
                        proxy_set_header Host $host;
                        proxy_set_header X-Forwarded-Host shop.example;
                        proxy_set_header X-Forwarded-Proto https;
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                    }}
                }}
            }}",
            socket.display()
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let process = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            assert!(std::env::var_os("CI").is_none(), "nginx is not there");
            eprintln!("nginx is not there");
            return None;
        };
        while TcpStream::connect(address).is_err() {
            std::thread::yield_now();
        }
        Some(Self {
            address,
            folder,
            process,
        })
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

fn socket(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("koa-nginx-{name}-{}.sock", std::process::id()))
}

#[test]
fn with_proxy_what_nginx_says_counts() {
    let path = socket("on");
    // Only the last address is nginx's own; the others are what the client says.
    let app = App::new().proxy(true).max_ips_count(1).with(seen);
    let _server = serve_at(app, Address::unix(&path).mode(0o666));
    let Some(nginx) = Nginx::start("on", &path) else {
        return;
    };
    let mut client = Client::connect(nginx.address);
    let wanted = "/a?b=c shop.example https://shop.example true 127.0.0.1 [\"127.0.0.1\"]";
    assert_eq!(client.get("/a?b=c").text(), wanted);
    // What a client forges is replaced by nginx, or stands before what nginx adds.
    let forged =
        "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n";
    assert_eq!(client.ask("GET", "/a?b=c", forged).text(), wanted);
    // nginx speaks TLS with the client, so a cookie for TLS alone may be set, and the app's cookies are such by default.
    let answer = client.get("/cookie");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("set-cookie"),
        Some("id=1; path=/; secure; httponly")
    );
    let body = "x".repeat(100_000);
    client.send(format!(
        "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(client.read(false).unwrap().text(), body);
}

#[test]
fn without_proxy_it_does_not() {
    let path = socket("off");
    let app = App::new().silent(true).with(seen);
    let _server = serve_at(app, Address::unix(&path).mode(0o666));
    let Some(nginx) = Nginx::start("off", &path) else {
        return;
    };
    let mut client = Client::connect(nginx.address);
    let forged = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n";
    let answer = client.ask("GET", "/a", forged).text();
    assert_eq!(answer, "/a test http://test false  []");
    // Over what is a plain connection a cookie for TLS alone is refused, whatever the client says.
    let answer = client.ask("GET", "/cookie", forged);
    assert_eq!((answer.status, answer.header("set-cookie")), (500, None));
}
