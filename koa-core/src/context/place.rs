//! Where a context stands while its request is answered: on the heap, in a place that an earlier request has left. So
//! the future that has it is small to move, and nothing is allocated for it once a thread is warm.
//!
//! Header maps go round with it: the response gets the one that the earlier request came with, emptied, and hyper keeps
//! the response's for the next request. A handler has the request's own headers to the end.

use std::cell::RefCell;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};

use http::HeaderMap;

use crate::app::Application;
use crate::context::Context;
use crate::request::Carried;
use crate::server::{Connection, Socket};

/// How many places a thread keeps.
const KEPT: usize = 64;

/// The largest header map that is kept, in headers.
const LARGEST: usize = 64;

#[allow(
    clippy::vec_box,
    reason = "a context is large, and is not to be moved out of its place and back"
)]
type Places = Vec<Box<Place>>;

thread_local! {
    static PLACES: RefCell<Places> = const { RefCell::new(Places::new()) };
}

/// What a context without a request has in place of a connection.
static NOWHERE: LazyLock<Arc<Connection>> = LazyLock::new(|| {
    let app = Arc::new(Application::new());
    Arc::new(Connection::detached(app, Socket::default()))
});

/// A context and where it stands.
pub(crate) struct Place {
    ctx: Context,
    /// [`NOWHERE`], while the context has a connection.
    nowhere: Option<Arc<Connection>>,
}

impl Place {
    /// A place with the context of this request in it.
    ///
    /// Nothing that could panic stands between the request and its place: or it would be kept beside it, to be dropped.
    #[inline(always)]
    pub(crate) fn of(
        request: http::Request<impl Into<Carried>>,
        connection: Arc<Connection>,
    ) -> Box<Self> {
        let left = PLACES.try_with(|places| places.borrow_mut().pop());
        let mut place = left.ok().flatten().unwrap_or_else(Self::vacant);
        let nowhere = place.ctx.request.begin(request, connection);
        mem::forget(place.nowhere.replace(nowhere));
        place
    }

    #[cold]
    fn vacant() -> Box<Self> {
        Box::new(Self {
            ctx: Context::vacant(Arc::clone(&NOWHERE)),
            nowhere: None,
        })
    }

    /// Takes the connection out.
    #[inline]
    pub(crate) fn let_go(&mut self) -> Arc<Connection> {
        let connection = &mut self.ctx.request.connection;
        match self.nowhere.take() {
            Some(nowhere) => mem::replace(connection, nowhere),
            None => Arc::clone(connection),
        }
    }

    /// Hands the response's headers over, in place of a new map, drops what else belongs to the request, and leaves the
    /// place to another one.
    #[inline]
    pub(crate) fn leave(mut self: Box<Self>, headers: &mut HeaderMap) {
        debug_assert!(self.nowhere.is_none(), "its connection is let go first");
        let ctx = &mut self.ctx;
        // One after the other, so that only one is held at a time; a new map has nothing that has to be freed.
        let made = mem::take(&mut ctx.response.headers);
        mem::forget(mem::replace(headers, made));
        let came = mem::take(&mut ctx.request.head.headers);
        mem::forget(mem::replace(&mut ctx.response.headers, came));
        if ctx.response.headers.capacity() > LARGEST {
            ctx.response.headers = HeaderMap::new();
        }
        ctx.vacate();
        // A thread that ends has none any more.
        let _ = PLACES.try_with(|places| {
            let mut places = places.borrow_mut();
            if places.len() < KEPT {
                places.push(self);
            }
        });
    }
}

impl Deref for Place {
    type Target = Context;

    #[inline]
    fn deref(&self) -> &Context {
        &self.ctx
    }
}

impl DerefMut for Place {
    #[inline]
    fn deref_mut(&mut self) -> &mut Context {
        &mut self.ctx
    }
}
