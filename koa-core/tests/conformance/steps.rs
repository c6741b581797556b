//! A layer that does what a list of steps says: the middleware of the cases.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use koa::{Context, Error, Middleware, Next, Requires, Result};
use serde_json::Value;

use crate::cases::{Case, Step};
use crate::compare::{describe, same_error, same_value};
use crate::operations::{self, Output};
use crate::record::Record;
use crate::sessions;

pub(crate) struct Layer {
    pub case: Arc<Case>,
    pub index: usize,
    pub record: Arc<Record>,
}

impl<Above> Requires<Above, ()> for Layer {}

impl Middleware for Layer {
    type Provides = ();
    type Wiring = Self;

    async fn call<'a, N: Next + 'a>(&'a self, ctx: &'a mut Context, next: N) -> Result {
        let steps = self.case.layers()[self.index];
        let mut run = Run {
            case: &self.case,
            record: &self.record,
            next: Some(next),
        };
        run.all(steps, ctx, &mut None).await
    }
}

struct Run<'a, N> {
    case: &'a Case,
    record: &'a Record,
    /// Consumed by being run.
    next: Option<N>,
}

impl<'a, N: Next + 'a> Run<'a, N> {
    /// `caught` is the error of the `try` that these steps are the `catch` of.
    fn all<'r>(
        &'r mut self,
        steps: &'r [Step],
        ctx: &'r mut Context,
        caught: &'r mut Option<Error>,
    ) -> Pin<Box<dyn Future<Output = Result> + Send + 'r>>
    where
        'a: 'r,
    {
        Box::pin(async move {
            for step in steps {
                let outcome = self.one(step, ctx, caught).await;
                check(step, &outcome, self.record);
                match outcome {
                    Err(error) if !step.caught => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        })
    }

    async fn one(
        &mut self,
        step: &Step,
        ctx: &mut Context,
        caught: &mut Option<Error>,
    ) -> Result<Output> {
        match step.op.as_str() {
            "next" => match self.next.take() {
                Some(next) => next.run(ctx).await?,
                // With a `next` that is known when compiling this does not compile; an interpreter finds it out when
                // it runs, as Koa does.
                None => return Err(Error::internal("next() called multiple times")),
            },
            "try" => self.attempt(step, ctx).await?,
            "trace" => {
                let label = step.args.first().cloned().unwrap_or(Value::Null);
                self.record.trace.lock().unwrap().push(label);
            }
            "error" => return Ok(Output::Error(caught.as_ref().map(describe))),
            "error.emit" => {
                let error = caught.as_ref().unwrap();
                ctx.app().emit_error(error, ctx);
            }
            "flushHeaders" => ctx.flush_headers().await?,
            "rethrow" => return Err(caught.take().unwrap()),
            _ => {
                if let Some(output) = sessions::perform(step, ctx, self.case).await {
                    return output;
                }
                return operations::perform(step, ctx, self.case, self.record);
            }
        }
        Ok(Output::Nothing)
    }

    async fn attempt(&mut self, step: &Step, ctx: &mut Context) -> Result {
        let mut outcome = self.all(&step.steps, ctx, &mut None).await;
        if let (Err(_), Some(catch)) = (&outcome, &step.catch) {
            let mut error = outcome.err();
            outcome = self.all(catch, ctx, &mut error).await;
        }
        if let Some(finally) = &step.finally {
            self.all(finally, ctx, &mut None).await?;
        }
        outcome
    }
}

/// Whether a step gave what was recorded.
pub(crate) fn check(step: &Step, outcome: &Result<Output>, record: &Record) {
    let op = format!("{}({})", step.op, Value::from(step.args.clone()));
    if step.reached == Some(false) {
        return record.fail(format!("{op} was reached"));
    }
    match (outcome, &step.throws) {
        (Err(error), Some(expected)) => {
            let actual = describe(error);
            if !same_error(expected, &actual) {
                record.fail(format!("{op} throws: expected {expected}, got {actual}"));
            }
        }
        (Err(error), None) if step.op != "try" => {
            record.fail(format!("{op} failed: {error:?}"));
        }
        (Ok(_), Some(expected)) => {
            record.fail(format!("{op} throws: expected {expected}, got nothing"));
        }
        (Ok(Output::Error(actual)), None) => {
            let expected = step.returns.as_ref().unwrap();
            if !actual
                .as_ref()
                .is_some_and(|actual| same_error(expected, actual))
            {
                record.fail(format!("{op}: expected {expected}, got {actual:?}"));
            }
        }
        (Ok(Output::Value(actual)), None) => {
            let expected = step.returns.as_ref().unwrap_or(&Value::Null);
            if !same_value(expected, actual) {
                record.fail(format!("{op}: expected {expected}, got {actual}"));
            }
        }
        (Ok(Output::Nothing), None) => {
            if let Some(expected) = &step.returns {
                record.fail(format!("{op}: expected {expected}, got nothing"));
            }
        }
        (Err(_), None) => {}
    }
}
