//! The Chromium that the tests share, one after the other; each has a jar of its own.

use std::env;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::npm;
use crate::program::Program;

/// `browser.js` drives it, and ends it when this process ends.
pub(super) struct Browser {
    driver: Program,
}

/// A cookie, as the browser keeps it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) domain: String,
    pub(super) path: String,
    /// In seconds since 1970; -1 where it is until the browser is closed.
    pub(super) expires: f64,
    pub(super) http_only: bool,
    pub(super) secure: bool,
    pub(super) same_site: Option<String>,
    pub(super) partition_key: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Error(String),
}

impl Browser {
    /// The browser, with an empty jar. `None` where it is not there.
    pub(super) fn forgetful() -> Option<MutexGuard<'static, Self>> {
        static SHARED: LazyLock<Option<Mutex<Browser>>> =
            LazyLock::new(|| Some(Mutex::new(Browser::start()?)));
        let shared = SHARED.as_ref()?;
        let mut browser = shared.lock().unwrap_or_else(PoisonError::into_inner);
        browser.command("forget", "");
        Some(browser)
    }

    fn start() -> Option<Self> {
        let mut script = npm::script("browser.js")?;
        let Some(chromium) = chromium() else {
            npm::not_tested(
                "what a browser keeps",
                "there is no Chromium: `apt-get install chromium` has one",
            );
            return None;
        };
        let driver = Program::start(script.arg(chromium));
        Some(Self { driver })
    }

    /// Opens an address as if it was typed, and gives the text of the page.
    pub(super) fn open(&mut self, url: &str) -> String {
        self.text("open", url)
    }

    /// Follows a link from the page that is open.
    pub(super) fn link(&mut self, url: &str) -> String {
        self.text("link", url)
    }

    /// Submits a form of the page that is open, with a POST.
    pub(super) fn form(&mut self, url: &str) -> String {
        self.text("form", url)
    }

    /// Embeds an address in the page that is open.
    pub(super) fn frame(&mut self, url: &str) -> String {
        self.text("frame", url)
    }

    /// Has a script of the page that is open ask for an address.
    pub(super) fn fetch(&mut self, url: &str) -> String {
        self.text("fetch", url)
    }

    /// The cookies that scripts of the page see.
    pub(super) fn script(&mut self) -> String {
        self.text("script", "")
    }

    /// Everything that it keeps, by name.
    pub(super) fn jar(&mut self) -> Vec<Kept> {
        let mut jar: Vec<Kept> = self.value("jar", "");
        jar.sort_by(|a, b| a.name.cmp(&b.name));
        jar
    }

    /// The names of what it keeps.
    pub(super) fn names(&mut self) -> Vec<String> {
        self.jar().into_iter().map(|kept| kept.name).collect()
    }

    /// What it keeps under a name.
    pub(super) fn kept(&mut self, name: &str) -> Option<Kept> {
        self.jar().into_iter().find(|kept| kept.name == name)
    }

    /// Puts a cookie there, or another value.
    pub(super) fn put(&mut self, name: &str, value: &str, domain: &str) {
        let cookie = serde_json::json!({ "name": name, "value": value, "domain": domain });
        self.command("put", &cookie.to_string());
    }

    fn text(&mut self, command: &str, about: &str) -> String {
        self.value(command, about)
    }

    fn value<T: DeserializeOwned>(&mut self, command: &str, about: &str) -> T {
        let value = self.command(command, about);
        serde_json::from_value(value).unwrap()
    }

    fn command(&mut self, command: &str, about: &str) -> Value {
        self.driver.tell(&format!("{command} {about}"));
        match serde_json::from_str(&self.driver.line()).unwrap() {
            Answer::Ok(value) => value,
            Answer::Error(error) => panic!("{command} {about}: {error}"),
        }
    }
}

fn chromium() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<_> = env::split_paths(&path).collect();
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}
