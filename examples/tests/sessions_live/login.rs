//! The login example in a real Chromium: by clicking, by the keyboard, and after the browser was closed.

use std::process::Command;

use crate::browser::Browser;
use crate::program::Program;
use crate::redis_server::RedisServer;

struct Site {
    program: Program,
    _redis: Option<RedisServer>,
}

impl Site {
    /// With its sessions in the cookie.
    fn start() -> Self {
        Self {
            program: Program::example(env!("CARGO_BIN_EXE_login"), 1),
            _redis: None,
        }
    }

    fn with_redis() -> Option<Self> {
        let redis = RedisServer::start()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_login"));
        let command = command.args(["--redis", &redis.url()]);
        Some(Self {
            program: Program::listening(command, 1),
            _redis: Some(redis),
        })
    }

    fn open(&self, browser: &mut Browser) -> String {
        browser.open(&format!("http://{}/", self.program.addresses[0]))
    }
}

/// Fills the form in, and sends it.
fn sign_in(browser: &mut Browser, name: &str, password: &str, remember: bool) -> String {
    browser.click("textbox", "Name");
    browser.write(name);
    browser.click("textbox", "Password");
    browser.write(password);
    if remember {
        browser.click("checkbox", "Remember me for 30 days");
    }
    browser.follow("button", "Sign in")
}

fn shows(page: &str, text: &str) {
    assert!(page.contains(text), "{text:?} in {page:?}");
}

#[test]
fn by_clicking() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::start();
    shows(&site.open(&mut browser), "Remember me");
    let page = sign_in(&mut browser, "ada", "wrong", false);
    shows(&page, "The name or the password is wrong.");
    assert!(browser.names().is_empty());

    shows(&site.open(&mut browser), "Remember me");
    let page = sign_in(&mut browser, "ada", "analytical", false);
    shows(&page, "Hello, ada!");
    shows(&page, "Visits since then: 1.");
    assert_eq!(browser.script(), "", "no script sees the session");
    let kept = browser.kept("EGG_SESS").unwrap();
    assert_eq!(kept.same_site.as_deref(), Some("Lax"));
    assert!(kept.http_only);
    shows(&browser.follow("link", "Visit again"), "then: 2.");
    shows(&site.open(&mut browser), "then: 3.");

    shows(&browser.follow("button", "Sign out"), "Remember me");
    assert!(browser.names().is_empty());
    shows(&site.open(&mut browser), "Remember me");
}

#[test]
fn by_the_keyboard() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    let site = Site::start();
    site.open(&mut browser);
    browser.write("grace");
    browser.press("Tab");
    browser.write("compiler");
    browser.press("Tab");
    browser.press("Space");
    browser.press("Tab");
    let page = browser.enter();
    shows(&page, "Hello, grace!");
    shows(&page, "remembered for 30 days");
    browser.press("Tab");
    shows(&browser.enter(), "Visits since then: 2.");
    browser.press("Tab");
    browser.press("Tab");
    shows(&browser.enter(), "Remember me");
}

/// Another process, of the same profile.
#[test]
fn after_the_browser_was_closed() {
    let Some(mut browser) = Browser::forgetful() else {
        return;
    };
    for site in [Some(Site::start()), Site::with_redis()] {
        let Some(site) = site else { return };
        site.open(&mut browser);
        shows(
            &sign_in(&mut browser, "ada", "analytical", false),
            "until you close the browser",
        );
        browser.restart();
        shows(&site.open(&mut browser), "Remember me");

        sign_in(&mut browser, "grace", "compiler", true);
        browser.restart();
        let page = site.open(&mut browser);
        shows(&page, "Hello, grace!");
        shows(&page, "Visits since then: 2.");

        shows(&browser.follow("button", "Sign out"), "Remember me");
        browser.restart();
        shows(&site.open(&mut browser), "Remember me");
    }
}
