//! The map as a tree of text.

use std::fmt;

use crate::describe::{Kind, Layer};

pub(super) fn write(layers: &[Layer], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut lines = vec![("app".to_owned(), String::new())];
    collect(layers, "", &mut lines);
    // The details stand below one another, as far as the names allow.
    let width = lines.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0).min(60);
    for (name, details) in lines {
        if details.is_empty() {
            writeln!(f, "{name}")?;
        } else {
            writeln!(f, "{name:width$}  {details}")?;
        }
    }
    Ok(())
}

fn collect(layers: &[Layer], indent: &str, lines: &mut Vec<(String, String)>) {
    for (at, layer) in layers.iter().enumerate() {
        let last = at + 1 == layers.len();
        let (branch, below) = if last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let name = match layer.name.split_once(' ') {
            // The paths of routes stand below one another.
            Some((verb, path)) if layer.kind == Kind::Route => format!("{verb:7} {path}"),
            _ => layer.name.clone(),
        };
        lines.push((
            format!("{indent}{branch}{name}"),
            layer.details().join("; "),
        ));
        collect(&layer.inside, &format!("{indent}{below}"), lines);
    }
}
