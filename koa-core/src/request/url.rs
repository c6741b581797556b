//! The url of a request, as layers rewrite it and as mounts take prefixes off it.

use std::borrow::Cow;
use std::sync::Arc;

use http::Uri;

use crate::request::Request;
use crate::request::query::{self, QueryPairs};
use crate::request::target::{self, Target};

/// A url that a layer has put in place of the one that came.
#[derive(Debug)]
pub(super) struct Rewritten {
    url: String,
    path: Box<str>,
    /// With its `?`; empty where there is none.
    search: Box<str>,
}

impl Rewritten {
    fn new(url: String) -> Arc<Self> {
        Arc::new(Self {
            path: target::path(&url).into(),
            search: target::search(&url).into(),
            url,
        })
    }
}

/// The path as it was when a mount took its prefix off: what [`Request::leave_mount`] goes back to.
#[derive(Debug, Clone)]
pub(crate) struct Mounted {
    taken: usize,
    rewritten: Option<Arc<Rewritten>>,
}

impl Request {
    /// The url: path and query string, as rewritten, and without the prefixes of mounts around the running layer.
    /// <https://koajs.com/#request-url>
    #[must_use]
    pub fn url(&self) -> Cow<'_, str> {
        if self.mounted == 0 {
            return self.whole_url();
        }
        let path = self.path();
        match self.whole_url() {
            Cow::Borrowed(url) if !path.is_empty() && url.starts_with('/') => {
                match url.get(self.mounted..) {
                    Some(rest) if rest.starts_with('/') => Cow::Borrowed(rest),
                    _ => with_path(url, path),
                }
            }
            Cow::Borrowed(url) => with_path(url, path),
            Cow::Owned(url) => Cow::Owned(with_path(&url, path).into_owned()),
        }
    }

    /// Sets the url, for rewrites: the layers below see this one. <https://koajs.com/#request-url-1>
    ///
    /// A layer that stands after a mount sees the path that the mount was entered with, as with koa-mount.
    pub fn set_url(&mut self, url: impl Into<String>) {
        self.rewritten = Some(Rewritten::new(url.into()));
        self.mounted = 0;
    }

    /// The url as it came, which nothing changes. <https://koajs.com/#request-originalurl>
    #[must_use]
    #[doc(alias = "originalUrl")]
    pub fn original_url(&self) -> Cow<'_, str> {
        let uri = &self.head.uri;
        match (uri.scheme(), uri.authority(), uri.path_and_query()) {
            (None, None, Some(path_and_query)) => Cow::Borrowed(path_and_query.as_str()),
            (None, Some(authority), None) => Cow::Borrowed(authority.as_str()),
            // Without a path, as `http://example.com?a`; `to_string` would put one in.
            (Some(scheme), Some(authority), Some(rest)) => {
                Cow::Owned([scheme.as_str(), "://", authority.as_str(), rest.as_str()].concat())
            }
            _ => Cow::Owned(uri.to_string()),
        }
    }

    /// The same as hyper parsed it.
    #[must_use]
    pub fn original_uri(&self) -> &Uri {
        &self.head.uri
    }

    /// The path, as rewritten, and without the prefixes of mounts around the running layer.
    /// <https://koajs.com/#request-path>
    ///
    /// It is not decoded: `%2F` is no slash.
    #[inline]
    #[must_use]
    pub fn path(&self) -> &str {
        let path = self.whole_path();
        if self.mounted == 0 {
            return path;
        }
        match path.get(self.mounted..) {
            Some("") | None => "/",
            Some(rest) => rest,
        }
    }

    /// Sets the path, and keeps the query string. <https://koajs.com/#request-path-1>
    pub fn set_path(&mut self, path: &str) {
        let url = self.url();
        if let Some(url) = Target::parse(&url).with_path(path) {
            self.set_url(url);
        }
    }

    /// What mounts around the running layer have taken of the path, empty outside of any. koa-mount's `ctx.mountPath`.
    #[must_use]
    pub fn mount_path(&self) -> &str {
        self.whole_path().get(..self.mounted).unwrap_or("")
    }

    /// The query string, without the `?`; empty if there is none. <https://koajs.com/#request-querystring>
    #[must_use]
    pub fn querystring(&self) -> &str {
        match &self.rewritten {
            None => self.head.uri.query().unwrap_or(""),
            Some(rewritten) => rewritten.search.get(1..).unwrap_or(""),
        }
    }

    /// Sets the query string, given with or without the `?`; an empty one removes it.
    /// <https://koajs.com/#request-querystring-1>
    pub fn set_querystring(&mut self, query: &str) {
        let url = self.whole_url();
        if let Some(url) = Target::parse(&url).with_querystring(query) {
            // The path is the same, and so is what the mounts have taken of it.
            self.rewritten = Some(Rewritten::new(url));
        }
    }

    /// The query string with its `?`; empty if there is none. <https://koajs.com/#request-search>
    #[must_use]
    pub fn search(&self) -> &str {
        match &self.rewritten {
            None => {
                let Some(target) = self.head.uri.path_and_query() else {
                    return "";
                };
                match target.as_str().find('?') {
                    Some(at) => target.as_str().get(at..).filter(|search| *search != "?"),
                    None => None,
                }
                .unwrap_or("")
            }
            Some(rewritten) => &rewritten.search,
        }
    }

    /// The same as [`set_querystring`](Self::set_querystring). <https://koajs.com/#request-search-1>
    pub fn set_search(&mut self, search: &str) {
        self.set_querystring(search);
    }

    /// The query string as names and values, decoded. <https://koajs.com/#request-query>
    ///
    /// [`query`](Self::query) reads it as a type of one's own. It is read anew each time.
    #[must_use]
    pub fn query_pairs(&self) -> QueryPairs<'_> {
        QueryPairs::parse(self.querystring())
    }

    /// Sets the query string to names and values, which are encoded; a name may occur several times.
    /// <https://koajs.com/#request-query-1>
    pub fn set_query<N, V>(&mut self, pairs: impl IntoIterator<Item = (N, V)>)
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let query = query::stringify(pairs);
        self.set_querystring(&query);
    }

    /// How much of the path the mounts around the running layer have taken, in bytes.
    #[inline]
    pub(crate) fn mounted_bytes(&self) -> usize {
        self.mounted
    }

    /// Whether a layer has put another url in place of the one that came.
    pub(crate) fn is_rewritten(&self) -> bool {
        self.rewritten.is_some()
    }

    /// The url, with the prefixes of mounts.
    fn whole_url(&self) -> Cow<'_, str> {
        match &self.rewritten {
            None => self.original_url(),
            Some(rewritten) => Cow::Borrowed(&rewritten.url),
        }
    }

    /// The path, with the prefixes of mounts.
    #[inline]
    fn whole_path(&self) -> &str {
        match &self.rewritten {
            None => self.head.uri.path(),
            Some(rewritten) => &rewritten.path,
        }
    }

    /// Takes `prefix` off the path, if the path is under it.
    #[inline]
    pub(crate) fn enter_mount(&mut self, prefix: &str) -> Option<Mounted> {
        let path = self.path();
        // What follows the slash tells most paths from a prefix.
        match (prefix.as_bytes(), path.as_bytes()) {
            ([_, first, ..], [_, other, ..]) if first != other => return None,
            _ => {}
        }
        let bare = prefix.strip_suffix('/').unwrap_or(prefix);
        // And what follows the prefix tells most of the others.
        let ends = match path.as_bytes().get(bare.len()) {
            Some(after) => *after == b'/',
            None => bare.len() == prefix.len(),
        };
        if !(ends && path.starts_with(bare)) {
            return None;
        }
        let outside = self.mounted();
        self.mounted += bare.len();
        Some(outside)
    }

    /// Makes the path what it was. What else has been rewritten since stays, as with koa-mount.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a mount is left once: what it goes back to is used up"
    )]
    pub(crate) fn leave_mount(&mut self, to: Mounted) {
        let unchanged = match (&self.rewritten, &to.rewritten) {
            (None, None) => true,
            (Some(now), Some(then)) => Arc::ptr_eq(now, then),
            _ => false,
        };
        if !unchanged {
            self.restore_path(&to);
        }
        self.mounted = to.taken;
    }

    #[cold]
    fn restore_path(&mut self, to: &Mounted) {
        let path = match &to.rewritten {
            None => self.head.uri.path(),
            Some(then) => &then.path,
        };
        let url = self.whole_url();
        if let Some(url) = Target::parse(&url).with_path(path) {
            self.rewritten = Some(Rewritten::new(url));
        }
    }

    /// Makes the path what it was, and says what it is now.
    pub(crate) fn swap_mount(&mut self, to: Mounted) -> Mounted {
        let now = self.mounted();
        self.leave_mount(to);
        now
    }

    fn mounted(&self) -> Mounted {
        Mounted {
            taken: self.mounted,
            rewritten: self.rewritten.clone(),
        }
    }
}

fn with_path<'a>(url: &'a str, path: &str) -> Cow<'a, str> {
    Target::parse(url)
        .with_path(path)
        .map_or(Cow::Borrowed(url), Cow::Owned)
}
