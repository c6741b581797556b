//! Paths of routes: `/posts/:id`, `/files/*rest`, `/:name.json`.

use proc_macro2::Span;
use syn::LitStr;

use crate::errors::Errors;

/// How many parameters a path may have: as many as the runtime keeps without an allocation.
const MOST: usize = 8;

/// A path, as far as it makes sense.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As it is written, without a slash at its end: empty for `/`.
    pub(crate) text: String,

    /// The names of its parameters.
    pub(crate) parameters: Vec<String>,

    /// Whether the last one is a wildcard.
    pub(crate) wildcard: bool,

    /// Whether it is not what was meant, since something is wrong with it.
    pub(crate) broken: bool,
}

impl Pattern {
    /// Reads one; what is wrong with it is said at its text.
    pub(crate) fn parse(written: &LitStr, errors: &mut Errors) -> Self {
        match Self::read(&written.value()) {
            Ok(pattern) => pattern,
            Err(message) => {
                errors.add(syn::Error::new(written.span(), message));
                Self {
                    broken: true,
                    ..Self::default()
                }
            }
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let Some(bare) = text.strip_prefix('/') else {
            return Err(format!("a path begins with a slash: write `\"/{text}\"`"));
        };
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        let mut pattern = Self::default();
        if bare.is_empty() {
            return if text.len() > 1 {
                Err("the path has an empty segment, `//`".to_owned())
            } else {
                Ok(pattern)
            };
        }
        for segment in bare.split('/') {
            if pattern.wildcard {
                let name = pattern.parameters.last().map_or("", String::as_str);
                return Err(format!(
                    "nothing can follow the wildcard `*{name}`, which takes the rest of the path"
                ));
            }
            pattern.read_segment(segment)?;
        }
        pattern.text = format!("/{bare}");
        pattern.check_names()?;
        Ok(pattern)
    }

    fn read_segment(&mut self, segment: &str) -> Result<(), String> {
        if segment.is_empty() {
            return Err("the path has an empty segment, `//`".to_owned());
        }
        if matches!(segment, "." | "..") {
            return Err(format!("a client never asks for the segment `{segment}`"));
        }
        if let Some(name) = segment.strip_prefix('*') {
            if !is_name(name) {
                return Err("a wildcard has a name: write `*rest`".to_owned());
            }
            self.parameters.push(name.to_owned());
            self.wildcard = true;
            return Ok(());
        }
        let mut parts = segment.split(':');
        let before = parts.next().unwrap_or_default();
        literal(before, segment)?;
        let Some(parameter) = parts.next() else {
            return Ok(());
        };
        if parts.next().is_some() {
            return Err(format!(
                "there can be one parameter in a segment, and `{segment}` has two"
            ));
        }
        let end = parameter.find(|c: char| !is_name_char(c));
        let (name, after) = parameter.split_at(end.unwrap_or(parameter.len()));
        if !is_name(name) {
            return Err(format!(
                "a parameter has a name: write `:id`, not `{segment}`"
            ));
        }
        if after == "?" {
            return Err(format!(
                "a parameter cannot be left out: write two routes, one without `:{name}`"
            ));
        }
        literal(after, segment)?;
        self.parameters.push(name.to_owned());
        Ok(())
    }

    fn check_names(&self) -> Result<(), String> {
        for (at, name) in self.parameters.iter().enumerate() {
            if self.parameters[..at].contains(name) {
                return Err(format!("the path has two parameters `:{name}`"));
            }
        }
        if self.parameters.len() > MOST {
            return Err(format!("a path has at most {MOST} parameters"));
        }
        Ok(())
    }

    /// The path that begins with this one and goes on with `rest`; `at` is where `rest` stands.
    pub(crate) fn join(&self, rest: &Self, at: Span, errors: &mut Errors) -> Self {
        let joined = Self {
            text: format!("{}{}", self.text, rest.text),
            parameters: [&*self.parameters, &*rest.parameters].concat(),
            wildcard: rest.wildcard,
            broken: self.broken || rest.broken,
        };
        if let Err(message) = joined.check_names() {
            errors.add(syn::Error::new(at, message));
        }
        joined
    }

    /// The whole path, `/` if nothing else.
    pub(crate) fn shown(&self) -> &str {
        if self.text.is_empty() {
            "/"
        } else {
            &self.text
        }
    }

    /// The path without the names in it.
    pub(crate) fn shape(&self) -> String {
        let mut shape = self.texts().join(":");
        if self.wildcard {
            shape.pop();
            shape.push('*');
        }
        shape
    }

    /// What stands between the parameters.
    pub(crate) fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        let mut rest = self.shown();
        for name in &self.parameters {
            let Some(at) = rest.find([':', '*']) else {
                continue;
            };
            texts.push(rest[..at].to_owned());
            rest = &rest[at + 1 + name.len()..];
        }
        texts.push(rest.to_owned());
        texts
    }
}

/// Text of a segment, which a client may ask for as it stands.
fn literal(text: &str, segment: &str) -> Result<(), String> {
    let Some(c) = text.chars().find(|c| {
        matches!(
            c,
            '?' | '#' | '%' | '*' | '{' | '}' | '<' | '>' | '(' | ')' | '\\' | '"'
        ) || c.is_whitespace()
            || c.is_control()
    }) else {
        return Ok(());
    };
    let name: String = segment.chars().filter(|c| is_name_char(*c)).collect();
    Err(match c {
        '{' | '}' | '<' | '>' if !name.is_empty() => {
            format!("a parameter is written `:{name}`, not `{segment}`")
        }
        '?' | '#' => format!("a path has no `{c}`; the query string is an argument, `Query<..>`"),
        '%' => "a path is written without escapes: write the character itself".to_owned(),
        '*' => "a wildcard is a segment of its own: `/*rest`".to_owned(),
        '(' | ')' => {
            "a path has no regular expressions; the type of the argument says what fits".to_owned()
        }
        _ => format!("a path cannot have a `{}` in it", c.escape_default()),
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c == '_' || c.is_alphabetic()) && text.chars().all(is_name_char)
}

fn is_name_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn paths_are_taken_apart() {
        let pattern = Pattern::read("/posts/:id/v:name.json/*rest").unwrap();
        assert_eq!(pattern.parameters, ["id", "name", "rest"]);
        assert_eq!(pattern.shape(), "/posts/:/v:.json/*");
        assert_eq!(pattern.texts(), ["/posts/", "/v", ".json/", ""]);
        assert_eq!(Pattern::read("/posts/").unwrap().shown(), "/posts");
        let root = Pattern::read("/").unwrap();
        assert_eq!((root.shown(), root.shape().as_str()), ("/", "/"));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for (path, message) in [
            ("posts", "a path begins with a slash: write `\"/posts\"`"),
            ("", "a path begins with a slash: write `\"/\"`"),
            ("//", "the path has an empty segment, `//`"),
            ("/a//b", "the path has an empty segment, `//`"),
            ("/a/../b", "a client never asks for the segment `..`"),
            ("/{id}", "a parameter is written `:id`, not `{id}`"),
            ("/<id>", "a parameter is written `:id`, not `<id>`"),
            ("/:", "a parameter has a name: write `:id`, not `:`"),
            ("/:1", "a parameter has a name: write `:id`, not `:1`"),
            (
                "/:id?",
                "a parameter cannot be left out: write two routes, one without `:id`",
            ),
            (
                "/:a-:b",
                "there can be one parameter in a segment, and `:a-:b` has two",
            ),
            ("/*", "a wildcard has a name: write `*rest`"),
            ("/a*b", "a wildcard is a segment of its own: `/*rest`"),
            (
                "/*rest/a",
                "nothing can follow the wildcard `*rest`, which takes the rest of the path",
            ),
            (
                "/a?b",
                "a path has no `?`; the query string is an argument, `Query<..>`",
            ),
            (
                "/%20",
                "a path is written without escapes: write the character itself",
            ),
            ("/a b", "a path cannot have a ` ` in it"),
            (
                "/:id(\\d+)",
                "a path has no regular expressions; the type of the argument says what fits",
            ),
            ("/:id/:id", "the path has two parameters `:id`"),
            (
                "/:a/:b/:c/:d/:e/:f/:g/:h/:i",
                "a path has at most 8 parameters",
            ),
        ] {
            assert_eq!(Pattern::read(path).unwrap_err(), message, "{path}");
        }
    }
}
