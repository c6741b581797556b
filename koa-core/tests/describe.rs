//! The map of an app: as a tree, in JSON, as a Mermaid diagram.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

use koa::prelude::*;

struct Session;
struct User;

#[middleware]
async fn session(ctx: &mut Context, next: impl Next<Session>) -> Result {
    next.provide(ctx, Session).await
}

#[middleware]
async fn signed_in(ctx: &mut Context, _session: Slot<Session>, next: impl Next<User>) -> Result {
    next.provide(ctx, User).await
}

struct Limit;

#[middleware]
impl Limit {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await
    }
}

#[middleware]
async fn status() -> &'static str {
    "up"
}

struct Posts;

#[controller("/posts", with(signed_in))]
impl Posts {
    #[get("/:id")]
    async fn show(&self, id: u64, user: &User) -> String {
        let User = user;
        id.to_string()
    }

    #[delete("/:id", with(Limit))]
    async fn delete(&self, id: u64) {
        let _ = id;
    }
}

fn app() -> App<impl Onion, impl Sized, impl Sized> {
    App::new()
        .with(session)
        .mount("/ops", Stack::new().with(Limit).mount("/status", status))
        .controller(Posts)
}

#[test]
fn as_a_tree() {
    let expected = "\
app
├─ session                provides Session; koa-core/tests/describe.rs:16
├─ mount /ops
│  ├─ Limit               koa-core/tests/describe.rs:29
│  └─ mount /status
│     └─ status           koa-core/tests/describe.rs:35
└─ Posts with signed_in   provides User; needs Session
   ├─ GET     /posts/:id  takes id: u64, user: &User; koa-core/tests/describe.rs:43
   └─ DELETE  /posts/:id  takes id: u64, with Limit; koa-core/tests/describe.rs:49
";
    assert_eq!(app().describe().to_string(), expected);
}

#[test]
fn in_json() {
    let json = app().describe().to_json();
    assert_eq!(json["layers"][0]["name"], "session");
    assert_eq!(json["layers"][0]["provides"][0], "Session");
    assert_eq!(json["layers"][1]["inside"][0]["kind"], "middleware");
    assert_eq!(json["layers"][2]["requires"][0], "Session");
    let route = &json["layers"][2]["inside"][0];
    assert_eq!(
        (&route["kind"], &route["name"]),
        (&"route".into(), &"GET /posts/:id".into())
    );
    assert_eq!(route["place"], "koa-core/tests/describe.rs:43");
}

#[test]
fn as_a_diagram() {
    let expected = r#"flowchart TD
    n0([request])
    n1["session<br/>provides Session"]
    n0 --> n1
    n2[["mount /ops"]]
    n1 --> n2
    n3["Limit"]
    n2 --> n3
    n4[["mount /status"]]
    n3 --> n4
    n5["status"]
    n4 --> n5
    n6{{"Posts with signed_in<br/>provides User"}}
    n2 --> n6
    n7(["GET /posts/:id"])
    n6 --> n7
    n8(["DELETE /posts/:id"])
    n6 --> n8
"#;
    assert_eq!(app().describe().to_mermaid(), expected);
}
