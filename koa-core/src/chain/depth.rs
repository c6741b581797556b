//! How deep the layers nest, counted in types.
//!
//! The room left is counted down from sixteen as layers are added; where it runs out, a new [`Segment`] begins.

use std::marker::PhantomData;

use crate::chain::{Identity, Onion, Segment};
use crate::wiring::Provision;

/// No layer.
#[derive(Debug)]
pub struct Zero;

/// One more than `N`.
#[derive(Debug)]
pub struct Succ<N>(PhantomData<N>);

pub(crate) type One = Succ<Zero>;
type Three = Succ<Succ<One>>;
/// How deep a router is, with its controllers and a few layers around their routes.
type Six = Succ<Succ<Succ<Three>>>;
type Seven = Succ<Six>;
/// What a router leaves of a segment's room.
type Ten = Succ<Succ<Succ<Seven>>>;
pub(crate) type Fifteen = Succ<Succ<Succ<Succ<Succ<Ten>>>>>;
pub(crate) type Sixteen = Succ<Fifteen>;

/// How deep a group of layers is: `Front` layers up to its first box, and room for `Room` more behind its last.
#[derive(Debug)]
pub struct Tally<Front, Room>(PhantomData<fn() -> (Front, Room)>);

/// The tally of no layers.
pub(crate) type Shallow = Tally<Zero, Sixteen>;

/// A tally to which a layer that provides `P` can be added.
pub trait Holds<P> {
    /// The tally with it.
    type After;

    /// The layers so far, closed off by a box if need be.
    type Closed<C: Onion>: Onion;

    fn close<C: Onion>(chain: C) -> Self::Closed<C>;
}

impl<Front, Room, P> Holds<P> for Tally<Front, Room>
where
    P: Provision,
    Front: Plus<P::Depth>,
    Room: Fits<P::Depth, P::Fresh, Front::Sum>,
{
    type After = Tally<Room::Front, Room::Left>;
    type Closed<C: Onion> = Room::Closed<C>;

    fn close<C: Onion>(chain: C) -> Self::Closed<C> {
        Room::close(chain)
    }
}

/// The tally of layers behind which controllers stand: the next one goes into the same router.
#[derive(Debug)]
pub struct Routing<Front, Room>(PhantomData<fn() -> (Front, Room)>);

impl<Front, Room, P> Holds<P> for Routing<Front, Room>
where
    Tally<Front, Room>: Holds<P>,
{
    type After = <Tally<Front, Room> as Holds<P>>::After;
    type Closed<C: Onion> = <Tally<Front, Room> as Holds<P>>::Closed<C>;

    fn close<C: Onion>(chain: C) -> Self::Closed<C> {
        <Tally<Front, Room> as Holds<P>>::close(chain)
    }
}

/// A tally to which a controller can be added.
pub trait HoldsRoutes {
    /// The tally with it.
    type After;

    /// The layers so far, closed off by a box if need be.
    type Closed<C: Onion>: Onion;

    fn close<C: Onion>(chain: C) -> Self::Closed<C>;
}

impl<Front, Room> HoldsRoutes for Routing<Front, Room> {
    type After = Self;
    type Closed<C: Onion> = C;

    fn close<C: Onion>(chain: C) -> C {
        chain
    }
}

impl<Front, Room> HoldsRoutes for Tally<Front, Room>
where
    Front: Plus<Six>,
    Room: Fits<Six, Ten, Front::Sum>,
{
    type After = Routing<Room::Front, Room::Left>;
    type Closed<C: Onion> = Room::Closed<C>;

    fn close<C: Onion>(chain: C) -> Self::Closed<C> {
        Room::close(chain)
    }
}

/// A tally, or one behind which controllers stand.
pub trait Measured: 'static {
    type Front: 'static;
    type Room: 'static;
}

impl<Front: 'static, Room: 'static> Measured for Tally<Front, Room> {
    type Front = Front;
    type Room = Room;
}

impl<Front: 'static, Room: 'static> Measured for Routing<Front, Room> {
    type Front = Front;
    type Room = Room;
}

/// `Self + N`.
pub trait Plus<N> {
    type Sum;
}

impl<N> Plus<N> for Zero {
    type Sum = N;
}

impl<M: Plus<N>, N> Plus<N> for Succ<M> {
    type Sum = Succ<M::Sum>;
}

/// Whether `Depth` layers more fit into the room `Self`.
///
/// `Fresh` is the room that is left when they do not, and so are the first after a box; `Sum` is the depth
/// of the whole when they do.
pub trait Fits<Depth, Fresh, Sum> {
    /// The room left after them.
    type Left;

    /// The depth of the whole, up to its first box.
    type Front;

    /// The layers so far, closed off by a box if need be.
    type Closed<C: Onion>: Onion;

    fn close<C: Onion>(chain: C) -> Self::Closed<C>;
}

impl<Room, Fresh, Sum> Fits<Zero, Fresh, Sum> for Room {
    type Left = Room;
    type Front = Sum;
    type Closed<C: Onion> = C;

    fn close<C: Onion>(chain: C) -> C {
        chain
    }
}

impl<Room, Depth, Fresh, Sum> Fits<Succ<Depth>, Fresh, Sum> for Succ<Room>
where
    Room: Fits<Depth, Fresh, Sum>,
{
    type Left = Room::Left;
    type Front = Room::Front;
    type Closed<C: Onion> = Room::Closed<C>;

    fn close<C: Onion>(chain: C) -> Self::Closed<C> {
        Room::close(chain)
    }
}

impl<Depth, Fresh, Sum> Fits<Succ<Depth>, Fresh, Sum> for Zero {
    type Left = Fresh;
    type Front = Sixteen;
    type Closed<C: Onion> = Segment<C, Identity>;

    fn close<C: Onion>(chain: C) -> Segment<C, Identity> {
        Segment::after(chain)
    }
}

/// The room `Self` with two layers less, if there are two.
pub trait LessTwo {
    type Left;
}

impl LessTwo for Zero {
    type Left = Zero;
}

impl LessTwo for One {
    type Left = Zero;
}

impl<N> LessTwo for Succ<Succ<N>> {
    type Left = N;
}
