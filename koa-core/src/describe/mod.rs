//! A map of an app: its layers and its routes, what each provides and asks for, and where it stands in the source.

mod json;
mod mermaid;
mod tree;

use std::fmt;

use crate::controller::{Place, Route};

/// What an app is made of, as [`App::describe`](crate::App::describe) says it.
///
/// Printed, it is a tree; [`to_json`](Self::to_json) and [`to_mermaid`](Self::to_mermaid) write it in other forms.
///
/// ```
/// use koa::prelude::*;
///
/// struct User;
///
/// #[middleware]
/// async fn signed_in(ctx: &mut Context, next: impl Next<User>) -> Result {
///     next.provide(ctx, User).await
/// }
///
/// struct Posts;
///
/// #[controller("/posts")]
/// impl Posts {
///     #[get("/:id")]
///     async fn show(&self, id: u64, user: &User) -> String {
///         id.to_string()
///     }
/// }
///
/// let app = App::new().with(signed_in).controller(Posts);
/// println!("{}", app.describe());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub(crate) layers: Vec<Layer>,
}

/// A layer, a group, a controller or a route; and what stands inside it.
///
/// It is `pub` for hidden methods of public traits, and not to be named outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) provides: Vec<String>,
    pub(crate) requires: Vec<String>,
    pub(crate) place: Option<Place>,
    /// Of a route.
    pub(crate) route: Option<&'static Route>,
    /// Of a mount; otherwise empty.
    pub(crate) prefix: Box<str>,
    pub(crate) inside: Vec<Layer>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Middleware,
    /// Layers that are one, under a prefix or not.
    Group,
    Controller,
    Route,
}

/// What the macro says of a middleware.
#[derive(Debug, Clone, Copy)]
pub struct About(Option<Said>);

#[derive(Debug, Clone, Copy)]
struct Said {
    name: &'static str,
    requires: &'static [&'static str],
    place: Place,
}

impl About {
    /// Its name, the types that it asks for, and where it stands.
    #[must_use]
    pub const fn new(
        name: &'static str,
        requires: &'static [&'static str],
        file: &'static str,
        line: u32,
    ) -> Self {
        Self(Some(Said {
            name,
            requires,
            place: Place { file, line },
        }))
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn name(self) -> Option<&'static str> {
        self.0.map(|about| about.name)
    }

    /// That it was written by hand.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(None)
    }
}

impl Layer {
    /// A middleware of type `M`, of which the macro may have said more.
    pub(crate) fn middleware<M: ?Sized>(about: About, provides: Option<&str>) -> Self {
        let name = std::any::type_name::<M>();
        let about = about.0;
        Self {
            name: about.map_or_else(|| short(name), |about| about.name.to_owned()),
            provides: provides.map(short).into_iter().collect(),
            requires: about.map_or_else(Vec::new, |about| owned(about.requires)),
            place: about.map(|about| about.place),
            ..Self::default()
        }
    }

    pub(crate) fn group(name: impl Into<String>, inside: Vec<Self>) -> Self {
        Self {
            kind: Kind::Group,
            name: name.into(),
            inside,
            ..Self::default()
        }
    }
}

impl Layer {
    /// What it provides, what it asks for, and where it stands.
    fn details(&self) -> Vec<String> {
        let mut details = Vec::new();
        if !self.provides.is_empty() {
            details.push(format!("provides {}", self.provides.join(", ")));
        }
        if !self.requires.is_empty() {
            let takes = match self.kind {
                Kind::Route => "takes",
                _ => "needs",
            };
            details.push(format!("{takes} {}", self.requires.join(", ")));
        }
        details.extend(self.place.map(|place| place.to_string()));
        details
    }
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Middleware => "middleware",
            Self::Group => "group",
            Self::Controller => "controller",
            Self::Route => "route",
        }
    }
}

pub(crate) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The name of a type without the paths in it: `Header<Depth>` of `koa::extract::Header<app::Depth>`.
pub(crate) fn short(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | ':')) {
        let (path, after) = rest.split_at(at);
        short.push_str(path.rsplit("::").next().unwrap_or(path));
        let length = after.chars().next().map_or(1, char::len_utf8);
        short.push_str(after.get(..length).unwrap_or(""));
        rest = after.get(length..).unwrap_or("");
    }
    short.push_str(rest.rsplit("::").next().unwrap_or(rest));
    short
}

/// Prints the map where `KOA_DESCRIBE` asks for it: `1`, or the name of a form, `json` or `mermaid`.
pub(crate) fn print_if_asked(map: &Description) {
    let Ok(form) = std::env::var("KOA_DESCRIBE") else {
        return;
    };
    let text = match form.as_str() {
        "" | "0" => return,
        "json" => format!("{:#}\n", map.to_json()),
        "mermaid" => map.to_mermaid(),
        _ => map.to_string(),
    };
    // Where nobody reads stdout, printing would panic.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tree::write(&self.layers, f)
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn names_of_types_lose_their_paths() {
        for (name, expected) in [
            ("app::User", "User"),
            ("koa::Header<app::Depth, [u8; 4]>", "Header<Depth, [u8; 4]>"),
            ("&str", "&str"),
            ("(alloc::string::String, u8)", "(String, u8)"),
        ] {
            assert_eq!(short(name), expected);
        }
    }
}
