//! Who asks, for which host, and over which protocol. Behind a proxy that the app trusts, what that proxy says counts.

use std::borrow::Cow;
use std::fmt::Display;

use http::{HeaderName, Version, header::HOST};
use url::Url;

use crate::request::forwarded::{self, HostHeaders};
use crate::request::{Request, header, target};

/// The address that a layer has set.
#[derive(Clone)]
struct SetIp(Box<str>);

static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

impl Request {
    /// The host and, if it was given, the port; empty if none was sent. <https://koajs.com/#request-host>
    ///
    /// With [`App::proxy`](crate::App::proxy) it is what `X-Forwarded-Host` says.
    #[must_use]
    pub fn host(&self) -> Cow<'_, str> {
        let proxy = self.app().proxy();
        let first = |name: &str| self.headers().get(name).map(header::text);
        let forwarded = if proxy {
            first("x-forwarded-host")
        } else {
            None
        };
        let host = first(HOST.as_str());
        let authority = match self.version() {
            // A target in absolute form is not where Koa looks; in HTTP/2 there is nothing else.
            Version::HTTP_2 => self
                .original_uri()
                .authority()
                .map(http::uri::Authority::as_str),
            _ => None,
        };
        match (&forwarded, &host) {
            (None | Some(Cow::Borrowed(_)), None | Some(Cow::Borrowed(_))) => forwarded::host(
                proxy,
                HostHeaders {
                    forwarded: borrowed(forwarded),
                    authority,
                    host: borrowed(host),
                },
            ),
            _ => {
                let headers = HostHeaders {
                    forwarded: forwarded.as_deref(),
                    authority,
                    host: host.as_deref(),
                };
                Cow::Owned(forwarded::host(proxy, headers).into_owned())
            }
        }
    }

    /// The host without its port; an IPv6 address in its brackets. <https://koajs.com/#request-hostname>
    #[must_use]
    pub fn hostname(&self) -> Cow<'_, str> {
        match self.host() {
            Cow::Borrowed(host) => forwarded::hostname(host),
            Cow::Owned(host) => Cow::Owned(forwarded::hostname(&host).into_owned()),
        }
    }

    /// The parts of the host name in front of the domain, the nearest to it first: `["ferrets", "tobi"]` for
    /// `tobi.ferrets.example.com`. <https://koajs.com/#request-subdomains>
    ///
    /// How many parts at the end are the domain is [`App::subdomain_offset`](crate::App::subdomain_offset).
    #[must_use]
    pub fn subdomains(&self) -> Vec<Cow<'_, str>> {
        let offset = self.app().subdomain_offset();
        split(self.hostname(), |hostname| {
            forwarded::subdomains(hostname, offset)
        })
    }

    /// `"http"` or `"https"`. <https://koajs.com/#request-protocol>
    ///
    /// With [`App::proxy`](crate::App::proxy) it is what `X-Forwarded-Proto` says, unless the connection is encrypted
    /// itself.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        let encrypted = self.connection.is_encrypted();
        let proxy = self.app().proxy();
        let said = if encrypted || !proxy {
            None
        } else {
            self.headers().get(&FORWARDED_PROTO)
        };
        let said = said.and_then(|value| value.to_str().ok());
        forwarded::protocol(encrypted, proxy, said)
    }

    /// Whether the [`protocol`](Self::protocol) is `https`. <https://koajs.com/#request-secure>
    #[must_use]
    pub fn secure(&self) -> bool {
        self.protocol() == "https"
    }

    /// Protocol and host, `https://example.com`. <https://koajs.com/#request-origin>
    #[must_use]
    pub fn origin(&self) -> String {
        target::origin(self.protocol(), &self.host())
    }

    /// The whole url as it came, with protocol and host. <https://koajs.com/#request-href>
    #[must_use]
    pub fn href(&self) -> String {
        target::href(self.protocol(), &self.host(), &self.original_url()).into_owned()
    }

    /// The same, parsed by the URL standard; `None` if it is not a URL. Koa's `request.URL`:
    /// <https://koajs.com/#request-url-2>.
    #[must_use]
    #[doc(alias = "URL")]
    pub fn parsed_url(&self) -> Option<Url> {
        target::url(self.protocol(), &self.host(), &self.original_url())
    }

    /// The client's address, empty if it is not known. <https://koajs.com/#request-ip>
    ///
    /// It is what [`set_ip`](Self::set_ip) has set. Otherwise, with [`App::proxy`](crate::App::proxy), it is the first of
    /// [`ips`](Self::ips), if there is one.
    #[must_use]
    pub fn ip(&self) -> Cow<'_, str> {
        if let Some(SetIp(ip)) = self.head.extensions.get() {
            return Cow::Borrowed(ip);
        }
        let max = self.app().max_ips_count();
        let lines = self.forwarded_for();
        if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
            if let Some(ip) = forwarded::ip(
                true,
                lines.into_iter().filter_map(|line| as_borrowed(&line)),
                max,
            ) {
                return Cow::Borrowed(ip);
            }
        } else if let Some(ip) = forwarded::ip(true, lines.iter().map(|line| &**line), max) {
            return Cow::Owned(ip.to_owned());
        }
        let ip = self.connection.remote_ip();
        ip.map_or(Cow::Borrowed(""), |ip| Cow::Owned(ip.to_string()))
    }

    /// Sets the client's address, for layers that know it better: it stays, whatever the headers become. Koa's
    /// `request.ip = ip`.
    ///
    /// ```
    /// # use koa::prelude::*;
    /// #[middleware]
    /// async fn behind_the_cdn(ctx: &mut Context, next: impl Next) -> Result {
    ///     let ip: std::net::IpAddr = ctx.get("CF-Connecting-IP").parse()?;
    ///     ctx.request.set_ip(ip);
    ///     next.run(ctx).await
    /// }
    /// # let _ = App::new().with(behind_the_cdn);
    /// ```
    pub fn set_ip(&mut self, ip: impl Display) {
        // Beside what else few requests have, so that the others do not carry it.
        self.head.extensions.insert(SetIp(ip.to_string().into()));
    }

    /// The addresses that the request came through, the client's first: what `X-Forwarded-For`, or the app's
    /// [`proxy_ip_header`](crate::App::proxy_ip_header), says. Empty without [`App::proxy`](crate::App::proxy).
    /// <https://koajs.com/#request-ips>
    ///
    /// What a client writes into the header itself stands in front;
    /// [`App::max_ips_count`](crate::App::max_ips_count) cuts it off.
    #[must_use]
    pub fn ips(&self) -> Vec<Cow<'_, str>> {
        let max = self.app().max_ips_count();
        let lines = self.forwarded_for();
        if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
            let lines = lines.into_iter().filter_map(|line| as_borrowed(&line));
            let ips = forwarded::ips(true, lines, max);
            return ips.into_iter().map(Cow::Borrowed).collect();
        }
        let ips = forwarded::ips(true, lines.iter().map(|line| &**line), max);
        ips.into_iter()
            .map(|ip| Cow::Owned(ip.to_owned()))
            .collect()
    }

    /// The lines of the header that says where the request comes from, none if it is not to be trusted.
    fn forwarded_for(&self) -> Vec<Cow<'_, str>> {
        let app = self.app();
        if !app.proxy() {
            return Vec::new();
        }
        let lines = self.headers().get_all(app.proxy_ip_header()).iter();
        lines.map(header::text).collect()
    }
}

fn borrowed(text: Option<Cow<'_, str>>) -> Option<&str> {
    text.and_then(|text| as_borrowed(&text))
}

fn as_borrowed<'a>(text: &Cow<'a, str>) -> Option<&'a str> {
    match text {
        Cow::Borrowed(text) => Some(text),
        Cow::Owned(_) => None,
    }
}

/// Parts of a text, each borrowed where the text is.
pub(super) fn split<'a>(
    text: Cow<'a, str>,
    parts: impl for<'t> Fn(&'t str) -> Vec<&'t str>,
) -> Vec<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => parts(text).into_iter().map(Cow::Borrowed).collect(),
        Cow::Owned(text) => {
            let parts = parts(&text).into_iter();
            parts.map(|part| Cow::Owned(part.to_owned())).collect()
        }
    }
}
