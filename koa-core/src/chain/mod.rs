//! The composition: a value of one concrete type that holds every layer, so that a request runs through a single
//! state machine. What lives here is the shape; what a layer is stands in `middleware`, what it may ask for in `wiring`.

mod boxed;
mod depth;
mod group;
mod mount;
mod scope;
mod segment;
mod stack;

use std::fmt;
use std::future::Future;

use crate::controller::conflict::Served;
use crate::controller::{Controller, Held, Routed};
use crate::describe::Layer;
use crate::middleware::{Middleware, Next, ProvidesNothing, ValueOf};
use crate::session::{Found, Keys};
#[cfg(feature = "tracing")]
use crate::spans::InLayer;
use crate::wiring::Provision;
use crate::{Context, Result};

pub use boxed::BoxMiddleware;
pub(crate) use depth::{Fifteen, Holds, HoldsRoutes, One, Shallow};
pub use group::Group;
pub(crate) use mount::Inside;
pub use mount::Mount;
pub(crate) use segment::Segment;
pub use stack::Stack;
pub(crate) use stack::{Deeper, Grown, WithRoutes, check, check_controller};

/// Layers in their order, ready to be run in front of whatever follows.
///
/// Of use only to name what a function returns: [`Group<impl Onion>`](Group).
pub trait Onion: Send + Sync + Sized + 'static {
    /// What the last layer hands on, where the layers were handed a `V`.
    #[doc(hidden)]
    type Last<V: Send + Sync + 'static>: Send + Sync + 'static;

    /// `List` with what all the layers provide.
    #[doc(hidden)]
    type Below<List>;

    /// The routes in the layers, as far as the compiler knows their paths: without those in mounts.
    #[doc(hidden)]
    const SERVED: Served;

    /// The layers with `M` inside them.
    #[doc(hidden)]
    type With<M: Middleware>: Onion;

    /// The layers with the routes of `K` inside them.
    #[doc(hidden)]
    type WithController<K: Controller>: Onion;

    /// The sessions that the layers provide, as far as their types say it.
    #[doc(hidden)]
    const SESSIONS: Keys;

    /// The same as it is when the app starts.
    #[doc(hidden)]
    fn sessions(&self, found: &mut Found);

    /// Adds a layer inside the others.
    #[doc(hidden)]
    fn with<M: Middleware>(self, middleware: M) -> Self::With<M>;

    /// Adds routes inside the layers, to those that stand there already.
    #[doc(hidden)]
    fn with_controller<K: Controller>(self, controller: K) -> Self::WithController<K>;

    /// What the layers are, from the outside in.
    #[doc(hidden)]
    fn describe(&self) -> Vec<Layer>;

    /// Refuses, when compiling, a route in these layers that is served above.
    #[doc(hidden)]
    fn serve_once<Above: Onion>();

    /// Runs the layers, and `next` after them. What the layer above them provides, a `V`, is on the context.
    #[doc(hidden)]
    fn enter<'a, V, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        V: Send + Sync + 'static,
        N: Next<Self::Last<V>> + 'a;
}

/// No layers: what follows is run at once.
#[derive(Debug, Clone, Copy)]
pub struct Identity;

impl Onion for Identity {
    const SERVED: Served = Served::Nothing;

    type Last<V: Send + Sync + 'static> = V;
    type Below<List> = List;
    type With<M: Middleware> = Chain<M, Self>;
    type WithController<K: Controller> = Routed<(Held<K>,)>;

    const SESSIONS: Keys = Keys::None;

    fn sessions(&self, _: &mut Found) {}

    fn with<M: Middleware>(self, middleware: M) -> Chain<M, Self> {
        Chain::new(middleware, self)
    }

    fn with_controller<K: Controller>(self, controller: K) -> Routed<(Held<K>,)> {
        Routed::new(controller)
    }

    fn describe(&self) -> Vec<Layer> {
        Vec::new()
    }

    fn serve_once<Above: Onion>() {}

    fn enter<'a, V, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        V: Send + Sync + 'static,
        N: Next<V> + 'a,
    {
        next.go(ctx)
    }
}

/// The layer `M`, and the layers `Rest` inside it.
///
/// Nested to the right, so that what a layer is handed as `next` is one reference, however many layers follow.
#[derive(Clone)]
pub struct Chain<M, Rest> {
    layer: M,
    rest: Rest,
}

impl<M, Rest> Chain<M, Rest> {
    pub(crate) fn new(layer: M, rest: Rest) -> Self {
        Self { layer, rest }
    }
}

impl<M, Rest> fmt::Debug for Chain<M, Rest> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<Self>())
    }
}

// The functions that run the next layer are no `async fn`s: a frame of its own for each of them would halve the depth
// that compiles.
impl<M: Middleware, Rest: Onion> Onion for Chain<M, Rest> {
    const SERVED: Served = Served::Both(&M::SERVED, &Rest::SERVED);

    type Last<V: Send + Sync + 'static> = Rest::Last<ValueOf<M>>;
    type Below<List> = Rest::Below<<M::Provides as Provision>::Add<List>>;
    type With<K: Middleware> = Chain<M, Rest::With<K>>;
    type WithController<K: Controller> = Chain<M, Rest::WithController<K>>;

    const SESSIONS: Keys = Keys::both(&M::SESSIONS, &Rest::SESSIONS);

    fn sessions(&self, found: &mut Found) {
        self.layer.sessions(found);
        self.rest.sessions(found);
    }

    fn with<K: Middleware>(self, middleware: K) -> Self::With<K> {
        Chain::new(self.layer, self.rest.with(middleware))
    }

    fn with_controller<K: Controller>(self, controller: K) -> Self::WithController<K> {
        Chain::new(self.layer, self.rest.with_controller(controller))
    }

    fn describe(&self) -> Vec<Layer> {
        let mut layers = self.layer.describe();
        layers.extend(self.rest.describe());
        layers
    }

    fn serve_once<Above: Onion>() {
        M::serve_once::<Above>();
        Rest::serve_once::<Above>();
    }

    fn enter<'a, V, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        V: Send + Sync + 'static,
        N: Next<Self::Last<V>> + 'a,
    {
        let layers = &self.rest;
        #[cfg(feature = "tracing")]
        return InLayer::<M, _>::new(self.layer.call(ctx, Inner { layers, next }));
        #[cfg(not(feature = "tracing"))]
        self.layer.call(ctx, Inner { layers, next })
    }
}

/// The layers inside a layer, and what follows them: its `next`.
struct Inner<'c, Layers, N> {
    layers: &'c Layers,
    next: N,
}

// `run` and `provide` do not go through `go`: the compiler would have to follow one future more for each layer.
impl<Layers, N, T> Next<T> for Inner<'_, Layers, N>
where
    Layers: Onion,
    T: Send + Sync + 'static,
    N: Next<Layers::Last<T>>,
{
    fn run<'a>(self, ctx: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
        T: ProvidesNothing,
    {
        self.layers.enter::<T, N>(ctx, self.next)
    }

    fn provide<'a>(self, ctx: &'a mut Context, value: T) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        ctx.provided.push(value);
        self.layers.enter::<T, N>(ctx, self.next)
    }

    fn go<'a>(self, ctx: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        self.layers.enter::<T, N>(ctx, self.next)
    }
}
