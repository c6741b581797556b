//! The composition: a value of one concrete type that holds every layer, so that a request runs through a single
//! state machine. What lives here is the shape; what a layer is stands in `middleware`, what it may ask for in `wiring`.

mod boxed;
mod depth;
mod mount;
mod segment;
mod stack;

use std::fmt;
use std::future::Future;

use crate::middleware::{Middleware, Next, ProvidesNothing, ValueOf};
use crate::wiring::Provision;
use crate::{Context, Result};

pub use boxed::BoxMiddleware;
pub(crate) use segment::Segment;
pub(crate) use depth::{Fifteen, Holds, One, Shallow};
pub(crate) use mount::Inside;
pub use mount::Mount;
pub use stack::Stack;
pub(crate) use stack::{Deeper, Grown};

/// Layers in their order, ready to be run in front of whatever follows.
pub trait Onion: Send + Sync + Sized + 'static {
    /// What the last layer hands on.
    type Last: Send + Sync + 'static;

    /// `List` with what all the layers provide.
    type Below<List>;

    /// The layers with `M` inside them.
    type With<M: Middleware>: Onion;

    /// Adds a layer inside the others.
    #[doc(hidden)]
    fn with<M: Middleware>(self, middleware: M) -> Self::With<M>;

    /// Runs the layers, and `next` after them.
    #[doc(hidden)]
    fn enter<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next<Self::Last> + 'a;
}

/// No layers: what follows is run at once.
#[derive(Debug, Clone, Copy)]
pub struct Identity;

impl Onion for Identity {
    type Last = ();
    type Below<List> = List;
    type With<M: Middleware> = Chain<Self, M>;

    fn with<M: Middleware>(self, middleware: M) -> Chain<Self, M> {
        Chain {
            outer: self,
            inner: middleware,
        }
    }

    fn enter<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next + 'a,
    {
        next.run(ctx)
    }
}

/// The layers `C`, and `M` inside them.
#[derive(Clone)]
pub struct Chain<C, M> {
    outer: C,
    inner: M,
}

impl<C, M> fmt::Debug for Chain<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<Self>())
    }
}

impl<C: Onion, M: Middleware> Onion for Chain<C, M> {
    type Last = ValueOf<M>;
    type Below<List> = <M::Provides as Provision>::Add<C::Below<List>>;
    type With<K: Middleware> = Chain<Self, K>;

    fn with<K: Middleware>(self, middleware: K) -> Chain<Self, K> {
        Chain {
            outer: self,
            inner: middleware,
        }
    }

    // No `async fn`: a frame of its own for each layer would halve the depth that compiles.
    fn enter<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next<Self::Last> + 'a,
    {
        let rest = Link {
            middleware: &self.inner,
            next,
        };
        self.outer.enter(ctx, rest)
    }
}

/// A layer and what follows it: the `next` of the layer above.
struct Link<'c, M, N> {
    middleware: &'c M,
    next: N,
}

impl<M, N, T> Next<T> for Link<'_, M, N>
where
    M: Middleware,
    N: Next<ValueOf<M>>,
    T: Send + Sync + 'static,
{
    fn run<'a>(self, ctx: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
        T: ProvidesNothing,
    {
        self.middleware.call(ctx, self.next)
    }

    fn provide<'a>(
        self,
        ctx: &'a mut Context,
        value: T,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        ctx.provided.insert(value);
        self.middleware.call(ctx, self.next)
    }
}
