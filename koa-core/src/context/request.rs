//! Koa's request aliases: <https://koajs.com/#request-aliases>. What each does stands at the method of the same name of
//! [`Request`](crate::Request).

use std::borrow::Cow;
use std::fmt::Display;

use http::request::Parts;
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::error::Result;
use crate::negotiation::Names;
use crate::request::{Is, QueryPairs, freshness};
use crate::server::Socket;

impl Context {
    /// The request as hyper parsed it, without its body. Koa's `ctx.req`: <https://koajs.com/#ctx-req>.
    #[must_use]
    pub fn req(&self) -> &Parts {
        self.request.parts()
    }

    /// The headers of the request. <https://koajs.com/#request-header>
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// Sets the method. <https://koajs.com/#request-method-1>
    pub fn set_method(&mut self, method: Method) {
        self.request.set_method(method);
    }

    /// The url: path and query string, as rewritten. <https://koajs.com/#request-url>
    #[must_use]
    pub fn url(&self) -> Cow<'_, str> {
        self.request.url()
    }

    /// Sets the url, for rewrites. <https://koajs.com/#request-url-1>
    pub fn set_url(&mut self, url: impl Into<String>) {
        self.request.set_url(url);
    }

    /// The url as it came. <https://koajs.com/#request-originalurl>
    #[must_use]
    #[doc(alias = "originalUrl")]
    pub fn original_url(&self) -> Cow<'_, str> {
        self.request.original_url()
    }

    /// Protocol and host. <https://koajs.com/#request-origin>
    #[must_use]
    pub fn origin(&self) -> String {
        self.request.origin()
    }

    /// The whole url as it came. <https://koajs.com/#request-href>
    #[must_use]
    pub fn href(&self) -> String {
        self.request.href()
    }

    /// The same, parsed; `None` if it is not a URL. Koa's `ctx.URL`: <https://koajs.com/#request-url-2>.
    #[must_use]
    #[doc(alias = "URL")]
    pub fn parsed_url(&self) -> Option<url::Url> {
        self.request.parsed_url()
    }

    /// Sets the path, and keeps the query string. <https://koajs.com/#request-path-1>
    pub fn set_path(&mut self, path: &str) {
        self.request.set_path(path);
    }

    /// The query string as a `T`. <https://koajs.com/#request-query>
    ///
    /// # Errors
    ///
    /// A 400 that names the field, where the query string is not a `T`.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T> {
        self.request.query()
    }

    /// The query string as names and values. <https://koajs.com/#request-query>
    #[must_use]
    pub fn query_pairs(&self) -> QueryPairs<'_> {
        self.request.query_pairs()
    }

    /// Sets the query string to names and values. <https://koajs.com/#request-query-1>
    pub fn set_query<N, V>(&mut self, pairs: impl IntoIterator<Item = (N, V)>)
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        self.request.set_query(pairs);
    }

    /// The query string, without the `?`. <https://koajs.com/#request-querystring>
    #[must_use]
    pub fn querystring(&self) -> &str {
        self.request.querystring()
    }

    /// Sets the query string. <https://koajs.com/#request-querystring-1>
    pub fn set_querystring(&mut self, query: &str) {
        self.request.set_querystring(query);
    }

    /// The query string with its `?`. <https://koajs.com/#request-search>
    #[must_use]
    pub fn search(&self) -> &str {
        self.request.search()
    }

    /// Sets the query string. <https://koajs.com/#request-search-1>
    pub fn set_search(&mut self, search: &str) {
        self.request.set_search(search);
    }

    /// The host and, if it was given, the port. <https://koajs.com/#request-host>
    #[must_use]
    pub fn host(&self) -> Cow<'_, str> {
        self.request.host()
    }

    /// The host without its port. <https://koajs.com/#request-hostname>
    #[must_use]
    pub fn hostname(&self) -> Cow<'_, str> {
        self.request.hostname()
    }

    /// Whether what the client has is still good, so that a 304 will do. <https://koajs.com/#request-fresh>
    ///
    /// It compares the request with the `ETag` and `Last-Modified` of the response, so these are set before; it stands
    /// on the context, since it needs both.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn page(ctx: &mut Context) -> Result {
    ///     ctx.set_status(200)?;
    ///     ctx.set_etag("123")?;
    ///     if ctx.fresh() {
    ///         return ctx.set_status(304);
    ///     }
    ///     ctx.set_body("what takes long to make");
    ///     Ok(())
    /// }
    /// # let _ = App::new().with(page);
    /// ```
    #[must_use]
    pub fn fresh(&self) -> bool {
        let is_read = matches!(*self.request.method(), Method::GET | Method::HEAD);
        let is_answer = matches!(self.response.status(), 200..=299 | 304);
        is_read && is_answer && freshness::is_fresh(self.request.headers(), self.response.headers())
    }

    /// The opposite of [`fresh`](Self::fresh). <https://koajs.com/#request-stale>
    #[must_use]
    pub fn stale(&self) -> bool {
        !self.fresh()
    }

    /// The connection: the addresses of both ends, and whether it is encrypted.
    /// <https://koajs.com/#request-socket>
    #[must_use]
    pub fn socket(&self) -> Socket {
        self.request.socket()
    }

    /// `"http"` or `"https"`. <https://koajs.com/#request-protocol>
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        self.request.protocol()
    }

    /// Whether the protocol is `https`. <https://koajs.com/#request-secure>
    #[must_use]
    pub fn secure(&self) -> bool {
        self.request.secure()
    }

    /// The client's address. <https://koajs.com/#request-ip>
    #[must_use]
    pub fn ip(&self) -> Cow<'_, str> {
        self.request.ip()
    }

    /// Sets the client's address. Koa's `ctx.ip = ip`.
    pub fn set_ip(&mut self, ip: impl Display) {
        self.request.set_ip(ip);
    }

    /// The addresses that the request came through, the client's first. <https://koajs.com/#request-ips>
    #[must_use]
    pub fn ips(&self) -> Vec<Cow<'_, str>> {
        self.request.ips()
    }

    /// The parts of the host name in front of the domain. <https://koajs.com/#request-subdomains>
    #[must_use]
    pub fn subdomains(&self) -> Vec<Cow<'_, str>> {
        self.request.subdomains()
    }

    /// Which of the `types` the request's body is of. <https://koajs.com/#request-is-types>
    #[must_use]
    pub fn is<'a>(&'a self, types: impl Names<'a>) -> Is<'a> {
        self.request.is(types)
    }

    /// The best of the `types` for the client. <https://koajs.com/#request-accepts-types>
    #[must_use]
    pub fn accepts<'t>(&self, types: impl Names<'t>) -> Option<&'t str> {
        self.request.accepts(types)
    }

    /// The best of the `encodings` for the client. <https://koajs.com/#request-acceptsencodings-encodings>
    #[must_use]
    #[doc(alias = "acceptsEncodings")]
    pub fn accepts_encodings<'t>(&self, encodings: impl Names<'t>) -> Option<&'t str> {
        self.request.accepts_encodings(encodings)
    }

    /// The best of the `charsets` for the client. <https://koajs.com/#request-acceptscharsets-charsets>
    #[must_use]
    #[doc(alias = "acceptsCharsets")]
    pub fn accepts_charsets<'t>(&self, charsets: impl Names<'t>) -> Option<&'t str> {
        self.request.accepts_charsets(charsets)
    }

    /// The best of the `languages` for the client. <https://koajs.com/#request-acceptslanguages-langs>
    #[must_use]
    #[doc(alias = "acceptsLanguages")]
    pub fn accepts_languages<'t>(&self, languages: impl Names<'t>) -> Option<&'t str> {
        self.request.accepts_languages(languages)
    }

    /// The media types that the client takes, the best first. <https://koajs.com/#request-accepts-types>
    #[must_use]
    #[doc(alias = "accepts")]
    pub fn accepted_types(&self) -> Vec<Cow<'_, str>> {
        self.request.accepted_types()
    }

    /// The encodings that the client takes, the best first. <https://koajs.com/#request-acceptsencodings-encodings>
    #[must_use]
    #[doc(alias = "acceptsEncodings")]
    pub fn accepted_encodings(&self) -> Vec<Cow<'_, str>> {
        self.request.accepted_encodings()
    }

    /// The charsets that the client takes, the best first. <https://koajs.com/#request-acceptscharsets-charsets>
    #[must_use]
    #[doc(alias = "acceptsCharsets")]
    pub fn accepted_charsets(&self) -> Vec<Cow<'_, str>> {
        self.request.accepted_charsets()
    }

    /// The languages that the client takes, the best first. <https://koajs.com/#request-acceptslanguages-langs>
    #[must_use]
    #[doc(alias = "acceptsLanguages")]
    pub fn accepted_languages(&self) -> Vec<Cow<'_, str>> {
        self.request.accepted_languages()
    }
}
