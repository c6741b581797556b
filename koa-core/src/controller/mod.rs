//! Controllers: routes declared on the methods of a struct, found by one matcher, called by index.
//!
//! [`matcher`] finds a route, [`captures`] says what its parameters are, [`list`] calls the controller that has it,
//! [`router`] is the link of the chain that does all this, [`conflict`] refuses what is served twice. What a handler's
//! arguments are taken from stands in `extract`.

mod allowed;
mod beginnings;
pub(crate) mod captures;
pub(crate) mod conflict;
mod list;
pub(crate) mod matcher;
mod route;
pub(crate) mod router;

use std::future::Future;

use crate::chain::Onion;
use crate::{Context, Result};

pub use captures::Captures;
use captures::PathText;

pub use route::{Place, Route, Verb};
pub(crate) use router::{Held, Routed};

/// Routes on the methods of a struct, whose fields are its services: [`#[controller]`](macro@crate::controller) makes
/// one of an `impl` block. Egg's `Controller`, with its routes beside it.
///
/// It is put into an app with [`App::controller`](crate::App::controller).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a controller",
    label = "not a controller",
    note = "write `#[controller(\"/prefix\")]` on an `impl` block of it"
)]
pub trait Controller: Send + Sync + Sized + 'static {
    /// Its name.
    #[doc(hidden)]
    const NAME: &'static str;

    /// Where it stands.
    #[doc(hidden)]
    const PLACE: Place;

    /// The routes, by the index under which they are called.
    #[doc(hidden)]
    const ROUTES: &'static [Route];

    /// The layers around all routes.
    #[doc(hidden)]
    type Around: Onion;

    /// The layers around single routes.
    #[doc(hidden)]
    type AroundOne: Send + Sync + 'static;

    #[doc(hidden)]
    fn layers() -> (Self::Around, Self::AroundOne);

    /// Refuses, when compiling, a route that a controller above serves.
    #[doc(hidden)]
    fn serve_once<Above: Onion>() {}

    /// Runs a route with the layers that are around it alone.
    #[doc(hidden)]
    fn run<'a>(
        &'a self,
        layers: &'a Self::AroundOne,
        route: usize,
        captures: &'a Captures,
        ctx: &'a mut Context,
    ) -> impl Future<Output = Result> + Send + 'a {
        let _ = layers;
        self.handle(route, captures, ctx)
    }

    /// Runs the handler of a route.
    #[doc(hidden)]
    fn handle<'a>(
        &'a self,
        route: usize,
        captures: &'a Captures,
        ctx: &'a mut Context,
    ) -> impl Future<Output = Result> + Send + 'a;
}
