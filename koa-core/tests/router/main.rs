//! What `@koa/router` answered, with its `allowedMethods`, compared with what a router of controllers does: the handler, its
//! parameters, 404, 405 and `Allow`, 501, `OPTIONS` and `HEAD`.
//!
//! `answers.json` was written by `record.js`, which says how; nothing in it was written down by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

#[path = "../client/mod.rs"]
mod client;
#[path = "../serve/mod.rs"]
mod serve;

use client::Client;
use koa::prelude::*;
use serde_json::Value;
use serve::serve;

struct Recorded;

/// The routes of `record.js`, in their order.
#[controller("/")]
impl Recorded {
    #[get("/users")]
    #[post("/users")]
    async fn users(ctx: &Context) -> String {
        said(ctx, &[])
    }

    #[get("/users/me")]
    async fn me(ctx: &Context) -> String {
        said(ctx, &[])
    }

    #[get("/users/:id")]
    #[put("/users/:id")]
    #[patch("/users/:id")]
    #[delete("/users/:id")]
    async fn user(ctx: &Context, id: String) -> String {
        said(ctx, &[("id", id)])
    }

    #[head("/ping")]
    async fn ping(ctx: &Context) -> String {
        said(ctx, &[])
    }

    #[options("/cors")]
    #[get("/cors")]
    async fn cors(ctx: &Context) -> String {
        said(ctx, &[])
    }

    #[post("/only-post")]
    async fn only_post(ctx: &Context) -> String {
        said(ctx, &[])
    }

    #[all("/all")]
    async fn all(ctx: &Context) -> String {
        said(ctx, &[])
    }

    #[get("/files/:name.json")]
    async fn file(ctx: &Context, name: String) -> String {
        said(ctx, &[("name", name)])
    }

    #[delete("/users/:id/posts/:post")]
    async fn post(ctx: &Context, id: String, post: String) -> String {
        said(ctx, &[("id", id), ("post", post)])
    }
}

fn said(ctx: &Context, parameters: &[(&str, String)]) -> String {
    let mut text = ctx.request.route().unwrap().to_owned();
    for (name, value) in parameters {
        text.push_str(&format!(" {name}={value}"));
    }
    text
}

/// The upper router of `record.js`.
struct Upper;

#[controller("/posts")]
impl Upper {
    #[get("/")]
    async fn posts(ctx: &Context) -> String {
        said(ctx, &[])
    }

    #[get("/:id")]
    async fn post(ctx: &Context, id: String) -> String {
        said(ctx, &[("id", id)])
    }
}

/// The lower one.
struct Lower;

#[controller]
impl Lower {
    #[post("/posts")]
    async fn posts(ctx: &Context) -> String {
        said(ctx, &[])
    }

    #[put("/posts/:id")]
    #[patch("/posts/:id")]
    #[delete("/posts/:id")]
    #[get("/drafts/:id")]
    async fn post(ctx: &Context, id: String) -> String {
        said(ctx, &[("id", id)])
    }
}

#[middleware]
async fn between(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await
}

#[test]
fn answers_are_those_of_koa_router() {
    let recorded: Value = serde_json::from_str(include_str!("answers.json")).unwrap();
    let cases = recorded["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 171);
    compare(App::new().controller(Recorded), cases);
}

#[test]
fn answers_of_routers_apart_are_those_of_koa_router() {
    let recorded: Value = serde_json::from_str(include_str!("answers.json")).unwrap();
    let cases = recorded["apart"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 36);
    let app = App::new().controller(Upper).with(between).controller(Lower);
    compare(app, cases);
}

fn compare(app: App<impl Onion, impl Sized + 'static, impl Sized + 'static>, cases: &[Value]) {
    let server = serve(app);
    let mut client = Client::connect(server.address);
    for case in cases {
        let text = |name: &str| case[name].as_str();
        let (method, path) = (text("method").unwrap(), text("path").unwrap());
        let answer = client.ask(method, path, "");
        let got = (
            u64::from(answer.status),
            answer.header("allow"),
            answer.header("content-type"),
            answer.header("content-length"),
            answer.text(),
        );
        let expected = (
            case["status"].as_u64().unwrap(),
            text("allow"),
            text("type"),
            text("length"),
            text("body").unwrap().to_owned(),
        );
        assert_eq!(got, expected, "{method} {path}");
    }
}
