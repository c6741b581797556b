//! Values of one request, each found by its type.

use std::any::Any;
use std::fmt;

use super::downcast::{downcast_mut, downcast_ref};

/// The recommended place for what middleware hands on and a template reads. Koa's `ctx.state`:
/// <https://koajs.com/#ctx-state>.
///
/// It holds at most one value of each type. What a handler cannot do without is better provided by the middleware
/// above it (`next: impl Next<T>`), since the compiler checks that; the state is for what may be there or not.
///
/// ```
/// # use koa::prelude::*;
/// #[derive(Default)]
/// struct Trail(Vec<&'static str>);
///
/// #[middleware]
/// async fn first(ctx: &mut Context, next: impl Next) -> Result {
///     ctx.state.get_or_default::<Trail>().0.push("first");
///     next.run(ctx).await
/// }
/// # let _ = App::new().with(first);
/// ```
#[derive(Default)]
pub struct State {
    // Most requests have one value or none, which then needs neither a list nor a search.
    first: Option<Value>,
    others: Vec<Value>,
}

type Value = Box<dyn Any + Send + Sync>;

impl State {
    /// Whether there is no value in it.
    #[inline]
    pub(crate) fn is_unused(&self) -> bool {
        self.first.is_none() && self.others.is_empty()
    }

    /// The `T`, if there is one.
    #[inline]
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        match self.first.as_deref().and_then(downcast_ref) {
            Some(value) => Some(value),
            None => self.others.iter().find_map(|value| downcast_ref(&**value)),
        }
    }

    /// The `T`, to be changed, if there is one.
    #[inline]
    pub fn get_mut<T: Send + Sync + 'static>(&mut self) -> Option<&mut T> {
        match self.first.as_deref_mut().and_then(downcast_mut) {
            Some(value) => Some(value),
            None => self
                .others
                .iter_mut()
                .find_map(|value| downcast_mut(&mut **value)),
        }
    }

    /// The `T`; the default one is put there if there is none.
    #[inline]
    pub fn get_or_default<T: Default + Send + Sync + 'static>(&mut self) -> &mut T {
        self.get_or_insert_with(T::default)
    }

    /// The `T`; what `value` makes is put there if there is none.
    #[inline]
    pub fn get_or_insert_with<T: Send + Sync + 'static>(
        &mut self,
        value: impl FnOnce() -> T,
    ) -> &mut T {
        match self.first {
            None => Self::begin(&mut self.first, &mut self.others, value),
            Some(ref mut first) => match downcast_mut(&mut **first) {
                Some(value) => value,
                None => Self::among(&mut self.others, value),
            },
        }
    }

    /// Gives the first place to the `T` among the others, or to a new one.
    #[cold]
    #[inline(never)]
    fn begin<'a, T: Send + Sync + 'static>(
        first: &'a mut Option<Value>,
        others: &mut Vec<Value>,
        value: impl FnOnce() -> T,
    ) -> &'a mut T {
        let at = others.iter().position(|value| value.is::<T>());
        let value = at.map_or_else(|| Box::new(value()) as Value, |at| others.swap_remove(at));
        own(&mut **first.insert(value))
    }

    /// The `T` among the others, or a new one.
    #[cold]
    #[inline(never)]
    fn among<T: Send + Sync + 'static>(
        others: &mut Vec<Value>,
        value: impl FnOnce() -> T,
    ) -> &mut T {
        let at = others.iter().position(|value| value.is::<T>());
        let at = at.unwrap_or_else(|| {
            others.push(Box::new(value()));
            others.len() - 1
        });
        own(&mut *others[at])
    }

    /// Puts a value there, in place of the one of its type, which is returned.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> Option<T> {
        match self.get_mut::<T>() {
            Some(old) => Some(std::mem::replace(old, value)),
            None => {
                self.put(Box::new(value));
                None
            }
        }
    }

    /// Takes the `T` out.
    pub fn remove<T: Send + Sync + 'static>(&mut self) -> Option<T> {
        if self.first.as_ref().is_some_and(|value| value.is::<T>()) {
            return self.first.take()?.downcast().ok().map(|value| *value);
        }
        let at = self.others.iter().position(|value| value.is::<T>())?;
        let value = self.others.swap_remove(at).downcast().ok();
        value.map(|value| *value)
    }

    fn put<T: Send + Sync + 'static>(&mut self, value: Box<T>) {
        match self.first {
            None => self.first = Some(value),
            Some(_) => self.others.push(value),
        }
    }

    fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }
}

/// What is known to be a `T`.
fn own<T: 'static>(value: &mut (dyn Any + Send + Sync)) -> &mut T {
    match value.downcast_mut() {
        Some(value) => value,
        None => unreachable!("it was found, or made, as one of this type"),
    }
}

/// Says how many values there are; what they are may be secret.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({} values)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[derive(Debug, PartialEq, Default)]
    struct Name(&'static str);

    #[test]
    fn holds_one_value_of_each_type() {
        let mut state = State::default();
        assert_eq!(state.insert(1_u8), None);
        assert_eq!(state.insert(Name("ada")), None);
        assert_eq!(state.insert(2_u8), Some(1));
        assert_eq!(state.get::<u8>(), Some(&2));
        assert_eq!(state.get::<u16>(), None);
        state.get_or_default::<Name>().0 = "grace";
        assert_eq!(state.remove::<Name>(), Some(Name("grace")));
        assert_eq!(state.get::<Name>(), None);
        assert_eq!(state.get_or_default::<Name>(), &Name(""));
    }
}
