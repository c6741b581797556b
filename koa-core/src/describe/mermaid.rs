//! The map as a diagram for [Mermaid](https://mermaid.js.org/syntax/flowchart.html).

use std::fmt::Write as _;

use crate::describe::{Description, Kind, Layer};

impl Description {
    /// The map as a Mermaid flowchart: the way of a request from layer to layer, and from a controller to its routes.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut chart = Chart {
            text: "flowchart TD\n    n0([request])\n".to_owned(),
            nodes: 0,
        };
        chart.chain(&self.layers, 0);
        chart.text
    }
}

struct Chart {
    text: String,
    nodes: usize,
}

impl Chart {
    /// Layers one after the other; gives the last one.
    fn chain(&mut self, layers: &[Layer], from: usize) -> usize {
        layers.iter().fold(from, |from, layer| {
            let node = self.node(layer, from);
            match layer.kind {
                // From here a request goes one of several ways.
                Kind::Controller => {
                    for inner in &layer.inside {
                        self.chain(std::slice::from_ref(inner), node);
                    }
                    from
                }
                Kind::Route | Kind::Group => {
                    self.chain(&layer.inside, node);
                    node
                }
                Kind::Middleware => node,
            }
        })
    }

    fn node(&mut self, layer: &Layer, from: usize) -> usize {
        self.nodes += 1;
        let node = self.nodes;
        let name = escaped(&layer.name);
        let (open, close) = match layer.kind {
            Kind::Middleware => ("[\"", "\"]"),
            Kind::Group => ("[[\"", "\"]]"),
            Kind::Controller => ("{{\"", "\"}}"),
            Kind::Route => ("([\"", "\"])"),
        };
        let details = layer.details();
        let details: String = details
            .iter()
            .map(|detail| format!("<br/>{}", escaped(detail)))
            .collect();
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "    n{node}{open}{name}{details}{close}");
        let _ = writeln!(self.text, "    n{from} --> n{node}");
        node
    }
}

/// Text as Mermaid takes it in quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("#quot;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '#' => escaped.push_str("#35;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
