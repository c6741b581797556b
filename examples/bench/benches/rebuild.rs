//! How long an app of 50 layers takes to be built again after its `main.rs` was touched, beside one of axum's.
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
    let apps = [
        ("koa", format!("koa-core = {{ path = {koa:?} }}"), koa_app()),
        (
            "axum",
            "axum = \"0.8\"\ntokio = { version = \"1\", features = [\"full\"] }".to_owned(),
            axum_app(),
        ),
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
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        for ((name, _, source), times) in apps.iter().zip(&mut times) {
            let app = folder.join(name);
            fs::write(app.join("src/main.rs"), source)?;
            let start = Instant::now();
            build(&app, &folder)?;
            times.push(start.elapsed());
        }
    }
    for ((name, ..), mut times) in apps.iter().zip(times) {
        times.sort();
        let median = times[RUNS / 2].as_secs_f64();
        println!("{LAYERS} layers with {name}, rebuilt: {median:.2} s");
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
