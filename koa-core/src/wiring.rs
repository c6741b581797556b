//! What upstream provides and what a layer asks for, checked by the compiler.
//!
//! The list of what has been provided so far is a type: [`Above<User, Above<Session, Nothing>>`](Above). What a
//! middleware asks for in its signature becomes bounds on that list, checked where it is put into the app.

use std::fmt;
use std::marker::PhantomData;

use crate::chain::{Fifteen, One, Onion};
#[cfg(doc)]
use crate::middleware::Middleware;
use crate::session::Session;

/// The empty list: nothing has been provided yet.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

/// A list of what has been provided: a `T`, the last of them, and before it what `Rest` says.
pub struct Above<T, Rest>(PhantomData<fn() -> (T, Rest)>);

/// Like [`Above`], for a value of the whole app ([`App::context`](crate::App::context)): all requests share it, so
/// it can be read and not changed.
pub struct Shared<T, Rest>(PhantomData<fn() -> (T, Rest)>);

impl<T, Rest> fmt::Debug for Above<T, Rest> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Above")
    }
}

impl<T, Rest> fmt::Debug for Shared<T, Rest> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

/// The list `Self` has a `T`, so that a handler may take `&T`.
///
/// Implemented for every list that has one; `Index` says where, and is inferred.
#[diagnostic::on_unimplemented(
    message = "nothing above this point provides `{T}`",
    label = "needs `{T}`; provided so far: `{Self}`",
    note = "put a middleware that provides `{T}` (one with `next: impl Next<{T}>`) before this one, with `.with(..)`",
    note = "a `#[session]` struct is provided by its own `middleware()`, a value of the whole app with `.context(..)`"
)]
pub trait Provides<T, Index> {}

#[diagnostic::do_not_recommend]
impl<List: Has<T, Index>, T, Index> Provides<T, Index> for List {}

/// The list `Self` has a `T` of this request's own, so that a handler may take `&mut T` and a middleware
/// [`Slot<T>`].
#[diagnostic::on_unimplemented(
    message = "nothing above this point provides `{T}` for this request",
    label = "needs `{T}`; provided so far: `{Self}`",
    note = "put a middleware that provides `{T}` (one with `next: impl Next<{T}>`) before this one, with `.with(..)`",
    note = "a `#[session]` struct is provided by its own `middleware()`",
    note = "a value given with `.context(..)` belongs to the whole app and can only be taken as `&{T}`"
)]
pub trait ProvidesMut<T, Index> {}

#[diagnostic::do_not_recommend]
impl<List: HasMut<T, Index>, T, Index> ProvidesMut<T, Index> for List {}

/// Where in a list something stands: first.
#[derive(Debug)]
pub struct Here;

/// Where in a list something stands: at `I` of the rest.
#[derive(Debug)]
pub struct There<I>(PhantomData<I>);

/// Where in a list something stands: first, inside a session.
#[derive(Debug)]
pub struct Inside;

/// The search behind [`Provides`].
pub trait Has<T, Index> {}
impl<T, Rest> Has<T, Here> for Above<T, Rest> {}
impl<T, Rest> Has<T, Here> for Shared<T, Rest> {}
impl<T, Rest> Has<T, Inside> for Above<Session<T>, Rest> {}
impl<T, I, Head, Rest: Has<T, I>> Has<T, There<I>> for Above<Head, Rest> {}
impl<T, I, Head, Rest: Has<T, I>> Has<T, There<I>> for Shared<Head, Rest> {}

/// The search behind [`ProvidesMut`].
pub trait HasMut<T, Index> {}
impl<T, Rest> HasMut<T, Here> for Above<T, Rest> {}
impl<T, Rest> HasMut<T, Inside> for Above<Session<T>, Rest> {}
impl<T, I, Head, Rest: HasMut<T, I>> HasMut<T, There<I>> for Above<Head, Rest> {}
impl<T, I, Head, Rest: HasMut<T, I>> HasMut<T, There<I>> for Shared<Head, Rest> {}

/// What a layer's [`Wiring`](Middleware::Wiring) asks for, where `List` has been provided.
///
/// [`#[middleware]`](macro@crate::middleware) implements it with one bound for each thing in the signature; by hand it
/// is one line, for a layer that asks for nothing: `impl<List> Requires<List, ()> for MyLayer {}`. `Indices` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it asks for",
    note = "for a layer that asks for nothing, write `impl<List> koa::Requires<List, ()> for {Self} {{}}`"
)]
pub trait Requires<List, Indices> {}

/// What a middleware provides, as its type says it: `()` for nothing, `(T,)` for a `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what a middleware provides",
    note = "write `type Provides = ();` for nothing, `type Provides = (T,);` for a `T`"
)]
pub trait Provision {
    /// What `next.provide(ctx, ..)` takes.
    type Value: Send + Sync + 'static;

    /// `List` with what is provided added to it.
    type Add<List>;

    /// The name of the type that is provided.
    #[doc(hidden)]
    #[must_use]
    fn name() -> Option<&'static str> {
        None
    }

    /// How many futures deep the layer nests before it meets a box.
    #[doc(hidden)]
    type Depth;

    /// How many layers more fit behind this one, when it is the first after a box.
    #[doc(hidden)]
    type Fresh;
}

impl Provision for () {
    type Value = ();
    type Add<List> = List;
    type Depth = One;
    type Fresh = Fifteen;
}

impl<T: Send + Sync + 'static> Provision for (T,) {
    type Value = T;
    type Add<List> = Above<T, List>;
    type Depth = One;
    type Fresh = Fifteen;

    fn name() -> Option<&'static str> {
        Some(std::any::type_name::<T>())
    }
}

/// What a stack of layers provides: whatever its layers do.
#[doc(hidden)]
#[allow(
    clippy::type_complexity,
    reason = "three markers are no simpler for a name of their own"
)]
pub struct Layers<C, Depth, Fresh>(PhantomData<fn() -> (C, Depth, Fresh)>);

impl<C, Depth, Fresh> fmt::Debug for Layers<C, Depth, Fresh> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layers")
    }
}

impl<C: Onion, Depth, Fresh> Provision for Layers<C, Depth, Fresh> {
    type Value = C::Last<()>;
    type Add<List> = C::Below<List>;
    type Depth = Depth;
    type Fresh = Fresh;
}

/// What a group or a box asks for, as a tuple of up to six: `Slot<T>` or `&'static mut T` for a `T` of the request's own,
/// `&'static T` for one that may as well be the whole app's.
pub trait Asks: 'static {
    /// The same as a list.
    #[doc(hidden)]
    type List;
}

/// One thing that is asked for.
#[doc(hidden)]
pub trait Ask: 'static {
    type Add<List>;
}

impl<T: 'static> Ask for Slot<T> {
    type Add<List> = Above<T, List>;
}

impl<T: 'static> Ask for &'static mut T {
    type Add<List> = Above<T, List>;
}

impl<T: 'static> Ask for &'static T {
    type Add<List> = Shared<T, List>;
}

/// The list `Self` has all that `A` asks for.
#[doc(hidden)]
pub trait Answers<A, Indices> {}

/// The list `Self` has the one thing that `A` asks for.
#[doc(hidden)]
pub trait AnswersOne<A, Index> {}

impl<T, Index, List: ProvidesMut<T, Index>> AnswersOne<Slot<T>, Index> for List {}
impl<T, Index, List: ProvidesMut<T, Index>> AnswersOne<&'static mut T, Index> for List {}
impl<T, Index, List: Provides<T, Index>> AnswersOne<&'static T, Index> for List {}

macro_rules! asks {
    ($($ask:ident $index:ident),*) => {
        impl<$($ask: Ask),*> Asks for ($($ask,)*) {
            type List = asks!(@list $($ask)*);
        }

        impl<List, $($ask, $index),*> Answers<($($ask,)*), ($($index,)*)> for List
        where
            $(List: AnswersOne<$ask, $index>,)*
        {
        }
    };
    (@list) => { Nothing };
    (@list $first:ident $($rest:ident)*) => { $first::Add<asks!(@list $($rest)*)> };
}

asks!();
asks!(A I);
asks!(A I, B J);
asks!(A I, B J, C K);
asks!(A I, B J, C K, D L);
asks!(A I, B J, C K, D L, E M);
asks!(A I, B J, C K, D L, E M, F N);

/// The key to a `T` that a middleware above provides: `ctx[slot]`.
///
/// A middleware takes it as an argument, `session: Slot<UserSession>`, which is also its demand for one. It takes no
/// room: the proof is in the type.
///
/// ```
/// use koa::prelude::*;
///
/// #[derive(Debug)]
/// struct Visits(u32);
///
/// #[middleware]
/// async fn count(ctx: &mut Context, next: impl Next<Visits>) -> Result {
///     next.provide(ctx, Visits(0)).await
/// }
///
/// #[middleware]
/// async fn greet(ctx: &mut Context, visits: Slot<Visits>, next: impl Next) -> Result {
///     ctx[visits].0 += 1;
///     next.run(ctx).await
/// }
///
/// let app = App::new().with(count).with(greet);
/// ```
pub struct Slot<T>(PhantomData<fn() -> T>);

impl<T> Slot<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<T> {}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot<{}>", std::any::type_name::<T>())
    }
}
