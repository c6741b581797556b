//! The router: the controllers that stand together in an app, behind one matcher. It is the last link of the chain, or a
//! layer of it where other layers follow.

use std::fmt;
use std::future::Future;

use http::Method;

use crate::chain::{Chain, Identity, Onion};
use crate::controller::allowed::answer_unmatched;
use crate::controller::captures::{decoded, is_escaped};
use crate::controller::conflict::Served;
use crate::controller::list::Controllers;
use crate::controller::matcher::{Entry, Matcher};
use crate::controller::{Captures, Controller, PathText};
use crate::describe::{Kind, Layer, owned};
use crate::middleware::{Middleware, Next};
use crate::request::Request;
use crate::session::{Found, Keys};
use crate::wiring::Requires;
use crate::{Context, Result};

/// Controllers, and the matcher that finds their routes.
pub struct Router<Ks> {
    matcher: Matcher,
    controllers: Ks,
}

impl<K: Controller> Router<(Held<K>,)> {
    pub(crate) fn new(controller: K) -> Self {
        let mut matcher = Matcher::default();
        matcher.add(K::ROUTES, 0);
        Self {
            matcher,
            controllers: (Held::new(controller),),
        }
    }
}

impl<Ks: Controllers> Router<Ks> {
    fn with<K: Controller>(mut self, controller: K) -> Router<Ks::With<K>> {
        self.matcher.add(K::ROUTES, Ks::COUNT);
        Router {
            matcher: self.matcher,
            controllers: self.controllers.with(controller),
        }
    }

    /// The route of a request, and its parameters.
    #[inline]
    fn find(&self, request: &Request, captures: &mut Captures) -> Result<Option<&Entry>> {
        let path = request.path();
        if is_escaped(path) || request.is_rewritten() {
            return self.find_decoded(request, captures);
        }
        let found = self.matcher.find(request.method(), path, captures);
        captures.shift(request.mounted_bytes());
        Ok(found)
    }

    /// The same where the path that is matched is not the one that came, and has to be kept.
    #[cold]
    fn find_decoded(&self, request: &Request, captures: &mut Captures) -> Result<Option<&Entry>> {
        let path = match decoded(request.path())? {
            PathText::AsItCame => request.path().into(),
            PathText::Decoded(path) => path,
        };
        let found = self.matcher.find(request.method(), &path, captures);
        captures.keep(path);
        Ok(found)
    }

    async fn route<'a, N>(&'a self, ctx: &'a mut Context, next: N) -> Result
    where
        N: Next + 'a,
    {
        let mut captures = Captures::new();
        let Some(entry) = self.find(&ctx.request, &mut captures)? else {
            next.run(ctx).await?;
            // As most are that other layers answer.
            if ctx.response.status() == 200 && *ctx.method() != Method::OPTIONS {
                return Ok(());
            }
            return answer_unmatched(ctx, &self.matcher);
        };
        ctx.request.matched(entry.route);
        self.controllers
            .call(entry.controller, entry.index, &captures, ctx)
            .await
    }
}

impl<Ks: Controllers> Router<Ks> {
    fn described(&self) -> Vec<Layer> {
        self.controllers.describe()
    }
}

impl<Ks> fmt::Debug for Router<Ks> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = self.matcher.entries().iter();
        f.debug_list()
            .entries(routes.map(|entry| (entry.route.verb, entry.route.path)))
            .finish()
    }
}

/// A layer of routes: other requests go to the next one.
impl<Ks: Controllers> Middleware for Router<Ks> {
    type Provides = ();
    type Wiring = Ks;

    const SESSIONS: Keys = Ks::SESSIONS;

    fn sessions(&self, found: &mut Found) {
        self.controllers.sessions(found);
    }
    const SERVED: Served = Ks::SERVED;

    fn describe(&self) -> Vec<Layer> {
        self.described()
    }

    fn call<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next + 'a,
    {
        self.route(ctx, next)
    }
}

/// The router as the last link of a chain, where it takes further controllers.
#[derive(Debug)]
pub struct Routed<Ks>(Router<Ks>);

impl<K: Controller> Routed<(Held<K>,)> {
    pub(crate) fn new(controller: K) -> Self {
        Self(Router::new(controller))
    }
}

impl<Ks: Controllers> Onion for Routed<Ks> {
    const SERVED: Served = Ks::SERVED;

    type Last<V: Send + Sync + 'static> = ();
    type Below<List> = List;
    type With<M: Middleware> = Chain<Router<Ks>, Chain<M, Identity>>;
    type WithController<K: Controller> = Routed<Ks::With<K>>;

    const SESSIONS: Keys = Ks::SESSIONS;

    fn sessions(&self, found: &mut Found) {
        self.0.controllers.sessions(found);
    }

    fn with<M: Middleware>(self, middleware: M) -> Self::With<M> {
        Chain::new(self.0, Identity.with(middleware))
    }

    fn with_controller<K: Controller>(self, controller: K) -> Self::WithController<K> {
        Routed(self.0.with(controller))
    }

    fn describe(&self) -> Vec<Layer> {
        self.0.described()
    }

    fn serve_once<Above: Onion>() {
        Ks::serve_once::<Above>();
    }

    fn enter<'a, V, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        V: Send + Sync + 'static,
        N: Next + 'a,
    {
        self.0.route(ctx, next)
    }
}

impl<Ks, List, Indices> Requires<List, Indices> for Routed<Ks> where Ks: Requires<List, Indices> {}

/// A controller in a router, and the layers around its routes.
pub struct Held<K: Controller> {
    controller: K,
    around: K::Around,
    around_one: K::AroundOne,
}

impl<K: Controller> Held<K> {
    pub(super) fn new(controller: K) -> Self {
        let (around, around_one) = K::layers();
        Self {
            controller,
            around,
            around_one,
        }
    }

    pub(super) fn describe(&self) -> Layer {
        let routes = K::ROUTES.iter().map(|route| {
            let mut requires = owned(route.takes);
            requires.extend(route.layers.iter().map(|layer| format!("with {layer}")));
            Layer {
                kind: Kind::Route,
                name: format!("{} {}", route.verb, route.path),
                requires,
                place: Some(route.place),
                route: Some(route),
                ..Layer::default()
            }
        });
        let around = self.around.describe();
        let provides = around.iter().flat_map(|layer| layer.provides.clone());
        Layer {
            kind: Kind::Controller,
            name: match around.as_slice() {
                [] => K::NAME.to_owned(),
                layers => {
                    let names: Vec<_> = layers.iter().map(|layer| layer.name.as_str()).collect();
                    format!("{} with {}", K::NAME, names.join(", "))
                }
            },
            provides: provides.collect(),
            requires: around
                .iter()
                .flat_map(|layer| layer.requires.clone())
                .collect(),
            place: Some(K::PLACE),
            inside: routes.collect(),
            ..Layer::default()
        }
    }

    pub(super) fn sessions(&self, found: &mut Found) {
        found.inside(|found| self.around.sessions(found));
    }

    pub(super) fn call<'a>(
        &'a self,
        route: usize,
        captures: &'a Captures,
        ctx: &'a mut Context,
    ) -> impl Future<Output = Result> + Send + 'a {
        let inside = Inside {
            held: self,
            route,
            captures,
        };
        self.around.enter::<(), _>(ctx, inside)
    }
}

impl<K: Controller> fmt::Debug for Held<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<K>())
    }
}

/// A route, inside the layers of its controller.
struct Inside<'c, K: Controller> {
    held: &'c Held<K>,
    route: usize,
    captures: &'c Captures,
}

impl<K: Controller, T: Send + Sync + 'static> Next<T> for Inside<'_, K> {
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
        let Held {
            controller,
            around_one,
            ..
        } = self.held;
        controller.run(around_one, self.route, self.captures, ctx)
    }
}

/// A route, inside the layers that are around it alone.
#[derive(Debug)]
pub struct Handler<'c, K> {
    controller: &'c K,
    route: usize,
    captures: &'c Captures,
}

impl<'c, K: Controller> Handler<'c, K> {
    /// What the layers of a route run as their `next`.
    #[must_use]
    pub fn new(controller: &'c K, route: usize, captures: &'c Captures) -> Self {
        Self {
            controller,
            route,
            captures,
        }
    }

    /// Runs the handler of a route that has no layers.
    pub fn alone<'a>(self, ctx: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        'c: 'a,
    {
        Next::<()>::go(self, ctx)
    }

    /// Runs the handler inside `layers`.
    pub fn inside<'a, C: Onion>(
        self,
        layers: &'a C,
        ctx: &'a mut Context,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        'c: 'a,
    {
        layers.enter::<(), _>(ctx, self)
    }
}

impl<K: Controller, T: Send + Sync + 'static> Next<T> for Handler<'_, K> {
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
        self.controller.handle(self.route, self.captures, ctx)
    }
}

/// Layers as they stand in `with(..)`, as a chain.
pub trait Layered {
    /// The chain.
    type Chain: Onion;

    /// Makes it.
    fn chain(self) -> Self::Chain;
}

/// The chain of the layers in a tuple.
pub type Around<T> = <T as Layered>::Chain;

/// Makes a chain of the layers in a tuple.
pub fn around<T: Layered>(layers: T) -> T::Chain {
    layers.chain()
}

macro_rules! layered {
    ($($name:ident),*) => {
        impl<$($name: Middleware),*> Layered for ($($name,)*) {
            type Chain = layered!(@type $($name)*);

            #[allow(non_snake_case, reason = "a value is named like its type")]
            fn chain(self) -> Self::Chain {
                let ($($name,)*) = self;
                layered!(@value $($name)*)
            }
        }
    };
    (@type) => { Identity };
    (@type $first:ident $($rest:ident)*) => { Chain<$first, layered!(@type $($rest)*)> };
    (@value) => { Identity };
    (@value $first:ident $($rest:ident)*) => { Chain::new($first, layered!(@value $($rest)*)) };
}

layered!();
layered!(A);
layered!(A, B);
layered!(A, B, C);
layered!(A, B, C, D);
layered!(A, B, C, D, E);
layered!(A, B, C, D, E, F);

/// What the layers of a controller, or of a route, ask for; and what is provided inside them.
pub trait Inner<List> {
    /// The list inside.
    type List;
}

impl<C: Onion, List> Inner<List> for C {
    type List = C::Below<List>;
}
