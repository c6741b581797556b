//! The way of a request through an app whose layers may send the head before they are done.
//!
//! The layers then own the context and what they run through, in a box: a response may take their future with it. Every
//! other app has them in the future of the request, where nothing is allocated.

use std::future::{poll_fn, ready};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;

use crate::Result;
use crate::app::caught::Caught;
use crate::chain::Onion;
use crate::context::Place;
use crate::middleware::Done;
use crate::response::Outgoing;
use crate::response::flush::{Flush, Flushed, Head, Layers, finish};
use crate::response::respond::{Ending, Sent, conclude, conclude_stream, headed, send};
use crate::response::stream::Streamed;
use crate::server::{Connection, InFlight, Orphan};

/// What comes out of the layers first.
enum First {
    Head(Head),
    End(Box<Place>, Result),
}

/// A request's way: through the layers, and out as a response, which may begin before they end.
pub(super) async fn handle<C: Onion>(
    chain: Arc<C>,
    mut ctx: Box<Place>,
    began: Option<Instant>,
) -> Sent {
    let connection = Arc::clone(ctx.request.connection());
    let flush = Flush::default();
    ctx.state.insert(flush.clone());
    #[cfg(feature = "tracing")]
    let span = crate::spans::of_request(&ctx);
    let layers = run(chain, ctx);
    #[cfg(feature = "tracing")]
    let layers = tracing::Instrument::instrument(layers, span.clone());
    let mut layers: Layers = Box::pin(layers);
    let first = poll_fn(|cx| match layers.as_mut().poll(cx) {
        Poll::Ready((ctx, outcome)) => Poll::Ready(First::End(ctx, outcome)),
        Poll::Pending => match flush.take_head() {
            Some(head) => Poll::Ready(First::Head(head)),
            None => Poll::Pending,
        },
    });
    let (head, layers) = match first.await {
        First::Head(head) => (head, layers),
        First::End(mut ctx, outcome) => match flush.take_head() {
            // A layer asked for it, and gave up waiting.
            Some(head) => (head, Box::pin(ready((ctx, outcome))) as Layers),
            None => {
                let ending = conclude(&mut ctx, outcome);
                connection.begin_body();
                return match ending {
                    Ending::Whole(bytes) => {
                        #[cfg(feature = "tracing")]
                        span.record("status", ctx.status());
                        ctx.app().events.answered(&ctx, began);
                        send(ctx, bytes)
                    }
                    Ending::Stream(stream) => {
                        let rest = conclude_stream(ctx, stream, began);
                        #[cfg(feature = "tracing")]
                        let rest = crate::spans::until_sent(span, rest);
                        rest.await
                    }
                };
            }
        },
    };
    #[cfg(feature = "tracing")]
    span.record("status", head.response.status());
    if head.is_all {
        alone(head, layers, flush, connection, began).await
    } else {
        with_rest(head, layers, flush, connection, began)
    }
}

/// The layers, with what they borrow.
async fn run<C: Onion>(chain: Arc<C>, mut ctx: Box<Place>) -> (Box<Place>, Result) {
    let outcome = Caught::new(chain.enter::<(), _>(&mut ctx, Done)).await;
    (ctx, outcome)
}

/// A response that ends with its head. Where the layers of an earlier one still run, those of this one end first: a client
/// that sees the end of each could else have any number of them running.
async fn alone(
    head: Head,
    layers: Layers,
    flush: Flush,
    connection: Arc<Connection>,
    began: Option<Instant>,
) -> Sent {
    let rest = finish(layers, flush, began);
    match Orphan::of(&connection, 1) {
        Some(orphan) => orphan.run(rest),
        None => rest.await,
    }
    connection.begin_body();
    let in_flight = InFlight::new(connection, head.response.status_code());
    let last = in_flight.is_last();
    headed(
        head.response,
        Outgoing::whole(Bytes::new(), in_flight),
        last,
    )
}

/// A response whose body is what the layers come to.
fn with_rest(
    head: Head,
    layers: Layers,
    flush: Flush,
    connection: Arc<Connection>,
    began: Option<Instant>,
) -> Sent {
    let in_flight = InFlight::new(Arc::clone(&connection), head.response.status_code());
    let last = in_flight.is_last();
    let flushed = Flushed::new(layers, flush, head.length, connection, began);
    let body = Outgoing::stream(Box::new(Streamed::Flushed(flushed)), in_flight);
    headed(head.response, body, last)
}
