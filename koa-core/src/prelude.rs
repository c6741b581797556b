//! What an app is written with: `use koa::prelude::*;`.

pub use koa_macros::{controller, middleware, session};

pub use crate::{
    App, Body, BoxMiddleware, Context, Error, Form, Group, Html, Json, Middleware, Next, Onion,
    Query, Redirect, Reply, Result, Session, Slot, Stack, ensure, throw,
};
