//! A request, put together and sent.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::Serialize;

use crate::chain::Onion;
use crate::error::{Error, Result};
use crate::test::{Answer, Client, lock};

/// How much fits between the two ends of the connection, in bytes.
const BUFFER: usize = 64 * 1024;

/// A request of a [`Client`], sent by awaiting it.
#[must_use = "a request is sent by awaiting it"]
pub struct RequestBuilder<'c, C> {
    client: &'c Client<C>,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    /// What could not be put into it.
    failed: Option<Error>,
}

impl<'c, C: Onion> RequestBuilder<'c, C> {
    pub(super) fn new(client: &'c Client<C>, method: Method, path: String) -> Self {
        Self {
            client,
            method,
            path,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            failed: None,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(Error::from);
        let value = HeaderValue::from_bytes(value.as_ref()).map_err(Error::from);
        match (name, value) {
            (Ok(name), Ok(value)) => {
                self.headers.append(name, value);
            }
            (Err(error), _) | (_, Err(error)) => self.failed = Some(error),
        }
        self
    }

    /// Sets the query string to the fields of `query`.
    pub fn query(mut self, query: &(impl Serialize + ?Sized)) -> Self {
        match serde_html_form::to_string(query) {
            Ok(query) => {
                let mark = if self.path.contains('?') { '&' } else { '?' };
                self.path.push(mark);
                self.path.push_str(&query);
            }
            Err(error) => self.failed = Some(error.into()),
        }
        self
    }

    /// With a body in JSON.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.body_of("application/json", json),
            Err(error) => {
                self.failed = Some(error.into());
                self
            }
        }
    }

    /// With a form as its body.
    pub fn form(mut self, form: &(impl Serialize + ?Sized)) -> Self {
        match serde_html_form::to_string(form) {
            Ok(form) => self.body_of("application/x-www-form-urlencoded", form),
            Err(error) => {
                self.failed = Some(error.into());
                self
            }
        }
    }

    /// With a body of any type.
    pub fn body_of(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers.remove(CONTENT_TYPE);
        self.body = body.into();
        self.header("content-type", content_type)
    }

    async fn send(self) -> Result<Answer> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let client = self.client;
        let path = self.path.split('?').next().unwrap_or("/").to_owned();
        let secure = client.socket.encrypted();
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse()?;
        *request.headers_mut() = self.headers;
        let headers = request.headers_mut();
        headers
            .entry(HOST)
            .or_insert(HeaderValue::from_static("localhost"));
        let cookies = {
            let shared = lock(&client.shared);
            shared.jar.header(&path, secure, shared.now)
        };
        if let Some(cookies) = cookies {
            headers
                .entry(COOKIE)
                .or_insert(HeaderValue::try_from(cookies)?);
        }

        let (near, far) = tokio::io::duplex(BUFFER);
        let service = client.callback.service(client.socket);
        let server = hyper::server::conn::http1::Builder::new()
            .half_close(true)
            .serve_connection(TokioIo::new(far), service);
        tokio::spawn(async move { drop(server.await) });
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(near)).await?;
        tokio::spawn(async move { drop(connection.await) });
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();

        let mut shared = lock(&client.shared);
        let now = shared.now;
        for line in head.headers.get_all(SET_COOKIE) {
            if let Ok(line) = line.to_str() {
                shared.jar.take(line, &path, now);
            }
        }
        Ok(Answer::new(head, body))
    }
}

impl<'c, C: Onion> IntoFuture for RequestBuilder<'c, C> {
    type Output = Result<Answer>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Answer>> + Send + 'c>>;

    /// Sends it, and waits for the whole answer.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<C> fmt::Debug for RequestBuilder<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
