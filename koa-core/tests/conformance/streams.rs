//! Stream bodies that give some chunks and then end, or fail.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use koa::{Error, Result};

pub(crate) struct Chunks {
    pub chunks: VecDeque<Vec<u8>>,
    pub error: Option<Error>,
}

impl Stream for Chunks {
    type Item = Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.chunks.pop_front().map(Ok);
        Poll::Ready(next.or_else(|| self.error.take().map(Err)))
    }
}
