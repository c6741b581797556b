//! What layers change about a request and a response, beyond what the conformance cases show.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::time::Duration;

use client::Client;
use hyper_util::rt::TokioIo;
use koa::http::HeaderValue;
use koa::prelude::*;
use serve::{serve, serve_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a layer sees of where it is.
fn place(ctx: &Context) -> String {
    let (url, path, search) = (ctx.url(), ctx.path(), ctx.search());
    format!(
        "{url} = {path} + {search} in {:?}, {}",
        ctx.request.mount_path(),
        ctx.original_url()
    )
}

#[derive(Default)]
struct Seen(Vec<String>);

fn see(ctx: &mut Context, who: &str) {
    let place = place(ctx);
    ctx.state
        .get_or_default::<Seen>()
        .0
        .push(format!("{who}: {place}"));
}

#[middleware]
async fn outermost(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await?;
    see(ctx, "back");
    let seen = ctx.state.remove::<Seen>().unwrap_or_default();
    ctx.set_body(seen.0.join("\n"));
    Ok(())
}

#[middleware]
async fn rewrite(ctx: &mut Context, next: impl Next) -> Result {
    see(ctx, "inside");
    match ctx.get("X-Rewrite").as_ref() {
        "path" => ctx.set_path("/new"),
        "url" => ctx.set_url("/other?z=9"),
        "query" => ctx.set_query([("a", "b c"), ("a", "d")]),
        _ => {}
    }
    see(ctx, "rewritten");
    next.run(ctx).await?;
    see(ctx, "inside again");
    Ok(())
}

#[middleware]
async fn after(ctx: &mut Context) {
    see(ctx, "after");
}

#[test]
fn a_mount_gives_back_the_path_whatever_was_rewritten_inside() {
    let app = App::new()
        .with(outermost)
        .mount("/api", rewrite)
        .with(after);
    let serving = serve(app);
    let mut client = Client::connect(serving.address);
    let mut seen = |target: &str, what: &str| {
        client
            .ask("GET", target, &format!("X-Rewrite: {what}\r\n"))
            .text()
    };
    assert_eq!(
        seen("/api/x?q=1", "nothing"),
        "inside: /x?q=1 = /x + ?q=1 in \"/api\", /api/x?q=1\n\
         rewritten: /x?q=1 = /x + ?q=1 in \"/api\", /api/x?q=1\n\
         after: /api/x?q=1 = /api/x + ?q=1 in \"\", /api/x?q=1\n\
         inside again: /x?q=1 = /x + ?q=1 in \"/api\", /api/x?q=1\n\
         back: /api/x?q=1 = /api/x + ?q=1 in \"\", /api/x?q=1"
    );
    assert_eq!(
        seen("/api?q=1", "path"),
        "inside: /?q=1 = / + ?q=1 in \"/api\", /api?q=1\n\
         rewritten: /new?q=1 = /new + ?q=1 in \"\", /api?q=1\n\
         after: /api?q=1 = /api + ?q=1 in \"\", /api?q=1\n\
         inside again: /new?q=1 = /new + ?q=1 in \"\", /api?q=1\n\
         back: /api?q=1 = /api + ?q=1 in \"\", /api?q=1"
    );
    // The query string stays rewritten, as with koa-mount, which puts back only the path.
    assert_eq!(
        seen("/api/x?q=1", "url"),
        "inside: /x?q=1 = /x + ?q=1 in \"/api\", /api/x?q=1\n\
         rewritten: /other?z=9 = /other + ?z=9 in \"\", /api/x?q=1\n\
         after: /api/x?z=9 = /api/x + ?z=9 in \"\", /api/x?q=1\n\
         inside again: /other?z=9 = /other + ?z=9 in \"\", /api/x?q=1\n\
         back: /api/x?z=9 = /api/x + ?z=9 in \"\", /api/x?q=1"
    );
    assert_eq!(
        seen("/api/x", "query"),
        "inside: /x = /x +  in \"/api\", /api/x\n\
         rewritten: /x?a=b%20c&a=d = /x + ?a=b%20c&a=d in \"/api\", /api/x\n\
         after: /api/x?a=b%20c&a=d = /api/x + ?a=b%20c&a=d in \"\", /api/x\n\
         inside again: /x?a=b%20c&a=d = /x + ?a=b%20c&a=d in \"/api\", /api/x\n\
         back: /api/x?a=b%20c&a=d = /api/x + ?a=b%20c&a=d in \"\", /api/x"
    );
}

#[middleware]
async fn becomes_head(ctx: &mut Context) -> &'static str {
    ctx.set_method(koa::http::Method::HEAD);
    "five."
}

#[test]
fn a_request_that_a_layer_made_a_head_leaves_its_client_waiting_for_nothing() {
    let serving = serve(App::new().with(becomes_head));
    let mut client = Client::connect(serving.address);
    for _ in 0..2 {
        let answer = client.get("/");
        assert_eq!(
            (answer.status, answer.header("content-length")),
            (200, Some("0"))
        );
    }
    let answer = client.ask("HEAD", "/", "");
    assert_eq!(answer.header("content-length"), Some("5"));
}

/// Takes what the client sent, decoded, and puts it where it could do harm.
#[middleware]
async fn careless(ctx: &mut Context) -> Result {
    let query = ctx.query_pairs().into_owned();
    let value = query.get("v").unwrap_or("").to_owned();
    match ctx.path() {
        "/set" => ctx.set("X-Value", value)?,
        "/append" => ctx.append("X-Value", value)?,
        "/name" => ctx.set(&value, "1")?,
        "/type" => ctx.set_type(&value)?,
        "/etag" => ctx.set_etag(&value)?,
        "/vary" => ctx.vary(&value)?,
        "/attachment" => ctx.attachment(&value)?,
        "/kind" => ctx.attachment(koa::Attachment::unnamed().kind(&value))?,
        "/message" => ctx.set_message(value)?,
        "/redirect" => return ctx.redirect(&value),
        _ => return ctx.redirect_back(value.as_str()),
    }
    ctx.set_body("done");
    Ok(())
}

#[test]
fn no_value_reaches_another_header_or_the_markup() {
    let serving = serve(App::new().silent(true).with(careless));
    let mut client = Client::connect(serving.address);
    let paths = [
        "set",
        "append",
        "name",
        "type",
        "etag",
        "vary",
        "attachment",
        "kind",
        "message",
        "redirect",
        "back",
    ];
    for evil in [
        "a%0d%0aX-Evil:1",
        "a%0aX-Evil:1",
        "a%0dX-Evil:1",
        "a%00b",
        "text/x;%0d%0a%20x=y",
    ] {
        for path in paths {
            let answer = client.get(&format!("/{path}?v={evil}"));
            assert_eq!(answer.header("x-evil"), None, "{path} {evil}");
            let clean = |text: &str| !text.contains(['\r', '\n', '\0']);
            assert!(clean(&answer.message), "{path} {evil}");
            for (name, value) in &answer.headers {
                assert!(
                    clean(name) && clean(value),
                    "{path} {evil}: {name}: {value}"
                );
            }
        }
    }
    for markup in [
        "<script>alert(1)</script>",
        "javascript:%22%3E%3Cimg%20onerror=x%3E",
        "/%22onload=%27x%27",
    ] {
        for path in ["redirect", "back"] {
            let target = format!(
                "/{path}?v={}",
                markup.replace('<', "%3C").replace('>', "%3E")
            );
            let answer = client.ask("GET", &target, "Accept: text/html\r\n");
            assert_eq!(answer.status, 302, "{target}");
            assert!(
                !answer.text().contains(['<', '>', '"', '\'']),
                "{target}: {}",
                answer.text()
            );
            let location = answer.header("location").unwrap();
            assert!(!location.contains(['<', '>', '"']), "{target}: {location}");
        }
    }
}

#[test]
fn a_redirect_does_not_leave_the_site_by_a_backslash() {
    let serving = serve(App::new().with(careless));
    let mut client = Client::connect(serving.address);
    let answer = client.get("/redirect?v=http:%5C%5Cevil.example/");
    let location = answer.header("location").unwrap().to_owned();
    assert!(!location.contains('\\'), "{location}");
    for referer in [
        "http://evil.example/",
        "http://test@evil.example/",
        "http://evil.example\\@test/",
        "//evil.example/",
        "https://test/",
        "http://test:81/",
        "http:\\\\evil.example/",
        "javascript:alert(1)",
    ] {
        let answer = client.ask("GET", "/back?v=/alt", &format!("Referer: {referer}\r\n"));
        assert_eq!(answer.header("location"), Some("/alt"), "{referer}");
    }
    let answer = client.ask("GET", "/back?v=/alt", "Referer: http://test/from\r\n");
    assert_eq!(answer.header("location"), Some("http://test/from"));
}

#[middleware]
async fn by_hand(ctx: &mut Context, next: impl Next) -> Result {
    let stream = ctx.path() == "/stream";
    let head = koa::http::Response::builder()
        .status(202)
        .header("X-By", "hand");
    if stream {
        let body = Body::reader(std::io::Cursor::new("streamed"));
        ctx.respond_with(head.header("Content-Length", "8").body(body)?);
    } else {
        ctx.respond_with(head.header("Content-Length", "999").body("raw")?);
    }
    assert!(ctx.header_sent() && !ctx.writable());
    ctx.set("X-Ignored", "1")?;
    ctx.set_body("ignored");
    next.run(ctx).await
}

#[test]
fn a_response_by_hand_is_sent_as_it_is() {
    let serving = serve(App::new().with(by_hand));
    let mut client = Client::connect(serving.address);
    for (path, text, length) in [("/", "raw", "3"), ("/stream", "streamed", "8")] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.text().as_str()), (202, text));
        assert_eq!(answer.header("x-by"), Some("hand"));
        assert_eq!(answer.header("x-ignored"), None);
        assert_eq!(answer.header("content-length"), Some(length));
    }
}

#[middleware]
async fn shout(ctx: &mut Context) -> Result {
    let Some(upgrade) = ctx.request.upgrade() else {
        throw!(426)
    };
    tokio::spawn(async move {
        let mut connection = TokioIo::new(upgrade.await.unwrap());
        let mut said = [0; 5];
        connection.read_exact(&mut said).await.unwrap();
        said.make_ascii_uppercase();
        connection.write_all(&said).await.unwrap();
    });
    let switch = koa::http::Response::builder()
        .status(101)
        .header("Connection", "upgrade")
        .header("Upgrade", "shout");
    ctx.respond_with(switch.body(())?);
    Ok(())
}

#[test]
fn a_connection_can_become_another_protocols() {
    let app = App::new().with(shout);
    let server = serve_with(app, |server| {
        server
            .header_read_timeout(Duration::from_secs(1))
            .keep_alive_timeout(Duration::from_secs(1))
    });
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/").status, 426);
    let answer = client.ask("GET", "/", "Connection: upgrade\r\nUpgrade: shout\r\n");
    assert_eq!(
        (answer.status, answer.header("upgrade")),
        (101, Some("shout"))
    );
    // The limits of requests do not count for it, however long it is silent.
    std::thread::sleep(Duration::from_secs(4));
    client.send("hello");
    assert_eq!(client.rest(), b"HELLO");
}

#[middleware]
async fn whereabouts(ctx: &mut Context) -> String {
    let socket = ctx.socket();
    let local = socket.local_addr().map(|local| local.port());
    format!(
        "{} {} {:?} {}",
        ctx.ip(),
        ctx.protocol(),
        local,
        socket.encrypted()
    )
}

#[test]
fn a_request_knows_both_ends_of_its_connection() {
    let serving = serve(App::new().with(whereabouts));
    let answer = Client::connect(serving.address).get("/");
    let port = serving.address.port();
    assert_eq!(answer.text(), format!("127.0.0.1 http Some({port}) false"));
}

#[middleware]
async fn offers(ctx: &mut Context) -> String {
    let list = vec!["png".to_owned(), "html".to_owned()];
    let slice: &[&str] = &["json", "html"];
    format!(
        "{:?} {:?} {:?} {:?} {}",
        ctx.accepts("html"),
        ctx.accepts(["json", "html"]),
        ctx.accepts(slice),
        ctx.accepts(&list),
        ctx.is("json").is_match()
    )
}

#[test]
fn offers_are_one_or_several() {
    let serving = serve(App::new().with(offers));
    let headers = "Accept: text/html\r\nContent-Type: application/json\r\nContent-Length: 0\r\n";
    let answer = Client::connect(serving.address).ask("POST", "/", headers);
    assert_eq!(
        answer.text(),
        r#"Some("html") Some("html") Some("html") Some("html") true"#
    );
}

#[middleware]
async fn nowhere(ctx: &mut Context) -> Result {
    ctx.redirect("back")
}

#[test]
fn back_is_a_method_of_its_own() {
    let serving = serve(App::new().silent(true).with(nowhere));
    assert_eq!(Client::connect(serving.address).get("/").status, 500);
}

#[middleware]
async fn behind_the_cdn(ctx: &mut Context, next: impl Next) -> Result {
    if ctx.path() != "/" {
        ctx.set_ip(std::net::Ipv4Addr::new(192, 0, 2, 7));
        // What the headers become does not matter any more.
        ctx.request.headers_mut().remove("x-forwarded-for");
    }
    next.run(ctx).await
}

#[middleware]
async fn whose(ctx: &mut Context) -> String {
    format!("{} {:?}", ctx.ip(), ctx.ips())
}

#[test]
fn the_address_that_a_layer_has_set_stays() {
    let serving = serve(App::new().proxy(true).with(behind_the_cdn).with(whose));
    let mut client = Client::connect(serving.address);
    let forwarded = "X-Forwarded-For: 198.51.100.1, 10.0.0.1\r\n";
    let known = client.ask("GET", "/", forwarded).text();
    assert_eq!(known, r#"198.51.100.1 ["198.51.100.1", "10.0.0.1"]"#);
    assert_eq!(client.ask("GET", "/cdn", forwarded).text(), "192.0.2.7 []");
    // It is of this request only.
    assert_eq!(client.get("/").text(), "127.0.0.1 []");
}

/// The statuses of Koa's document, in its words.
const STATUSES: [(u16, &str); 60] = [
    (100, "continue"),
    (101, "switching protocols"),
    (102, "processing"),
    (200, "ok"),
    (201, "created"),
    (202, "accepted"),
    (203, "non-authoritative information"),
    (204, "no content"),
    (205, "reset content"),
    (206, "partial content"),
    (207, "multi-status"),
    (208, "already reported"),
    (226, "im used"),
    (300, "multiple choices"),
    (301, "moved permanently"),
    (302, "found"),
    (303, "see other"),
    (304, "not modified"),
    (305, "use proxy"),
    (307, "temporary redirect"),
    (308, "permanent redirect"),
    (400, "bad request"),
    (401, "unauthorized"),
    (402, "payment required"),
    (403, "forbidden"),
    (404, "not found"),
    (405, "method not allowed"),
    (406, "not acceptable"),
    (407, "proxy authentication required"),
    (408, "request timeout"),
    (409, "conflict"),
    (410, "gone"),
    (411, "length required"),
    (412, "precondition failed"),
    (413, "payload too large"),
    (414, "uri too long"),
    (415, "unsupported media type"),
    (416, "range not satisfiable"),
    (417, "expectation failed"),
    (418, "i'm a teapot"),
    (422, "unprocessable entity"),
    (423, "locked"),
    (424, "failed dependency"),
    (426, "upgrade required"),
    (428, "precondition required"),
    (429, "too many requests"),
    (431, "request header fields too large"),
    (500, "internal server error"),
    (501, "not implemented"),
    (502, "bad gateway"),
    (503, "service unavailable"),
    (504, "gateway timeout"),
    (505, "http version not supported"),
    (506, "variant also negotiates"),
    (507, "insufficient storage"),
    (508, "loop detected"),
    (510, "not extended"),
    (511, "network authentication required"),
    // Beside the document's, in Node.
    (425, "too early"),
    (509, "bandwidth limit exceeded"),
];

#[middleware]
async fn with_status(ctx: &mut Context) -> Result {
    let status: u16 = ctx.path().trim_start_matches('/').parse()?;
    ctx.set_status(status)?;
    assert_eq!(ctx.status(), status);
    ctx.set("X-Message", ctx.message().to_owned())
}

#[test]
fn every_status_of_the_document_can_be_set() {
    let serving = serve(App::new().silent(true).with(with_status));
    let mut client = Client::connect(serving.address);
    for (status, message) in STATUSES {
        let answer = client.get(&format!("/{status}"));
        // One that is no answer is a mistake.
        let (sent, text) = match status {
            100..=199 => (500, "internal server error"),
            _ => (status, message),
        };
        assert_eq!(answer.status, sent, "{status}");
        assert_eq!(answer.message.to_lowercase(), text, "{status}");
        match status {
            100..=199 => {}
            204 | 205 | 304 => assert_eq!(answer.text(), "", "{status}"),
            _ => assert_eq!(answer.text().to_lowercase(), text, "{status}"),
        }
        if status >= 200 {
            let set = answer.header("x-message").unwrap();
            assert_eq!(set.to_lowercase(), message, "{status}");
        }
    }
    for invalid in [0, 99, 1000, 65535] {
        assert_eq!(client.get(&format!("/{invalid}")).status, 500, "{invalid}");
    }
}

#[middleware]
async fn raw(ctx: &mut Context) -> String {
    let parts = ctx.request.parts_mut();
    parts.extensions.insert("mine");
    let req = ctx.req();
    let mine: Option<&&str> = req.extensions.get();
    let custom = req.headers.get("x-custom").map(HeaderValue::as_bytes);
    format!(
        "{} {} {:?} {} {mine:?}",
        req.method,
        req.uri,
        req.version,
        custom.unwrap_or_default().escape_ascii()
    )
}

#[test]
fn the_raw_request_is_hypers() {
    let serving = serve(App::new().with(raw));
    let answer = Client::connect(serving.address).ask("PUT", "/a?b=%20", "X-Custom: \tv w \r\n");
    assert_eq!(answer.text(), r#"PUT /a?b=%20 HTTP/1.1 v w Some("mine")"#);
}

/// Reads all that is parsed from what the client sent, and says how long that took.
#[middleware]
async fn all_of_it(ctx: &mut Context) -> Result<String> {
    ctx.set_status(200)?;
    ctx.set_etag("x")?;
    let started = std::time::Instant::now();
    let header = ctx.get("X-Text").into_owned();
    let read = (
        ctx.accepts(["png", "json"]).is_some(),
        ctx.accepts_encodings(["gzip", "br"]).is_some(),
        ctx.accepts_charsets(["utf-8", "latin1"]).is_some(),
        ctx.accepts_languages(["de", "en"]).is_some(),
        ctx.accepted_types().len(),
        ctx.accepted_encodings().len(),
        ctx.accepted_charsets().len(),
        ctx.accepted_languages().len(),
        ctx.is(["json", "+json"]).is_match(),
        ctx.request.charset().len(),
        ctx.query_pairs().iter().count(),
        ctx.fresh(),
        ctx.ips().len() + ctx.subdomains().len(),
        ctx.set("X-Text", header.as_str()).is_ok(),
        ctx.vary(&header).is_ok(),
    );
    let took = started.elapsed().as_nanos();
    ctx.remove("X-Text");
    ctx.remove("Vary");
    std::hint::black_box(read);
    Ok(took.to_string())
}

#[test]
fn what_a_client_sends_is_read_in_linear_time() {
    let app = App::new().silent(true).proxy(true).with(all_of_it);
    let serving = serve_with(app, |server| server.max_header_size(256 * 1024));
    let mut client = Client::connect(serving.address);
    let mut took = |field: &str, value: &str, length: usize| {
        let value = value.repeat(length / value.len());
        let answer = match field {
            "query" => client.get(&format!("/?{value}")),
            _ => client.ask("GET", "/", &format!("{field}: {value}\r\n")),
        };
        assert_eq!(answer.status, 200, "{field}");
        answer.text().parse::<u128>().unwrap()
    };
    for (field, value) in [
        ("Accept", "a/b;q=0.1,"),
        ("Accept", "text/html;a=\"b\";"),
        ("Accept-Encoding", "x;q=0.1, "),
        ("Accept-Charset", "x;q=0.1, "),
        ("Accept-Language", "x-y;q=0.1, "),
        ("Content-Length: 0\r\nContent-Type", "a/b; c=\"\\\";"),
        ("If-None-Match", "W/\"a\", "),
        ("X-Forwarded-For", "1.1.1.1,"),
        ("X-Forwarded-Host", "a."),
        ("X-Text", "a, "),
        ("X-Text", "aaaaaa"),
        ("query", "a=%41&"),
        ("query", "aaaaa"),
    ] {
        // Eight times the length would take 64 times as long if the time were quadratic. What else the machine does only
        // adds, so that the least of some runs counts.
        let (mut short, mut long) = (u128::MAX, u128::MAX);
        for run in 0..50 {
            short = short.min(took(field, value, 4 * 1024));
            long = long.min(took(field, value, 32 * 1024));
            if run > 4 && long < short * 24 {
                break;
            }
        }
        assert!(
            long < short * 24,
            "{field}: {value}: 4 KB take {short} ns, 32 KB {long} ns"
        );
    }
}

/// The names of Koa's document.
const NAMES: [(&str, &str); 4] = [
    (
        "app",
        "env keys proxy subdomainOffset proxyIpHeader maxIpsCount silent listen callback use context emit on",
    ),
    (
        "ctx",
        "req res request response state app cookies.get cookies.set throw assert respond",
    ),
    (
        "request",
        "header header= headers headers= method method= length url url= originalUrl origin href path path= querystring \
         querystring= search search= host hostname URL type charset query query= fresh stale protocol secure ip ips \
         subdomains is accepts acceptsEncodings acceptsCharsets acceptsLanguages idempotent socket get",
    ),
    (
        "response",
        "header headers socket status status= message message= length length= body body= get has set append remove type \
         type= is redirect attachment headerSent lastModified lastModified= etag= vary flushHeaders writable",
    ),
];

#[test]
fn every_name_of_the_document_stands_in_the_page_about_them() {
    let page = include_str!("../docs/side-by-side.md");
    let koas = page.lines().filter(|line| line.starts_with("| "));
    // The first column is Koa's.
    let koas: Vec<_> = koas.filter_map(|line| line.split('|').nth(1)).collect();
    let stands = |name: &str| {
        koas.iter().any(|cell| {
            let mut found = cell.match_indices(name);
            found.any(|(at, _)| {
                let next = cell[at + name.len()..].chars().next();
                // `search and their setters` names the setters too.
                next.is_none_or(|next| !next.is_ascii_alphanumeric())
            })
        })
    };
    for (owner, names) in NAMES {
        for name in names.split_whitespace() {
            // What is the request's or the response's is the context's, too.
            let either = [format!("{owner}.{name}"), format!("ctx.{name}")];
            let set = name.trim_end_matches('=');
            let setters = ["querystring", "search"].contains(&set);
            let read = setters && stands(&format!("ctx.{set}"));
            assert!(
                read || either.iter().any(|name| stands(name)),
                "{owner}.{name}"
            );
        }
    }
}
