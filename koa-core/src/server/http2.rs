//! HTTP/2: many requests on one connection, each of which behaves as one of HTTP/1 does.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error as _;
use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::chain::Onion;
use crate::response::Outgoing;
use crate::response::respond::refused;
use crate::server::connection::{Connection, Orphan};
use crate::server::frames::Frames;
use crate::server::host;
use crate::server::io::Io;
use crate::server::limits::Limit;
use crate::server::serve::Served;

type Answer = Result<Response<Outgoing>, Infallible>;

/// Serves a connection whose client begins with HTTP/2, which is in `begun` as far as it has been read.
pub(super) async fn serve<C: Onion, S>(
    stream: S,
    begun: Bytes,
    connection: Arc<Connection>,
    served: Arc<Served<C>>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    connection.multiplex();
    let limits = &served.limits;
    let frames = Frames::new(
        stream,
        begun,
        Arc::clone(&connection),
        limits.control_frames,
    );
    let io = Io::new(frames, Arc::clone(&connection));
    let (callback, parent) = (served.callback.clone(), Arc::clone(&connection));
    let (orphans, headers, header_size) = (limits.streams, limits.headers, limits.header_size);
    let service = service_fn(move |request: Request<Incoming>| {
        let stream = Arc::new(Connection::stream(&parent, orphans));
        BEGUN.set(Some(Arc::clone(&stream)));
        let answer: Pin<Box<dyn Future<Output = Answer> + Send>> =
            if request.headers().len() > headers || head_size(&request) > header_size {
                parent.exceeds(Limit::HeaderSize);
                let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                Box::pin(ready(Ok(refused(Arc::clone(&stream), status))))
            } else {
                Box::pin(callback.handle_on(Arc::clone(&stream), host::as_in_http1(request)))
            };
        ToItsEnd {
            answer: Some(answer),
            stream,
        }
    });
    // h2 answers by itself what is larger than it may be, and nobody hears of it: so it may be twice as large there.
    let most = limits.header_size.saturating_mul(2);
    let http = http2::Builder::new(Sending)
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(limits.pending_resets)
        .max_header_list_size(u32::try_from(most).unwrap_or(u32::MAX))
        .serve_connection(io, service);
    let outcome = {
        let mut http = pin!(http);
        let mut finish = pin!(connection.finishes());
        let mut finishing = false;
        poll_fn(|cx| {
            if !finishing && finish.as_mut().poll(cx).is_ready() {
                finishing = true;
                http.as_mut().graceful_shutdown();
            }
            http.as_mut().poll(cx)
        })
        .await
    };
    match outcome {
        Ok(()) => connection.linger().await,
        // A client that broke off, or did what it must not.
        Err(error) if is_flood(&error) => connection.exceeds(Limit::Http2Flood),
        Err(_) => {}
    }
    // Requests that run on have the connection, and would keep it open.
    connection.close();
}

/// The size of a request's head as HTTP/2 counts it, each field with 32 bytes of its own (RFC 9113, 6.5.2).
fn head_size(request: &Request<Incoming>) -> usize {
    const FIELD: usize = 32;
    let uri = request.uri();
    let authority = uri.authority().map(Authority::as_str);
    let pseudo = [
        (":method", Some(request.method().as_str())),
        (":scheme", uri.scheme_str()),
        (":authority", authority),
        (":path", uri.path_and_query().map(PathAndQuery::as_str)),
    ];
    let pseudo = pseudo
        .iter()
        .filter_map(|(name, value)| Some(name.len() + (*value)?.len() + FIELD));
    let fields = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + FIELD);
    pseudo.chain(fields).sum()
}

/// Whether it was h2 that had enough of the client: of streams that are reset as soon as they are opened (Rapid Reset), or
/// of such as make the server reset them.
fn is_flood(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    cause.is_some_and(|cause: &h2::Error| {
        !cause.is_remote() && cause.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM)
    })
}

thread_local! {
    /// The request that hyper is about to run a task for.
    static BEGUN: Cell<Option<Arc<Connection>>> = const { Cell::new(None) };
}

/// Runs hyper's tasks. That of a request, which hyper runs as soon as the service was called, is ended by the sweep where
/// the client does not take the response.
#[derive(Clone)]
struct Sending;

impl<F> Executor<F> for Sending
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let Some(stream) = BEGUN.take() else {
            tokio::spawn(task);
            return;
        };
        let sending = StreamTask {
            task,
            stream: Arc::clone(&stream),
        };
        stream.is_served_by(tokio::spawn(sending).abort_handle());
    }
}

pin_project! {
    /// hyper's task for a request.
    struct StreamTask<F> {
        #[pin]
        task: F,
        stream: Arc<Connection>,
    }
}

impl<F: Future<Output = ()>> Future for StreamTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let polled = this.task.poll(cx);
        if polled.is_pending() {
            this.stream.sending_waits();
        }
        polled
    }
}

/// A request that runs to its end when its stream is given up, as one of HTTP/1 does. hyper drops it then.
struct ToItsEnd {
    answer: Option<Pin<Box<dyn Future<Output = Answer> + Send>>>,
    stream: Arc<Connection>,
}

impl Future for ToItsEnd {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let Some(answer) = &mut self.answer else {
            return Poll::Pending;
        };
        let polled = answer.as_mut().poll(cx);
        if polled.is_ready() {
            self.answer = None;
        }
        polled
    }
}

impl Drop for ToItsEnd {
    fn drop(&mut self) {
        let Some(answer) = self.answer.take() else {
            return;
        };
        self.stream.leave();
        let Some(orphan) = Orphan::of(&self.stream, 0) else {
            return;
        };
        orphan.run(async move { drop(answer.await) });
    }
}
