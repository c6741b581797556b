//! What an app is written with: `use koa::prelude::*;`.

pub use koa_macros::{controller, middleware};

pub use crate::{
    App, Body, BoxMiddleware, Context, Error, Form, Group, Html, Json, Middleware, Next, Onion,
    Query, Redirect, Reply, Result, Slot, Stack, ensure, throw,
};
