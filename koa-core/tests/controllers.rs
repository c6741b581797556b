//! Controllers over real sockets: which handler answers, what it is given, what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use client::Client;
use koa::prelude::*;
use koa::{FromContext, Header, NamedHeader, Rejection};
use serde::{Deserialize, Serialize};
use serve::serve;

struct User {
    name: String,
}

#[middleware]
async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
    let name = ctx.get("X-User").into_owned();
    ensure!(!name.is_empty(), 401, "Please log in");
    next.provide(ctx, User { name }).await
}

#[middleware]
async fn stamp(ctx: &mut Context, next: impl Next) -> Result {
    next.run(ctx).await?;
    ctx.append("X-Stamp", "1")
}

/// A layer with a state of its own.
struct Counted(AtomicU32);

#[middleware]
impl Counted {
    async fn call(&self, ctx: &mut Context, next: impl Next) -> Result {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        next.run(ctx).await?;
        ctx.set("X-Count", count)
    }
}

struct Posts {
    titles: Arc<Vec<&'static str>>,
}

#[derive(Deserialize, Serialize)]
struct NewPost {
    title: String,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Page {
    page: u32,
}

#[controller("/posts", with(stamp))]
impl Posts {
    #[get("/")]
    async fn list(&self, page: Option<Query<Page>>) -> String {
        let page = page.map_or(1, |Query(Page { page })| page);
        format!("{} posts, page {page}", self.titles.len())
    }

    #[get("/:id")]
    async fn show(&self, id: usize) -> Option<&'static str> {
        self.titles.get(id).copied()
    }

    #[get("/:name.json")]
    #[get("/as-json/:name")]
    async fn json(&self, name: String) -> Json<Vec<String>> {
        Json(vec![name])
    }

    #[post("/", with(signed_in, Counted(AtomicU32::new(10))))]
    async fn create(&self, user: &User, Json(post): Json<NewPost>) -> (u16, Json<NewPost>) {
        let title = format!("{} by {}", post.title, user.name);
        (201, Json(NewPost { title, ..post }))
    }

    #[put("/:id", cancel_on_disconnect)]
    async fn replace(&self, id: u8, ctx: &mut Context) -> Result {
        let text = ctx.request.text().await?;
        ctx.set_body(format!("{id}: {text}"));
        Ok(())
    }

    #[delete("/:id")]
    async fn delete(&self, id: u8, ctx: &mut Context) {
        let gone = ctx.set_status(if id == 0 { 403 } else { 204 });
        assert!(gone.is_ok());
    }
}

struct Files;

#[controller("/files")]
impl Files {
    #[get("/*path")]
    async fn read(path: String) -> String {
        path
    }

    #[get("/readme")]
    async fn readme() -> Html<&'static str> {
        Html("read me")
    }

    #[all("/any")]
    async fn any(ctx: &mut Context) -> String {
        format!("{} {}", ctx.method(), ctx.request.route().unwrap_or("none"))
    }

    #[get("/moved")]
    async fn moved() -> Redirect {
        Redirect::to(Posts::show_path(1)).with_status(301)
    }
}

fn app() -> App<impl koa::Onion, impl Sized + 'static, impl Sized + 'static> {
    App::new()
        .silent(true)
        .controller(Posts {
            titles: Arc::new(vec!["zero", "one"]),
        })
        .controller(Files)
}

#[test]
fn routes_are_found_and_their_handlers_given_what_they_ask_for() {
    let server = serve(app());
    let mut client = Client::connect(server.address);
    for (path, status, body) in [
        ("/posts", 200, "2 posts, page 1"),
        ("/posts/?page=7", 200, "2 posts, page 7"),
        (
            "/posts?page=x",
            400,
            "page: query: page: invalid digit found in string",
        ),
        ("/posts/1", 200, "one"),
        ("/posts/2", 404, "Not Found"),
        ("/posts/x", 400, "id: invalid digit found in string"),
        ("/posts/a.b.json", 200, r#"["a.b"]"#),
        ("/posts/as-json/x%2Fy%25", 200, r#"["x/y%"]"#),
        ("/%70osts/1/", 200, "one"),
        ("/posts/%ff", 400, "the path is not UTF-8"),
        ("/posts/1/2", 404, "Not Found"),
        ("/files/a/b//c%20d/", 200, "a/b//c d/"),
        ("/files/readme", 200, "read me"),
        ("/files/any", 200, "GET /files/any"),
        ("/", 404, "Not Found"),
    ] {
        let answer = client.get(path);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, body),
            "{path}"
        );
    }
    let readme = client.get("/files/readme");
    assert_eq!(
        readme.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let moved = client.get("/files/moved");
    assert_eq!(
        (moved.status, moved.header("location")),
        (301, Some("/posts/1"))
    );
    assert_eq!(
        client.ask("PROPFIND", "/files/any", "").text(),
        "PROPFIND /files/any"
    );
}

#[test]
fn layers_of_a_controller_and_of_a_route() {
    let server = serve(app());
    let mut client = Client::connect(server.address);
    let json = "Content-Type: application/json\r\n";
    let post = |client: &mut Client, headers: &str, body: &str| {
        client.send(format!(
            "POST /posts HTTP/1.1\r\nHost: test\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        client.read(false).unwrap()
    };
    let answer = post(&mut client, json, "{}");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (401, "Please log in")
    );
    let json = format!("X-User: ada\r\n{json}");
    let answer = post(&mut client, &json, r#"{"title":"t"}"#);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (201, r#"{"title":"t by ada","tags":[]}"#)
    );
    assert_eq!(
        (answer.header("x-stamp"), answer.header("x-count")),
        (Some("1"), Some("11"))
    );
    let answer = post(&mut client, &json, r#"{"title":1}"#);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (
            400,
            "post: JSON: title: invalid type: integer `1`, expected a string at line 1 column 10"
        )
    );
    let answer = post(&mut client, "X-User: ada\r\n", "{}");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (
            415,
            "post: JSON is expected, and the request has no Content-Type"
        )
    );
    let answer = client.ask("DELETE", "/posts/3", "");
    assert_eq!((answer.status, answer.header("x-stamp")), (204, Some("1")));
    assert_eq!(client.ask("DELETE", "/posts/0", "").status, 403);
    client.send("PUT /posts/3 HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(client.read(false).unwrap().text(), "3: hi");
}

struct Depth(u8);

impl NamedHeader for Depth {
    const NAME: &'static str = "Depth";
}

impl std::str::FromStr for Depth {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// The user's own, which fails as it likes.
struct Key(String);

impl FromContext for Key {
    async fn from_context(ctx: &mut Context) -> Result<Self> {
        let key = ctx.get("X-Key").into_owned();
        ensure!(key != "broken", 500, "the key store is gone");
        ensure!(!key.is_empty(), 401, "no key");
        Ok(Self(key))
    }
}

#[middleware]
async fn extracts(
    Key(key): Key,
    depth: Option<Header<Depth>>,
    form: Result<Form<NewPost>>,
) -> String {
    let depth = depth.map(|Header(Depth(depth))| depth);
    let form = form.map_or_else(|error| error.to_string(), |Form(form)| form.title);
    format!("{key} {depth:?} {form}")
}

#[middleware]
async fn counts_pages(ctx: &mut Context, page: Query<Page>, next: impl Next<Page>) -> Result {
    next.provide(ctx, page.0).await
}

#[middleware]
async fn page(page: &Page) -> String {
    page.page.to_string()
}

#[test]
fn a_middleware_takes_the_same_from_a_request() {
    let app = App::new()
        .silent(true)
        .mount("/extracts", extracts)
        .with(counts_pages)
        .with(page);
    let server = serve(app);
    let mut client = Client::connect(server.address);
    let answer = client.ask("GET", "/extracts", "X-Key: k\r\nDepth: 3\r\n");
    assert_eq!(
        answer.text(),
        "k Some(3) a form (application/x-www-form-urlencoded) is expected, and the request has no Content-Type"
    );
    let answer = client.ask("GET", "/extracts", "X-Key: k\r\nDepth: 300\r\n");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (
            400,
            "depth: the header Depth: number too large to fit in target type"
        )
    );
    let form =
        "X-Key: k\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n";
    client.send(format!(
        "POST /extracts HTTP/1.1\r\nHost: test\r\n{form}\r\ntitle=t"
    ));
    assert_eq!(client.read(false).unwrap().text(), "k None t");
    let answer = client.get("/extracts");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (401, "key: no key")
    );
    let answer = client.ask("GET", "/extracts", "X-Key: broken\r\n");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (500, "Internal Server Error")
    );
    assert_eq!(client.get("/?page=3").text(), "3");
    assert_eq!(client.get("/").status, 400);
}

#[test]
fn a_rejection_is_customised_in_one_place() {
    let app = app().on_rejection(|rejection: Rejection, ctx: &Context| {
        let text = format!(
            "{} at {}: {}",
            rejection.argument(),
            ctx.path(),
            rejection.error()
        );
        Error::new(422, text)
    });
    let server = serve(app);
    let answer = client::get(server.address, "/posts/x");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (422, "id at /posts/x: invalid digit found in string")
    );
}

#[session]
struct Visits {
    count: u32,
}

struct Visited;

#[controller("/visited", with(named))]
impl Visited {
    #[post("/")]
    async fn visit(
        &self,
        visits: &mut Visits,
        #[cookie("theme", signed = false)] theme: Option<String>,
    ) -> String {
        visits.count += 1;
        format!("{} {}", visits.count, theme.unwrap_or_default())
    }

    #[get("/")]
    async fn show(visits: &Visits, name: &Name) -> String {
        format!("{} {}", visits.count, name.0)
    }
}

struct Name(&'static str);

#[middleware]
async fn named(ctx: &mut Context, visits: Slot<Visits>, next: impl Next<Name>) -> Result {
    let name = if ctx[visits].count > 1 {
        "friend"
    } else {
        "stranger"
    };
    next.provide(ctx, Name(name)).await
}

#[test]
fn sessions_and_cookies() {
    let app = App::new()
        .silent(true)
        .keys(["a key that is long enough for anything"])
        .with(Visits::middleware())
        .controller(Visited);
    let server = serve(app);
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/visited").text(), "0 stranger");
    let answer = client.ask("POST", "/visited", "Cookie: theme=dark\r\n");
    assert_eq!(answer.text(), "1 dark");
    let cookie = |answer: &client::Answer| {
        let line = answer.header("set-cookie").unwrap();
        format!("Cookie: {}\r\n", line.split(';').next().unwrap())
    };
    let answer = client.ask("POST", "/visited", &cookie(&answer));
    assert_eq!(answer.text(), "2 ");
    assert_eq!(
        client.ask("GET", "/visited", &cookie(&answer)).text(),
        "2 friend"
    );
}

/// An error of the user's own, and what it is for the client.
enum Refused {
    Gone,
    Banned(&'static str),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Gone => Error::new(410, "it was deleted"),
            Refused::Banned(name) => Error::new(403, "banned").with_property("name", name),
        }
    }
}

struct Answers;

#[controller("/answers")]
impl Answers {
    #[get("/option/:found")]
    async fn option(found: bool) -> Option<(u16, &'static str)> {
        found.then_some((202, "found"))
    }

    #[get("/error/:which")]
    async fn error(which: u8) -> Result<Json<u8>, Refused> {
        match which {
            0 => Ok(Json(0)),
            1 => Err(Refused::Gone),
            _ => Err(Refused::Banned("ada")),
        }
    }

    /// Any error of the standard library's kind is a 500 that says nothing.
    #[get("/parsed/:text")]
    async fn parsed(text: &str) -> Result<String, std::num::ParseIntError> {
        text.parse::<u8>().map(|number| (number / 2).to_string())
    }

    #[get("/redirect/:to")]
    async fn redirect(to: &str) -> Result<Redirect> {
        ensure!(to != "nowhere", 404, "nowhere to go");
        Ok(Redirect::to(Posts::json_path(to)).with_status(307))
    }

    #[post("/stream")]
    async fn stream(ctx: &mut Context) -> Result<Body> {
        Ok(Body::stream(ctx.request.stream()?))
    }

    #[get("/html/:status")]
    async fn html(status: u16) -> (u16, Html<String>) {
        (status, Html(format!("<b>{status}</b>")))
    }

    #[get("/status")]
    async fn status() -> koa::http::StatusCode {
        koa::http::StatusCode::IM_A_TEAPOT
    }

    #[get("/written")]
    async fn written(ctx: &mut Context) {
        ctx.set_body(&b"bytes"[..]);
    }
}

#[test]
fn whatever_a_handler_returns_is_answered() {
    let server = serve(App::new().silent(true).controller(Answers));
    let mut client = Client::connect(server.address);
    for (path, status, content_type, body) in [
        ("/option/true", 202, "text/plain; charset=utf-8", "found"),
        (
            "/option/false",
            404,
            "text/plain; charset=utf-8",
            "Not Found",
        ),
        ("/error/0", 200, "application/json; charset=utf-8", "0"),
        (
            "/error/1",
            410,
            "text/plain; charset=utf-8",
            "it was deleted",
        ),
        ("/error/2", 403, "text/plain; charset=utf-8", "banned"),
        ("/parsed/7", 200, "text/plain; charset=utf-8", "3"),
        (
            "/parsed/x",
            500,
            "text/plain; charset=utf-8",
            "Internal Server Error",
        ),
        (
            "/redirect/nowhere",
            404,
            "text/plain; charset=utf-8",
            "nowhere to go",
        ),
        ("/html/203", 203, "text/html; charset=utf-8", "<b>203</b>"),
        ("/status", 418, "text/plain; charset=utf-8", "I'm a teapot"),
        ("/written", 200, "application/octet-stream", "bytes"),
    ] {
        let answer = client.get(&format!("/answers{path}"));
        assert_eq!(
            (
                answer.status,
                answer.header("content-type"),
                answer.text().as_str()
            ),
            (status, Some(content_type), body),
            "{path}"
        );
    }
    let moved = client.get("/answers/redirect/a%20b");
    assert_eq!(
        (moved.status, moved.header("location")),
        (307, Some("/posts/a%20b.json"))
    );
    client.send("POST /answers/stream HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\necho");
    let answer = client.read(false).unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "echo"));
}

struct Pairs;

#[controller("/pairs/:first", with(signed_in))]
impl Pairs {
    #[post("/:rest.d/*path")]
    async fn all<'p>(
        &'p self,
        ctx: &mut Context,
        path: &'p str,
        user: &User,
        Form(form): Form<NewPost>,
        first: u8,
        rest: &'p str,
    ) -> Result {
        // What was asked for is still there when the request is another.
        ctx.set_path("/elsewhere");
        ctx.set_body(format!(
            "{first} {rest} {path} {} {}",
            user.name, form.title
        ));
        Ok(())
    }

    #[get("/:second")]
    async fn lent(user: &User, second: &str, first: &str) -> Result<String> {
        Ok(format!("{first} {second} {}", user.name))
    }
}

#[test]
fn a_parameter_of_the_path_is_taken_as_it_is() {
    assert_eq!(Pairs::lent_path("a/b", "c".to_owned()), "/pairs/a%2Fb/c");
    let server = serve(
        App::new()
            .silent(true)
            .mount("/m", Stack::new().controller(Pairs))
            .controller(Pairs),
    );
    let mut client = Client::connect(server.address);
    let user = "X-User: ada\r\n";
    for (path, body) in [
        ("/pairs/a/b", "a b ada"),
        ("/m/pairs/a/b", "a b ada"),
        ("/pairs/%C3%A9%2F%25/%62", "é/% b ada"),
        ("/m/pairs/%41/b", "A b ada"),
    ] {
        assert_eq!(client.ask("GET", path, user).text(), body, "{path}");
    }
    let form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7";
    for (path, body) in [
        ("/pairs/7/x.d/a/b", "7 x a/b ada t"),
        ("/m/pairs/7/%78.d/a%20/b/", "7 x a /b/ ada t"),
    ] {
        client.send(format!(
            "POST {path} HTTP/1.1\r\nHost: test\r\n{user}{form}\r\n\r\ntitle=t"
        ));
        assert_eq!(client.read(false).unwrap().text(), body, "{path}");
    }
}

#[cfg(feature = "multipart")]
mod in_parts {
    use koa::Multipart;

    use super::*;

    struct Uploads;

    #[controller("/uploads")]
    impl Uploads {
        #[post("/:folder")]
        async fn save(&self, folder: &str, mut form: Multipart) -> Result<String> {
            let mut said = folder.to_owned();
            while let Some(part) = form.next().await? {
                let file = part.file_name().map(str::to_owned);
                let name = part.name().unwrap_or_default().to_owned();
                said.push_str(&format!(" {name} {file:?} {}", part.text().await?));
            }
            Ok(said)
        }

        #[put("/")]
        async fn maybe(form: Option<Multipart>) -> String {
            form.is_some().to_string()
        }

        #[patch("/")]
        async fn why(form: Result<Multipart>) -> String {
            form.map_or_else(|error| error.to_string(), |_| "a form".to_owned())
        }
    }

    #[test]
    fn a_form_in_parts_is_an_argument() {
        let server = serve(App::new().silent(true).controller(Uploads));
        let mut client = Client::connect(server.address);
        let mut ask = |line: &str, headers: &str, body: &str| {
            client.send(format!(
                "{line} HTTP/1.1\r\nHost: test\r\n{headers}Content-Length: {}\r\n\r\n{body}",
                body.len()
            ));
            let answer = client.read(false).unwrap();
            (answer.status, answer.text())
        };
        let parts = "Content-Type: multipart/form-data; boundary=edge\r\n";
        let body = "--edge\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHello\r\n\
                    --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
                    Content-Type: text/plain\r\n\r\ntext\r\n--edge--\r\n";
        assert_eq!(
            ask("POST /uploads/a%20b", parts, body),
            (
                200,
                "a b title None Hello file Some(\"a.txt\") text".to_owned()
            )
        );
        assert_eq!(ask("PUT /uploads", parts, body), (200, "true".to_owned()));
        let (status, said) = ask("POST /uploads/x", "Content-Type: text/plain\r\n", "text");
        assert_eq!(status, 415);
        assert!(said.starts_with("form: "), "{said}");
        let (status, said) = ask(
            "PATCH /uploads",
            "Content-Type: multipart/form-data\r\n",
            body,
        );
        assert_eq!((status, said.contains("boundary")), (200, true), "{said}");
        assert_eq!(client.ask("PUT", "/uploads", "").text(), "false");
    }
}

#[test]
fn paths_are_written() {
    assert_eq!(Posts::list_path(), "/posts");
    assert_eq!(Posts::show_path(7), "/posts/7");
    assert_eq!(
        Posts::json_path("a/b %é:"),
        "/posts/a%2Fb%20%25%C3%A9:.json"
    );
    assert_eq!(Posts::json_path("x".to_owned()), "/posts/x.json");
    assert_eq!(Files::read_path("a/b c?"), "/files/a/b%20c%3F");
}
