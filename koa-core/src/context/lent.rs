//! What has been provided, lent to an endpoint beside the context. It goes back when the endpoint is done, has failed, has
//! panicked, or was dropped half-way.

use std::fmt;
use std::sync::Arc;

use crate::context::Context;
use crate::context::downcast::is;
use crate::error::{Error, Result};
use crate::session::Session;

/// A value for an argument `&T`, or `&mut T`, and the context it was taken out of.
pub struct Lent<'a, T: Send + Sync + 'static> {
    ctx: &'a mut Context,
    value: Value<T>,
}

enum Value<T> {
    /// The request's own, and its place.
    Own(usize, Box<T>),
    /// What a session of the request's holds, and its place.
    Session(usize, Box<Session<T>>),
    /// The whole app's.
    Shared(Arc<T>),
    /// Given back.
    Gone,
}

impl<T: Send + Sync + 'static> Lent<'_, T> {
    /// The context, and the value beside it.
    pub fn parts(&mut self) -> (&mut Context, &T) {
        let value = match &self.value {
            Value::Own(_, value) => &**value,
            Value::Session(_, session) => session.data(),
            Value::Shared(value) => value,
            Value::Gone => unreachable!("it is given back when it is dropped"),
        };
        (self.ctx, value)
    }

    /// The context, and the value beside it, to be changed.
    pub fn parts_mut(&mut self) -> (&mut Context, &mut T) {
        match &mut self.value {
            Value::Own(_, value) => (self.ctx, value),
            Value::Session(_, session) => (self.ctx, session.data_mut()),
            Value::Shared(_) | Value::Gone => {
                unreachable!("what is lent to be changed is the request's own")
            }
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.value, Value::Gone) {
            Value::Own(at, value) => self.ctx.provided.put_back(at, value),
            Value::Session(at, session) => self.ctx.provided.put_back(at, session),
            Value::Shared(_) | Value::Gone => {}
        }
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Lent<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lent<{}>", std::any::type_name::<T>())
    }
}

impl Context {
    /// Takes the `T` out for an argument `&mut T`.
    pub(crate) fn lend_mut<T: Send + Sync + 'static>(&mut self) -> Result<Lent<'_, T>> {
        let value = self.own().ok_or_else(missing::<T>)?;
        Ok(Lent { ctx: self, value })
    }

    /// Takes the `T` out for an argument `&T`, or shares the app's.
    pub(crate) fn lend<T: Send + Sync + 'static>(&mut self) -> Result<Lent<'_, T>> {
        let value = match self.own() {
            Some(value) => value,
            None => Value::Shared(self.app().shared().ok_or_else(missing::<T>)?),
        };
        Ok(Lent { ctx: self, value })
    }

    /// The request's own `T`, taken out of its place.
    fn own<T: Send + Sync + 'static>(&mut self) -> Option<Value<T>> {
        let provided = &mut self.provided;
        let (at, value) = provided.take_any(|value| is::<Session<T>>(value) || is::<T>(value))?;
        match value.downcast() {
            Ok(value) => Some(Value::Own(at, value)),
            Err(value) => Some(Value::Session(at, value.downcast().ok()?)),
        }
    }
}

/// That a value is lent already, under another name of its type: nothing else gets past the compiler.
#[cold]
fn missing<T>() -> Error {
    Error::internal(format!(
        "two arguments of an endpoint take the same value, a `{}`",
        std::any::type_name::<T>()
    ))
}
