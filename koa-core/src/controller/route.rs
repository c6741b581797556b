//! What a controller says of each of its routes.

use std::fmt;

/// A route, as [`#[controller]`](macro@crate::controller) declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Which requests it is for.
    pub verb: Verb,
    /// The whole path, the prefix of the controller included: `/posts/:id`.
    pub path: &'static str,
    /// The path without the names in it: two routes with the same one take the same requests.
    pub shape: &'static str,
    /// The method that answers: `PostController::show`.
    pub handler: &'static str,
    /// Where that stands.
    pub place: Place,
    /// What it is given, as its signature says it.
    pub takes: &'static [&'static str],
    /// The layers around this route alone.
    pub layers: &'static [&'static str],
}

/// A place in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: &'static str,
    /// The line, the first being 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The verb of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `#[get]`, which is for `HEAD` too unless another route is.
    Get,
    /// `#[head]`
    Head,
    /// `#[post]`
    Post,
    /// `#[put]`
    Put,
    /// `#[patch]`
    Patch,
    /// `#[delete]`
    Delete,
    /// `#[options]`
    Options,
    /// `#[all]`, which is for every method that no other route of this path is for.
    All,
}

impl Verb {
    /// As it stands in a request; `ALL` for all of them.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::All => "ALL",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
