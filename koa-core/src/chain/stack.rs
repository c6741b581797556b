//! Groups: layers that are put into an app, or mounted in it, as one.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use crate::chain::depth::{Holds, HoldsRoutes, Measured, Shallow};
use crate::chain::mount::{Inside, Mount};
use crate::chain::{Chain, Identity, Onion};
use crate::controller::Controller;
use crate::controller::conflict::Served;
use crate::describe::Layer;
use crate::middleware::{Middleware, Next, ValueOf};
use crate::session::{Conflict, Found, Keys};
use crate::wiring::{Layers, Provision, Requires};
use crate::{Context, Result};

/// What `M` provides.
type ProvidedBy<M> = <M as Middleware>::Provides;

/// `C` with `M` inside it, and a box between them if there is no room left.
pub(crate) type Grown<C, Depth, M> = <<Depth as Holds<ProvidedBy<M>>>::Closed<C> as Onion>::With<M>;

/// The tally `Depth` with `M` added.
pub(crate) type Deeper<Depth, M> = <Depth as Holds<ProvidedBy<M>>>::After;

/// `C` with the routes of `K` inside it, and a box between them if there is no room left.
pub(crate) type WithRoutes<C, Depth, K> =
    <<Depth as HoldsRoutes>::Closed<C> as Onion>::WithController<K>;

/// A group of middleware that is itself a middleware.
///
/// What a mounted app is in Koa: layers in their order, put into an [`App`](crate::App) with
/// [`with`](crate::App::with) or under a prefix with [`mount`](crate::App::mount). What its layers ask for is
/// checked there; what they provide reaches the layers after the group.
///
/// The type parameters are inferred. A function that makes one returns it as a [`Group`](crate::Group).
///
/// ```
/// use koa::prelude::*;
///
/// #[middleware]
/// async fn stamp(ctx: &mut Context, next: impl Next) -> Result {
///     next.run(ctx).await?;
///     ctx.set("X-Api", "1")
/// }
///
/// #[middleware]
/// async fn status() -> &'static str {
///     "up"
/// }
///
/// let api = Stack::new().with(stamp).with(status);
/// let app = App::new().mount("/api", api);
/// ```
pub struct Stack<C = Identity, Depth = Shallow> {
    pub(crate) chain: C,
    depth: PhantomData<fn() -> Depth>,
}

impl Stack {
    /// An empty group.
    #[must_use]
    pub fn new() -> Self {
        Self {
            chain: Identity,
            depth: PhantomData,
        }
    }
}

impl Default for Stack {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Onion, Depth> Stack<C, Depth> {
    /// Adds a layer below those before it. Koa's `app.use`.
    pub fn with<M>(self, middleware: M) -> Stack<Grown<C, Depth, M>, Deeper<Depth, M>>
    where
        M: Middleware,
        Depth: Holds<M::Provides>,
    {
        const { check::<C, M>() };
        M::serve_once::<C>();
        self.push(middleware)
    }

    /// Adds a layer that has been checked.
    pub(crate) fn push<M>(self, middleware: M) -> Stack<Grown<C, Depth, M>, Deeper<Depth, M>>
    where
        M: Middleware,
        Depth: Holds<M::Provides>,
    {
        Stack {
            chain: Depth::close(self.chain).with(middleware),
            depth: PhantomData,
        }
    }

    /// Adds a layer for the paths under `prefix`, which it does not see. Koa's `mount(prefix, app)`.
    ///
    /// See [`Mount`] for which paths those are.
    #[allow(
        clippy::type_complexity,
        reason = "it is inferred, and nobody writes it"
    )]
    #[track_caller]
    pub fn mount<M>(
        self,
        prefix: impl Into<String>,
        middleware: M,
    ) -> Stack<Grown<C, Depth, Mount<M>>, Deeper<Depth, Mount<M>>>
    where
        M: Middleware,
        Inside<M>: Provision<Value = ()>,
        Depth: Holds<Inside<M>>,
    {
        const { check::<C, Mount<M>>() };
        Mount::<M>::serve_once::<C>();
        self.push(Mount::new(prefix, middleware))
    }

    /// Adds the routes of a controller, as [`App::controller`](crate::App::controller) does.
    ///
    /// Mounted under two prefixes, such groups are two versions of an API.
    pub fn controller<K>(self, controller: K) -> Stack<WithRoutes<C, Depth, K>, Depth::After>
    where
        K: Controller,
        Depth: HoldsRoutes,
    {
        const { check_controller::<C, K>() };
        K::serve_once::<C>();
        self.push_controller(controller)
    }

    /// Adds the routes of a controller that has been checked.
    pub(crate) fn push_controller<K>(
        self,
        controller: K,
    ) -> Stack<WithRoutes<C, Depth, K>, Depth::After>
    where
        K: Controller,
        Depth: HoldsRoutes,
    {
        Stack {
            chain: Depth::close(self.chain).with_controller(controller),
            depth: PhantomData,
        }
    }
}

/// Fails when compiling if a layer provides a session under a key that a session of the layers before it has.
pub(crate) const fn check<C: Onion, M: Middleware>() {
    if !matches!(M::SESSIONS, Keys::None)
        && let Some(conflict) = among::<C>(&M::SESSIONS)
    {
        conflict.refuse();
    }
}

/// The same for the layers around a controller.
pub(crate) const fn check_controller<C: Onion, K: Controller>() {
    if !matches!(K::Around::SESSIONS, Keys::None)
        && let Some(conflict) = among::<C>(&Keys::inside(&K::Around::SESSIONS))
    {
        conflict.refuse();
    }
}

/// A function of its own, so that nothing is made of the layers before one that provides no session.
const fn among<C: Onion>(added: &Keys) -> Option<Conflict> {
    C::SESSIONS.conflict(added)
}

impl<C, Depth> fmt::Debug for Stack<C, Depth> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stack")
            .field(&std::any::type_name::<C>())
            .finish()
    }
}

impl<C: Onion, Depth: Measured> Middleware for Stack<C, Depth> {
    type Provides = Layers<C, Depth::Front, Depth::Room>;
    type Wiring = C;

    const SESSIONS: Keys = C::SESSIONS;

    fn sessions(&self, found: &mut Found) {
        self.chain.sessions(found);
    }

    const SERVED: Served = C::SERVED;

    fn serve_once<Above: Onion>() {
        C::serve_once::<Above>();
    }

    fn describe(&self) -> Vec<Layer> {
        vec![Layer::group("group", self.chain.describe())]
    }

    fn call<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next<ValueOf<Self>> + 'a,
    {
        self.chain.enter::<(), N>(ctx, next)
    }
}

impl<List> Requires<List, ()> for Identity {}

impl<M, Rest, List, First, Others> Requires<List, (First, Others)> for Chain<M, Rest>
where
    M: Middleware,
    M::Wiring: Requires<List, First>,
    Rest: Requires<<M::Provides as Provision>::Add<List>, Others>,
{
}
