//! What a handler's arguments are taken from, through a whole app: a number for the path, a header, the parameters of
//! the content type, and a body, each a line.
#![no_main]

mod ask;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ask::{Chunks, ask};
use bytes::Bytes;
use koa::http::{HeaderValue, Request, Uri};
use koa::prelude::*;
use koa::{Header, NamedHeader};
use serde::Deserialize;

#[derive(Deserialize, Debug)]
#[allow(dead_code, reason = "read by `Debug`")]
struct Post {
    t: String,
    #[serde(default)]
    n: Vec<u8>,
    k: Option<Kind>,
    #[serde(default)]
    m: BTreeMap<String, (f64, Option<Box<Post>>)>,
}

#[derive(Deserialize, Debug)]
#[allow(dead_code, reason = "read by `Debug`")]
struct Fields {
    t: String,
    #[serde(default)]
    n: Vec<u8>,
    k: Option<Kind>,
}

#[derive(Deserialize, Debug)]
enum Kind {
    A,
    B,
}

struct Depth(i16);

impl NamedHeader for Depth {
    const NAME: &'static str = "Depth";
}

impl std::str::FromStr for Depth {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

struct Arguments;

#[controller("/")]
impl Arguments {
    #[post("/json/:id")]
    async fn json(&self, id: u32, depth: Option<Header<Depth>>, Json(post): Json<Post>) -> String {
        format!(
            "{id} {:?} {post:?}",
            depth.map(|Header(Depth(depth))| depth)
        )
    }

    #[post("/form")]
    async fn form(&self, form: Option<Form<Fields>>) -> String {
        format!("{:?}", form.map(|Form(form)| form))
    }

    #[post("/query")]
    async fn query(&self, query: Option<Query<Fields>>) -> String {
        format!("{:?}", query.map(|Query(query)| query))
    }

    #[post("/text")]
    async fn text(&self, ctx: &mut Context) -> Result<String> {
        ctx.request.text().await
    }
}

type Ask = Box<dyn Fn(Request<Chunks>) -> (u16, String) + Send + Sync>;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static APP: LazyLock<Ask> = LazyLock::new(|| {
        let app = App::new().silent(true).controller(Arguments).callback();
        Box::new(move |request| ask(app.clone(), request))
    });
    let mut lines = data.splitn(4, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (id, depth, parameters, body) = (line(), line(), line(), line());
    let id = String::from_utf8_lossy(id);
    let Ok(depth) = HeaderValue::from_bytes(depth) else {
        return;
    };
    let post = |target: &str, kind: &str| {
        let target: Uri = target.parse().ok()?;
        let kind = [kind.as_bytes(), parameters].concat();
        let kind = HeaderValue::from_bytes(&kind).ok()?;
        let asked = |size| {
            let request = Request::post(&target)
                .header("Content-Type", &kind)
                .header("Content-Length", body.len())
                .header("Depth", &depth);
            let rest = Bytes::copy_from_slice(body);
            APP(request.body(Chunks { rest, size }).expect("a request"))
        };
        let (status, text) = asked(usize::MAX);
        assert!(matches!(status, 200 | 400 | 404 | 415), "{status} {text}");
        assert!(status == 200 || text.len() < 2048, "{text}");
        assert_eq!(asked(3), (status, text.clone()));
        Some((status, text))
    };

    let target = format!("/json/{id}");
    if let Some((status, _)) = post(&target, "application/json") {
        // Without a charset nothing but the text itself decides.
        let good = id.parse::<u32>().is_ok()
            && depth
                .to_str()
                .is_ok_and(|depth| depth.parse::<i16>().is_ok())
            && serde_json::from_slice::<Post>(body).is_ok();
        if parameters.is_empty() && !id.contains(['%', '?', '#', '/']) {
            assert_eq!(status == 200, good, "{target} {status}");
        }
    }
    let form = post("/form", "application/x-www-form-urlencoded");
    if let (Some((status, text)), true) = (&form, parameters.is_empty())
        && *status == 200
        && !body.is_empty()
    {
        // What can be a query string is read as the same.
        let query = std::str::from_utf8(body).ok();
        let query = query.filter(|query| query.is_ascii() && !query.contains('#'));
        if let Some(answer) = query.and_then(|query| post(&format!("/query?{query}"), "")) {
            assert_eq!(&answer, &(200, text.clone()));
        }
    }
    if let Some((status, text)) = post("/text", "text/plain")
        && status == 200
        && parameters.is_empty()
    {
        assert_eq!(text.as_bytes(), body);
    }
});
