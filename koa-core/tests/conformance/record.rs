//! What happens while a case runs, and where it is not what was recorded from Koa.

use std::sync::Mutex;

use koa::{Context, Error};
use serde_json::{Value, json};

use crate::compare::describe;

#[derive(Default)]
pub(crate) struct Record {
    pub failures: Mutex<Vec<String>>,
    pub trace: Mutex<Vec<Value>>,
    /// Errors in [`describe`]'s form.
    pub events: Mutex<Vec<Value>>,
}

impl Record {
    pub(crate) fn fail(&self, what: String) {
        self.failures.lock().unwrap().push(what);
    }

    pub(crate) fn error_event(&self, error: &Error, ctx: &Context) {
        let mut event = json!({"event": "error", "error": describe(error)});
        if ctx.header_sent() {
            event["headerSent"] = true.into();
        }
        self.event(event);
    }

    pub(crate) fn event(&self, event: Value) {
        self.events.lock().unwrap().push(event);
    }
}
