//! Whether what came is what was recorded.

use koa::Error;
use serde_json::{Map, Value, json};

/// An error, in the form that the cases have.
pub(crate) fn describe(error: &Error) -> Value {
    let mut properties = error.properties().clone();
    let code = properties.remove("code").or_else(|| {
        // Node's name for what is an error of its own kind here.
        let io: &std::io::Error = error.source()?.downcast_ref()?;
        (io.kind() == std::io::ErrorKind::NotFound).then(|| "ENOENT".into())
    });
    let headers: Map<String, Value> = error
        .headers()
        .keys()
        .map(|name| {
            let lines = error.headers().get_all(name).iter();
            let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
            let value = match lines.as_slice() {
                [line] => (*line).into(),
                lines => lines.into(),
            };
            (name.to_string(), value)
        })
        .collect();
    json!({
        "message": error.message(),
        "status": error.status(),
        "expose": error.expose(),
        "code": code,
        "headers": headers,
        "properties": properties,
    })
}

/// Whether an error is the one expected, both as described.
pub(crate) fn same_error(expected: &Value, actual: &Value) -> bool {
    if expected["internal"] == true {
        return true;
    }
    let headers: Map<String, Value> = expected["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect();
    let missing_file = expected["code"] == "ENOENT";
    // An error here always has a status: the one it is answered with.
    let status = match (&expected["status"], &expected["statusCode"]) {
        (Value::Null, Value::Null) => json!(if missing_file { 404 } else { 500 }),
        (Value::Null, code) => code.clone(),
        (status, _) => status.clone(),
    };
    actual["message"] == expected["message"]
        && actual["status"] == status
        && actual["expose"] == expected["expose"].as_bool().unwrap_or(false)
        && actual["code"] == expected["code"]
        && actual["headers"] == Value::Object(headers)
        && actual["properties"] == *or_empty(&expected["properties"])
}

fn or_empty(properties: &Value) -> std::borrow::Cow<'_, Value> {
    match properties {
        Value::Null => std::borrow::Cow::Owned(json!({})),
        given => std::borrow::Cow::Borrowed(given),
    }
}

/// Whether an event is the one expected.
pub(crate) fn same_event(expected: &Value, actual: &Value) -> bool {
    if expected["event"] != "error" {
        // A session that was missed has no value, which may be null.
        let fields = |event: &Value| {
            let fields = event.as_object().into_iter().flatten();
            let there = fields.filter(|(_, value)| !value.is_null());
            there
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect::<Map<_, _>>()
        };
        return fields(expected) == fields(actual);
    }
    actual["event"] == "error"
        && same_error(&expected["error"], &actual["error"])
        && actual["headerSent"] == expected["headerSent"]
}

/// Whether a returned value is the one expected. No value is `null`, as the cases' README allows.
pub(crate) fn same_value(expected: &Value, actual: &Value) -> bool {
    let is_nothing = |value: &Value| value.is_null() || value["$undefined"] == true;
    if is_nothing(expected) && is_nothing(actual) {
        return true;
    }
    match (expected, actual) {
        (Value::Number(expected), Value::Number(actual)) => expected.as_f64() == actual.as_f64(),
        _ => expected == actual,
    }
}
