//! The app as a request sees it: its settings, its values, its events.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use serde_json::json;

use crate::app::events::Events;
use crate::context::Context;
use crate::cookies::keys::Ring;
use crate::cookies::{CookieSettings, Keygrip};
use crate::error::Error;
use crate::extract::OnRejection;
use crate::server::Limit;

/// How much of a request's body is read into memory unless an app or a handler says otherwise, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// An app's settings, values and events, as [`ctx.app()`](Context::app) gives them. Koa's `ctx.app`:
/// <https://koajs.com/#ctx-app>.
pub struct Application {
    pub(crate) env: String,
    pub(crate) keys: Keygrip,
    /// What is made of the keys, when the app starts.
    pub(crate) ring: Ring,
    pub(crate) cookies: CookieSettings,
    clock: Option<Clock>,
    pub(crate) proxy: bool,
    pub(crate) subdomain_offset: usize,
    pub(crate) proxy_ip_header: String,
    pub(crate) max_ips_count: usize,
    pub(crate) body_limit: usize,
    pub(crate) silent: bool,
    /// Whether layers may flush the headers.
    pub(crate) flushes: bool,
    /// Why no request can be answered, which is found when the app starts.
    pub(crate) unusable: Option<String>,
    /// Whether a request has more to do than to run through the layers.
    pub(crate) is_special: bool,
    pub(crate) values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    pub(crate) events: Events,
    exceeded: [AtomicU64; Limit::COUNT],
    pub(crate) on_rejection: Option<OnRejection>,
}

type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;

impl Application {
    pub(crate) fn new() -> Self {
        Self {
            env: std::env::var("KOA_ENV")
                .ok()
                .filter(|env| !env.is_empty())
                .unwrap_or_else(|| "development".to_owned()),
            keys: Keygrip::default(),
            ring: Ring::new(&Keygrip::default()),
            cookies: CookieSettings::new(),
            clock: None,
            proxy: false,
            subdomain_offset: 2,
            proxy_ip_header: "X-Forwarded-For".to_owned(),
            max_ips_count: 0,
            body_limit: BODY_LIMIT,
            silent: false,
            flushes: false,
            unusable: None,
            is_special: false,
            values: HashMap::new(),
            events: Events::default(),
            exceeded: Default::default(),
            on_rejection: None,
        }
    }

    /// The environment: `KOA_ENV` when the app was made, "development" without it. Koa's `app.env`.
    #[must_use]
    pub fn env(&self) -> &str {
        &self.env
    }

    /// Whether the headers of a proxy in front are trusted. Koa's `app.proxy`.
    #[must_use]
    pub fn proxy(&self) -> bool {
        self.proxy
    }

    /// How many labels at the end of a host name are not subdomains. Koa's `app.subdomainOffset`.
    #[must_use]
    pub fn subdomain_offset(&self) -> usize {
        self.subdomain_offset
    }

    /// The header in which a proxy in front says the client's address. Koa's `app.proxyIpHeader`.
    #[must_use]
    pub fn proxy_ip_header(&self) -> &str {
        &self.proxy_ip_header
    }

    /// How many addresses of that header count, from its end; 0 for all of them. Koa's `app.maxIpsCount`.
    #[must_use]
    pub fn max_ips_count(&self) -> usize {
        self.max_ips_count
    }

    /// How much of a request's body is read into memory, in bytes.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// The keys of signed and sealed cookies, the newest first. Koa's `app.keys`: <https://koajs.com/#app-keys>.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.keys.keys()
    }

    /// What time it is, by the app's [`clock`](crate::App::clock).
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.clock
            .as_ref()
            .map_or_else(SystemTime::now, |now| now())
    }

    pub(crate) fn set_clock(&mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) {
        self.clock = Some(Box::new(clock));
    }

    /// Makes what the app needs of its settings to serve, once.
    pub(crate) fn start(&mut self) {
        self.ring = Ring::new(&self.keys);
        self.is_special = self.flushes || self.unusable.is_some() || self.events.hear_answers();
        for weak in self.ring.weak() {
            if !self.emit(&weak) && !self.silent {
                eprintln!("{weak}");
            }
        }
    }

    /// Whether the default error handler prints nothing. Koa's `app.silent`.
    #[must_use]
    pub fn silent(&self) -> bool {
        self.silent
    }

    /// The value of this type that was given to the app. Koa's `app.context`: <https://koajs.com/#app-context>.
    ///
    /// An endpoint takes it as `&T` and need not ask whether it is there.
    #[must_use]
    pub fn value<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.values.get(&TypeId::of::<T>())?.downcast_ref()
    }

    pub(crate) fn shared<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.values.get(&TypeId::of::<T>())?;
        Arc::clone(value).downcast().ok()
    }

    /// Calls the listeners of events of this type, in the order in which they were added; says whether there were
    /// any. Koa's `ctx.app.emit`: <https://koajs.com/#ctx-app-emit>.
    pub fn emit<E: Send + Sync + 'static>(&self, event: &E) -> bool {
        self.events.emit(event)
    }

    /// Tells the error listeners of an error that a middleware deals with itself; without any, the default handler
    /// prints it. Koa's `ctx.app.emit('error', err, ctx)`.
    pub fn emit_error(&self, error: &Error, ctx: &Context) {
        self.events.emit_error(error, ctx, self.silent);
    }

    /// How often a limit of the server was reached since the app was made; each time there was an
    /// [`Exceeded`](crate::Exceeded) event too.
    #[must_use]
    pub fn exceeded(&self, limit: Limit) -> u64 {
        self.exceeded
            .get(limit as usize)
            .map_or(0, |count| count.load(Relaxed))
    }

    pub(crate) fn count(&self, limit: Limit) {
        if let Some(count) = self.exceeded.get(limit as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// The settings that are no secret. Koa's `app.toJSON()`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        json!({
            "subdomainOffset": self.subdomain_offset,
            "proxy": self.proxy,
            "env": self.env,
        })
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("env", &self.env)
            .field("keys", &self.keys)
            .field("proxy", &self.proxy)
            .field("subdomain_offset", &self.subdomain_offset)
            .field("proxy_ip_header", &self.proxy_ip_header)
            .field("max_ips_count", &self.max_ips_count)
            .field("silent", &self.silent)
            .finish_non_exhaustive()
    }
}
