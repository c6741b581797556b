//! The map in JSON.

use serde_json::{Value, json};

use crate::describe::{Description, Layer};

impl Description {
    /// The map in JSON: layers in their order, each with its `kind` (`middleware`, `group`, `controller`, `route`), its
    /// `name`, what it `provides` and `requires`, its `place` as `file:line` if that is known, and what is `inside`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "layers": layers(&self.layers) })
    }
}

fn layers(all: &[Layer]) -> Vec<Value> {
    let json = |layer: &Layer| {
        json!({
            "kind": layer.kind.as_str(),
            "name": layer.name,
            "provides": layer.provides,
            "requires": layer.requires,
            "place": layer.place.map(|place| place.to_string()),
            "inside": layers(&layer.inside),
        })
    };
    all.iter().map(json).collect()
}
