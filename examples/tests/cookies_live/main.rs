//! Cookies are what Node's packages read and write, and what a browser keeps: with the real `koa`, `cookies` and
//! `egg-cookies`, and a real Chromium.
//!
//! Without Node, npm or Chromium this cannot be tested, and the tests say so; with `CI` set they then fail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

#[path = "../jar/mod.rs"]
mod jar;
#[path = "../npm/mod.rs"]
mod npm;
#[path = "../program/mod.rs"]
mod program;

mod ours;
mod side;

mod encrypted;
mod forged;
mod moved;
mod rotated;
mod signed;

mod browser;
