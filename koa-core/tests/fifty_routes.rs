//! Fifty routes in eight controllers over real sockets, each with right, wrong and hostile input.

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
use serde::{Deserialize, Serialize};
use serve::serve;

#[derive(Serialize, Deserialize)]
struct Item {
    name: String,
    count: u8,
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    page: u8,
}

/// Six routes each.
macro_rules! controllers {
    ($($name:ident $prefix:literal { $($more:tt)* })*) => {$(
        struct $name;

        #[controller($prefix)]
        impl $name {
            #[get("/")]
            async fn list(&self, filter: Query<Filter>) -> String {
                format!("{} list {}", $prefix, filter.0.page)
            }

            #[post("/")]
            async fn create(&self, item: Json<Item>) -> (u16, Json<Item>) {
                (201, item)
            }

            #[get("/:id")]
            async fn show(&self, id: u64) -> String {
                format!("{} show {id}", $prefix)
            }

            #[put("/:id")]
            async fn replace(&self, id: u64, item: Form<Item>) -> String {
                format!("{} replace {id} {} {}", $prefix, item.0.name, item.0.count)
            }

            #[delete("/:id")]
            async fn delete(&self, id: u64) -> Result<(u16, ())> {
                ensure!(id != 0, 403, "not this one");
                Ok((204, ()))
            }

            #[get("/:id/comments/:comment")]
            async fn comment(&self, id: u64, comment: String) -> String {
                format!("{} comment {id} {comment}", $prefix)
            }

            $($more)*
        }
    )*};
}

controllers! {
    Users "/users" {
        #[get("/:id/files/*path")]
        async fn file(&self, id: u64, path: String) -> String {
            format!("/users file {id} {path}")
        }

        #[get("/:name.json")]
        async fn json(&self, name: String) -> Json<String> {
            Json(name)
        }
    }
    Posts "/posts" {}
    Teams "/teams" {}
    Orgs "/orgs" {}
    Repos "/repos" {}
    Issues "/issues" {}
    Events "/events" {}
    Files "/files" {}
}

const PREFIXES: [&str; 8] = [
    "/users", "/posts", "/teams", "/orgs", "/repos", "/issues", "/events", "/files",
];

fn ask(client: &mut Client, method: &str, path: &str, content_type: &str, body: &[u8]) -> Answer {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    client.send(request);
    client.read(method == "HEAD").expect("an answer")
}

#[test]
fn right_wrong_and_hostile_input() {
    let app = App::new()
        .silent(true)
        .body_limit(10_000)
        .controller(Users)
        .controller(Posts)
        .controller(Teams)
        .controller(Orgs)
        .controller(Repos)
        .controller(Issues)
        .controller(Events)
        .controller(Files);
    let server = serve(app);
    let mut client = Client::connect(server.address);
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let long = "9".repeat(5000);
    let deep = "[".repeat(9000);
    let many = "a=1&".repeat(1500);
    let wide = format!(r#"{{"name":"{}","count":1}}"#, "x".repeat(20_000));

    for prefix in PREFIXES {
        for hostile in ["/%zz", "/%"] {
            // The server closes the connection of what is no path.
            let mut client = Client::connect(server.address);
            let path = format!("{prefix}{hostile}");
            assert_eq!(
                ask(&mut client, "GET", &path, "", b"").status,
                400,
                "{path}"
            );
        }
        let mut check =
            |method: &str, rest: &str, content_type: &str, body: &[u8], status: u16, text: &str| {
                let path = format!("{prefix}{rest}");
                let answer = ask(&mut client, method, &path, content_type, body);
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                let shown: String = path.chars().take(80).collect();
                assert_eq!(answer.status, status, "{method} {shown}: {said}");
                let expected = text.replace("{}", prefix);
                assert!(said.starts_with(&expected), "{method} {shown}: {said}");
                // Whatever came, what is said of it is short.
                assert!(said.len() < 1000, "{method} {shown}");
            };
        // Right.
        check("GET", "", "", b"", 200, "{} list 0");
        check("GET", "/?page=7", "", b"", 200, "{} list 7");
        check("HEAD", "/7", "", b"", 200, "");
        check("GET", "/7", "", b"", 200, "{} show 7");
        check(
            "POST",
            "",
            JSON,
            br#"{"name":"n","count":1}"#,
            201,
            r#"{"name":"n","count":1}"#,
        );
        check(
            "PUT",
            "/7",
            FORM,
            b"name=a%26b&count=2",
            200,
            "{} replace 7 a&b 2",
        );
        check("DELETE", "/7", "", b"", 204, "");
        check("GET", "/7/comments/a%20b", "", b"", 200, "{} comment 7 a b");
        check(
            "GET",
            "/%37/%63omments/%E4%BD%A0",
            "",
            b"",
            200,
            "{} comment 7 你",
        );

        // Wrong.
        check("GET", "?page=x", "", b"", 400, "filter: query: page: ");
        check("GET", "?page=256", "", b"", 400, "filter: query: page: ");
        check(
            "GET",
            "/x",
            "",
            b"",
            400,
            "id: invalid digit found in string",
        );
        check("GET", "/-1", "", b"", 400, "id: invalid digit");
        check("PUT", "/x", FORM, b"name=a&count=2", 400, "id: ");
        check("PUT", "/7", JSON, b"{}", 415, "item: a form ");
        check(
            "PUT",
            "/7",
            FORM,
            b"name=a",
            400,
            "item: form: missing field",
        );
        check(
            "POST",
            "",
            FORM,
            b"name=a&count=2",
            415,
            "item: JSON is expected",
        );
        check("POST", "", JSON, b"{", 400, "item: JSON: EOF");
        check("POST", "", JSON, b"", 400, "item: JSON: EOF");
        check(
            "POST",
            "",
            JSON,
            br#"{"name":"n","count":256}"#,
            400,
            "item: JSON: count: ",
        );
        check("DELETE", "/0", "", b"", 403, "not this one");
        check("PATCH", "/7", "", b"", 405, "Method Not Allowed");
        check("DELETE", "", "", b"", 405, "Method Not Allowed");
        check("TRACE", "/7", "", b"", 501, "Not Implemented");
        check("GET", "/7/comments", "", b"", 404, "Not Found");
        check("GET", "/7/comments/", "", b"", 404, "Not Found");
        check("GET", "/7/nothing/8", "", b"", 404, "Not Found");

        // Hostile.
        check(
            "GET",
            &format!("/{long}"),
            "",
            b"",
            400,
            "id: number too large",
        );
        check("GET", "/%ff%fe", "", b"", 400, "the path is not UTF-8");
        check("GET", "/7/comments/%00", "", b"", 200, "{} comment 7 \0");
        check(
            "GET",
            "/7/comments/%2e%2e%2f%2e%2e",
            "",
            b"",
            200,
            "{} comment 7 ../..",
        );
        check("GET", "/7/comments/%252F", "", b"", 200, "{} comment 7 %2F");
        check("GET", "/7//comments/8", "", b"", 404, "Not Found");
        check("GET", &"/a".repeat(5000), "", b"", 404, "Not Found");
        check("GET", &"/".repeat(5000), "", b"", 404, "Not Found");
        check(
            "GET",
            &format!("?{many}"),
            "",
            b"",
            400,
            "filter: query: more than 1000 values",
        );
        check("GET", "?page=%ff", "", b"", 400, "filter: query: page: ");
        check("POST", "", JSON, deep.as_bytes(), 400, "item: JSON: ");
        check("POST", "", JSON, b"\xff\xfe{}", 400, "item: JSON: ");
        check(
            "PUT",
            "/7",
            FORM,
            many.as_bytes(),
            400,
            "item: form: more than 1000 values",
        );
        check("OPTIONS", "/7", "", b"", 200, "");
        check("BREW", "/7", "", b"", 501, "Not Implemented");
    }
    // Too long a body is not read, so the connection ends with its answer.
    for prefix in PREFIXES {
        let mut client = Client::connect(server.address);
        let answer = ask(
            &mut client,
            "POST",
            prefix,
            "application/json",
            wide.as_bytes(),
        );
        assert_eq!(answer.status, 413);
    }
    assert_eq!(
        client.get("/users/7/files/a/../b//c").text(),
        "/users file 7 a/../b//c"
    );
    assert_eq!(client.get("/users/..json").text(), r#"".""#);
    assert_eq!(client.get("*").status, 404);
}
