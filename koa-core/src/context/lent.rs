//! What has been provided, lent to an endpoint for the time of its call, beside the context.

use std::ops::Deref;
use std::sync::Arc;

use crate::context::Context;
use crate::error::{Error, Result};

/// A provided value for an argument `&T`: taken out of the context, or shared by the whole app.
#[derive(Debug)]
pub enum Lent<T> {
    Own(Box<T>),
    Shared(Arc<T>),
}

impl<T> Deref for Lent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Own(value) => value,
            Self::Shared(value) => value,
        }
    }
}

impl Context {
    /// Takes the `T` out for an argument `&mut T`.
    pub(crate) fn lend_mut<T: Send + Sync + 'static>(&mut self) -> Result<Box<T>> {
        self.provided.take().ok_or_else(missing::<T>)
    }

    /// Takes the `T` out for an argument `&T`, or shares the app's.
    pub(crate) fn lend<T: Send + Sync + 'static>(&mut self) -> Result<Lent<T>> {
        if let Some(value) = self.provided.take() {
            return Ok(Lent::Own(value));
        }
        let shared = self.app().shared::<T>();
        shared.map(Lent::Shared).ok_or_else(missing::<T>)
    }

    /// Puts a value back.
    pub(crate) fn give_back<T: Send + Sync + 'static>(&mut self, value: Lent<T>) {
        if let Lent::Own(value) = value {
            self.provided.put(value);
        }
    }

    /// Puts a value back.
    pub(crate) fn give_back_mut<T: Send + Sync + 'static>(&mut self, value: Box<T>) {
        self.provided.put(value);
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
