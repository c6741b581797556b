//! Bodies of requests: read whole, as a type, or as a stream, and never more of them than was asked for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use client::{Answer, Client};
use koa::prelude::*;
use serde::Deserialize;
use serve::{Serving, serve};

#[derive(Deserialize)]
struct Post {
    title: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    id: u32,
}

#[derive(Deserialize)]
struct Fields {
    name: String,
    #[serde(default)]
    age: u8,
    #[serde(default)]
    tag: Vec<String>,
}

#[middleware]
async fn read(ctx: &mut Context) -> Result<Body> {
    let text: String = match ctx.path() {
        "/bytes" => format!("{} bytes", ctx.request.bytes().await?.len()),
        "/text" => ctx.request.text().await?,
        "/json" => {
            let post: Post = ctx.request.json().await?;
            let ids: u32 = post.tags.iter().map(|tag| tag.id).sum();
            format!("{} {ids}", post.title)
        }
        "/form" => {
            let fields: Fields = ctx.request.form().await?;
            format!("{} {} {}", fields.name, fields.age, fields.tag.join("+"))
        }
        "/query" => {
            let fields: Fields = ctx.query()?;
            format!("{} {} {}", fields.name, fields.age, fields.tag.join("+"))
        }
        "/more" => format!("{} bytes", ctx.request.up_to(64).bytes().await?.len()),
        "/twice" => {
            ctx.request.bytes().await?;
            ctx.request.text().await?
        }
        #[cfg(feature = "multipart")]
        "/whole" => {
            let mut form = ctx.request.multipart()?;
            while form.next().await?.is_some() {}
            "read".to_owned()
        }
        #[cfg(feature = "multipart")]
        "/parts" => {
            let mut form = ctx.request.up_to(300).multipart()?;
            let mut parts = Vec::new();
            while let Some(part) = form.next().await? {
                let (name, file) = (
                    part.name().map(str::to_owned),
                    part.file_name().map(str::to_owned),
                );
                let kind = part.type_().to_owned();
                parts.push(format!("{name:?} {file:?} {kind:?} {}", part.text().await?));
            }
            parts.join("\n")
        }
        "/echo" => return Ok(Body::stream(ctx.request.stream()?)),
        "/stream" => {
            let mut body = ctx.request.stream()?.up_to(64);
            let mut bytes = 0;
            while let Some(chunk) = body.next().await {
                bytes += chunk?.len();
            }
            format!("{bytes} bytes")
        }
        _ => "unread".to_owned(),
    };
    Ok(text.into())
}

fn app() -> Serving {
    serve(App::new().silent(true).body_limit(32).with(read))
}

fn post(serving: &Serving, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut client = Client::connect(serving.address);
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: test\r\n{headers}Content-Length: {length}\r\n\r\n");
    client.send([head.as_bytes(), body].concat());
    client.read(false).expect("an answer")
}

const JSON: &str = "Content-Type: application/json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

#[test]
fn a_body_is_read_whole_or_as_a_type() {
    let serving = app();
    for (path, headers, body, text) in [
        ("/bytes", "", "", "0 bytes"),
        ("/bytes", "", "12345", "5 bytes"),
        ("/text", "", "caf\u{e9}", "caf\u{e9}"),
        (
            "/text",
            "Content-Type: text/plain; charset=UTF-8\r\n",
            "x",
            "x",
        ),
        ("/json", JSON, r#"{"title":"a","tags":[{"id":3}]}"#, "a 3"),
        (
            "/json",
            "Content-Type: application/ld+json\r\n",
            r#"{"title":"b"}"#,
            "b 0",
        ),
        ("/form", FORM, "name=a+b%21&tag=x&tag=y", "a b! 0 x+y"),
        ("/query?name=q&age=7", "", "", "q 7 "),
        ("/echo", "", "there and back", "there and back"),
        ("/stream", "", "12345678", "8 bytes"),
    ] {
        let answer = post(&serving, path, headers, body.as_bytes());
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, text),
            "{path}"
        );
    }
}

#[test]
fn what_cannot_be_read_says_where() {
    let serving = app();
    for (path, headers, body, status, text) in [
        (
            "/json",
            JSON,
            r#"{"title":1}"#,
            400,
            "JSON: title: invalid type: integer `1`, expected a string at line 1 column 10",
        ),
        (
            "/json",
            JSON,
            r#"{"title":"","tags":[{"id":-1}]}"#,
            400,
            "JSON: tags[0].id: invalid value: integer `-1`, expected u32 at line 1 column 28",
        ),
        (
            "/json",
            JSON,
            r#"{"title""#,
            400,
            "JSON: EOF while parsing an object at line 1 column 8",
        ),
        (
            "/json",
            JSON,
            r#"{"title":"a"} x"#,
            400,
            "JSON: trailing characters at line 1 column 15",
        ),
        (
            "/json",
            JSON,
            "",
            400,
            "JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            "/json",
            "",
            "{}",
            415,
            "JSON is expected, and the request has no Content-Type",
        ),
        ("/json", FORM, "{}", 415, "JSON is expected"),
        (
            "/form",
            JSON,
            "{}",
            415,
            "a form (application/x-www-form-urlencoded) is expected",
        ),
        (
            "/form",
            FORM,
            "name=a&age=old",
            400,
            "form: age: invalid digit found in string",
        ),
        ("/form", FORM, "age=3", 400, "form: missing field `name`"),
        (
            "/query?name=a&age=300",
            "",
            "",
            400,
            "query: age: number too large to fit in target type",
        ),
        (
            "/text",
            "Content-Encoding: compress\r\n",
            "x",
            415,
            "the coding \"compress\" of the body is not supported",
        ),
        (
            "/text",
            "Content-Type: text/plain; charset=klingon\r\n",
            "x",
            415,
            "the charset \"klingon\" is not supported; send UTF-8",
        ),
        (
            "/json",
            "Content-Type: application/json; charset=klingon\r\n",
            "{}",
            415,
            "the charset \"klingon\" is not supported; send UTF-8",
        ),
        (
            "/form",
            "Content-Type: application/x-www-form-urlencoded; charset=klingon\r\n",
            "name=a",
            415,
            "the charset \"klingon\" is not supported; send UTF-8",
        ),
        (
            "/form",
            FORM,
            "name=caf%e9",
            400,
            "form: name: not UTF-8 at byte 3",
        ),
        ("/twice", "", "x", 500, "Internal Server Error"),
    ] {
        let answer = post(&serving, path, headers, body.as_bytes());
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, text),
            "{path} {body}"
        );
    }
    for (path, headers, body, text) in [
        (
            "/text",
            "",
            b"ab\xff".as_slice(),
            "the body is not UTF-8 at byte 2",
        ),
        (
            "/json",
            JSON,
            b"{\"title\":\"ab\xff\"}",
            "JSON: title: invalid unicode code point at line 1 column 13",
        ),
        (
            "/form",
            FORM,
            b"name=a&tag=ab\xff",
            "form: tag: not UTF-8 at byte 2",
        ),
    ] {
        let answer = post(&serving, path, headers, body);
        assert_eq!((answer.status, answer.text().as_str()), (400, text));
    }
}

#[test]
fn utf_8_and_its_part_ascii_may_be_said() {
    let serving = app();
    for charset in ["utf-8", "UTF8", "\"utf-8\"", "us-ascii", "ASCII"] {
        for (path, kind, body) in [
            ("/text", "text/plain", "é 0"),
            ("/json", "application/json", r#"{"title":"é"}"#),
            (
                "/form",
                "application/x-www-form-urlencoded",
                "name=%C3%A9&age=0",
            ),
        ] {
            let headers = format!("Content-Type: {kind}; charset={charset}\r\n");
            let answer = post(&serving, path, &headers, body.as_bytes());
            assert_eq!(
                (answer.status, answer.text().trim_end()),
                (200, "é 0"),
                "{path} {charset}"
            );
        }
    }
}

#[cfg(not(feature = "charsets"))]
#[test]
fn another_charset_is_refused_by_its_name() {
    let serving = app();
    for charset in ["latin1", "utf-16", "shift_jis"] {
        let headers = format!("Content-Type: text/plain; charset={charset}\r\n");
        let answer = post(&serving, "/text", &headers, b"x");
        let text = format!("the charset \"{charset}\" is not supported; send UTF-8");
        assert_eq!((answer.status, answer.text()), (415, text));
    }
}

#[cfg(feature = "charsets")]
#[test]
fn another_charset_is_decoded() {
    let serving = app();
    let sent = |charset: &str, path: &str, body: &[u8]| {
        let kind = match path {
            "/json" => "application/json",
            "/form" => "application/x-www-form-urlencoded",
            _ => "text/plain",
        };
        let headers = format!("Content-Type: {kind}; charset={charset}\r\n");
        let answer = post(&serving, path, &headers, body);
        (answer.status, answer.text().trim_end().to_owned())
    };
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16: Vec<u8> = utf16(r#"{"title":"é"}"#);
    for (charset, path, body, text) in [
        ("latin1", "/text", b"caf\xe9".as_slice(), "café"),
        ("ISO-8859-1", "/json", b"{\"title\":\"\xe9\"}", "é 0"),
        ("windows-1252", "/form", b"name=%80+\xe9", "€ é 0"),
        ("shift_jis", "/text", b"\x83\x52\x83\x41", "コア"),
        ("shift_jis", "/form", b"name=%83R%83A", "コア 0"),
        ("utf-16le", "/json", &utf16, "é 0"),
        ("utf-16be", "/text", b"\0c\0a", "ca"),
        // Without a mark of the order the little end comes first.
        ("utf-16", "/text", b"\xfe\xff\0c", "c"),
        ("utf-16", "/text", b"c\0", "c"),
    ] {
        assert_eq!(
            sent(charset, path, body),
            (200, text.to_owned()),
            "{charset} {path}"
        );
    }
    for (charset, path, body, status, text) in [
        (
            "shift_jis",
            "/text",
            b"a\x83\x52\x83".as_slice(),
            400,
            "the body is not Shift_JIS at byte 3",
        ),
        (
            "utf-16le",
            "/json",
            b"{\0}",
            400,
            "JSON: not UTF-16LE at byte 2",
        ),
        (
            "euc-jp",
            "/form",
            b"name=ok&tag=a%FF",
            400,
            "form: tag: not EUC-JP at byte 1",
        ),
        (
            "utf-16",
            "/form",
            b"name=a",
            415,
            "the charset \"UTF-16LE\" is not supported; send UTF-8",
        ),
    ] {
        assert_eq!(
            sent(charset, path, body),
            (status, text.to_owned()),
            "{charset} {path}"
        );
    }
}

#[cfg(all(feature = "charsets", feature = "multipart"))]
#[test]
fn a_part_of_a_form_has_a_charset_of_its_own() {
    let serving = app();
    let parts = "Content-Type: multipart/form-data; boundary=edge\r\n";
    let form = |charset: &str| {
        let head = "--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n";
        let kind = format!("Content-Type: text/plain; charset={charset}\r\n\r\n");
        [
            head.as_bytes(),
            kind.as_bytes(),
            b"caf\xe9",
            b"\r\n--edge--\r\n",
        ]
        .concat()
    };
    for (charset, status, text) in [
        ("latin1", 200, "Some(\"a\") None \"text/plain\" café"),
        ("utf-8", 400, "form: a: not UTF-8 at byte 3"),
        (
            "klingon",
            415,
            "the charset \"klingon\" is not supported; send UTF-8",
        ),
    ] {
        let answer = post(&serving, "/parts", parts, &form(charset));
        assert_eq!((answer.status, answer.text().as_str()), (status, text));
    }
}

#[test]
fn no_more_is_read_than_was_asked_for() {
    let serving = app();
    for (path, length, status) in [
        ("/bytes", 32, 200),
        ("/bytes", 33, 413),
        ("/more", 64, 200),
        ("/more", 65, 413),
        ("/stream", 64, 200),
        ("/stream", 65, 413),
        ("/echo", 5000, 200),
    ] {
        let answer = post(&serving, path, "", &vec![b'x'; length]);
        assert_eq!(answer.status, status, "{path} {length}");
        let mut client = Client::connect(serving.address);
        let chunk = format!("{length:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(length));
        client.send(format!(
            "POST {path} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"
        ));
        let answer = client.read(false).expect("an answer");
        assert_eq!(answer.status, status, "{path} {length}, in a chunk");
    }
}

#[test]
fn a_length_that_is_too_long_is_refused_before_the_body_comes() {
    let serving = app();
    let mut client = Client::connect(serving.address);
    client.send("POST /bytes HTTP/1.1\r\nHost: test\r\nContent-Length: 9999999999\r\n\r\n");
    assert_eq!(client.read(false).expect("an answer").status, 413);
}

/// A body in chunks of its own.
fn post_chunks(serving: &Serving, path: &str, headers: &str, chunks: &[&str]) -> Answer {
    let mut client = Client::connect(serving.address);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\n{headers}Transfer-Encoding: chunked\r\n\r\n"
    );
    client.send(head);
    for chunk in chunks {
        // The server may have said no already.
        let _ = client.try_send(format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }
    let _ = client.try_send("0\r\n\r\n");
    client.read(false).expect("an answer")
}

#[test]
fn a_body_in_many_chunks_is_put_together() {
    let serving = app();
    let text = post_chunks(&serving, "/text", "", &["one ", "two ", "three ", "four"]);
    assert_eq!(text.text(), "one two three four");
    let json = post_chunks(&serving, "/json", JSON, &["{\"tit", "le\":", "\"a\"", "}"]);
    assert_eq!(json.text(), "a 0");
    let stream = post_chunks(&serving, "/stream", "", &["1", "22", "333"]);
    assert_eq!(stream.text(), "6 bytes");
}

#[test]
fn the_limit_counts_all_chunks_together() {
    let serving = app();
    let forty = ["x"; 40];
    let form = ["a"; 40];
    for (path, headers, chunks) in [
        ("/bytes", "", &forty),
        ("/text", "", &forty),
        ("/json", JSON, &forty),
        ("/form", FORM, &form),
    ] {
        assert_eq!(
            post_chunks(&serving, path, headers, chunks).status,
            413,
            "{path}"
        );
    }
    assert_eq!(post_chunks(&serving, "/stream", "", &["x"; 70]).status, 413);
}

#[test]
fn a_coding_that_is_not_known_is_refused_by_each_reader() {
    let serving = app();
    let coded = "Content-Encoding: compress\r\n";
    for (path, kind) in [("/text", ""), ("/json", JSON), ("/form", FORM)] {
        let answer = post(&serving, path, &format!("{kind}{coded}"), b"{}");
        assert_eq!(answer.status, 415, "{path}");
    }
}

#[test]
fn what_the_client_sent_is_not_sent_back_without_end() {
    let serving = serve(App::new().silent(true).with(read));
    let long = format!(
        r#"{{"title":"a","tags":[{{"id":"{}"}}]}}"#,
        "9".repeat(100_000)
    );
    let answer = post(&serving, "/json", JSON, long.as_bytes());
    assert_eq!(answer.status, 400);
    assert!(answer.body.len() < 1000, "{} bytes", answer.body.len());
    assert!(
        answer.text().starts_with("JSON: tags[0].id: "),
        "{}",
        answer.text()
    );
    let many = "a=1&".repeat(1000);
    assert_eq!(post(&serving, "/form", FORM, many.as_bytes()).status, 400);
}

#[cfg(feature = "multipart")]
#[test]
fn a_form_in_tiny_chunks_costs_no_more_than_its_length() {
    let serving = serve(App::new().silent(true).body_limit(1 << 20).with(read));
    let parts = "Content-Type: multipart/form-data; boundary=edge\r\n";
    let mut client = Client::connect(serving.address);
    client.send(format!(
        "POST /whole HTTP/1.1\r\nHost: test\r\n{parts}Transfer-Encoding: chunked\r\n\r\n"
    ));
    let head = "--edge\r\nContent-Disposition: form-data; name=\"";
    client.send(format!("{:x}\r\n{head}\r\n", head.len()));
    // A header that never ends, a byte at a time.
    let tiny = "1\r\na\r\n".repeat(300_000);
    let start = std::time::Instant::now();
    let _ = client.try_send(tiny);
    let _ = client.try_send("0\r\n\r\n");
    let answer = client.read(false).expect("an answer");
    assert_eq!(answer.status, 400);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[cfg(feature = "multipart")]
#[test]
fn a_form_in_parts_is_read_part_by_part() {
    let serving = app();
    let parts = "Content-Type: multipart/form-data; boundary=edge\r\n";
    let form = "--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n\
                --edge\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n\
                Content-Type: text/plain\r\n\r\ntwo\r\n--edge--\r\n";
    let answer = post(&serving, "/parts", parts, form.as_bytes());
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (
            200,
            "Some(\"a\") None \"\" one\nSome(\"f\") Some(\"x.txt\") \"text/plain\" two"
        )
    );
    let long = form.replace("two", &"2".repeat(300));
    assert_eq!(post(&serving, "/parts", parts, long.as_bytes()).status, 413);
    let cut = &form[..form.len() - 20];
    assert_eq!(post(&serving, "/parts", parts, cut.as_bytes()).status, 400);
    assert_eq!(post(&serving, "/parts", JSON, b"{}").status, 415);
    // The name of a part that is cut off is shown, but not all of it.
    let name = "n".repeat(200);
    let endless = format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n..");
    let answer = post(&serving, "/parts", parts, endless.as_bytes());
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("nnn … nnn"), "{}", answer.text());
    let no_boundary = "Content-Type: multipart/form-data\r\n";
    assert_eq!(
        post(&serving, "/parts", no_boundary, form.as_bytes()).status,
        400
    );
}

#[cfg(feature = "compression")]
mod coded {
    use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder};
    use koa::prelude::*;
    use tokio::io::{AsyncRead, AsyncReadExt};

    use super::{JSON, post, read};
    use crate::serve::serve;

    fn encoded(mut encoder: impl AsyncRead + Unpin) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut coded = Vec::new();
        runtime.block_on(encoder.read_to_end(&mut coded)).unwrap();
        coded
    }

    #[test]
    fn a_coded_body_is_decoded_up_to_the_limit() {
        let serving = serve(App::new().silent(true).body_limit(200).with(read));
        let json = br#"{"title":"a","tags":[{"id":3}]}"#.as_slice();
        let gzip = encoded(GzipEncoder::new(json));
        let answers = [
            ("gzip", gzip.clone()),
            ("GZIP", gzip.clone()),
            ("deflate", encoded(ZlibEncoder::new(json))),
            ("br", encoded(BrotliEncoder::new(json))),
            ("identity", json.to_vec()),
        ];
        for (coding, body) in answers {
            let headers = format!("{JSON}Content-Encoding: {coding}\r\n");
            let answer = post(&serving, "/json", &headers, &body);
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (200, "a 3"),
                "{coding}"
            );
        }

        let gzipped = "Content-Encoding: gzip\r\n";
        // A hundred kilobytes of nothing in a few bytes.
        let bomb = encoded(GzipEncoder::new([b' '; 100_000].as_slice()));
        assert!(bomb.len() <= 200);
        assert_eq!(post(&serving, "/text", gzipped, &bomb).status, 413);
        assert_eq!(post(&serving, "/text", gzipped, b"no gzip").status, 400);
        assert_eq!(
            post(&serving, "/text", gzipped, &gzip[..gzip.len() - 5]).status,
            400
        );
        let unknown = "Content-Encoding: compress\r\n";
        assert_eq!(post(&serving, "/text", unknown, b"x").status, 415);
        // The bytes are given as they came.
        let answer = post(&serving, "/bytes", gzipped, &gzip);
        assert_eq!(answer.text(), format!("{} bytes", gzip.len()));
    }
}
