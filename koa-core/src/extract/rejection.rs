//! An argument that a request has nothing for, or nothing good.

use std::fmt;

use crate::{Context, Error};

/// Why a request cannot be handed to a handler: which argument it is, and what is wrong.
///
/// It is answered with the status of the error, and with `argument: message`. [`App::on_rejection`] makes another answer
/// of it, for the whole app.
///
/// [`App::on_rejection`]: crate::App::on_rejection
pub struct Rejection {
    argument: &'static str,
    error: Error,
}

/// What an app makes of a rejection.
pub(crate) type OnRejection = Box<dyn Fn(Rejection, &Context) -> Error + Send + Sync>;

impl Rejection {
    /// The name of the argument.
    #[must_use]
    pub fn argument(&self) -> &'static str {
        self.argument
    }

    /// What is wrong, as the argument's type says it. Its property `field` names the field of a query string, a form
    /// or JSON.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The same error as it is answered unless the app says otherwise: the message begins with the argument's name, which
    /// is also its property `argument`.
    #[must_use]
    pub fn into_error(self) -> Error {
        let Self { argument, error } = self;
        let message = format!("{argument}: {}", error.message());
        error
            .with_message(message)
            .with_property("argument", argument)
    }

    /// The error to answer with. One that is the server's own fault is no rejection.
    #[cold]
    pub(super) fn answer(argument: &'static str, error: Error, ctx: &Context) -> Error {
        if !(400..500).contains(&error.status()) {
            return error;
        }
        let rejection = Self { argument, error };
        match &ctx.app().on_rejection {
            Some(customise) => customise(rejection, ctx),
            None => rejection.into_error(),
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("argument", &self.argument)
            .field("error", &self.error)
            .finish()
    }
}
