//! Where the composition is cut, so that any number of layers compiles.
//!
//! Each layer's future holds the next one's inline, and the compiler follows that nesting with a depth limit of its
//! own: past some 20 layers it gives up. So the layers stand in segments of at most sixteen, and what follows a
//! segment runs in a box: one allocation a request for each segment but the first.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::chain::{Identity, Onion};
use crate::controller::Controller;
use crate::controller::conflict::Served;
use crate::describe::Layer;
use crate::middleware::{Middleware, Next};
use crate::session::{Found, Keys};
use crate::wiring::Requires;
use crate::{Context, Result};

/// The segments `Before`, and a last one, `Layers`.
#[derive(Clone)]
pub struct Segment<Before, Layers> {
    before: Before,
    layers: Layers,
}

impl<Before> Segment<Before, Identity> {
    pub(super) fn after(before: Before) -> Self {
        Self {
            before,
            layers: Identity,
        }
    }
}

impl<Before, Layers> fmt::Debug for Segment<Before, Layers> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<Self>())
    }
}

impl<Before: Onion, Layers: Onion> Onion for Segment<Before, Layers> {
    const SERVED: Served = Served::Both(&Before::SERVED, &Layers::SERVED);

    type Last<V: Send + Sync + 'static> = Layers::Last<Before::Last<V>>;
    type Below<List> = Layers::Below<Before::Below<List>>;
    type With<M: Middleware> = Segment<Before, Layers::With<M>>;
    type WithController<K: Controller> = Segment<Before, Layers::WithController<K>>;

    const SESSIONS: Keys = Keys::both(&Before::SESSIONS, &Layers::SESSIONS);

    fn sessions(&self, found: &mut Found) {
        self.before.sessions(found);
        self.layers.sessions(found);
    }

    fn with<M: Middleware>(self, middleware: M) -> Self::With<M> {
        Segment {
            before: self.before,
            layers: self.layers.with(middleware),
        }
    }

    fn with_controller<K: Controller>(self, controller: K) -> Self::WithController<K> {
        Segment {
            before: self.before,
            layers: self.layers.with_controller(controller),
        }
    }

    fn describe(&self) -> Vec<Layer> {
        let mut layers = self.before.describe();
        layers.extend(self.layers.describe());
        layers
    }

    fn serve_once<Above: Onion>() {
        Before::serve_once::<Above>();
        Layers::serve_once::<Above>();
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
        let layers = &self.layers;
        self.before.enter::<V, _>(ctx, Boxed { layers, next })
    }
}

impl<Before, Layers, List, Outer, Inner> Requires<List, (Outer, Inner)> for Segment<Before, Layers>
where
    Before: Onion + Requires<List, Outer>,
    Layers: Requires<Before::Below<List>, Inner>,
{
}

/// A segment and what follows it, to be run in a box.
struct Boxed<'c, Layers, N> {
    layers: &'c Layers,
    next: N,
}

impl<Layers, N, T> Next<T> for Boxed<'_, Layers, N>
where
    Layers: Onion,
    T: Send + Sync + 'static,
    N: Next<Layers::Last<T>>,
{
    fn provide<'a>(self, ctx: &'a mut Context, value: T) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        ctx.provided.push(value);
        Next::<T>::go(self, ctx)
    }

    fn go<'a>(self, ctx: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        let future: Pin<Box<dyn Future<Output = Result> + Send + 'a>> =
            Box::pin(self.layers.enter::<T, N>(ctx, self.next));
        future
    }
}
