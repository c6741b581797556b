//! The Chromium that the tests of a program share, one after the other; each has a jar of its own.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::env;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::npm;
use crate::program::Program;

/// `browser.js` drives it, and ends it when this process ends.
pub(crate) struct Browser {
    driver: Program,
}

/// A cookie, as the browser keeps it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) domain: String,
    pub(crate) path: String,
    /// In seconds since 1970; -1 where it is until the browser is closed.
    pub(crate) expires: f64,
    pub(crate) http_only: bool,
    pub(crate) secure: bool,
    pub(crate) same_site: Option<String>,
    pub(crate) partition_key: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Error(String),
}

impl Browser {
    /// The browser, with an empty jar. `None` where it is not there.
    pub(crate) fn forgetful() -> Option<MutexGuard<'static, Self>> {
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
    pub(crate) fn open(&mut self, url: &str) -> String {
        self.text("open", url)
    }

    /// Follows a link from the page that is open.
    pub(crate) fn link(&mut self, url: &str) -> String {
        self.text("link", url)
    }

    /// Submits a form of the page that is open, with a POST.
    pub(crate) fn form(&mut self, url: &str) -> String {
        self.text("form", url)
    }

    /// Embeds an address in the page that is open.
    pub(crate) fn frame(&mut self, url: &str) -> String {
        self.text("frame", url)
    }

    /// Has a script of the page that is open ask for an address.
    pub(crate) fn fetch(&mut self, url: &str) -> String {
        self.text("fetch", url)
    }

    /// Clicks on what has this role and this name, as those hear it who do not see.
    pub(crate) fn click(&mut self, role: &str, name: &str) {
        self.command("click", &role_and_name(role, name));
    }

    /// The same with a link or a button that leads to another page; gives its text.
    pub(crate) fn follow(&mut self, role: &str, name: &str) -> String {
        self.text("follow", &role_and_name(role, name))
    }

    /// Types into what has the focus.
    pub(crate) fn write(&mut self, text: &str) {
        self.command("write", text);
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str) {
        self.command("press", key);
    }

    /// Presses Enter, which leads to another page; gives its text.
    pub(crate) fn enter(&mut self) -> String {
        self.text("enter", "")
    }

    /// The text of the page that is open.
    pub(crate) fn page(&mut self) -> String {
        self.text("page", "")
    }

    /// Closes it, and starts it anew with what it has kept on disk.
    pub(crate) fn restart(&mut self) {
        self.command("restart", "");
    }

    /// The cookies that scripts of the page see.
    pub(crate) fn script(&mut self) -> String {
        self.text("script", "")
    }

    /// Everything that it keeps, by name.
    pub(crate) fn jar(&mut self) -> Vec<Kept> {
        let mut jar: Vec<Kept> = self.value("jar", "");
        jar.sort_by(|a, b| a.name.cmp(&b.name));
        jar
    }

    /// The names of what it keeps.
    pub(crate) fn names(&mut self) -> Vec<String> {
        self.jar().into_iter().map(|kept| kept.name).collect()
    }

    /// What it keeps under a name.
    pub(crate) fn kept(&mut self, name: &str) -> Option<Kept> {
        self.jar().into_iter().find(|kept| kept.name == name)
    }

    /// Puts a cookie there, or another value.
    pub(crate) fn put(&mut self, name: &str, value: &str, domain: &str) {
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

fn role_and_name(role: &str, name: &str) -> String {
    serde_json::json!({ "role": role, "name": name }).to_string()
}

fn chromium() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<_> = env::split_paths(&path).collect();
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}
