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

#[derive(serde::Deserialize)]
struct NewPost {
    title: String,
}

#[controller("/posts", with(signed_in))]
impl Posts {
    #[get("/:id")]
    async fn show(&self, id: u64, user: &User) -> String {
        let User = user;
        id.to_string()
    }

    #[post("/")]
    async fn create(&self, Json(post): Json<NewPost>) -> String {
        post.title
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

const TREE: &str = "\
app
├─ session                provides Session; koa-core/tests/describe.rs:16
├─ mount /ops             koa-core/tests/describe.rs:68
│  ├─ Limit               koa-core/tests/describe.rs:29
│  └─ mount /status       koa-core/tests/describe.rs:68
│     └─ status           koa-core/tests/describe.rs:35
└─ Posts with signed_in   provides User; needs Session; koa-core/tests/describe.rs:47
   ├─ GET     /posts/:id  takes id: u64, user: &User; koa-core/tests/describe.rs:48
   ├─ POST    /posts      takes Json(post): Json<NewPost>; koa-core/tests/describe.rs:54
   └─ DELETE  /posts/:id  takes id: u64, with Limit; koa-core/tests/describe.rs:59
";

#[test]
fn as_a_tree() {
    assert_eq!(app().describe().to_string(), TREE);
}

#[test]
fn in_json() {
    let place = |line: u32| format!("koa-core/tests/describe.rs:{line}");
    let layer = |name: &str, provides: &[&str], requires: &[&str], line| {
        serde_json::json!({
            "kind": "middleware", "name": name, "provides": provides, "requires": requires,
            "place": place(line), "inside": [],
        })
    };
    let with = |kind: &str, mut layer: serde_json::Value, inside: &[serde_json::Value]| {
        layer["kind"] = kind.into();
        layer["inside"] = inside.into();
        layer
    };
    let expected = serde_json::json!({ "layers": [
        layer("session", &["Session"], &[], 16),
        with("group", layer("mount /ops", &[], &[], 68), &[
            layer("Limit", &[], &[], 29),
            with("group", layer("mount /status", &[], &[], 68), &[layer("status", &[], &[], 35)]),
        ]),
        with("controller", layer("Posts with signed_in", &["User"], &["Session"], 47), &[
            with("route", layer("GET /posts/:id", &[], &["id: u64", "user: &User"], 48), &[]),
            with("route", layer("POST /posts", &[], &["Json(post): Json<NewPost>"], 54), &[]),
            with("route", layer("DELETE /posts/:id", &[], &["id: u64", "with Limit"], 59), &[]),
        ]),
    ]});
    assert_eq!(app().describe().to_json(), expected);
}

#[test]
fn as_a_diagram() {
    let expected = r#"flowchart TD
    n0([request])
    n1["session<br/>provides Session<br/>koa-core/tests/describe.rs:16"]
    n0 --> n1
    n2[["mount /ops<br/>koa-core/tests/describe.rs:68"]]
    n1 --> n2
    n3["Limit<br/>koa-core/tests/describe.rs:29"]
    n2 --> n3
    n4[["mount /status<br/>koa-core/tests/describe.rs:68"]]
    n3 --> n4
    n5["status<br/>koa-core/tests/describe.rs:35"]
    n4 --> n5
    n6{{"Posts with signed_in<br/>provides User<br/>needs Session<br/>koa-core/tests/describe.rs:47"}}
    n2 --> n6
    n7(["GET /posts/:id<br/>takes id: u64, user: &User<br/>koa-core/tests/describe.rs:48"])
    n6 --> n7
    n8(["POST /posts<br/>takes Json(post): Json#lt;NewPost#gt;<br/>koa-core/tests/describe.rs:54"])
    n6 --> n8
    n9(["DELETE /posts/:id<br/>takes id: u64, with Limit<br/>koa-core/tests/describe.rs:59"])
    n6 --> n9
"#;
    assert_eq!(app().describe().to_mermaid(), expected);
}

/// What an app prints on its way to `listen`, run in a process of its own.
fn printed(form: &str) -> String {
    let mut program = std::process::Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "an_app_that_starts", "--ignored", "--nocapture"]);
    let output = program.env("KOA_DESCRIBE", form).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
#[ignore = "it is run by `an_app_prints_its_map_when_it_starts`"]
async fn an_app_that_starts() {
    app().bind("127.0.0.1:0").await.unwrap();
}

#[test]
fn an_app_prints_its_map_when_it_starts() {
    let description = app().describe();
    assert!(printed("1").contains(TREE));
    assert!(printed("json").contains(&format!("{:#}\n", description.to_json())));
    assert!(printed("mermaid").contains(&description.to_mermaid()));
    for nothing in ["", "0"] {
        assert!(!printed(nothing).contains("session"), "{nothing:?}");
    }
}
