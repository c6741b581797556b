//! A layer of the onion, and what it is handed to run the layers below it.

use std::fmt;
use std::future::{Future, ready};
use std::marker::PhantomData;

use crate::chain::Onion;
use crate::controller::conflict::Served;
use crate::describe::{About, Layer};
use crate::session::{Found, Keys};
use crate::wiring::Provision;
#[cfg(doc)]
use crate::wiring::Requires;
use crate::{Context, Result};

/// What a middleware hands to the layers below it: `()` for most, `T` for one that provides `(T,)`.
pub(crate) type ValueOf<M> = <<M as Middleware>::Provides as Provision>::Value;

/// A layer of the onion: it runs before the layers below it, runs them, and runs on after them.
///
/// Written with [`#[middleware]`](macro@crate::middleware); by hand only where a macro does not reach.
/// The counterpart of a Koa middleware function, `async (ctx, next) => {}`:
/// <https://koajs.com/#cascading>.
///
/// # By hand
///
/// ```
/// use koa::prelude::*;
///
/// struct Powered(&'static str);
///
/// impl Middleware for Powered {
///     type Provides = ();
///     type Wiring = Self;
///
///     async fn call<'a, N: Next + 'a>(&'a self, ctx: &'a mut Context, next: N) -> Result {
///         next.run(ctx).await?;
///         ctx.set("X-Powered-By", self.0)
///     }
/// }
///
/// /// It asks for nothing, so it may stand anywhere.
/// impl<Above> koa::Requires<Above, ()> for Powered {}
///
/// let app = App::new().with(Powered("koa"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a middleware",
    label = "not a middleware",
    note = "write `#[middleware]` on the `async fn`, or on an `impl` block with an `async fn call`, \
            and pass its name"
)]
pub trait Middleware: Send + Sync + 'static {
    /// What it hands to the layers below it: `()` for nothing, `(T,)` for a `T`.
    type Provides: Provision;

    /// The type whose [`Requires`] says what it asks of the layers above: `Self`.
    type Wiring;

    /// What the macro says of it.
    #[doc(hidden)]
    const ABOUT: About = About::nothing();

    /// The sessions that it provides, and the layers inside it, as far as their types say it.
    #[doc(hidden)]
    const SESSIONS: Keys = Keys::None;

    /// The same as it is when the app starts.
    #[doc(hidden)]
    fn sessions(&self, found: &mut Found) {
        let _ = found;
    }
    /// The routes of the controllers in it, as far as the compiler knows their paths.
    #[doc(hidden)]
    const SERVED: Served = Served::Nothing;

    /// Refuses, when compiling, a route in it that is served above.
    #[doc(hidden)]
    fn serve_once<Above: Onion>() {}

    /// What it is for [`App::describe`](crate::App::describe), and what is inside it.
    #[doc(hidden)]
    fn describe(&self) -> Vec<Layer> {
        vec![Layer::middleware::<Self>(
            Self::ABOUT,
            Self::Provides::name(),
        )]
    }

    /// Answers the request, or runs `next` and does something before or after it.
    ///
    /// # Errors
    ///
    /// Whatever it fails with travels up through the layers above, as a rejected promise does in Koa.
    fn call<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next<ValueOf<Self>> + 'a;
}

/// A middleware that [`#[middleware]`](macro@crate::middleware) made of a function.
///
/// What is put into an app is a function of its name, `fn logger() -> logger`, since that leaves the name free for
/// variables: a constant or a unit struct would not.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this function is not a middleware",
    label = "not a middleware",
    note = "write `#[middleware]` on the `async fn`"
)]
pub trait Declared: Send + Sync + 'static {
    type Provides: Provision;

    /// What the macro says of it.
    const ABOUT: About = About::nothing();

    fn call<'a, N>(ctx: &'a mut Context, next: N) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next<<Self::Provides as Provision>::Value> + 'a;
}

/// An `async fn logger(..)` with `#[middleware]` on it is put into an app by its name: `.with(logger)`.
#[diagnostic::do_not_recommend]
impl<F, D> Middleware for F
where
    F: Fn() -> D + Send + Sync + 'static,
    D: Declared,
{
    type Provides = D::Provides;
    type Wiring = D;

    const ABOUT: About = D::ABOUT;

    fn call<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next<ValueOf<Self>> + 'a,
    {
        D::call(ctx, next)
    }
}

/// The same as a layer whose type can be named: that of `with(logger)` on a controller.
#[doc(hidden)]
pub struct Of<D>(PhantomData<fn() -> D>);

impl<D> Of<D> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<D> fmt::Debug for Of<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<D>())
    }
}

impl<D: Declared> Middleware for Of<D> {
    type Provides = D::Provides;
    type Wiring = D;

    const ABOUT: About = D::ABOUT;

    fn call<'a, N>(
        &'a self,
        ctx: &'a mut Context,
        next: N,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        N: Next<ValueOf<Self>> + 'a,
    {
        D::call(ctx, next)
    }
}

/// The layers below a middleware, ready to be run once.
///
/// Running them consumes the value, so running them twice, which Koa finds out at run time, does not compile.
/// A middleware that takes `impl Next<T>` provides a `T`: it can only go on by handing one over.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the rest of an onion",
    note = "the parameter `next` of a middleware is written `next: impl Next`, or `next: impl Next<T>` where \
            it provides a `T`"
)]
pub trait Next<T = ()>: Send + Sized {
    /// Runs the layers below. Koa's `await next()`.
    ///
    /// # Errors
    ///
    /// What the layers below failed with.
    fn run<'a>(self, ctx: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
        T: ProvidesNothing,
    {
        self.go(ctx)
    }

    /// Runs the layers below with `value`, which they may ask for by its type.
    ///
    /// # Errors
    ///
    /// What the layers below failed with.
    fn provide<'a>(
        self,
        ctx: &'a mut Context,
        value: T,
    ) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a;

    /// Runs the layers below; what they are given has been put on the context.
    #[doc(hidden)]
    fn go<'a>(self, ctx: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a;

    /// As [`provide`](Self::provide), and gives the value back as the layers below have left it: for a middleware that
    /// stores what it provides.
    ///
    /// It is `None` only where `next` is the end of a mount or a group, which hands nothing on.
    ///
    /// ```
    /// use koa::prelude::*;
    ///
    /// struct Visits(u32);
    ///
    /// #[middleware]
    /// async fn visits(ctx: &mut Context, next: impl Next<Visits>) -> Result {
    ///     let (result, visits) = next.lend(ctx, Visits(0)).await;
    ///     if let Some(visits) = visits {
    ///         ctx.set("X-Visits", visits.0)?;
    ///     }
    ///     result
    /// }
    ///
    /// #[middleware]
    /// async fn visit(visits: &mut Visits) -> &'static str {
    ///     visits.0 += 1;
    ///     "Hello"
    /// }
    ///
    /// let app = App::new().with(visits).with(visit);
    /// ```
    fn lend<'a>(
        self,
        ctx: &'a mut Context,
        value: T,
    ) -> impl Future<Output = (Result, Option<T>)> + Send + 'a
    where
        Self: 'a,
        T: Send + Sync + 'static,
    {
        async move {
            let at = ctx.provided.len();
            let result = self.provide(ctx, value).await;
            let value = ctx.provided.take_at(at).map(|value| *value);
            ctx.provided.truncate(at);
            (result, value)
        }
    }
}

/// That a middleware provides nothing: the `()` of `impl Next<()>`.
#[diagnostic::on_unimplemented(
    message = "this middleware provides `{Self}`, so `next` cannot run without one",
    label = "hands over no `{Self}`",
    note = "write `next.provide(ctx, value).await` with a `{Self}`; or, if it provides nothing, declare \
            `next: impl Next`"
)]
pub trait ProvidesNothing: sealed::Sealed {}

impl ProvidesNothing for () {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
}

/// The end of the chain: nothing is left to run, as after the last middleware of a Koa app.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done;

impl<T> Next<T> for Done {
    fn provide<'a>(self, ctx: &'a mut Context, _: T) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        Next::<T>::go(self, ctx)
    }

    fn go<'a>(self, _: &'a mut Context) -> impl Future<Output = Result> + Send + 'a
    where
        Self: 'a,
    {
        ready(Ok(()))
    }
}
