//! The cases, as the files have them.

use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Families whose subject is not built yet: they are listed, and not replayed.
const LATER: [&str; 1] = ["session-"];

#[derive(Deserialize)]
pub(crate) struct Family {
    /// What time it is in all of them.
    pub clock: String,
    pub cases: Vec<std::sync::Arc<Case>>,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub id: String,
    pub family: String,
    /// `pure` for one that asks functions, and no server.
    pub kind: String,
    #[serde(skip)]
    pub clock: String,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub app: AppSettings,
    #[serde(default)]
    pub request: Request,
    #[serde(default)]
    pub steps: Option<Vec<Step>>,
    #[serde(default)]
    pub middleware: Vec<Vec<Step>>,
    #[serde(default)]
    pub response: Response,
    #[serde(default)]
    pub trace: Vec<Value>,
    #[serde(default)]
    pub events: Vec<Value>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AppSettings {
    pub proxy: Option<bool>,
    pub proxy_ip_header: Option<String>,
    pub max_ips_count: Option<usize>,
    pub subdomain_offset: Option<usize>,
    pub env: Option<String>,
    pub keys: Option<Vec<String>>,
    pub silent: Option<bool>,
    pub dynamic: Option<Box<AppSettings>>,
    pub context: Option<serde_json::Map<String, Value>>,
    pub keygrip: Option<KeygripSettings>,
    pub egg: Option<EggSettings>,
}

#[derive(Deserialize, Clone)]
pub(crate) struct KeygripSettings {
    pub keys: Vec<Value>,
    pub algorithm: Option<String>,
    pub encoding: Option<String>,
}

#[derive(Deserialize, Clone)]
pub(crate) struct EggSettings {
    pub keys: String,
    #[serde(default)]
    pub cookies: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Request {
    pub method: String,
    pub target: String,
    pub http_version: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
    pub remote_ip: Option<String>,
    pub encrypted: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Response {
    pub status: u16,
    pub message: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Bytes {
    pub utf8: Option<String>,
    pub base64: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Step {
    pub op: String,
    #[serde(default)]
    pub args: Vec<Value>,
    /// `null` is a value that is returned, too.
    #[serde(default, deserialize_with = "present")]
    pub returns: Option<Value>,
    pub throws: Option<Value>,
    #[serde(default)]
    pub caught: bool,
    pub reached: Option<bool>,
    #[serde(default)]
    pub steps: Vec<Step>,
    pub catch: Option<Vec<Step>>,
    pub finally: Option<Vec<Step>>,
}

fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

impl Bytes {
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        use base64::Engine as _;
        match (&self.utf8, &self.base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(bytes)) => base64::engine::general_purpose::STANDARD
                .decode(bytes)
                .unwrap(),
            (None, None) => Vec::new(),
        }
    }
}

impl Case {
    /// The layers, each a list of steps.
    pub(crate) fn layers(&self) -> Vec<&[Step]> {
        match &self.steps {
            Some(steps) => vec![steps],
            None => self.middleware.iter().map(Vec::as_slice).collect(),
        }
    }

    /// What it asks and what it expects to be said, to tell it from another of its number.
    pub(crate) fn summary(&self) -> String {
        let Request {
            method,
            target,
            headers,
            ..
        } = &self.request;
        let steps = self.layers().into_iter().flatten();
        let steps: Vec<_> = steps.map(|step| (&step.op, &step.args)).collect();
        format!(
            "{method} {target} {headers:?} {steps:?} {}",
            self.response.status
        )
    }

    /// Whether it asks for what is not built yet.
    pub(crate) fn is_for_later(&self) -> bool {
        LATER.iter().any(|family| self.family.starts_with(family))
    }

    /// Whether any step, however deep, is such a one.
    pub(crate) fn any_step(&self, is_one: &dyn Fn(&Step) -> bool) -> bool {
        self.layers().iter().any(|steps| any(steps, is_one))
    }
}

fn any(steps: &[Step], is_one: &dyn Fn(&Step) -> bool) -> bool {
    steps.iter().any(|step| {
        let within = |steps: &Option<Vec<Step>>| steps.as_deref().is_some_and(|s| any(s, is_one));
        is_one(step) || any(&step.steps, is_one) || within(&step.catch) || within(&step.finally)
    })
}

/// All case files of a folder, by name.
pub(crate) fn read(folder: &Path) -> Vec<Family> {
    let files = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("the folder {} cannot be read: {error}", folder.display()));
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    let families: Vec<Family> = files
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let mut family: Family = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for case in &mut family.cases {
                let case = std::sync::Arc::get_mut(case).unwrap();
                case.clock.clone_from(&family.clock);
            }
            family
        })
        .collect();
    assert!(
        !families.is_empty(),
        "{} has no case files",
        folder.display()
    );
    families
}
