//! The one way to decide a composition at run time: middleware behind a box.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use crate::chain::Inside;
use crate::chain::scope::{Exit, Scope, Way};
use crate::describe::Layer;
use crate::middleware::{Middleware, Next};
use crate::session::{Found, Keys};
use crate::wiring::{Answers, Asks, Provision, Requires};
use crate::{Context, Result};

type BoxFuture<'a> = Pin<Box<dyn Future<Output = Result> + Send + 'a>>;

/// A middleware whose type is not known, for compositions that are decided at run time.
///
/// It costs two boxes a request. A `Vec` of them is a middleware too, which runs them in their order, and so is an
/// `Option` of any middleware, which needs no box.
///
/// `A` is what the layers above must provide, as a tuple (see [`Asks`]); what is inside may ask for that and nothing
/// else. It cannot provide anything: that would have to be known when compiling.
///
/// ```
/// use koa::prelude::*;
///
/// #[middleware]
/// async fn stamp(ctx: &mut Context, next: impl Next) -> Result {
///     next.run(ctx).await?;
///     ctx.set("X-Stamp", "1")
/// }
///
/// #[middleware]
/// async fn hello() -> &'static str {
///     "Hello"
/// }
///
/// let mut layers = Vec::new();
/// if std::env::var_os("STAMP").is_some() {
///     layers.push(BoxMiddleware::new(stamp));
/// }
/// layers.push(BoxMiddleware::new(hello));
/// let app = App::new().with(layers);
/// ```
pub struct BoxMiddleware<A = ()> {
    inner: Box<dyn ErasedMiddleware>,
    asks: PhantomData<fn() -> A>,
}

impl<A: Asks> BoxMiddleware<A> {
    /// Boxes `middleware`, which may ask for what `A` names.
    pub fn new<M, Indices>(middleware: M) -> Self
    where
        M: Middleware,
        M::Wiring: Requires<A::List, Indices>,
        M::Provides: Provision<Value = ()>,
    {
        Self {
            inner: Box::new(middleware),
            asks: PhantomData,
        }
    }
}

impl<A> fmt::Debug for BoxMiddleware<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxMiddleware")
    }
}

impl<A, List, Indices> Requires<List, Indices> for BoxMiddleware<A> where List: Answers<A, Indices> {}

trait ErasedMiddleware: Send + Sync + 'static {
    fn describe(&self) -> Vec<Layer>;

    fn sessions(&self, found: &mut Found);

    fn call<'a>(&'a self, ctx: &'a mut Context, next: BoxNext<'a>) -> BoxFuture<'a>;
}

impl<M> ErasedMiddleware for M
where
    M: Middleware,
    M::Provides: Provision<Value = ()>,
{
    fn describe(&self) -> Vec<Layer> {
        Middleware::describe(self)
    }

    fn sessions(&self, found: &mut Found) {
        found.inside(|found| Middleware::sessions(self, found));
    }

    fn call<'a>(&'a self, ctx: &'a mut Context, next: BoxNext<'a>) -> BoxFuture<'a> {
        Box::pin(async move {
            let scope = Scope::enter(ctx, None);
            let mut way = Way::out(next, &scope.outside);
            Middleware::call(self, scope.ctx, Exit(&mut way)).await
        })
    }
}

trait ErasedNext: Send {
    fn run<'a>(self: Box<Self>, ctx: &'a mut Context) -> BoxFuture<'a>
    where
        Self: 'a;
}

impl<N: Next> ErasedNext for N {
    fn run<'a>(self: Box<Self>, ctx: &'a mut Context) -> BoxFuture<'a>
    where
        Self: 'a,
    {
        Box::pin(Next::run(*self, ctx))
    }
}

/// The rest of the onion, its type erased.
struct BoxNext<'n>(Box<dyn ErasedNext + 'n>);

impl Next for BoxNext<'_> {
    fn provide<'a>(self, ctx: &'a mut Context, (): ()) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        self.go(ctx)
    }

    fn go<'a>(self, ctx: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        self.0.run(ctx)
    }
}

impl<A: 'static> Middleware for BoxMiddleware<A> {
    type Provides = ();
    type Wiring = Self;

    fn describe(&self) -> Vec<Layer> {
        self.inner.describe()
    }

    fn sessions(&self, found: &mut Found) {
        self.inner.sessions(found);
    }

    fn call<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next + 'a,
    {
        self.inner.call(ctx, BoxNext(Box::new(next)))
    }
}

/// Boxed layers in their order, as koa-compose runs an array.
impl<A: 'static> Middleware for Vec<BoxMiddleware<A>> {
    type Provides = ();
    type Wiring = BoxMiddleware<A>;

    fn sessions(&self, found: &mut Found) {
        for layer in self {
            Middleware::sessions(layer, found);
        }
    }

    fn describe(&self) -> Vec<Layer> {
        self.iter().flat_map(Middleware::describe).collect()
    }

    fn call<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next + 'a,
    {
        run_all(self, ctx, BoxNext(Box::new(next)))
    }
}

fn run_all<'a, A: 'static>(
    layers: &'a [BoxMiddleware<A>],
    ctx: &'a mut Context,
    next: BoxNext<'a>,
) -> BoxFuture<'a> {
    match layers.split_first() {
        Some((first, rest)) => {
            let rest = Rest { layers: rest, next };
            first.inner.call(ctx, BoxNext(Box::new(rest)))
        }
        None => next.0.run(ctx),
    }
}

/// The layers of a `Vec` that are still to run.
struct Rest<'n, A> {
    layers: &'n [BoxMiddleware<A>],
    next: BoxNext<'n>,
}

impl<A: 'static> Next for Rest<'_, A> {
    fn provide<'a>(self, ctx: &'a mut Context, (): ()) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        self.go(ctx)
    }

    fn go<'a>(self, ctx: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        run_all(self.layers, ctx, self.next)
    }
}

/// A layer that may be left out: `None` runs the next one. What is inside provides nothing to the layers after it.
impl<M> Middleware for Option<M>
where
    M: Middleware,
    Inside<M>: Provision<Value = ()>,
{
    type Provides = Inside<M>;
    type Wiring = M::Wiring;

    const SESSIONS: Keys = Keys::inside(&M::SESSIONS);

    fn sessions(&self, found: &mut Found) {
        if let Some(layer) = self {
            found.inside(|found| layer.sessions(found));
        }
    }

    fn describe(&self) -> Vec<Layer> {
        self.iter().flat_map(Middleware::describe).collect()
    }

    async fn call<'a, N>(&'a self, ctx: &'a mut Context, next: N) -> Result
    where
        N: Next + 'a,
    {
        let Some(middleware) = self else {
            return next.run(ctx).await;
        };
        let scope = Scope::enter(ctx, None);
        let mut way = Way::out(next, &scope.outside);
        middleware.call(scope.ctx, Exit(&mut way)).await
    }
}
