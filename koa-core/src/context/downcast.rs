//! What is behind a `dyn Any`, found without a call in the usual case.

use std::any::Any;
use std::ptr;

pub(super) type Value = dyn Any + Send + Sync;

/// Whether there is a `T` behind `value`. As `is`.
#[inline(always)]
pub(super) fn is<T: Send + Sync + 'static>(value: &Value) -> bool {
    has_table_of::<T>(value) || value.is::<T>()
}

/// The `T` behind `value`, if it is one. As `downcast_ref`.
#[inline(always)]
pub(super) fn downcast_ref<T: Send + Sync + 'static>(value: &Value) -> Option<&T> {
    if has_table_of::<T>(value) {
        return value.downcast_ref();
    }
    value.downcast_ref()
}

/// The `T` behind `value`, to be changed, if it is one. As `downcast_mut`.
#[inline(always)]
pub(super) fn downcast_mut<T: Send + Sync + 'static>(value: &mut Value) -> Option<&mut T> {
    if has_table_of::<T>(value) {
        return value.downcast_mut();
    }
    value.downcast_mut()
}

/// Whether the functions behind `value` are those of a `T`, at the address at which they stand for this crate.
///
/// Where they are, the compiler knows what `type_id` returns, and a downcast is nothing but this comparison. Where they
/// are not, it may be a `T` all the same, since a table of functions can exist more than once.
#[inline(always)]
#[allow(
    ambiguous_wide_pointer_comparisons,
    reason = "a different address of the same table costs a call, and changes nothing"
)]
fn has_table_of<T: Send + Sync + 'static>(value: &Value) -> bool {
    let value: *const Value = value;
    let of_t: *const Value = value.cast::<T>();
    ptr::eq(value, of_t)
}

#[cfg(test)]
mod tests {
    use super::{Value, downcast_mut, downcast_ref, is};

    #[test]
    fn a_value_is_found_by_its_type_alone() {
        // Of one size, at one address.
        let mut value: Box<Value> = Box::new(1_u32);
        assert!(is::<u32>(&*value) && !is::<i32>(&*value));
        assert_eq!(downcast_ref::<i32>(&*value), None);
        assert_eq!(downcast_mut::<f32>(&mut *value), None);
        *downcast_mut::<u32>(&mut *value).unwrap() += 1;
        assert_eq!(downcast_ref::<u32>(&*value), Some(&2));
        // Without a size all of them are at one address.
        let nothing: Box<Value> = Box::new(());
        assert!(is::<()>(&*nothing) && !is::<[u8; 0]>(&*nothing));
    }
}
