//! Who is asking, and for which host: from the connection, the `Host` header, and, behind a proxy that is trusted,
//! from what that proxy says.
//!
//! Koa's [`request.host`](https://koajs.com/#request-host), `hostname`, `protocol`,
//! [`ips`](https://koajs.com/#request-ips) and [`subdomains`](https://koajs.com/#request-subdomains). Without the
//! setting `proxy` no forwarded header is looked at. Headers are given as text; one that is not text counts as absent.

use std::{borrow::Cow, net::IpAddr};

use url::Url;

/// The headers that may name the host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HostHeaders<'a> {
    /// The first line of `X-Forwarded-Host`.
    pub(crate) forwarded: Option<&'a str>,
    /// HTTP/2's `:authority`.
    pub(crate) authority: Option<&'a str>,
    /// `Host`.
    pub(crate) host: Option<&'a str>,
}

/// The host with its port, as the client wrote it; of several between commas the first. Empty where none is given.
///
/// User info in front of it is cut off, as URLs are read and not at the first `@` (CVE-2026-27959); what then is no
/// host is none, and neither is what holds a query or a tag.
pub(crate) fn host<'a>(proxy: bool, headers: HostHeaders<'a>) -> Cow<'a, str> {
    let given = |value: Option<&'a str>| value.filter(|value| !value.is_empty());
    let host = given(headers.forwarded)
        .filter(|_| proxy)
        .or_else(|| given(headers.authority))
        .or_else(|| given(headers.host))
        .unwrap_or_default();
    let host = first(host);
    // No host has any of these, and a page or a URL that shows one would be led astray.
    if host.contains(['\\', '?', '#', '<', '>', '"', '\'']) {
        return Cow::from("");
    }
    if !host.contains('@') {
        return Cow::from(host);
    }
    let url = parse(host);
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    Cow::from(match url.as_ref().and_then(Url::port) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// A host without its port. An IPv6 address stays in its brackets, in its shortest form; what only looks like one is
/// none.
pub(crate) fn hostname(host: &str) -> Cow<'_, str> {
    if host.starts_with('[') {
        let url = parse(host);
        return Cow::from(
            url.as_ref()
                .and_then(Url::host_str)
                .unwrap_or_default()
                .to_owned(),
        );
    }
    Cow::from(host.split(':').next().unwrap_or_default())
}

fn parse(host: &str) -> Option<Url> {
    Url::parse(&["http://", host].concat()).ok()
}

/// The labels of a hostname from the right, without the first `offset` of them. An address has none.
pub(crate) fn subdomains(hostname: &str, offset: usize) -> Vec<&str> {
    if hostname.is_empty() || hostname.starts_with('[') || hostname.parse::<IpAddr>().is_ok() {
        return Vec::new();
    }
    hostname.rsplit('.').skip(offset).collect()
}

/// `http` or `https`. An encrypted connection is the latter whatever a header says; `forwarded` is the first line of
/// `X-Forwarded-Proto`, and anything in it but these two words, in any case, is ignored.
pub(crate) fn protocol(encrypted: bool, proxy: bool, forwarded: Option<&str>) -> &'static str {
    let said = || forwarded.is_some_and(|forwarded| first(forwarded).eq_ignore_ascii_case("https"));
    if encrypted || (proxy && said()) {
        "https"
    } else {
        "http"
    }
}

/// The addresses through which the request came, the client's first: all parts of all lines of the setting's header
/// (`X-Forwarded-For`), the last `max` of them unless that is 0. Empty without `proxy`. An empty line has no part.
///
/// What a client wrote into the header itself stands in front; `max` cuts it off.
pub(crate) fn ips<'a>(
    proxy: bool,
    lines: impl DoubleEndedIterator<Item = &'a str>,
    max: usize,
) -> Vec<&'a str> {
    if !proxy {
        return Vec::new();
    }
    let mut ips: Vec<_> = from_the_right(lines).take(most(max)).collect();
    ips.reverse();
    ips
}

/// The first of [`ips`], the client's own address, if there is one. Allocates nothing.
pub(crate) fn ip<'a>(
    proxy: bool,
    lines: impl DoubleEndedIterator<Item = &'a str>,
    max: usize,
) -> Option<&'a str> {
    if !proxy {
        return None;
    }
    from_the_right(lines)
        .take(most(max))
        .last()
        .filter(|ip| !ip.is_empty())
}

fn from_the_right<'a>(
    lines: impl DoubleEndedIterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    lines
        .rev()
        .filter(|line| !line.is_empty())
        .flat_map(|line| line.rsplit(','))
        .map(str::trim)
}

fn most(max: usize) -> usize {
    if max == 0 { usize::MAX } else { max }
}

/// The first of several values between commas.
fn first(value: &str) -> &str {
    value.split(',').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::{HostHeaders, host, hostname, ip, ips, protocol, subdomains};

    fn host_of(value: &str) -> String {
        host(
            false,
            HostHeaders {
                host: Some(value),
                ..HostHeaders::default()
            },
        )
        .into_owned()
    }

    #[test]
    fn the_host_comes_from_the_most_trusted_header() {
        let headers = HostHeaders {
            forwarded: Some("front.example, x"),
            authority: Some("h2.example"),
            host: Some("h1.example"),
        };
        assert_eq!(host(true, headers), "front.example");
        assert_eq!(host(false, headers), "h2.example");
        assert_eq!(
            host(
                false,
                HostHeaders {
                    authority: None,
                    ..headers
                }
            ),
            "h1.example"
        );
        assert_eq!(
            host(
                true,
                HostHeaders {
                    forwarded: Some(""),
                    ..headers
                }
            ),
            "h2.example"
        );
        assert_eq!(host(false, HostHeaders::default()), "");
    }

    #[test]
    fn a_host_holds_no_tag_and_no_query() {
        for host in ["<script>", "a\"b", "a?b", "a#b", "a\\b", "a'b"] {
            let headers = HostHeaders {
                host: Some(host),
                ..HostHeaders::default()
            };
            assert_eq!(super::host(false, headers), "", "{host}");
        }
    }

    #[test]
    fn user_info_in_the_host_does_not_spoof() {
        assert_eq!(host_of("user@example.com"), "example.com");
        assert_eq!(host_of("trusted.example:80@evil.example"), "evil.example");
        assert_eq!(host_of("a@b@[::1]:8080"), "[::1]:8080");
        assert_eq!(host_of("user@"), "");
        let forwarded = HostHeaders {
            forwarded: Some("trusted.example@evil.example:90"),
            ..HostHeaders::default()
        };
        assert_eq!(host(true, forwarded), "evil.example:90");
    }

    #[test]
    fn hostnames() {
        for (host, name) in [
            ("example.com:80", "example.com"),
            ("[::1]:3000", "[::1]"),
            ("[0:0::1]", "[::1]"),
            ("[invalid]", ""),
            ("[::1", ""),
            ("", ""),
        ] {
            assert_eq!(hostname(host), name, "{host}");
        }
    }

    #[test]
    fn subdomains_from_the_right() {
        assert_eq!(
            subdomains("tobi.ferrets.example.com", 2),
            ["ferrets", "tobi"]
        );
        assert_eq!(subdomains("tobi.ferrets.example.com", 0).len(), 4);
        assert!(subdomains("example.com", 3).is_empty());
        for address in ["10.1.2.3", "[::1]", ""] {
            assert!(subdomains(address, 0).is_empty(), "{address}");
        }
        assert_eq!(subdomains("256.1.1.1", 2), ["1", "256"]);
    }

    #[test]
    fn only_a_trusted_proxy_and_only_two_words_set_the_protocol() {
        assert_eq!(protocol(false, true, Some("HTTPS , http")), "https");
        assert_eq!(protocol(false, false, Some("https")), "http");
        assert_eq!(protocol(true, true, Some("http")), "https");
        for word in ["ws", "", ",https", "https://evil.example/"] {
            assert_eq!(protocol(false, true, Some(word)), "http", "{word}");
        }
    }

    #[test]
    fn addresses_that_a_client_made_up_are_cut_off() {
        let lines = ["6.6.6.6, 1.1.1.1", "2.2.2.2"];
        assert_eq!(
            ips(true, lines.into_iter(), 0),
            ["6.6.6.6", "1.1.1.1", "2.2.2.2"]
        );
        assert_eq!(ips(true, lines.into_iter(), 2), ["1.1.1.1", "2.2.2.2"]);
        assert_eq!(ip(true, lines.into_iter(), 2), Some("1.1.1.1"));
        assert!(ips(false, lines.into_iter(), 0).is_empty());
        assert_eq!(ip(false, lines.into_iter(), 0), None);
        assert!(ips(true, [""].into_iter(), 0).is_empty());
    }
}
