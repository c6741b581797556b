//! WebSockets (RFC 6455), as endpoints. With the feature `websocket`.
//!
//! ```
//! use koa::prelude::*;
//!
//! #[middleware]
//! async fn echo(ctx: &mut Context) -> Result {
//!     // Here the handshake is an ordinary request: what the layers above provide is there.
//!     ctx.websocket(|mut socket| async move {
//!         while let Some(Ok(message)) = socket.recv().await {
//!             if socket.send(message).await.is_err() {
//!                 return;
//!             }
//!         }
//!     })
//! }
//!
//! let app = App::new().mount("/echo", echo);
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{Method, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Utf8Bytes};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::response::Body;
use crate::server::{Connection, Limit};

pub use tokio_tungstenite::tungstenite::Message;

/// After how long without a message the client is asked whether it is there, unless the handler says otherwise.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a client that has sent what it must not may go on to send.
const LINGER: Duration = Duration::from_secs(1);

const PROTOCOL: &str = "Sec-WebSocket-Protocol";

/// How long the reason of a close may be, in bytes (RFC 6455, 5.5).
const REASON: usize = 123;

/// A WebSocket that is open, in [`Context::websocket`].
pub struct WebSocket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    closing: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Whether the client has been told that the server shuts down.
    told: bool,
    silence: Duration,
    /// When something came last, or the client was asked. It is kept here since `recv` may be dropped before its end.
    heard: Instant,
    asked: bool,
    connection: Arc<Connection>,
}

/// Lets a WebSocket begin, in the state of the context. hyper gives the connection away however its handshake was answered.
struct Accepted(oneshot::Sender<()>);

/// That a 101 is the answer.
#[cold]
pub(crate) fn begin(ctx: &mut Context) {
    if let Some(Accepted(begin)) = ctx.state.remove() {
        let _ = begin.send(());
    }
}

impl WebSocket {
    /// Sets after how long without a message the client is asked whether it is there, by default 30 seconds; it has as long
    /// to answer.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// # use std::time::Duration;
    /// #[middleware]
    /// async fn game(ctx: &mut Context) -> Result {
    ///     ctx.websocket(|mut socket| async move {
    ///         socket.set_max_silence(Duration::from_secs(5));
    ///         while let Some(Ok(message)) = socket.recv().await {
    ///             // ..
    /// #           drop(message);
    ///         }
    ///     })
    /// }
    /// # let _ = App::new().with(game);
    /// ```
    pub fn set_max_silence(&mut self, time: Duration) {
        self.silence = time;
    }

    /// The next message, text or binary; `None` once it is closed. Pings are answered meanwhile, a client that is silent
    /// [for long](Self::set_max_silence) is asked whether it is there, and when the server shuts down the client is told
    /// (1001) and the socket closed. It may be dropped before its end, in a `select!`: nothing is lost.
    ///
    /// # Errors
    ///
    /// A connection that is lost, a client that does not answer, or a message that is malformed or longer than the
    /// app's [`body_limit`](crate::App::body_limit).
    pub async fn recv(&mut self) -> Option<Result<Message>> {
        loop {
            let left = self.silence.saturating_sub(self.heard.elapsed());
            let next = tokio::select! {
                next = timeout(left, self.stream.next()) => next,
                () = &mut self.closing, if !self.told => {
                    self.told = true;
                    let _ = self.close(CloseCode::Away.into(), "").await;
                    return None;
                }
            };
            match next {
                Ok(Some(Ok(message))) => {
                    self.heard = Instant::now();
                    self.asked = false;
                    if matches!(message, Message::Text(_) | Message::Binary(_)) {
                        return Some(Ok(message));
                    }
                }
                Ok(Some(Err(WebSocketError::ConnectionClosed)) | None) => return None,
                Ok(Some(Err(error))) => {
                    self.refuse(&error).await;
                    return Some(Err(error.into()));
                }
                Err(_) if !self.asked => {
                    self.heard = Instant::now();
                    self.asked = true;
                    if let Err(error) = self.stream.send(Message::Ping(Default::default())).await {
                        return Some(Err(error.into()));
                    }
                }
                Err(_) => return Some(Err(Error::internal("the client does not answer"))),
            }
        }
    }

    /// Tells the client what was wrong with what it sent.
    async fn refuse(&mut self, error: &WebSocketError) {
        let code = match error {
            WebSocketError::Capacity(_) => {
                self.connection.exceeds(Limit::BodySize);
                CloseCode::Size
            }
            WebSocketError::Utf8(_) => CloseCode::Invalid,
            WebSocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return,
            WebSocketError::Protocol(_) => CloseCode::Protocol,
            _ => return,
        };
        let _ = self.close(code.into(), "").await;
        // To close at once would reset the connection, and the client would not get to read why.
        let stream = self.stream.get_mut();
        let lingering = async {
            stream.shutdown().await?;
            tokio::io::copy(stream, &mut tokio::io::sink()).await
        };
        let _ = timeout(LINGER, lingering).await;
    }

    /// Sends a message: a [`Message`], or text. When the server shuts down, the client is told (1001) and the socket closed
    /// instead.
    ///
    /// # Errors
    ///
    /// A connection that is closed or lost, or that the server shuts down.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result {
        tokio::select! {
            biased;
            () = &mut self.closing, if !self.told => {}
            sent = self.stream.send(message.into()) => return Ok(sent?),
        }
        self.told = true;
        let _ = self.close(CloseCode::Away.into(), "").await;
        Err(Error::internal("the server shuts down"))
    }

    /// Closes it with a code (RFC 6455, 7.4) and a reason of at most 123 bytes.
    ///
    /// # Errors
    ///
    /// A code that may not be sent, a reason that is longer, or a connection that is lost.
    pub async fn close(&mut self, code: u16, reason: impl Into<String>) -> Result {
        let (code, reason) = (CloseCode::from(code), Utf8Bytes::from(reason.into()));
        if !code.is_allowed() {
            return Err(Error::internal(format!(
                "a WebSocket cannot be closed with the code {code}"
            )));
        }
        if reason.len() > REASON {
            return Err(Error::internal(format!(
                "the reason to close a WebSocket is longer than {REASON} bytes"
            )));
        }
        Ok(self.stream.close(Some(CloseFrame { code, reason })).await?)
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocket")
    }
}

impl Context {
    /// Makes the connection a WebSocket, which `serve` then has, in a task of its own, once the layers have run to their
    /// end. The answer to the handshake is an ordinary response, with the headers and the cookies that the layers set: that of
    /// a session is among them, and one that changes later is not saved by itself.
    ///
    /// A page of another origin than [`ctx.origin()`](Context::origin) is refused, since browsers send cookies with its
    /// handshake too; [`websocket_from`](Self::websocket_from) allows some. Under a server of one's own, that server has
    /// to allow upgrades.
    ///
    /// # Errors
    ///
    /// A request that is no handshake: 405, 400, or 426 for another version of the protocol. A 403 for a page of another
    /// origin.
    pub fn websocket<F, S>(&mut self, serve: F) -> Result
    where
        F: FnOnce(WebSocket) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        self.websocket_from([""; 0], serve)
    }

    /// As [`websocket`](Self::websocket), for pages of these origins too, such as `https://app.example.com`.
    ///
    /// # Errors
    ///
    /// Those of [`websocket`](Self::websocket).
    pub fn websocket_from<O, F, S>(
        &mut self,
        origins: impl IntoIterator<Item = O>,
        serve: F,
    ) -> Result
    where
        O: AsRef<str>,
        F: FnOnce(WebSocket) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let key = handshake(self)?;
        let origin = self.get("Origin");
        let own = self.origin();
        let is_own = origin.is_empty() || origin.eq_ignore_ascii_case(without_default_port(&own));
        if !is_own && !origins.into_iter().any(|other| other.as_ref() == origin) {
            return Err(Error::new(403, "a page of this origin may not connect"));
        }
        if self.header_sent() {
            return Err(Error::internal("the response is settled already"));
        }
        let Some(upgrade) = self.request.upgrade() else {
            return Err(Error::new(400, "this connection cannot become a WebSocket"));
        };
        let limit = self.app().body_limit();
        let config = WebSocketConfig::default()
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        let closing = Box::pin(self.request.closing());
        let connection = Arc::clone(self.request.connection());
        let (begin, begun) = oneshot::channel();
        tokio::spawn(async move {
            // A layer above has put another answer in place of the handshake's.
            let Ok(()) = begun.await else { return };
            // A client that is gone before it could be answered.
            let Ok(upgraded) = upgrade.await else { return };
            let io = TokioIo::new(upgraded);
            let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
            serve(WebSocket {
                stream,
                closing,
                told: false,
                silence: SILENCE,
                heard: Instant::now(),
                asked: false,
                connection,
            })
            .await;
        });
        self.state.insert(Accepted(begin));
        self.set_body(Body::null());
        self.set_status(StatusCode::SWITCHING_PROTOCOLS)?;
        self.set("Connection", "Upgrade")?;
        self.set("Upgrade", "websocket")?;
        self.set("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes()))
    }

    /// Agrees with the client on a subprotocol (RFC 6455, 1.9): the first of these that it offers, which the answer to the
    /// handshake then names. `None` where it offers none of them: most clients that offered some then give up.
    ///
    /// ```
    /// use koa::prelude::*;
    ///
    /// #[middleware]
    /// async fn chat(ctx: &mut Context) -> Result {
    ///     let protocol = ctx.websocket_protocol(&["chat.v2", "chat.v1"]);
    ///     ensure!(protocol.is_some(), 400, "chat.v1 and chat.v2 are spoken here");
    ///     ctx.websocket(move |mut socket| async move {
    ///         let _ = socket.send(format!("this is {protocol:?}")).await;
    ///     })
    /// }
    /// # let _ = App::new().with(chat);
    /// ```
    pub fn websocket_protocol<'p>(&mut self, spoken: &[&'p str]) -> Option<&'p str> {
        let offered = self.get(PROTOCOL);
        let mut spoken = spoken
            .iter()
            .copied()
            .filter(|protocol| !protocol.is_empty());
        let agreed =
            spoken.find(|protocol| offered.split(',').any(|one| one.trim() == *protocol))?;
        // What came in a header can be sent in one.
        self.set(PROTOCOL, agreed).ok()?;
        Some(agreed)
    }
}

/// The key of a handshake (RFC 6455, 4.2.1).
fn handshake(ctx: &Context) -> Result<String> {
    if *ctx.method() != Method::GET {
        return Err(Error::new(405, "a WebSocket begins with GET").with_header("Allow", "GET"));
    }
    let upgrades = listed(&ctx.get("Connection"), "upgrade");
    if !upgrades || !listed(&ctx.get("Upgrade"), "websocket") {
        let error = Error::new(426, "this is a WebSocket").with_header("Connection", "Upgrade");
        return Err(error.with_header("Upgrade", "websocket"));
    }
    if ctx.get("Sec-WebSocket-Version") != "13" {
        let error = Error::new(426, "version 13 of the protocol is spoken here");
        return Err(error.with_header("Sec-WebSocket-Version", "13"));
    }
    let key = ctx.get("Sec-WebSocket-Key").into_owned();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let digits = key.strip_suffix("==").unwrap_or_default();
    if digits.len() != 22 || !digits.bytes().all(is_base64) {
        return Err(Error::new(400, "the handshake has no valid key"));
    }
    Ok(key)
}

/// An origin as browsers write it.
fn without_default_port(origin: &str) -> &str {
    let port = if origin.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    origin.strip_suffix(port).unwrap_or(origin)
}

/// Whether a header's list has a word, in any case.
fn listed(header: &str, word: &str) -> bool {
    header
        .split(',')
        .any(|item| item.trim().eq_ignore_ascii_case(word))
}
