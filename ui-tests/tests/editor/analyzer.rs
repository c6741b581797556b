//! rust-analyzer, with one file open.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::connection::Connection;

/// The first time it builds the procedural macros.
const PATIENCE: Duration = Duration::from_secs(600);

/// The process, until this is dropped.
pub(crate) struct Analyzer {
    connection: Connection,
    process: Child,
    file: PathBuf,
    text: String,
}

impl Analyzer {
    /// With `file` open, as the library of a package that depends on koa, and all that it needs to know loaded. Nothing
    /// where there is no rust-analyzer, but for CI, which installs it or says that it could not.
    pub(crate) fn open(file: &Path) -> Option<Self> {
        // Where rustup lacks the component, it is rustup that is run, and fails.
        let version = Command::new("rust-analyzer").arg("--version").output();
        if !version.is_ok_and(|version| version.status.success()) {
            let is_set = |variable| std::env::var_os(variable).is_some();
            assert!(
                !is_set("CI") || is_set("WITHOUT_RUST_ANALYZER"),
                "rust-analyzer is not there"
            );
            eprintln!("rust-analyzer is not there: rustup component add rust-analyzer");
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor");
        write_package(&folder, file);
        let mut process = Command::new("rust-analyzer")
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = process.stdin.take().unwrap();
        let from = process.stdout.take().unwrap();
        let mut analyzer = Self {
            connection: Connection::new(to, from, Instant::now() + PATIENCE),
            process,
            file: file.to_owned(),
            text: fs::read_to_string(file).unwrap(),
        };
        analyzer.load(&folder);
        Some(analyzer)
    }

    fn load(&mut self, folder: &Path) {
        let settings = json!({
            "cachePriming": { "enable": false },
            "cargo": {
                "allTargets": false,
                // Not those of the tests that run meanwhile.
                "targetDir": folder.join("target"),
                // Where it is not told, it adds the component `rust-src` to the toolchain, which changes what the compiler
                // says in the tests beside this.
                "sysrootSrc": std_sources(),
            },
            "checkOnSave": false,
            "numThreads": 2,
        });
        let capabilities = json!({
            "experimental": { "serverStatusNotification": true },
            "general": { "positionEncodings": ["utf-8"] },
            "textDocument": { "hover": { "contentFormat": ["markdown"] } },
        });
        let connection = &mut self.connection;
        connection.request(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": uri(folder),
                "capabilities": capabilities,
                "initializationOptions": settings,
            }),
        );
        connection.notify("initialized", &json!({}));
        connection.notify(
            "textDocument/didOpen",
            &json!({ "textDocument": {
                "uri": uri(&self.file), "languageId": "rust", "version": 1, "text": self.text,
            } }),
        );
        let quiet = |status: &Value| status["quiescent"] == true;
        let status = connection.wait_for("experimental/serverStatus", quiet);
        assert_ne!(status["health"], "error", "{status}");
    }

    /// Where an editor jumps to from the token that is marked in `snippet`, `.with(«greet»)`: each as its line with what is
    /// then selected marked.
    pub(crate) fn jumps(&mut self, snippet: &str) -> Vec<String> {
        let places = self.ask("textDocument/definition", snippet);
        let places = places.as_array().into_iter().flatten();
        places.map(shown).collect()
    }

    /// What an editor shows for the token that is marked in `snippet`.
    pub(crate) fn hover(&mut self, snippet: &str) -> String {
        let hover = self.ask("textDocument/hover", snippet);
        hover["contents"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn ask(&mut self, method: &str, snippet: &str) -> Value {
        let params = json!({
            "textDocument": { "uri": uri(&self.file) },
            "position": self.position(snippet),
        });
        self.connection.request(method, &params)
    }

    /// Where the marked token begins; the snippet stands but once in the file.
    fn position(&self, snippet: &str) -> Value {
        let written = snippet.replace(['«', '»'], "");
        let found: Vec<_> = self.text.match_indices(&written).collect();
        let &[(start, _)] = found.as_slice() else {
            panic!("`{written}` stands {} times in the file", found.len());
        };
        let before = &self.text[..start + snippet.find('«').expect("a marked token")];
        let line = before.matches('\n').count();
        let character = before.len() - before.rfind('\n').map_or(0, |end| end + 1);
        json!({ "line": line, "character": character })
    }
}

impl Drop for Analyzer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The line of a place, with what stands there marked.
fn shown(place: &Value) -> String {
    let file = place["uri"].as_str().unwrap().trim_start_matches("file://");
    let text = fs::read_to_string(file).unwrap();
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let (start, end) = (&place["range"]["start"], &place["range"]["end"]);
    let line = text.lines().nth(number(&start["line"])).unwrap();
    if start["line"] != end["line"] {
        return format!("{line} ..");
    }
    let (start, end) = (number(&start["character"]), number(&end["character"]));
    let (before, token, after) = (&line[..start], &line[start..end], &line[end..]);
    format!("{before}«{token}»{after}").trim().to_owned()
}

/// A package with `file` as its library, and the versions of the workspace.
fn write_package(folder: &Path, file: &Path) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest = format!(
        "[workspace]\n\
        [package]\nname = \"sample\"\nedition = \"2024\"\n\
        [lib]\npath = {file:?}\n\
        [dependencies]\nkoa-core = {{ path = {:?} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n",
        workspace.join("koa-core"),
    );
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// Where the toolchain has the sources of the standard library, if it has them.
pub(crate) fn std_sources() -> PathBuf {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "sysroot"]).output();
    let sysroot = String::from_utf8(output.unwrap().stdout).unwrap();
    Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library")
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}
