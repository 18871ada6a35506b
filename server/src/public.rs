//! The URL under which clients reach this server: what every absolute URL of a response begins with.
//!
//! A site says it, or a proxy that the site trusts does, with the headers `X-Forwarded-Host`, `X-Forwarded-Proto` and
//! `X-Forwarded-Prefix`. What clients themselves say of it counts for nothing, the header `Host` included: links of one client's
//! making could reach others through caches.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use ipnet::IpNet;

/// Where a request came from, as its connection says.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// How the server is reached.
#[derive(Clone, Debug)]
pub struct Public {
    /// The URL, without a trailing slash.
    url: String,
    /// Whose word counts more than that; nobody's, where the site said how it is reached.
    trusted: Vec<IpNet>,
}

impl Public {
    /// A site that is reached at `configured`, or else as one of the `trusted` proxies says, or else at `own`.
    #[must_use]
    pub fn new(configured: Option<&str>, own: &str, trusted: &[IpNet]) -> Self {
        let url = configured.unwrap_or(own).trim_end_matches('/').to_owned();
        Self { url, trusted: if configured.is_some() { vec![] } else { trusted.to_owned() } }
    }

    /// The URL where nobody says otherwise.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL under which the client of a request reaches the server.
    pub fn of(&self, request: &Parts) -> Cow<'_, str> {
        if self.trusted.is_empty() {
            return Cow::Borrowed(&self.url);
        }
        let peer = request.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
        match peer.filter(|peer| self.trusts(*peer)).and_then(|_| forwarded(&request.headers)) {
            Some(url) => Cow::Owned(url),
            None => Cow::Borrowed(&self.url),
        }
    }

    fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&peer))
    }
}

/// The URL that a proxy was asked at; `None` where it does not say so, or says what is no URL.
fn forwarded(headers: &HeaderMap) -> Option<String> {
    let host: Authority = last(headers, "x-forwarded-host")?.parse().ok()?;
    let scheme = last(headers, "x-forwarded-proto").unwrap_or("http");
    let prefix = last(headers, "x-forwarded-prefix").unwrap_or_default().trim_end_matches('/');
    // It is put into documents as it is, so there is no room in it for what an authority may have beside names and numbers.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte);
    let sound = ["http", "https"].contains(&scheme)
        && host.as_str().bytes().all(is_plain)
        && (prefix.is_empty() || prefix.starts_with('/'))
        && !prefix.starts_with("//")
        && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
    sound.then(|| format!("{scheme}://{host}{prefix}"))
}

/// Of several values the last: those before may be the client's own.
fn last<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use hyper::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const OWN: &str = "http://127.0.0.1:8080";

    fn check(peer: &str, lines: &[(&str, &str)], expected: &str) {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let mut request = Request::builder().uri("/datasets").header("host", "forged.example");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
        assert_eq!(Public::new(None, OWN, &trusted).of(&parts), expected, "{peer} {lines:?}");
        let fixed = Public::new(Some("https://data.example.org/weir/"), OWN, &trusted);
        assert_eq!(fixed.of(&parts), "https://data.example.org/weir");
    }

    #[test]
    fn only_trusted_proxies_say_how_the_server_is_reached() {
        let host = ("x-forwarded-host", "data.example.org");
        let secure = ("x-forwarded-proto", "https");
        check("10.1.2.3", &[host, secure], "https://data.example.org");
        check("::1", &[host], "http://data.example.org");
        check("::ffff:10.0.0.1", &[host], "http://data.example.org");
        check("10.1.2.3", &[host, secure, ("x-forwarded-prefix", "/a/b/")], "https://data.example.org/a/b");
        check("11.1.2.3", &[host, secure], OWN);
        check("10.1.2.3", &[secure], OWN);
        check("10.1.2.3", &[], OWN);
    }

    #[test]
    fn the_nearest_proxy_counts() {
        check(
            "10.0.0.1",
            &[("x-forwarded-host", "forged.example, data.example.org")],
            "http://data.example.org",
        );
        let twice = [("x-forwarded-host", "forged.example"), ("x-forwarded-host", "data.example.org:8443")];
        check("10.0.0.1", &twice, "http://data.example.org:8443");
    }

    #[test]
    fn what_is_no_url_counts_for_nothing() {
        for host in ["a b", "user@host", "a/b", "", "<x>", "a'b", "a&b", "%41"] {
            check("10.0.0.1", &[("x-forwarded-host", host)], OWN);
        }
        let host = ("x-forwarded-host", "data.example.org");
        check("10.0.0.1", &[host, ("x-forwarded-proto", "javascript")], OWN);
        for prefix in ["a", "//evil.example", "/a\"b", "/a?b", "/%2f"] {
            check("10.0.0.1", &[host, ("x-forwarded-prefix", prefix)], OWN);
        }
    }

    proptest! {
        #[test]
        fn what_proxies_say_is_a_plain_url_or_nothing(
            host in "[ -~]{0,20}|(data\\.example\\.org|:80|@|,| |\\[::1\\]|%41|/|\"|<|é){0,4}",
            scheme in "(https?|HTTP|ftp|,| ){0,2}", prefix in "(/|//|a|\\.\\.|%2f|\"|<|,| |~|é){0,5}",
        ) {
            let mut headers = HeaderMap::new();
            for (name, value) in [("x-forwarded-host", &host), ("x-forwarded-proto", &scheme), ("x-forwarded-prefix", &prefix)] {
                if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                    headers.append(name, value);
                }
            }
            if let Some(url) = forwarded(&headers) {
                let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
                prop_assert!(rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')), "{}", url);
                // It is put into JSON, XML and HTML as it is.
                prop_assert!(!url.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'<>@?#\\".contains(c)), "{}", url);
                prop_assert!(!url.ends_with('/') && url.parse::<hyper::Uri>().is_ok(), "{}", url);
            }
        }
    }
}
