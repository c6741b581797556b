//! A Node app and ours share live sessions: with the real `koa-session` and `egg-session`, in cookies and in a Redis; and
//! the login example works in a real Chromium.
//!
//! Without Node, npm, Redis or Chromium this cannot be tested, and the tests say so; with `CI` set they then fail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

#[path = "../browser/mod.rs"]
mod browser;
#[path = "../jar/mod.rs"]
mod jar;
#[path = "../npm/mod.rs"]
mod npm;
#[path = "../program/mod.rs"]
mod program;
#[path = "../../../koa-core/tests/redis_server/mod.rs"]
mod redis_server;

mod clock;
mod options;
mod ours;
mod side;

mod ages;
mod login;
mod rotated;
mod shared;
mod stored;
