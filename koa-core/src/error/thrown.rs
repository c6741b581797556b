//! How `throw!` tells a status, a message and an error apart: by the method that the compiler finds first. Each step
//! of auto-referencing is a kind of value, the likeliest first.

#![allow(missing_docs, reason = "only the expansion of `throw!` names it")]

use std::borrow::Cow;
use std::error::Error as StdError;

use crate::error::{Error, IntoStatus};

/// What stands alone in a `throw!`.
#[derive(Debug)]
pub struct Thrown<'a, T>(pub &'a T);

#[derive(Debug)]
pub struct Status;
#[derive(Debug)]
pub struct Message;
#[derive(Debug)]
pub struct Own;
#[derive(Debug)]
pub struct Std;

pub trait ViaError {
    fn kind(&self) -> Own {
        Own
    }
}
impl ViaError for &&Thrown<'_, Error> {}

pub trait ViaStatus {
    fn kind(&self) -> Status {
        Status
    }
}
impl<T: IntoStatus> ViaStatus for &&Thrown<'_, T> {}

pub trait ViaMessage {
    fn kind(&self) -> Message {
        Message
    }
}
impl<T: Into<Cow<'static, str>>> ViaMessage for &Thrown<'_, T> {}

pub trait ViaStd {
    fn kind(&self) -> Std {
        Std
    }
}
impl<T: StdError> ViaStd for Thrown<'_, T> {}

impl Own {
    pub fn error(self, error: Error) -> Error {
        error
    }

    pub fn under(self, status: impl IntoStatus, error: Error) -> Error {
        error.with_status(status)
    }
}

impl Status {
    pub fn error(self, status: impl IntoStatus) -> Error {
        Error::from_status(status)
    }
}

impl Message {
    pub fn error(self, message: impl Into<Cow<'static, str>>) -> Error {
        Error::internal(message)
    }

    pub fn under(self, status: impl IntoStatus, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(status, message)
    }
}

impl Std {
    pub fn error(self, error: impl StdError + Send + Sync + 'static) -> Error {
        Error::from(error)
    }

    /// Its message is the message, exposed where the status is.
    pub fn under(
        self,
        status: impl IntoStatus,
        error: impl StdError + Send + Sync + 'static,
    ) -> Error {
        Error::new(status, error.to_string()).with_source(error)
    }
}
