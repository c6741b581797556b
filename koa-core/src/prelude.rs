//! What an app is written with: `use koa::prelude::*;`.

pub use koa_macros::middleware;

pub use crate::{
    App, Body, BoxMiddleware, Context, Error, Group, Json, Middleware, Next, Onion, Reply, Result,
    Slot, Stack, ensure, throw,
};
