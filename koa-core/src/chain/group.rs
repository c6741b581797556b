//! A group whose layers are not named in its type, for functions that return one.

use std::fmt;
use std::marker::PhantomData;

use crate::chain::depth::{Sixteen, Zero};
use crate::chain::scope::{Exit, Scope, Way};
use crate::chain::{Onion, Stack};
use crate::controller::conflict::Served;
use crate::describe::Layer;
use crate::middleware::{Middleware, Next};
use crate::session::{Found, Keys};
use crate::wiring::{Answers, Asks, Provision, Requires};
use crate::{Context, Result};

/// A group of middleware that a function can return: [`Stack::group`] makes it.
///
/// The type of a [`Stack`] names each of its layers, which a signature cannot; that of a `Group` names what the layers
/// ask for, as a tuple (see [`Asks`]), and nothing else. What they provide stays inside.
///
/// ```
/// use koa::prelude::*;
///
/// struct User {
///     name: String,
/// }
///
/// #[middleware]
/// async fn me(user: &User) -> String {
///     user.name.clone()
/// }
///
/// #[middleware]
/// async fn version() -> &'static str {
///     "1.0"
/// }
///
/// /// Asks for nothing.
/// fn public() -> Group<impl Onion> {
///     Stack::new().mount("/version", version).group()
/// }
///
/// /// Asks for a `User`, and may be put where one is provided.
/// fn private() -> Group<impl Onion, (&'static User,)> {
///     Stack::new().mount("/me", me).group()
/// }
///
/// #[middleware]
/// async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
///     next.provide(ctx, User { name: "ada".to_owned() }).await
/// }
///
/// let app = App::new().with(public()).with(signed_in).with(private());
/// ```
///
/// Since its depth is not known, it runs in a box: one allocation for each request that reaches it, and one for each
/// that it hands on.
pub struct Group<C, A = ()> {
    chain: C,
    asks: PhantomData<fn() -> A>,
}

impl<C: Onion, Depth> Stack<C, Depth> {
    /// The group under a type that a function can return, `Group<impl Onion, (..)>`, with what its layers ask for in
    /// the tuple.
    ///
    /// It does not compile where they ask for something that the tuple does not name.
    pub fn group<A, Indices>(self) -> Group<C, A>
    where
        A: Asks,
        C: Requires<A::List, Indices>,
    {
        Group {
            chain: self.chain,
            asks: PhantomData,
        }
    }
}

impl<C, A> fmt::Debug for Group<C, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Group")
            .field(&std::any::type_name::<A>())
            .finish()
    }
}

/// What a group provides to the layers after it: nothing.
#[doc(hidden)]
#[derive(Debug)]
pub struct Unnamed<C>(PhantomData<fn() -> C>);

impl<C> Provision for Unnamed<C> {
    type Value = ();
    type Add<List> = List;
    // As deep as it may be.
    type Depth = Sixteen;
    type Fresh = Zero;
}

impl<C: Onion, A: 'static> Middleware for Group<C, A> {
    type Provides = Unnamed<C>;
    type Wiring = Self;

    const SESSIONS: Keys = Keys::inside(&C::SESSIONS);

    fn sessions(&self, found: &mut Found) {
        found.inside(|found| self.chain.sessions(found));
    }

    const SERVED: Served = C::SERVED;

    fn serve_once<Above: Onion>() {
        C::serve_once::<Above>();
    }

    fn describe(&self) -> Vec<Layer> {
        vec![Layer::group("group", self.chain.describe())]
    }

    async fn call<'a, N>(&'a self, ctx: &'a mut Context, next: N) -> Result
    where
        N: Next + 'a,
    {
        let scope = Scope::enter(ctx, None);
        let mut way = Way::out(next, &scope.outside);
        self.chain.enter::<(), _>(scope.ctx, Exit(&mut way)).await
    }
}

impl<C, A, List, Indices> Requires<List, Indices> for Group<C, A> where List: Answers<A, Indices> {}
