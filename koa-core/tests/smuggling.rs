//! Requests whose end two readers could see at different places: each is refused, or read as RFC 9112 says, and what
//! follows it is never answered as a request that it is not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use client::Client;
use koa::prelude::*;
use serve::{Serving, serve};

#[middleware]
async fn echo(ctx: &mut Context) -> Result<String> {
    let body = ctx.request.text().await?;
    Ok(format!("{} {body:?}", ctx.url()))
}

fn server() -> Serving {
    serve(App::new().silent(true).with(echo))
}

/// What is answered to these bytes, all of it, up to the end of the connection.
fn answers(server: &Serving, bytes: &str) -> Vec<(u16, String)> {
    let mut client = Client::connect(server.address);
    let _ = client.try_send(bytes);
    let _ = client.finish();
    let mut answers = Vec::new();
    while let Some(answer) = client.read(false) {
        answers.push((answer.status, answer.text()));
    }
    answers
}

/// The request that is smuggled in, if it is taken for one.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn what_is_ambiguous_is_refused_and_nothing_after_it_is_read() {
    let server = server();
    for head in [
        // Two lengths, in one line or in two.
        "Content-Length: 0\r\nContent-Length: 37\r\n",
        "Content-Length: 0, 37\r\n",
        "Content-Length: 37\r\nContent-Length: 0\r\n",
        // What is no length.
        "Content-Length: +0\r\n",
        "Content-Length: -0\r\n",
        "Content-Length: 0x0\r\n",
        "Content-Length: 0 0\r\n",
        "Content-Length: \r\n",
        "Content-Length: 18446744073709551616\r\n",
        // A coding that does not end with chunked, or that is unknown.
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        // Names that are none, and lines that are folded.
        "Content-Length : 0\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X: a\r\n Content-Length: 37\r\n",
        "X: a\r\n\tTransfer-Encoding: chunked\r\n",
        " Content-Length: 37\r\n",
        "Content\x0b-Length: 37\r\n",
        "X: a\rContent-Length: 37\r\n",
        "X: a\0b\r\n",
    ] {
        let bytes = format!("POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n{SMUGGLED}");
        let answers = answers(&server, &bytes);
        assert!(
            matches!(&answers[..], [] | [(400..=499 | 501, _)]),
            "{head:?}: {answers:?}"
        );
    }
}

#[test]
fn a_request_says_once_for_which_host_it_is_and_that_is_one() {
    let server = server();
    let refused = |bytes: &str| {
        let answers = answers(&server, &format!("{bytes}{SMUGGLED}"));
        assert_eq!(answers, [(400, String::new())], "{bytes:?}");
    };
    for head in [
        "",
        "X: a\r\n",
        "Host: a\r\nHost: b\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nX: b\r\nhOST: a\r\n",
        "X: b\r\nHost:\r\nHost: a\r\n",
    ] {
        refused(&format!("GET / HTTP/1.1\r\n{head}\r\n"));
        refused(&format!("POST http://a/ HTTP/1.1\r\n{head}\r\n"));
    }
    refused("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
    for host in [
        "a b",
        "a, b",
        "a\tb",
        "a/b",
        "a\\b",
        "a?b",
        "a#b",
        "user@a",
        "a:b",
        ":80",
        "[::1",
        "a%",
        "b\u{fc}cher.example",
    ] {
        refused(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        refused(&format!(
            "GET / HTTP/1.1\r\nX: a\r\nX: b\r\nHost: {host}\r\n\r\n"
        ));
        refused(&format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n"));
    }
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a.example:3000\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\r\nX: b\r\nHost: a\r\n\r\n",
        // For a target that has no host.
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        // HTTP/1.0 knows of none.
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ] {
        let answers = answers(&server, &format!("{request}{SMUGGLED}"));
        let second = (200, "/smuggled \"\"".to_owned());
        assert_eq!(answers, [(200, "/ \"\"".to_owned()), second], "{request:?}");
    }
}

#[test]
fn chunks_that_are_malformed_end_the_connection() {
    let server = server();
    for chunks in [
        "0x1\r\na\r\n0\r\n\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "-1\r\na\r\n0\r\n\r\n",
        "1 1\r\na\r\n0\r\n\r\n",
        "g\r\na\r\n0\r\n\r\n",
        "\r\na\r\n0\r\n\r\n",
        "10000000000000000\r\na\r\n0\r\n\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1\r\na0\r\n\r\n",
        "1\na\n0\n\n",
        "1;a\nb\r\na\r\n0\r\n\r\n",
        "0\r\n\rX",
        "0\r\nX\r\n\r\n",
    ] {
        let bytes = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{SMUGGLED}"
        );
        let answers = answers(&server, &bytes);
        assert!(
            matches!(&answers[..], [] | [(400..=499, _)]),
            "{chunks:?}: {answers:?}"
        );
    }
}

/// Whether it was refused: one answer that says so, or none, and the end of the connection.
fn is_refused(answers: &[(u16, String)]) -> bool {
    matches!(answers, [] | [(400..=499 | 501, _)])
}

/// What is answered to a request with this body, and to the one behind it.
fn both(body: &str) -> [(u16, String); 2] {
    [(200, format!("/ {body:?}")), (200, "/smuggled \"\"".into())]
}

/// The chunk that ends a body.
const LAST: &str = "0\r\n\r\n";

#[test]
fn a_coding_other_than_chunked_alone_is_refused() {
    let server = server();
    for codings in [
        // More than once, in one line or in two.
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nX: a\r\ntransfer-encoding: Chunked\r\n",
        // Beside another one, which nobody undoes.
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity, chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: \"a, chunked\r\n",
        // In a line that is folded, or that ends elsewhere.
        "Transfer-Encoding:\r\n chunked\r\n",
        "Transfer-Encoding:\r\n\tchunked\r\n",
        "Transfer-Encoding: identity,\r\n chunked\r\n",
        "Transfer-Encoding: chunked\r\n , identity\r\n",
        "Transfer-Encoding:\n chunked\r\n",
        "Transfer-Encoding:\rchunked\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
        "Transfer-Encoding: chunked\x0b\r\n",
        "Transfer-Encoding: chun\0ked\r\n",
        "Transfer-Encoding:\r\n",
    ] {
        for length in ["", "Content-Length: 5\r\n"] {
            for head in [format!("{codings}{length}"), format!("{length}{codings}")] {
                let bytes = format!("POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n{LAST}{SMUGGLED}");
                let answers = answers(&server, &bytes);
                assert!(is_refused(&answers), "{head:?}: {answers:?}");
            }
        }
    }
}

#[test]
fn http_1_0_has_no_codings() {
    let server = server();
    let chunked = "Transfer-Encoding: chunked\r\n";
    for head in [
        chunked.to_owned(),
        format!("{chunked}Content-Length: 5\r\n"),
        format!("Content-Length: 5\r\n{chunked}"),
    ] {
        let head = format!("POST / HTTP/1.0\r\nConnection: keep-alive\r\n{head}");
        let answers = answers(&server, &format!("{head}\r\n{LAST}{SMUGGLED}"));
        assert!(is_refused(&answers), "{head:?}: {answers:?}");
    }
}

#[test]
fn chunked_counts_beside_a_length_and_the_connection_ends_behind_it() {
    let server = server();
    let chunked = "Transfer-Encoding: chunked\r\n";
    let keep = "Connection: keep-alive\r\n";
    for length in [0, LAST.len(), LAST.len() + SMUGGLED.len()] {
        let length = format!("Content-Length: {length}\r\n");
        for head in [
            format!("{length}{chunked}"),
            format!("{chunked}{length}"),
            format!("{keep}{length}{chunked}"),
            format!("{chunked}{length}{keep}"),
            format!("{length}{chunked}{length}"),
        ] {
            let bytes = format!("POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n{LAST}{SMUGGLED}");
            let answers = answers(&server, &bytes);
            // RFC 9112, 6.1 and 6.3.
            let read = answers == both("")[..1];
            assert!(read || is_refused(&answers), "{head:?}: {answers:?}");
        }
    }
}

/// The text with one of its line ends bare, for each of them.
fn with_one_bare(text: &str) -> impl Iterator<Item = String> {
    let ends = text.match_indices("\r\n");
    ends.map(|(at, _)| format!("{}{}", &text[..at], &text[at + 1..]))
}

#[test]
fn one_bare_line_feed_ends_a_line_of_the_head() {
    let server = server();
    for (head, body) in [
        ("X: a\r\nContent-Length: 1\r\n", "a"),
        ("Content-Length: 1\r\nX: a\r\n", "a"),
        (
            "X: a\r\nTransfer-Encoding: chunked\r\n",
            "1\r\na\r\n0\r\n\r\n",
        ),
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n");
        for head in with_one_bare(&head) {
            let answers = answers(&server, &format!("{head}{body}{SMUGGLED}"));
            // RFC 9112, 2.2.
            let read = answers == both("a");
            assert!(read || is_refused(&answers), "{head:?}: {answers:?}");
        }
    }
}

#[test]
fn no_bare_line_feed_ends_a_line_of_a_chunk() {
    let server = server();
    let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = "1;a=b\r\na\r\n2\r\nbc\r\n0\r\n";
    for chunks in with_one_bare(chunks) {
        let answers = answers(&server, &format!("{head}{chunks}\r\n{SMUGGLED}"));
        assert!(is_refused(&answers), "{chunks:?}: {answers:?}");
    }
    // Behind the last one trailers may begin. hyper takes it for such, and what follows is no request.
    let answers = answers(&server, &format!("{head}{chunks}\n{SMUGGLED}"));
    assert!(answers.len() < 2, "{answers:?}");
}

#[test]
fn blanks_behind_the_size_of_a_chunk_are_no_part_of_it() {
    let server = server();
    let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for blanks in [" ", "\t", " \t ", " ;a=b", "\t;a", "; a", " ; a = b "] {
        for chunks in [
            format!("1{blanks}\r\na\r\n0\r\n\r\n"),
            format!("1\r\na\r\n0{blanks}\r\n\r\n"),
        ] {
            let answers = answers(&server, &format!("{head}{chunks}{SMUGGLED}"));
            // RFC 9112, 7.1.1: they may stand there where an extension follows.
            let read = answers == both("a");
            assert!(read || is_refused(&answers), "{chunks:?}: {answers:?}");
        }
    }
    for chunks in [
        " 1\r\na\r\n0\r\n\r\n",
        "\t1\r\na\r\n0\r\n\r\n",
        "1 0\r\na\r\n0\r\n\r\n",
        "1\x0b\r\na\r\n0\r\n\r\n",
        "1 \na\r\n0\r\n\r\n",
        "1\r\na\r\n 0\r\n\r\n",
        "1\r\na \r\n0\r\n\r\n",
    ] {
        let answers = answers(&server, &format!("{head}{chunks}{SMUGGLED}"));
        assert!(is_refused(&answers), "{chunks:?}: {answers:?}");
    }
}

#[test]
fn what_the_rfc_lets_pass_is_read_as_it_says() {
    let server = server();
    let second = || (200, "/smuggled \"\"".to_owned());
    // Both lengths: chunked counts (6.3), and the connection ends behind it.
    let both = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let both = answers(&server, &format!("{both}{SMUGGLED}"));
    assert!(
        matches!(&both[..], [] | [(400, _)]) || both[..] == [(200, "/ \"\"".to_owned())],
        "{both:?}"
    );
    // The same length twice is one (6.3).
    let twice = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na";
    let twice = answers(&server, &format!("{twice}{SMUGGLED}"));
    assert!(
        matches!(&twice[..], [] | [(400, _)])
            || twice[..] == [(200, "/ \"a\"".to_owned()), second()],
        "{twice:?}"
    );
    // A line may end with a bare LF (2.2), for which every line does.
    let bare = "POST / HTTP/1.1\nHost: x\nContent-Length: 1\n\na";
    assert_eq!(
        answers(&server, &format!("{bare}{SMUGGLED}")),
        [(200, "/ \"a\"".to_owned()), second()]
    );
    // Extensions of chunks are ignored (7.1.1), trailers are no headers (7.1.2).
    let chunks = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\na\r\n0\r\nContent-Length: 37\r\n\r\n";
    assert_eq!(
        answers(&server, &format!("{chunks}{SMUGGLED}")),
        [(200, "/ \"a\"".to_owned()), second()]
    );
    // Names and codings know no case (5.1, 7).
    let cased =
        "POST / HTTP/1.1\r\nHost: x\r\ntRANSFER-eNCODING: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n";
    assert_eq!(
        answers(&server, &format!("{cased}{SMUGGLED}")),
        [(200, "/ \"a\"".to_owned()), second()]
    );
    // A body that the app does not read is no request either.
    let server = serve(App::new().with(unread));
    let hidden = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{SMUGGLED}",
        SMUGGLED.len()
    );
    assert_eq!(answers(&server, &hidden).len(), 1);
}

#[middleware]
async fn unread() -> &'static str {
    "unread"
}
