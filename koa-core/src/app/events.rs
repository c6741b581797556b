//! Events: errors, and whatever types an app makes events of.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::error::Error;

type ErrorListener = Box<dyn Fn(&Error, &Context) + Send + Sync>;
type AnswerListener = Box<dyn Fn(&Context, Duration) + Send + Sync>;
type Listener = Box<dyn Fn(&dyn Any) + Send + Sync>;

/// The listeners of an app.
#[derive(Default)]
pub(crate) struct Events {
    errors: Vec<ErrorListener>,
    answers: Vec<AnswerListener>,
    others: HashMap<TypeId, Vec<Listener>>,
}

impl Events {
    pub(crate) fn on_error(&mut self, listener: impl Fn(&Error, &Context) + Send + Sync + 'static) {
        self.errors.push(Box::new(listener));
    }

    pub(crate) fn on_answer(
        &mut self,
        listener: impl Fn(&Context, Duration) + Send + Sync + 'static,
    ) {
        self.answers.push(Box::new(listener));
    }

    /// Whether somebody listens to the answers.
    pub(crate) fn hear_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// The time at which a request begins, where somebody wants to know how long it takes.
    #[inline]
    pub(crate) fn begin(&self) -> Option<Instant> {
        self.hear_answers().then(Instant::now)
    }

    /// Tells that a request that began then is answered.
    #[inline]
    pub(crate) fn answered(&self, ctx: &Context, began: Option<Instant>) {
        if let Some(began) = began {
            let time = began.elapsed();
            for listener in &self.answers {
                let _ = catch_unwind(AssertUnwindSafe(|| listener(ctx, time)));
            }
        }
    }

    pub(crate) fn on<E: Send + Sync + 'static>(
        &mut self,
        listener: impl Fn(&E) + Send + Sync + 'static,
    ) {
        let listeners = self.others.entry(TypeId::of::<E>()).or_default();
        listeners.push(Box::new(move |event| {
            if let Some(event) = event.downcast_ref() {
                listener(event);
            }
        }));
    }

    pub(crate) fn emit<E: Send + Sync + 'static>(&self, event: &E) -> bool {
        let Some(listeners) = self.others.get(&TypeId::of::<E>()) else {
            return false;
        };
        for listener in listeners {
            listener(event);
        }
        true
    }

    /// A listener that panics keeps neither the others from hearing of the error nor the client from its answer.
    pub(crate) fn emit_error(&self, error: &Error, ctx: &Context, silent: bool) {
        if self.errors.is_empty() {
            print_error(error, silent);
        }
        for listener in &self.errors {
            let _ = catch_unwind(AssertUnwindSafe(|| listener(error, ctx)));
        }
    }
}

/// The default handler, as Koa's: it prints to stderr, but neither a 404 nor an error that the client sees.
fn print_error(error: &Error, silent: bool) {
    if silent || error.status() == 404 || error.expose() {
        return;
    }
    let mut text = format!("\n  Error: {}\n", indented(error.message()));
    for cause in error.causes() {
        let _ = writeln!(text, "    caused by: {}", indented(&cause.to_string()));
    }
    // Where nobody reads stderr any more, printing would panic.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}
