//! The controllers of a router as one value of a concrete type, asked by index.
//!
//! Eight to a tuple, so that the futures of many controllers nest little: each eight more are one deeper.

use std::future::Future;

use crate::chain::Onion;
use crate::controller::conflict::Served;
use crate::controller::{Captures, Controller, Held};
use crate::describe::Layer;
use crate::session::{Found, Keys};
use crate::wiring::Requires;
use crate::{Context, Result};

/// The controllers of a router.
pub trait Controllers: Send + Sync + Sized + 'static {
    /// Their routes.
    const SERVED: Served;

    /// How many there are.
    const COUNT: usize;

    /// The sessions that the layers around them provide.
    const SESSIONS: Keys;

    /// These and one more.
    type With<K: Controller>: Controllers;

    fn with<K: Controller>(self, controller: K) -> Self::With<K>;

    fn describe(&self) -> Vec<Layer>;

    fn sessions(&self, found: &mut Found);

    /// Refuses, when compiling, a route that is served above.
    fn serve_once<Above: Onion>();

    /// Runs a route of one of them.
    fn call<'a>(
        &'a self,
        controller: usize,
        route: usize,
        captures: &'a Captures,
        ctx: &'a mut Context,
    ) -> impl Future<Output = Result> + Send + 'a;
}

/// Eight controllers, and those after them.
#[derive(Debug)]
pub struct Further<Eight, Rest> {
    eight: Eight,
    rest: Rest,
}

impl<Eight: Controllers, Rest: Controllers> Controllers for Further<Eight, Rest> {
    const SERVED: Served = Served::Both(&Eight::SERVED, &Rest::SERVED);
    const COUNT: usize = Eight::COUNT + Rest::COUNT;
    const SESSIONS: Keys = Keys::both(&Eight::SESSIONS, &Rest::SESSIONS);

    type With<K: Controller> = Further<Eight, Rest::With<K>>;

    fn with<K: Controller>(self, controller: K) -> Self::With<K> {
        Further {
            eight: self.eight,
            rest: self.rest.with(controller),
        }
    }

    fn describe(&self) -> Vec<Layer> {
        let mut controllers = self.eight.describe();
        controllers.extend(self.rest.describe());
        controllers
    }

    fn sessions(&self, found: &mut Found) {
        self.eight.sessions(found);
        self.rest.sessions(found);
    }

    fn serve_once<Above: Onion>() {
        Eight::serve_once::<Above>();
        Rest::serve_once::<Above>();
    }

    async fn call<'a>(
        &'a self,
        controller: usize,
        route: usize,
        captures: &'a Captures,
        ctx: &'a mut Context,
    ) -> Result {
        match controller.checked_sub(Eight::COUNT) {
            None => self.eight.call(controller, route, captures, ctx).await,
            Some(controller) => self.rest.call(controller, route, captures, ctx).await,
        }
    }
}

macro_rules! tuples {
    ($($name:ident $at:tt $index:ident),* => $($next:ident)?) => {
        impl<$($name: Controller),*> Controllers for ($(Held<$name>,)*) {
            const SERVED: Served = tuples!(@served $($name)*);
            const COUNT: usize = [$($at as usize),*].len();
            const SESSIONS: Keys = tuples!(@sessions $($name)*);

            type With<K: Controller> = tuples!(@with [$($name)*] $($next)?);

            fn with<K: Controller>(self, controller: K) -> Self::With<K> {
                let controller = Held::new(controller);
                tuples!(@value self controller [$($at)*] $($next)?)
            }

            fn describe(&self) -> Vec<Layer> {
                vec![$(self.$at.describe()),*]
            }

            fn sessions(&self, found: &mut Found) {
                $(self.$at.sessions(found);)*
            }

            fn serve_once<Above: Onion>() {
                $($name::serve_once::<Above>();)*
            }

            async fn call<'a>(
                &'a self,
                controller: usize,
                route: usize,
                captures: &'a Captures,
                ctx: &'a mut Context,
            ) -> Result {
                match controller {
                    $($at => self.$at.call(route, captures, ctx).await,)*
                    _ => Ok(()),
                }
            }
        }

        #[diagnostic::do_not_recommend]
        impl<List, $($name: Controller + Requires<List, $index>, $index),*>
            Requires<List, ($($index,)*)> for ($(Held<$name>,)*)
        {
        }
    };
    (@sessions) => { Keys::None };
    (@sessions $first:ident $($rest:ident)*) => {
        Keys::both(
            &Keys::inside(&<$first::Around as Onion>::SESSIONS),
            &tuples!(@sessions $($rest)*),
        )
    };
    (@served $last:ident) => { Served::Routes($last::ROUTES) };
    (@served $first:ident $($rest:ident)+) => {
        Served::Both(&Served::Routes($first::ROUTES), &tuples!(@served $($rest)+))
    };
    (@with [$($name:ident)*] $next:ident) => { ($(Held<$name>,)* Held<K>,) };
    (@with [$($name:ident)*]) => { Further<Self, (Held<K>,)> };
    (@value $self:ident $held:ident [$($at:tt)*] $next:ident) => { ($($self.$at,)* $held,) };
    (@value $self:ident $held:ident [$($at:tt)*]) => { Further { eight: $self, rest: ($held,) } };
}

tuples!(A 0 Ia => more);
tuples!(A 0 Ia, B 1 Ib => more);
tuples!(A 0 Ia, B 1 Ib, C 2 Ic => more);
tuples!(A 0 Ia, B 1 Ib, C 2 Ic, D 3 Id => more);
tuples!(A 0 Ia, B 1 Ib, C 2 Ic, D 3 Id, E 4 Ie => more);
tuples!(A 0 Ia, B 1 Ib, C 2 Ic, D 3 Id, E 4 Ie, F 5 If => more);
tuples!(A 0 Ia, B 1 Ib, C 2 Ic, D 3 Id, E 4 Ie, F 5 If, G 6 Ig => more);
tuples!(A 0 Ia, B 1 Ib, C 2 Ic, D 3 Id, E 4 Ie, F 5 If, G 6 Ig, H 7 Ih =>);

#[diagnostic::do_not_recommend]
impl<List, Eight, Rest, First, Others> Requires<List, (First, Others)> for Further<Eight, Rest>
where
    Eight: Requires<List, First>,
    Rest: Requires<List, Others>,
{
}
