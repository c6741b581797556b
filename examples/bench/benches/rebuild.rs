//! How long an app takes to be built again after one of its handlers was changed, beside one of axum's: 50 layers; 50 routes
//! in eight controllers.
//!
//! `cargo bench -p bench-koa-rs --bench rebuild`. The two apps are written into cargo's target folder, and built there
//! in debug.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{fs, io};

const LAYERS: usize = 50;
const RUNS: usize = 5;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("rebuild");
    let koa = concat!(env!("CARGO_MANIFEST_DIR"), "/../../koa-core");
    let koa = format!("koa-core = {{ path = {koa:?} }}\nserde = \"1\"");
    let axum = "axum = \"0.8\"\ntokio = { version = \"1\", features = [\"full\"] }".to_owned();
    let apps = [
        ("layers-koa", koa.clone(), koa_app()),
        ("layers-axum", axum.clone(), axum_app()),
        ("routes-koa", koa, koa_routes()),
        ("routes-axum", axum, axum_routes()),
    ];
    for (name, dependencies, source) in &apps {
        let app = folder.join(name);
        fs::create_dir_all(app.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"fifty-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{dependencies}\n\n[workspace]\n"
        );
        fs::write(app.join("Cargo.toml"), manifest)?;
        fs::write(app.join("src/main.rs"), source)?;
        build(&app, &folder)?;
    }
    // In turn, so that what else the machine does is shared by both.
    let mut times = [const { Vec::new() }; 4];
    for run in 0..RUNS {
        for ((name, _, source), times) in apps.iter().zip(&mut times) {
            let app = folder.join(name);
            // The last layer, or one of the handlers, answers something else.
            let changed = source
                .replace("Hello", &format!("Hello {run}"))
                .replace("posts show", &format!("posts show {run}"));
            assert!(changed != *source, "nothing is changed");
            fs::write(app.join("src/main.rs"), changed)?;
            let start = Instant::now();
            build(&app, &folder)?;
            times.push(start.elapsed());
        }
    }
    for ((name, ..), mut times) in apps.iter().zip(times) {
        times.sort();
        let median = times[RUNS / 2].as_secs_f64();
        println!("{LAYERS} {name}, rebuilt: {median:.2} s");
    }
    Ok(())
}

fn build(app: &Path, folder: &Path) -> io::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet"]).current_dir(app);
    let built = build
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .status()?;
    if built.success() {
        Ok(())
    } else {
        Err(io::Error::other("it does not build"))
    }
}

fn koa_app() -> String {
    let mut source = String::from("use koa::prelude::*;\n");
    let mut layers = String::new();
    for number in 1..LAYERS {
        let _ = write!(
            source,
            "\n#[middleware]\nasync fn layer{number}(ctx: &mut Context, next: impl Next) -> Result {{\n    \
             next.run(ctx).await?;\n    ctx.append(\"X-Layer\", {number}_u32)\n}}\n"
        );
        let _ = write!(layers, "\n        .with(layer{number})");
    }
    let _ = write!(
        source,
        "\n#[middleware]\nasync fn hello() -> &'static str {{\n    \"Hello\"\n}}\n\n\
         #[koa::main]\nasync fn main() -> Result {{\n    App::new(){layers}\n        .with(hello)\n        \
         .listen(3000)\n        .await\n}}\n"
    );
    source
}

fn axum_app() -> String {
    let mut source = String::from(
        "use axum::extract::Request;\nuse axum::http::HeaderValue;\nuse axum::middleware::{Next, from_fn};\n\
         use axum::response::Response;\nuse axum::{Router, routing::get};\n",
    );
    let mut layers = String::new();
    for number in 1..LAYERS {
        let _ = write!(
            source,
            "\nasync fn layer{number}(request: Request, next: Next) -> Response {{\n    \
             let mut response = next.run(request).await;\n    \
             response.headers_mut().append(\"x-layer\", HeaderValue::from({number}_u32));\n    response\n}}\n"
        );
        let _ = write!(layers, "\n        .layer(from_fn(layer{number}))");
    }
    let _ = write!(
        source,
        "\n#[tokio::main]\nasync fn main() {{\n    let app = Router::new()\n        \
         .route(\"/\", get(async || \"Hello\")){layers};\n    \
         let listener = tokio::net::TcpListener::bind(\"127.0.0.1:3000\").await.unwrap();\n    \
         axum::serve(listener, app).await.unwrap();\n}}\n"
    );
    source
}

/// The resources of the routes.
const RESOURCES: [&str; 8] = [
    "users", "posts", "teams", "orgs", "repos", "issues", "events", "files",
];

/// Six routes of a resource, and two more of the first: 50 in all. Each is a name, a verb and a path.
fn routes(resource: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut routes = vec![
        ("list", "get", ""),
        ("create", "post", ""),
        ("show", "get", "/:id"),
        ("replace", "put", "/:id"),
        ("delete", "delete", "/:id"),
        ("comments", "get", "/:id/comments"),
    ];
    if resource == "users" {
        routes.extend([
            ("posts", "get", "/:id/posts"),
            ("likes", "get", "/:id/likes"),
        ]);
    }
    routes
}

fn koa_routes() -> String {
    let mut source = String::from("use koa::prelude::*;\n");
    let mut controllers = String::new();
    for resource in RESOURCES {
        let _ = write!(
            source,
            "\nstruct {resource};\n\n#[controller(\"/{resource}\")]\nimpl {resource} {{\n"
        );
        for (name, verb, path) in routes(resource) {
            let path = if path.is_empty() { "/" } else { path };
            let (id, answer) = if path.contains(":id") {
                (
                    ", id: u64",
                    format!("format!(\"{resource} {name} {{id}}\")"),
                )
            } else {
                ("", format!("\"{resource} {name}\".to_owned()"))
            };
            let _ = write!(
                source,
                "    #[{verb}(\"{path}\")]\n    async fn {name}(&self{id}) -> String {{\n        {answer}\n    }}\n"
            );
        }
        source.push_str("}\n");
        let _ = write!(controllers, "\n        .controller({resource})");
    }
    let _ = write!(
        source,
        "\n#[koa::main]\nasync fn main() -> Result {{\n    App::new(){controllers}\n        .listen(3000)\n        \
         .await\n}}\n"
    );
    format!("#![allow(non_camel_case_types)]\n{source}")
}

fn axum_routes() -> String {
    let mut source = String::from(
        "use axum::extract::Path;\nuse axum::routing::{delete, get, post, put};\nuse axum::Router;\n",
    );
    let mut added = String::new();
    for resource in RESOURCES {
        for (name, verb, path) in routes(resource) {
            let (id, answer) = if path.contains(":id") {
                (
                    "Path(id): Path<u64>",
                    format!("format!(\"{resource} {name} {{id}}\")"),
                )
            } else {
                ("", format!("\"{resource} {name}\".to_owned()"))
            };
            let path = path.replace(":id", "{id}");
            let _ = write!(
                source,
                "\nasync fn {resource}_{name}({id}) -> String {{\n    {answer}\n}}\n"
            );
            let _ = write!(
                added,
                "\n        .route(\"/{resource}{path}\", {verb}({resource}_{name}))"
            );
        }
    }
    let _ = write!(
        source,
        "\n#[tokio::main]\nasync fn main() {{\n    let app = Router::new(){added};\n    \
         let listener = tokio::net::TcpListener::bind(\"127.0.0.1:3000\").await.unwrap();\n    \
         axum::serve(listener, app).await.unwrap();\n}}\n"
    );
    source
}
