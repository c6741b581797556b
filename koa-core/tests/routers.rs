//! Several routers in one app, over real sockets: controllers with layers between them, in groups, in mounts. The order of
//! the onion decides; what is answered where there is no route is the same as of one router.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

#[path = "serve/by_hyper.rs"]
mod by_hyper;
mod client;
mod serve;

use std::marker::PhantomData;

use client::Client;
use koa::prelude::*;
use serve::serve;

#[middleware]
async fn stamp(ctx: &mut Context, next: impl Next) -> Result {
    ctx.append("X-Stamp", "1")?;
    next.run(ctx).await
}

struct Readers;

#[controller("/posts")]
impl Readers {
    #[get("/")]
    async fn list() -> &'static str {
        "list"
    }

    #[get("/:id")]
    async fn show(id: &str) -> String {
        format!("show {id}")
    }
}

struct Writers;

#[controller("/posts")]
impl Writers {
    #[post("/")]
    async fn create() -> (u16, &'static str) {
        (201, "created")
    }

    #[put("/:id")]
    #[patch("/:id")]
    async fn replace(id: u64) -> String {
        format!("replaced {id}")
    }

    /// More literal than `Readers::show`, and below it.
    #[get("/new")]
    async fn form() -> &'static str {
        "form"
    }

    #[get("/drafts/all")]
    async fn drafts() -> &'static str {
        "drafts"
    }
}

struct Admin;

#[controller("/posts")]
impl Admin {
    #[delete("/:id")]
    async fn delete(id: u64) -> (u16, ()) {
        let _ = id;
        (204, ())
    }
}

/// Each row is a request; the status, `Allow`, the body.
type Row = (
    &'static str,
    &'static str,
    u16,
    Option<&'static str>,
    &'static str,
);

fn check(app: App<impl Onion, impl Sized + 'static, impl Sized + 'static>, rows: &[Row]) {
    let server = serve(app.silent(true));
    let mut client = Client::connect(server.address);
    for (method, path, status, allow, body) in rows {
        let answer = client.ask(method, path, "");
        assert_eq!(
            (
                answer.status,
                answer.header("allow"),
                answer.text().as_str()
            ),
            (*status, *allow, *body),
            "{method} {path}"
        );
    }
}

const NOT_ALLOWED: &str = "Method Not Allowed";
const UNITED: Option<&str> = Some("HEAD, GET, PUT, PATCH, DELETE");

/// What the three answer together, wherever they stand.
const TOGETHER: [Row; 12] = [
    ("GET", "/posts", 200, None, "list"),
    ("HEAD", "/posts/7", 200, None, ""),
    ("POST", "/posts", 201, None, "created"),
    ("PATCH", "/posts/7", 200, None, "replaced 7"),
    ("DELETE", "/posts/7", 204, None, ""),
    ("GET", "/posts/drafts/all", 200, None, "drafts"),
    ("POST", "/posts/7", 405, UNITED, NOT_ALLOWED),
    ("OPTIONS", "/posts/7", 200, UNITED, ""),
    ("BREW", "/posts/7", 501, UNITED, "Not Implemented"),
    ("PUT", "/posts", 405, Some("HEAD, GET, POST"), NOT_ALLOWED),
    ("OPTIONS", "/other", 404, None, "Not Found"),
    ("DELETE", "/other", 404, None, "Not Found"),
];

#[test]
fn methods_of_all_controllers_are_allowed_whatever_layers_are_between_them() {
    check(
        App::new()
            .controller(Readers)
            .controller(Writers)
            .controller(Admin),
        &TOGETHER,
    );
    check(
        App::new()
            .controller(Readers)
            .with(stamp)
            .controller(Writers)
            .with(stamp)
            .controller(Admin),
        &TOGETHER,
    );
    fn writers() -> Group<impl Onion> {
        Stack::new().with(stamp).controller(Writers).group()
    }
    check(
        App::new()
            .with(Stack::new().controller(Readers))
            .with(writers())
            .with(Some(BoxMiddleware::new(Stack::new().controller(Admin)))),
        &TOGETHER,
    );
    // In mounts the path is shorter, and whole again behind them.
    struct Root;
    #[controller]
    impl Root {
        #[get("/")]
        async fn list() -> &'static str {
            "list"
        }

        #[get("/:id")]
        async fn show(id: &str) -> String {
            format!("show {id}")
        }
    }
    check(
        App::new()
            .mount("/posts", Stack::new().with(stamp).controller(Root))
            .with(stamp)
            .controller(Writers)
            .controller(Admin),
        &TOGETHER,
    );
}

#[test]
fn the_order_of_the_onion_decides_between_routers() {
    // Together, the more literal path wins; a layer between them makes it two routers, and the first one answers.
    check(
        App::new().controller(Readers).controller(Writers),
        &[("GET", "/posts/new", 200, None, "form")],
    );
    check(
        App::new()
            .controller(Readers)
            .with(stamp)
            .controller(Writers),
        &[("GET", "/posts/new", 200, None, "show new")],
    );
    // What the layer rewrites, the routers below it see.
    #[middleware]
    async fn archived(ctx: &mut Context, next: impl Next) -> Result {
        if ctx.path() == "/archive" {
            ctx.set_path("/posts/drafts/all");
        }
        next.run(ctx).await
    }
    check(
        App::new()
            .controller(Readers)
            .with(archived)
            .controller(Writers),
        &[("GET", "/archive", 200, None, "drafts")],
    );
}

#[test]
fn what_a_layer_answers_itself_is_left_as_it_is() {
    #[middleware]
    async fn closed(ctx: &mut Context, next: impl Next) -> Result {
        next.run(ctx).await?;
        if ctx.path() == "/posts/7" {
            ctx.set("Allow", "NOTHING")?;
            ctx.set_status(405)?;
            ctx.set_body("closed");
        }
        if ctx.path() == "/posts" {
            throw!(503, "later");
        }
        Ok(())
    }
    check(
        App::new().controller(Readers).with(closed),
        &[
            ("PUT", "/posts/7", 405, Some("NOTHING"), "closed"),
            ("OPTIONS", "/posts/7", 405, Some("NOTHING"), "closed"),
            ("PUT", "/posts", 503, None, "Service Unavailable"),
            ("PUT", "/posts/8", 405, Some("HEAD, GET"), NOT_ALLOWED),
        ],
    );
}

/// A controller with parameters, and with lifetimes in its methods.
struct Versioned<const VERSION: u8, T> {
    things: Vec<T>,
    kind: PhantomData<T>,
}

impl<const VERSION: u8, T> Versioned<VERSION, T> {
    fn of(things: Vec<T>) -> Self {
        Self {
            things,
            kind: PhantomData,
        }
    }
}

#[controller("/things")]
impl<const VERSION: u8, T> Versioned<VERSION, T>
where
    T: std::fmt::Display + Send + Sync,
{
    #[get("/")]
    async fn list<'a>(&'a self, ctx: &'a mut Context) -> String {
        let things: Vec<_> = self.things.iter().map(ToString::to_string).collect();
        format!("v{VERSION} {} {}", things.join(","), ctx.path())
    }

    #[get("/:at")]
    async fn show(&self, at: usize) -> Option<String> {
        self.things.get(at).map(ToString::to_string)
    }

    #[get("/named/:name")]
    async fn named<'n>(&'n self, ctx: &Context, name: &'n str) -> String {
        format!("{name} at {}", ctx.request.original_url())
    }
}

struct Status;

#[controller("/status")]
impl Status {
    #[get("/")]
    async fn show() -> &'static str {
        "up"
    }
}

#[test]
fn a_group_of_controllers_under_two_prefixes_is_two_versions_of_an_api() {
    fn api<const VERSION: u8, T>(things: Vec<T>) -> Group<impl Onion>
    where
        T: std::fmt::Display + Send + Sync + 'static,
    {
        Stack::new()
            .with(stamp)
            .controller(Versioned::<VERSION, T>::of(things))
            .controller(Status)
            .group()
    }
    let app = || {
        App::new()
            .mount("/v1", api::<1, _>(vec!["a", "b"]))
            .mount("/v2", api::<2, _>(vec![7, 8, 9]))
            .mount(
                "/nested",
                Stack::new().mount("/api/", api::<3, _>(vec!['c'])),
            )
            .controller(Status)
    };
    check(
        app(),
        &[
            ("GET", "/v1/things", 200, None, "v1 a,b /things"),
            ("GET", "/v2/things/", 200, None, "v2 7,8,9 /things/"),
            ("GET", "/v2/things/2", 200, None, "9"),
            ("GET", "/v1/things/2", 404, None, "Not Found"),
            ("GET", "/nested/api/things", 200, None, "v3 c /things"),
            ("GET", "/nested/things", 404, None, "Not Found"),
            (
                "GET",
                "/v1/things/named/%C3%A9%2F",
                200,
                None,
                "é/ at /v1/things/named/%C3%A9%2F",
            ),
            ("GET", "/v1/status", 200, None, "up"),
            ("GET", "/status", 200, None, "up"),
            ("GET", "/things", 404, None, "Not Found"),
            (
                "DELETE",
                "/v2/things/7",
                405,
                Some("HEAD, GET"),
                NOT_ALLOWED,
            ),
            ("OPTIONS", "/v1/things", 200, Some("HEAD, GET"), ""),
        ],
    );
    let map = app().describe().to_string();
    for line in [
        "mount /v1",
        "mount /v2",
        "Versioned<VERSION, T>",
        "GET     /things/:at",
    ] {
        assert!(map.contains(line), "{map}");
    }
}

/// The prefix of a mount is a value that the compiler does not know.
#[tokio::test]
async fn a_route_that_is_served_twice_under_the_prefixes_of_mounts_is_refused_at_the_start() {
    struct Api;
    #[controller("/v1/status")]
    impl Api {
        #[get("/")]
        async fn show() -> &'static str {
            "never"
        }
    }
    async fn refused(app: App<impl Onion, impl Sized, impl Sized>) -> Option<String> {
        let bound = app.bind("127.0.0.1:0").await;
        bound.err().map(|error| error.message().to_owned())
    }
    let status = || Stack::new().controller(Status);
    assert_eq!(
        refused(App::new().mount("/v1", status()).mount("/v2", status())).await,
        None
    );
    let twice = refused(
        App::new()
            .mount("/v1", status())
            .with(stamp)
            .mount("v1/", status()),
    )
    .await;
    let twice = twice.unwrap();
    assert!(
        twice.starts_with(
            "two controllers serve `GET /v1/status`: `Status::show` (koa-core/tests/routers.rs:"
        ) && twice.ends_with(", mounted at `/v1`); give one of them another path"),
        "{twice}"
    );
    let mixed = refused(App::new().mount("/v1", status()).controller(Api))
        .await
        .unwrap();
    assert!(
        mixed.contains(", mounted at `/v1`) and `Api::show` (koa-core/tests/routers.rs:"),
        "{mixed}"
    );
    // A service for another server cannot fail when it is made: it answers nothing but that error.
    let twice = App::new()
        .silent(true)
        .mount("/v1", status())
        .with(stamp)
        .mount("/v1", status());
    let server = by_hyper::serve(twice);
    assert_eq!(client::get(server.address, "/v1/status").status, 500);
    // A layer that is left out serves nothing.
    let left_out = Some(status()).filter(|_| false);
    assert_eq!(
        refused(App::new().with(left_out).with(Some(status()))).await,
        None
    );
}
