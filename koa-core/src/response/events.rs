//! Server-sent events: a response that goes on as long as there is something to tell.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::response::Body;

/// After how long without an event a comment is sent, so that nobody takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// One event of a stream of server-sent events, for [`Context::send_events`].
///
/// ```
/// use koa::Event;
///
/// let event = Event::new("first line\nsecond line").event("news").id("7");
/// assert_eq!(event.to_string(), "event: news\nid: 7\ndata: first line\ndata: second line\n\n");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    event: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
    data: String,
}

impl Event {
    /// An event with its data, of any number of lines.
    pub fn new(data: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            ..Self::default()
        }
    }

    /// With a name; without one it is "message" to the client. What follows a line break in it is dropped.
    #[must_use]
    pub fn event(mut self, name: impl Into<String>) -> Self {
        self.event = Some(name.into());
        self
    }

    /// With an id, which a client that comes again says in `Last-Event-ID`. What follows a line break in it is dropped.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// With the time after which the client comes again when the connection is lost.
    #[must_use]
    pub fn retry(mut self, time: Duration) -> Self {
        self.retry = Some(time);
        self
    }
}

/// As it is sent.
impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A line break in a name would begin a field that nobody meant.
        let line = |text: &str| {
            let end = text.find(['\r', '\n', '\0']).unwrap_or(text.len());
            text.get(..end).unwrap_or_default().to_owned()
        };
        if let Some(event) = &self.event {
            writeln!(f, "event: {}", line(event))?;
        }
        if let Some(id) = &self.id {
            writeln!(f, "id: {}", line(id))?;
        }
        if let Some(retry) = self.retry {
            writeln!(f, "retry: {}", retry.as_millis())?;
        }
        let data = self.data.replace("\r\n", "\n").replace('\r', "\n");
        for line in data.split('\n') {
            writeln!(f, "data: {line}")?;
        }
        f.write_char('\n')
    }
}

impl Context {
    /// Answers with a stream of server-sent events, each sent as it comes. The stream is dropped when the client goes
    /// away, and ends when the server shuts down; a browser then comes again by itself.
    ///
    /// Every 15 seconds without an event a comment is sent.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// use koa::Event;
    ///
    /// # type News = std::pin::Pin<Box<dyn futures_core::Stream<Item = Result<Event>> + Send>>;
    /// # fn news() -> News { unreachable!() }
    /// #[middleware]
    /// async fn events(ctx: &mut Context) -> Result {
    ///     ctx.send_events(news())
    /// }
    /// # let _ = App::new().with(events);
    /// ```
    ///
    /// # Errors
    ///
    /// None that a program could cause.
    pub fn send_events<S, E>(&mut self, events: S) -> Result
    where
        S: Stream<Item = Result<Event, E>> + Send + 'static,
        E: Into<Error>,
    {
        self.set_all([
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("Cache-Control", "no-cache"),
            // nginx would keep them back.
            ("X-Accel-Buffering", "no"),
        ])?;
        self.set_body(Body::stream(Sent {
            events,
            begun: false,
            closing: Box::pin(self.request.closing()),
            silence: sleep(KEEP_ALIVE),
        }));
        Ok(())
    }
}

pin_project! {
    /// Events on their way.
    struct Sent<S> {
        #[pin]
        events: S,
        begun: bool,
        closing: Pin<Box<dyn Future<Output = ()> + Send>>,
        #[pin]
        silence: Sleep,
    }
}

impl<S, E> Stream for Sent<S>
where
    S: Stream<Item = Result<Event, E>>,
    E: Into<Error>,
{
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        // The first chunk brings the head, for which the client waits.
        if !std::mem::replace(this.begun, true) {
            return Poll::Ready(Some(Ok(COMMENT)));
        }
        // Looked at first: there may always be an event.
        if this.closing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(event) = this.events.poll_next(cx) {
            this.silence.as_mut().reset(Instant::now() + KEEP_ALIVE);
            return Poll::Ready(event.map(|event| match event {
                Ok(event) => Ok(event.to_string().into()),
                Err(error) => Err(error.into()),
            }));
        }
        if this.silence.as_mut().poll(cx).is_ready() {
            this.silence.as_mut().reset(Instant::now() + KEEP_ALIVE);
            return Poll::Ready(Some(Ok(COMMENT)));
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_begins_a_field_of_its_own() {
        let event = Event::new("a\rb\r\nc\n").event("x\ndata: y").id("1\r2");
        let sent = "event: x\nid: 1\ndata: a\ndata: b\ndata: c\ndata: \n\n";
        assert_eq!(event.to_string(), sent);
    }
}
