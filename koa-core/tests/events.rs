//! Server-sent events: each is there when it happens, over a real socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may say what it takes for granted"
)]

mod client;
mod serve;

use std::pin::Pin;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use client::Client;
use futures_core::Stream;
use koa::prelude::*;
use koa::{Event, session};
use serve::{serve, serve_with};
use tokio::sync::{mpsc, oneshot};

/// What the test tells.
struct Told(mpsc::Receiver<Result<Event>>);

impl Stream for Told {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

/// Answers with what the test tells.
struct News(Mutex<Option<Told>>);

#[middleware]
impl News {
    async fn call(&self, ctx: &mut Context) -> Result {
        let told = self.0.lock().unwrap().take();
        ctx.send_events(told.unwrap())
    }
}

fn news() -> (mpsc::Sender<Result<Event>>, News) {
    let (tell, told) = mpsc::channel(1);
    (tell, News(Mutex::new(Some(Told(told)))))
}

const ASK: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// The next chunk, as text.
fn next(client: &mut Client) -> String {
    String::from_utf8(client.chunk().unwrap()).unwrap()
}

#[test]
fn events_are_sent_as_they_come() {
    let (tell, news) = news();
    let server = serve(App::new().with(news));
    let mut client = Client::connect(server.address);
    client.send(ASK);
    // The head waits for no event: a browser says that it is open.
    let head = client.read(true).unwrap();
    let kind = "text/event-stream; charset=utf-8";
    assert_eq!(head.header("content-type"), Some(kind));
    assert_eq!(head.header("cache-control"), Some("no-cache"));
    assert_eq!(head.header("x-accel-buffering"), Some("no"));
    assert_eq!(next(&mut client), ":\n\n");
    // The second one is not told before the client has the first.
    tell.blocking_send(Ok(Event::new("one"))).unwrap();
    assert_eq!(next(&mut client), "data: one\n\n");
    let two = Event::new("two\nlines").event("news").id("2");
    tell.blocking_send(Ok(two)).unwrap();
    let sent = "event: news\nid: 2\ndata: two\ndata: lines\n\n";
    assert_eq!(next(&mut client), sent);
    drop(tell);
    assert_eq!(next(&mut client), "");
}

#[test]
fn an_error_ends_the_events_and_is_heard() {
    let (tell, news) = news();
    let (failed, errors) = channel();
    let app = App::new()
        .on_error(move |error, _| failed.send(error.to_string()).unwrap())
        .with(news);
    let server = serve(app);
    let mut client = Client::connect(server.address);
    client.send(ASK);
    client.read(true).unwrap();
    assert_eq!(next(&mut client), ":\n\n");
    tell.blocking_send(Err(Error::internal("as asked")))
        .unwrap();
    assert_eq!(client.chunk(), None, "the connection is cut");
    assert_eq!(errors.recv().unwrap(), "as asked");
}

#[tokio::test]
async fn nobody_is_told_for_a_client_that_went_away() {
    let (tell, news) = news();
    let server = serve(App::new().with(news));
    let mut client = Client::connect(server.address);
    client.send(ASK);
    client.read(true).unwrap();
    client.cut();
    let dropped = tokio::time::timeout(Duration::from_secs(20), tell.closed());
    assert!(dropped.await.is_ok());
}

#[test]
fn events_end_with_the_server() {
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, news) = news();
    let server = serve_with(App::new().with(news), |server| {
        server.shutdown_on(async {
            let _ = stopped.await;
        })
    });
    let mut client = Client::connect(server.address);
    client.send(ASK);
    client.read(true).unwrap();
    assert_eq!(next(&mut client), ":\n\n");
    tell.blocking_send(Ok(Event::new("one"))).unwrap();
    assert_eq!(next(&mut client), "data: one\n\n");
    stop.send(()).unwrap();
    assert_eq!(next(&mut client), "", "it ends as it should");
    assert!(!client.fill(), "and the connection with it");
}

#[session(key = "sid")]
struct Visits {
    count: u32,
}

#[test]
fn the_session_of_a_stream_is_saved_with_its_head() {
    struct Counts(Mutex<Vec<Told>>);
    #[middleware]
    impl Counts {
        async fn call(&self, ctx: &mut Context, visits: &mut Visits) -> Result {
            visits.count += 1;
            ctx.set("X-Count", visits.count)?;
            let told = self.0.lock().unwrap().pop();
            ctx.send_events(told.unwrap())
        }
    }
    let (tell, told): (Vec<_>, Vec<_>) = std::iter::repeat_with(|| mpsc::channel(1))
        .map(|(tell, told)| (tell, Told(told)))
        .take(3)
        .unzip();
    let app = App::new().keys(["a key that nobody guesses"]);
    let server = serve(
        app.with(Visits::middleware())
            .with(Counts(Mutex::new(told))),
    );
    let mut cookie = String::new();
    for count in ["1", "2", "3"] {
        let mut client = Client::connect(server.address);
        client.send(format!(
            "GET / HTTP/1.1\r\nHost: test\r\nCookie: {cookie}\r\n\r\n"
        ));
        // Nothing has been told yet, and its end is not in sight.
        let head = client.read(true).unwrap();
        assert_eq!(head.header("x-count"), Some(count));
        let set = head.header("set-cookie").unwrap();
        cookie = set.split(';').next().unwrap().to_owned();
        assert_eq!(next(&mut client), ":\n\n");
    }
    drop(tell);
}

/// Time is the runtime's own here: it goes on to the next timer as soon as everybody waits.
#[cfg(feature = "tower")]
#[tokio::test(start_paused = true)]
async fn a_comment_is_sent_after_15_seconds_without_an_event() {
    use http_body_util::{BodyExt, Empty};
    use tokio::time::{Instant, sleep};
    use tower::ServiceExt;

    let (tell, news) = news();
    let app = App::new().with(news).callback();
    let request = http::Request::new(Empty::<bytes::Bytes>::new());
    let answer = app.oneshot(request).await.unwrap();
    let mut body = answer.into_body();
    let began = Instant::now();
    let mut next = async || {
        let frame = body.frame().await.unwrap().unwrap();
        let text = String::from_utf8(frame.into_data().unwrap().to_vec());
        (text.unwrap(), began.elapsed().as_secs_f64().round())
    };
    let comment = ":\n\n".to_owned();
    assert_eq!(next().await, (comment.clone(), 0.0), "for the head");
    assert_eq!(next().await, (comment.clone(), 15.0));
    assert_eq!(next().await, (comment.clone(), 30.0));
    let telling = tokio::spawn(async move {
        sleep(Duration::from_secs(10)).await;
        tell.send(Ok(Event::new("one"))).await.unwrap();
        tell
    });
    assert_eq!(next().await, ("data: one\n\n".to_owned(), 40.0));
    let tell = telling.await.unwrap();
    assert_eq!(next().await, (comment, 55.0), "an event is no silence");
    drop(tell);
}

#[test]
fn events_without_a_pause_end_with_the_server_too() {
    struct Always;
    impl Stream for Always {
        type Item = Result<Event>;

        fn poll_next(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(Some(Ok(Event::new("on and on"))))
        }
    }
    #[middleware]
    async fn always(ctx: &mut Context) -> Result {
        ctx.send_events(Always)
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let server = serve_with(App::new().with(always), |server| {
        server.shutdown_on(async {
            let _ = stopped.await;
        })
    });
    let mut client = Client::connect(server.address);
    client.send(ASK);
    client.read(true).unwrap();
    stop.send(()).unwrap();
    while let Some(chunk) = client.chunk() {
        if chunk.is_empty() {
            return;
        }
    }
    panic!("it is cut, and not ended");
}
