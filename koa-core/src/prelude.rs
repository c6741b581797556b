//! What an app is written with: `use koa::prelude::*;`.

pub use koa_macros::{middleware, session};

pub use crate::{
    App, Body, BoxMiddleware, Context, Error, Group, Json, Middleware, Next, Onion, Reply, Result,
    Session, Slot, Stack, ensure, throw,
};
