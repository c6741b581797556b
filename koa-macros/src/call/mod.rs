//! The arguments and the answer of the user's function, the same for `#[middleware]` and `#[controller]`.
//!
//! [`model`]: what they are. [`check`]: whether they can be had. [`demands`]: what they ask of the layers above. [`work`]: how
//! they are had, and the call.

pub(crate) mod check;
pub(crate) mod demands;
pub(crate) mod model;
pub(crate) mod work;
