//! A request as others know it, lent to a layer or a service of tower's, and taken back.

use std::sync::Arc;

use http::Uri;
use http::request::Parts;

use crate::request::{Paced, Request};
use crate::tower::Body;

impl Request {
    /// The request as this layer sees it. Its body goes with it, and has to come as fast as for the app.
    pub(crate) fn lend(&mut self) -> http::Request<Body> {
        let mut head = self.head.clone();
        if let Ok(uri) = self.url().parse() {
            head.uri = uri;
        }
        let body = self.body.take().map_or_else(Body::default, |body| {
            Body::request(Paced::new(body, Arc::clone(&self.connection)))
        });
        http::Request::from_parts(head, body)
    }

    /// Takes back what a layer has made of a request that was lent with `lent` as its url.
    pub(crate) fn take_back(&mut self, request: http::Request<Body>, lent: &Uri) {
        let (head, body) = request.into_parts();
        let Parts {
            method,
            uri,
            headers,
            extensions,
            ..
        } = head;
        if uri != *lent {
            let target = uri.path_and_query().map_or("/", |target| target.as_str());
            self.set_url(target);
        }
        if method != self.head.method {
            self.set_method(method);
        }
        self.head.headers = headers;
        self.head.extensions = extensions;
        self.body = body.into_request();
    }
}
