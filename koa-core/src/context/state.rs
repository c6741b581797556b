//! Values of one request, each found by its type.

use std::any::{Any, TypeId};
use std::fmt;

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
    // Few values: a scan beats a hash.
    entries: Vec<(TypeId, Value)>,
}

type Value = Box<dyn Any + Send + Sync>;

impl State {
    /// The `T`, if there is one.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        let at = self.position::<T>()?;
        self.entries.get(at)?.1.downcast_ref()
    }

    /// The `T`, to be changed, if there is one.
    pub fn get_mut<T: Send + Sync + 'static>(&mut self) -> Option<&mut T> {
        let at = self.position::<T>()?;
        self.entries.get_mut(at)?.1.downcast_mut()
    }

    /// The `T`; the default one is put there if there is none.
    pub fn get_or_default<T: Default + Send + Sync + 'static>(&mut self) -> &mut T {
        self.get_or_insert_with(T::default)
    }

    /// The `T`; what `value` makes is put there if there is none.
    pub fn get_or_insert_with<T: Send + Sync + 'static>(
        &mut self,
        value: impl FnOnce() -> T,
    ) -> &mut T {
        let at = self.position::<T>().unwrap_or_else(|| {
            self.entries.push((TypeId::of::<T>(), Box::new(value())));
            self.entries.len() - 1
        });
        match self.entries[at].1.downcast_mut() {
            Some(value) => value,
            None => unreachable!("an entry holds a value of the type it is kept under"),
        }
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
        self.take().map(|value| *value)
    }

    pub(crate) fn take<T: Send + Sync + 'static>(&mut self) -> Option<Box<T>> {
        let at = self.position::<T>()?;
        self.entries.swap_remove(at).1.downcast().ok()
    }

    pub(crate) fn put<T: Send + Sync + 'static>(&mut self, value: Box<T>) {
        self.entries.push((TypeId::of::<T>(), value));
    }

    fn position<T: 'static>(&self) -> Option<usize> {
        let wanted = TypeId::of::<T>();
        self.entries.iter().position(|(id, _)| *id == wanted)
    }
}

/// Says how many values there are; what they are may be secret.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({} values)", self.entries.len())
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
