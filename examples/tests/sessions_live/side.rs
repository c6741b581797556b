//! The two sides that share sessions: an app of ours, and one of Node.

use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::clock::Clock;
use crate::jar::{Answers, Jar};
use crate::npm;
use crate::options::Options;
use crate::ours::{self, Gate};
use crate::program::{Answer, Program, ask};

pub(crate) const KEYS: &str = "3q2+7wPVbVwTlZ1mYlNrFg==,b2xkIGtleSB0aGF0IGlzIGxvbmc=";

/// Whose sessions they are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Package {
    Koa,
    Egg,
}

impl Package {
    pub(crate) const EACH: [Self; 2] = [Self::Koa, Self::Egg];

    /// The name of its cookie.
    pub(crate) fn cookie(self) -> &'static str {
        match self {
            Self::Koa => "koa.sess",
            Self::Egg => "EGG_SESS",
        }
    }
}

/// A running server.
pub(crate) struct Side {
    address: String,
    clock: Clock,
    /// Of an app of ours, which ends when this is dropped; and where its requests wait.
    ours: Option<(Runtime, Gate)>,
}

impl Side {
    /// An app of ours and one of Node, under the same keys. `None` without Node.
    pub(crate) fn both(
        package: Package,
        keys: &str,
        options: &Options,
        clock: &Clock,
    ) -> Option<[Self; 2]> {
        let node = Self::node(package, keys, options, clock)?;
        Some([Self::ours(package, keys, options, clock), node])
    }

    pub(crate) fn ours(package: Package, keys: &str, options: &Options, clock: &Clock) -> Self {
        let gate = Gate::default();
        let served = ours::serve(package, keys, options, clock.clone(), gate.clone());
        let (address, runtime) = served;
        Self {
            address: address.to_string(),
            clock: clock.clone(),
            ours: Some((runtime, gate)),
        }
    }

    /// `servers.js` is shared by the tests, and ends when this process does.
    pub(crate) fn node(
        package: Package,
        keys: &str,
        options: &Options,
        clock: &Clock,
    ) -> Option<Self> {
        static SERVERS: LazyLock<Option<Mutex<Program>>> = LazyLock::new(|| {
            let mut script = npm::script("servers.js")?;
            Some(Mutex::new(Program::start(&mut script)))
        });
        let servers = SERVERS.as_ref()?;
        let mut servers = servers.lock().unwrap_or_else(PoisonError::into_inner);
        let name = match package {
            Package::Koa => "koa-session",
            Package::Egg => "egg-session",
        };
        servers.tell(&format!("{name} {keys} {}", options.json()));
        let port = servers.line();
        Some(Self {
            address: format!("127.0.0.1:{port}"),
            clock: clock.clone(),
            ours: None,
        })
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.ours.is_some()
    }

    /// What an app of ours answers to a request that sets fields and waits, while something else is done.
    pub(crate) fn during(&self, jar: &Jar, fields: &Value, other: impl FnOnce()) -> Answer {
        let (runtime, gate) = self.ours.as_ref().expect("an app of ours");
        std::thread::scope(|scope| {
            let path = format!("/hold?{}", query(fields));
            let held = scope.spawn(move || jar.clone().ask(self, &path));
            runtime.block_on(gate.reached());
            other();
            gate.open();
            held.join().unwrap()
        })
    }

    /// The session that it finds.
    pub(crate) fn read(&self, jar: &mut Jar) -> Value {
        self.session(jar, "/read")
    }

    /// The session after fields of it were set.
    pub(crate) fn set(&self, jar: &mut Jar, fields: &Value) -> Value {
        self.session(jar, &set(fields))
    }

    /// The session after what was asked.
    pub(crate) fn session(&self, jar: &mut Jar, path: &str) -> Value {
        let answer = jar.ask(self, path);
        assert_eq!(answer.code(), "200", "{path}: {}", answer.body);
        let mut answer: Value = serde_json::from_str(&answer.body).unwrap();
        answer["session"].take()
    }
}

/// The path that sets fields.
pub(crate) fn set(fields: &Value) -> String {
    format!("/set?{}", query(fields))
}

/// The path that sets fields and then fails.
pub(crate) fn fail(fields: &Value) -> String {
    format!("/fail?{}", query(fields))
}

fn query(fields: &Value) -> String {
    let json = fields.to_string();
    let query: String = json.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("fields={query}")
}

impl Answers for Side {
    fn ask(&self, path: &str, headers: &str) -> Answer {
        let now = self.clock.millis();
        ask(
            &self.address,
            "GET",
            path,
            &format!("X-Now: {now}\r\n{headers}"),
        )
    }
}
