//! Layers for the paths under a prefix, which they do not see.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use crate::chain::depth::{LessTwo, Succ};
use crate::chain::scope::{Exit, Scope, Way};
use crate::controller::Place;
use crate::describe::{Kind, Layer};
use crate::middleware::{Middleware, Next};
use crate::session::{Found, Keys};
use crate::wiring::Provision;
use crate::{Context, Result};

/// A middleware for the paths under a prefix, made by [`App::mount`](crate::App::mount).
///
/// As koa-mount has it: `/api` takes `/api` and `/api/..` and not `/apis`; the layers inside see the path without
/// the prefix, `/` at the least; a prefix that ends in `/` does not take the path without that slash. Other paths
/// go to the next layer, and so does a `next` inside, with the path as it was and without what the layers
/// inside provide. [`original_url`](crate::Request::original_url) keeps all of it.
///
/// A prefix without its leading `/` is given one.
#[derive(Clone)]
pub struct Mount<M> {
    prefix: Box<str>,
    middleware: M,
    place: Place,
}

impl<M> Mount<M> {
    #[track_caller]
    pub(crate) fn new(prefix: impl Into<String>, middleware: M) -> Self {
        let caller = Location::caller();
        let mut prefix = prefix.into();
        if !prefix.starts_with('/') {
            prefix.insert(0, '/');
        }
        Self {
            prefix: prefix.into_boxed_str(),
            middleware,
            place: Place {
                file: caller.file(),
                line: caller.line(),
            },
        }
    }
}

impl<M> fmt::Debug for Mount<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mount").field(&self.prefix).finish()
    }
}

/// What a mounted middleware provides to the layers after it: nothing, since it may not have run.
#[doc(hidden)]
pub struct Inside<M>(PhantomData<fn() -> M>);

impl<M> fmt::Debug for Inside<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inside")
    }
}

impl<M: Middleware> Provision for Inside<M>
where
    <M::Provides as Provision>::Fresh: LessTwo,
{
    type Value = ();
    type Add<List> = List;
    // Two frames more: the mount's own, and that of the `next` inside it.
    type Depth = Succ<Succ<<M::Provides as Provision>::Depth>>;
    type Fresh = <<M::Provides as Provision>::Fresh as LessTwo>::Left;
}

impl<M: Middleware> Middleware for Mount<M>
where
    Inside<M>: Provision<Value = ()>,
{
    type Provides = Inside<M>;

    type Wiring = M::Wiring;

    const SESSIONS: Keys = Keys::inside(&M::SESSIONS);

    fn sessions(&self, found: &mut Found) {
        found.inside(|found| self.middleware.sessions(found));
    }

    fn describe(&self) -> Vec<Layer> {
        let mut inside = self.middleware.describe();
        // The group that is mounted is what the prefix stands for.
        if let [group] = inside.as_mut_slice()
            && group.kind == Kind::Group
            && group.name == "group"
        {
            inside = std::mem::take(&mut group.inside);
        }
        let prefix = self.prefix.clone();
        vec![Layer {
            prefix,
            place: Some(self.place),
            ..Layer::group(format!("mount {}", self.prefix), inside)
        }]
    }

    async fn call<'a, N>(&'a self, ctx: &'a mut Context, next: N) -> Result
    where
        N: Next + 'a,
    {
        let Some(outside) = ctx.request.enter_mount(&self.prefix) else {
            return next.run(ctx).await;
        };
        let scope = Scope::enter(ctx, Some(outside));
        let mut way = Way::out(next, &scope.outside);
        self.middleware.call(scope.ctx, Exit(&mut way)).await
    }
}
