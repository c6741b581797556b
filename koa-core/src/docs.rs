//! Pages about the whole: where each of Koa's names is, and what is different.

/// Koa, side by side: each of Koa's names and its Rust form.
#[doc = include_str!("../docs/side-by-side.md")]
pub mod side_by_side {}

/// Controllers: which route a request has, what handlers take and return.
#[doc = include_str!("../docs/controllers.md")]
pub mod controllers {}

/// The table of deliberate differences.
#[doc = include_str!("../docs/differences.md")]
pub mod differences {}

/// The limits of the server: each default, what it protects from, and its setter.
#[doc = include_str!("../docs/limits.md")]
pub mod limits {}

/// Deployment: the end of a process, nginx, systemd, containers, TLS, threads, metrics and traces, axum, and moving from Koa and
/// Egg.
#[doc = include_str!("../docs/deployment.md")]
pub mod deployment {}

/// Conformance: which public suites the server passes.
#[doc = include_str!("../docs/conformance.md")]
pub mod conformance {}

/// Cookies: signed, encrypted, and those of Node apps.
#[doc = include_str!("../docs/cookies.md")]
pub mod cookies {}

/// Sessions: a struct, its life, and where it is kept.
#[doc = include_str!("../docs/sessions.md")]
pub mod sessions {}
