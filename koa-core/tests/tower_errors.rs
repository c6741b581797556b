//! What becomes of an error below a layer of tower's: the layer may change its answer, and the listeners hear of it once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::sync::mpsc::{Receiver, channel};

use axum::body::Body as AxumBody;
use client::{Answer, Client};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use koa::prelude::*;
use koa::tower::layer;
use serve::{Serving, serve};
use tower::util::MapResponseLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// What a layer gets from those below.
type Lent = Response<koa::tower::Body>;

#[middleware]
async fn answer(ctx: &mut Context) -> Result {
    match ctx.path() {
        "/fail" => throw!(
            Error::new(403, "as asked")
                .with_header("Vary", "Accept")
                .with_header("Cache-Control", "no-store")
                .with_header("X-Error", "1")
        ),
        "/body" => {
            let text = ctx.request.text().await?;
            ctx.set_body(text);
        }
        _ => ctx.set_body("fine"),
    }
    Ok(())
}

#[middleware]
async fn above(ctx: &mut Context, next: impl Next) -> Result {
    ctx.set("X-Above", "1")?;
    let result = next.run(ctx).await;
    result.map_err(|error| error.with_header("X-Seen", "error"))
}

#[middleware]
async fn below(ctx: &mut Context, next: impl Next) -> Result {
    ctx.set("X-Below", "1")?;
    next.run(ctx).await
}

/// Serves an app with the layers given, and tells what its listeners hear.
macro_rules! server {
    ($($layer:expr),+) => {{
        let (tell, told) = channel();
        let app = App::new().on_error(move |error, ctx| {
            let _ = tell.send((error.status(), error.message().to_owned(), ctx.path().to_owned()));
        });
        let app = app.with(above)$(.with(layer($layer)))+.with(below).with(answer);
        (serve(app), told)
    }};
}

type Told = Receiver<(u16, String, String)>;

/// Asks for what fails; the listeners hear of that, and once.
fn fail(server: &Serving, told: &Told, headers: &str) -> Answer {
    let mut client = Client::connect(server.address);
    let answer = client.ask("GET", "/fail", headers);
    assert_eq!(client.get("/").text(), "fine");
    let heard: Vec<_> = told.try_iter().collect();
    let error = (403, "as asked".to_owned(), "/fail".to_owned());
    assert_eq!(heard, [error], "the listeners hear of it once");
    answer
}

fn all<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let named = answer.headers.iter().filter(|(field, _)| field == name);
    named.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_layer_answers_an_error_anew() {
    let (server, told) = server!(MapResponseLayer::new(|answer: Lent| {
        if answer.status().is_success() {
            return answer.map(AxumBody::new);
        }
        let mut anew = Response::new(AxumBody::from(r#"{"error":true}"#));
        *anew.status_mut() = StatusCode::IM_A_TEAPOT;
        let json = HeaderValue::from_static("application/json");
        anew.headers_mut().insert(CONTENT_TYPE, json);
        anew
    }));
    let answer = fail(&server, &told, "");
    assert_eq!((answer.status, &*answer.text()), (418, r#"{"error":true}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-above"), Some("1"));
    assert_eq!(answer.header("x-below"), None, "as of any error");
    assert_eq!(answer.header("x-error"), None);
    assert_eq!(answer.header("x-seen"), None, "it is an error no longer");
}

#[test]
fn a_layer_changes_the_status_of_an_error() {
    let (server, told) = server!(MapResponseLayer::new(|mut answer: Lent| {
        if answer.status() == StatusCode::FORBIDDEN {
            *answer.status_mut() = StatusCode::NOT_FOUND;
        }
        answer
    }));
    let answer = fail(&server, &told, "");
    assert_eq!((answer.status, &*answer.text()), (404, "as asked"));
    let text = Some("text/plain; charset=utf-8");
    assert_eq!(answer.header("content-type"), text);
    assert_eq!(answer.header("x-above"), Some("1"));
    assert_eq!(answer.header("x-below"), None, "as of any error");
    assert_eq!(answer.header("x-error"), Some("1"), "it changed no more");
}

#[test]
fn a_layer_writes_an_error_in_another_type() {
    let (server, told) = server!(
        CompressionLayer::new(),
        MapResponseLayer::new(|answer: Lent| {
            if answer.status().is_success() {
                return answer.map(AxumBody::new);
            }
            let mut json = answer.map(|_| AxumBody::from(r#"{"error":true}"#));
            let value = HeaderValue::from_static("application/json");
            json.headers_mut().insert(CONTENT_TYPE, value);
            json
        })
    );
    let answer = fail(&server, &told, "");
    assert_eq!((answer.status, &*answer.text()), (403, r#"{"error":true}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("content-length"), Some("14"));
}

#[test]
fn an_error_has_the_headers_that_a_layer_gave_it() {
    let max_age = HeaderValue::from_static("max-age=60");
    let origin = AllowOrigin::mirror_request();
    let (server, told) = server!(
        CorsLayer::new().allow_origin(origin),
        SetResponseHeaderLayer::overriding(CACHE_CONTROL, max_age),
        MapResponseLayer::new(|mut answer: Lent| {
            answer.headers_mut().remove("x-error");
            answer
        })
    );
    let answer = fail(&server, &told, "Origin: http://a.example\r\n");
    assert_eq!((answer.status, &*answer.text()), (403, "as asked"));
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some("http://a.example"));
    let vary = all(&answer, "vary").join(", ");
    assert!(vary.starts_with("Accept, "), "{vary}");
    assert!(vary.contains("origin"), "{vary}");
    assert_eq!(vary.matches("Accept").count(), 1, "{vary}");
    assert_eq!(all(&answer, "cache-control"), ["max-age=60"]);
    assert_eq!(answer.header("x-error"), None, "it took that away");
    assert_eq!(answer.header("x-seen"), Some("error"));
}

#[test]
fn what_a_layer_says_of_a_list_is_added_to_it() {
    let accept = HeaderValue::from_static("Cookie");
    let vary = SetResponseHeaderLayer::overriding(http::header::VARY, accept);
    let (server, told) = server!(vary);
    let answer = fail(&server, &told, "");
    assert_eq!(all(&answer, "vary"), ["Accept", "Cookie"]);
}

#[test]
fn a_layer_that_fails_does_not_hide_the_error_that_it_saw() {
    let fails = |_: Lent| Err::<Lent, _>(koa::tower::BoxError::from("of its own"));
    let (server, told) = server!(tower::util::AndThenLayer::new(move |answer: Lent| {
        std::future::ready(if answer.status().is_success() {
            Ok(answer)
        } else {
            fails(answer)
        })
    }));
    let answer = Client::connect(server.address).get("/fail");
    assert_eq!(answer.status, 500);
    let heard: Vec<_> = told.try_iter().map(|(_, message, _)| message).collect();
    assert_eq!(heard, ["as asked", "of its own"]);
}

#[test]
fn a_body_that_is_too_long_for_a_layer_is_a_413() {
    let (server, told) = server!(RequestBodyLimitLayer::new(4));
    let post = "POST /body HTTP/1.1\r\nHost: x\r\n";
    for (framed, status) in [
        ("Content-Length: 4\r\n\r\nbody", 200),
        ("Content-Length: 5\r\n\r\nlarge", 413),
        (
            "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
            200,
        ),
        (
            "Transfer-Encoding: chunked\r\n\r\n5\r\nlarge\r\n0\r\n\r\n",
            413,
        ),
    ] {
        let mut client = Client::connect(server.address);
        client.send(format!("{post}{framed}"));
        assert_eq!(client.read(false).unwrap().status, status, "{framed}");
    }
    let heard: Vec<_> = told.try_iter().map(|(status, ..)| status).collect();
    assert_eq!(heard, [413], "where the layer does not answer by itself");
}
