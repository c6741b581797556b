//! What the layers above have provided, the last one uppermost.

use std::any::{Any, TypeId};
use std::sync::Arc;

use super::downcast::{downcast_mut, downcast_ref, is};
use crate::session::{Session, Source};

/// What stands in a place.
enum Value {
    Here(Box<dyn Any + Send + Sync>),

    /// A session that nobody has asked for yet.
    Unopened(Arc<dyn Source>),

    /// What was in it is lent.
    Lent,
}

impl Value {
    fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        let Self::Here(value) = self else {
            return None;
        };
        match downcast_ref(&**value) {
            Some(value) => Some(value),
            None => downcast_ref(&**value).map(Session::<T>::data),
        }
    }

    fn get_mut<T: Send + Sync + 'static>(&mut self) -> Option<&mut T> {
        let Self::Here(value) = self else {
            return None;
        };
        if is::<T>(&**value) {
            return downcast_mut(&mut **value);
        }
        downcast_mut(&mut **value).map(Session::<T>::data_mut)
    }
}

/// A stack of values, found by their types from the top.
///
/// A value that is lent to an endpoint leaves its place to an empty one, so that what stands around it stays where it is.
#[derive(Default)]
pub(crate) struct Provided {
    // Most requests have one value or none, which then needs no list. One that is a session that nobody has asked for is
    // beside the others', so that it takes little to put it there and to take it away.
    unopened: Option<Arc<dyn Source>>,
    first: Option<Value>,
    others: Vec<Value>,
}

/// Values that are out of sight.
pub(crate) struct Hidden(Vec<Value>);

impl Provided {
    /// Whether there is no value in it.
    #[inline]
    pub(crate) fn is_unused(&self) -> bool {
        !self.has_first() && self.others.is_empty()
    }

    /// Whether something stands in the first place.
    #[inline]
    fn has_first(&self) -> bool {
        self.unopened.is_some() || self.first.is_some()
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.has_first()) + self.others.len()
    }

    pub(crate) fn push<T: Send + Sync + 'static>(&mut self, value: T) {
        self.push_value(Value::Here(Box::new(value)));
    }

    /// Provides a session, to be opened when it is asked for, and says what its place is.
    #[inline(always)]
    pub(crate) fn push_source(&mut self, source: Arc<dyn Source>) -> usize {
        if !self.has_first() {
            self.unopened = Some(source);
            return 0;
        }
        self.others.push(Value::Unopened(source));
        self.others.len()
    }

    /// Whether a session of this name stands in another place, not open yet.
    pub(crate) fn has_other_session(&self, at: usize, name: &str) -> bool {
        let first = self.unopened.iter().map(|source| (0, source));
        let others = self.others.iter().enumerate();
        let others = others.filter_map(|(other, value)| match value {
            Value::Unopened(source) => Some((other + 1, source)),
            Value::Here(_) | Value::Lent => None,
        });
        let mut sources = first.chain(others);
        sources.any(|(other, source)| other != at && source.name() == name)
    }

    /// The uppermost session that is not open yet and is one of these types, and its place.
    #[inline]
    pub(crate) fn unopened(&self, wanted: &[TypeId]) -> Option<(usize, Arc<dyn Source>)> {
        let is_asked = |source: &Arc<dyn Source>| wanted.iter().any(|id| source.is(*id));
        for (at, value) in self.others.iter().enumerate().rev() {
            if let Value::Unopened(source) = value
                && is_asked(source)
            {
                return Some((at + 1, Arc::clone(source)));
            }
        }
        let source = self.unopened.as_ref().filter(|source| is_asked(source))?;
        Some((0, Arc::clone(source)))
    }

    /// Puts a session in its place, open.
    #[inline]
    pub(crate) fn open<T: Send + Sync + 'static>(&mut self, at: usize, session: Box<Session<T>>) {
        if at == 0 {
            self.unopened = None;
            self.first = Some(Value::Here(session));
        } else if let Some(place) = self.place(at) {
            *place = Value::Here(session);
        }
    }

    /// Takes a session away from its place, the uppermost, if nobody has asked for it; whether that is so.
    #[inline(always)]
    pub(crate) fn pop_unopened(&mut self, at: usize) -> bool {
        if at == 0 {
            return self.others.is_empty() && self.unopened.take().is_some();
        }
        let is_unopened = matches!(self.others.last(), Some(Value::Unopened(_)));
        if is_unopened && self.others.len() == at {
            self.others.pop();
            return true;
        }
        false
    }

    fn push_value(&mut self, value: Value) {
        if self.has_first() {
            self.others.push(value);
        } else if let Value::Unopened(source) = value {
            self.unopened = Some(source);
        } else {
            self.first = Some(value);
        }
    }

    #[inline]
    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        let mut others = self.others.iter().rev();
        others
            .find_map(Value::get)
            .or_else(|| self.first.as_ref()?.get())
    }

    #[inline]
    pub(crate) fn get_mut<T: Send + Sync + 'static>(&mut self) -> Option<&mut T> {
        let mut others = self.others.iter_mut().rev();
        others
            .find_map(Value::get_mut)
            .or_else(|| self.first.as_mut()?.get_mut())
    }

    /// Takes the uppermost `T` out, and says what its place is.
    pub(crate) fn take<T: Send + Sync + 'static>(&mut self) -> Option<(usize, Box<T>)> {
        let (at, value) = self.take_any(is::<T>)?;
        Some((at, value.downcast().ok()?))
    }

    /// Takes the uppermost value out that is wanted, and says what its place is.
    #[inline]
    pub(super) fn take_any(
        &mut self,
        wanted: impl Fn(&(dyn Any + Send + Sync)) -> bool,
    ) -> Option<(usize, Box<dyn Any + Send + Sync>)> {
        let is = |value: &Value| matches!(value, Value::Here(value) if wanted(&**value));
        let at = match self.others.iter().rposition(is) {
            Some(at) => at + 1,
            None => self.first.as_ref().is_some_and(is).then_some(0)?,
        };
        match std::mem::replace(self.place(at)?, Value::Lent) {
            Value::Here(value) => Some((at, value)),
            Value::Unopened(_) | Value::Lent => None,
        }
    }

    /// Takes the `T` out of a place.
    pub(crate) fn take_at<T: Send + Sync + 'static>(&mut self, at: usize) -> Option<Box<T>> {
        let place = self.place(at)?;
        if !matches!(place, Value::Here(value) if is::<T>(&**value)) {
            return None;
        }
        match std::mem::replace(place, Value::Lent) {
            Value::Here(value) => value.downcast().ok(),
            Value::Unopened(_) | Value::Lent => None,
        }
    }

    /// Puts a value back into its place.
    pub(crate) fn put_back<T: Send + Sync + 'static>(&mut self, at: usize, value: Box<T>) {
        if let Some(place @ Value::Lent) = self.place(at) {
            *place = Value::Here(value);
        }
    }

    fn place(&mut self, at: usize) -> Option<&mut Value> {
        match at.checked_sub(1) {
            None => self.first.as_mut(),
            Some(at) => self.others.get_mut(at),
        }
    }

    /// Drops all but the lowest `length`.
    #[inline]
    pub(crate) fn truncate(&mut self, length: usize) {
        if !self.others.is_empty() {
            self.others.truncate(length.saturating_sub(1));
        }
        if length == 0 && self.has_first() {
            self.unopened = None;
            self.first = None;
        }
    }

    /// Hides all but the lowest `length`.
    pub(crate) fn hide(&mut self, length: usize) -> Hidden {
        if self.len() <= length {
            return Hidden(Vec::new());
        }
        let mut hidden = Vec::new();
        if length == 0 {
            hidden.extend(self.unopened.take().map(Value::Unopened));
            hidden.extend(self.first.take());
        }
        hidden.append(&mut self.others.split_off(length.saturating_sub(1)));
        Hidden(hidden)
    }

    /// Shows again what was hidden, on top.
    pub(crate) fn show(&mut self, hidden: &mut Hidden) {
        for value in hidden.0.drain(..) {
            self.push_value(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Provided;

    #[test]
    fn the_uppermost_of_a_type_is_found() {
        let mut provided = Provided::default();
        provided.push(1_u8);
        provided.push("a");
        provided.push(2_u8);
        assert_eq!(provided.get::<u8>(), Some(&2));
        assert_eq!(provided.get::<&str>(), Some(&"a"));
        let mut hidden = provided.hide(1);
        assert_eq!(
            (provided.get::<u8>(), provided.get::<&str>()),
            (Some(&1), None)
        );
        provided.push(9_i64);
        provided.truncate(1);
        provided.show(&mut hidden);
        assert_eq!(
            (provided.get::<u8>(), provided.get::<i64>()),
            (Some(&2), None)
        );
        provided.truncate(0);
        assert_eq!(provided.get::<u8>(), None);
    }

    #[test]
    fn what_is_taken_goes_back_to_its_place() {
        let mut provided = Provided::default();
        provided.push(1_u8);
        provided.push(2_u8);
        let (at, upper) = provided.take::<u8>().unwrap();
        assert_eq!(provided.get::<u8>(), Some(&1));
        provided.push("a");
        provided.put_back(at, upper);
        assert_eq!(provided.get::<u8>(), Some(&2));
        assert_eq!(provided.take_at::<u8>(0), Some(Box::new(1)));
        assert_eq!(provided.take_at::<u8>(0), None);
        assert_eq!(provided.len(), 3);
    }

    #[test]
    fn everything_can_be_hidden() {
        let mut provided = Provided::default();
        provided.push(1_u8);
        provided.push(2_u16);
        let mut hidden = provided.hide(0);
        assert_eq!((provided.len(), provided.get::<u8>()), (0, None));
        provided.show(&mut hidden);
        assert_eq!(
            (provided.get::<u8>(), provided.get::<u16>()),
            (Some(&1), Some(&2))
        );
    }
}
