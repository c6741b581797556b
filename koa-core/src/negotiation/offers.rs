//! What is offered to a client, or compared with what it sent: one name, or several.

/// One name, or several: `"html"`, `["html", "json"]`, a slice or a `Vec` of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a name nor a list of names",
    note = "write `\"html\"`, `[\"html\", \"json\"]`, or give a slice or a `Vec` of `&str`"
)]
pub trait Names<'t> {
    /// Calls `f` with all of them.
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R;
}

impl<'t> Names<'t> for &'t str {
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R {
        f(&[self])
    }
}

impl<'t> Names<'t> for &'t String {
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R {
        f(&[self])
    }
}

impl<'t, const N: usize> Names<'t> for [&'t str; N] {
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R {
        f(&self)
    }
}

impl<'t, const N: usize> Names<'t> for &[&'t str; N] {
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R {
        f(self)
    }
}

impl<'t> Names<'t> for &[&'t str] {
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R {
        f(self)
    }
}

impl<'t> Names<'t> for Vec<&'t str> {
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R {
        f(&self)
    }
}

impl<'t> Names<'t> for &Vec<&'t str> {
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R {
        f(self)
    }
}

impl<'t> Names<'t> for &'t [String] {
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R {
        f(&self.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

impl<'t> Names<'t> for &'t Vec<String> {
    fn with<R>(self, f: impl FnOnce(&[&'t str]) -> R) -> R {
        self.as_slice().with(f)
    }
}
