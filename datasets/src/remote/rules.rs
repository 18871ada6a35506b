//! A site's rules: which hosts and buckets may be reached, how, and with how much patience. What no rule names is refused.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::addresses::Addresses;
use super::url::{ObjectUrl, UrlPlace};
use crate::{Error, ErrorKind};

/// What a site lets weir reach.
#[derive(Clone, Debug, Default)]
pub struct AccessRules {
    /// Folders of this machine; those that do not exist are left out.
    pub roots: Vec<PathBuf>,
    /// Web servers.
    pub hosts: Vec<HostRule>,
    /// Buckets of stores that speak S3.
    pub stores: Vec<StoreRule>,
    /// How long answers are waited for.
    pub patience: Patience,
}

/// A web server that may be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRule {
    /// The name or address, lower case.
    pub host: String,
    /// The port; `None` for the one that the scheme is known for.
    pub port: Option<u16>,
    /// `http` or `https`; `None` for both.
    pub scheme: Option<&'static str>,
    /// Which addresses it may have.
    pub addresses: Addresses,
}

impl HostRule {
    /// Parses `host`, `host:port`, or either behind `http://` or `https://`.
    ///
    /// # Errors
    /// `BadRequest` for anything else.
    pub fn parse(text: &str, addresses: Addresses) -> Result<Self, Error> {
        let bad = |_| {
            let message = format!("{text:?} is no host; write host, host:port, or https://host:port");
            Error::new(ErrorKind::BadRequest, message)
        };
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let scheme = match scheme.as_deref() {
            None => None,
            Some("http") => Some("http"),
            Some("https") => Some("https"),
            Some(_) => return Err(bad(())),
        };
        let spelled = scheme.map_or_else(|| format!("http://{text}"), |_| text.to_owned());
        let url = ObjectUrl::parse(&spelled).map_err(|_unshown| bad(()))?;
        let UrlPlace::Web(url) = url.place else { return Err(bad(())) };
        if url.path() != "/" || url.query().is_some() {
            return Err(bad(()));
        }
        // Without a scheme the port may be one that the parser takes for understood.
        let port = url.port().or_else(|| (scheme.is_none() && text.ends_with(":80")).then_some(80));
        Ok(Self { host: url.host_str().unwrap_or_default().to_owned(), port, scheme, addresses })
    }

    /// Whether this rule speaks of the server of a URL.
    pub(super) fn names(&self, url: &Url) -> bool {
        let port = match self.port {
            Some(port) => url.port_or_known_default() == Some(port),
            None => url.port().is_none(),
        };
        port && url.host_str() == Some(&self.host) && self.scheme.is_none_or(|scheme| scheme == url.scheme())
    }
}

/// A bucket, or a part of one, that may be read from, and where and how it is reached.
#[derive(Clone, Debug)]
pub struct StoreRule {
    /// The bucket.
    pub bucket: String,
    /// What keys must begin with, as whole parts between slashes; empty for all keys.
    pub prefix: String,
    /// The server, such as `https://minio.example.org:9000`; `None` for Amazon's of the region.
    pub endpoint: Option<String>,
    /// The region; `None` for `us-east-1`.
    pub region: Option<String>,
    /// Where the bucket's name stands in requests.
    pub addressing: Addressing,
    /// Whether the server may be spoken to without TLS.
    pub transport: Transport,
    /// The keys.
    pub credentials: Credentials,
    /// Which addresses the server may have.
    pub addresses: Addresses,
}

/// Where a bucket's name stands in requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addressing {
    /// In the path.
    #[default]
    Path,
    /// Before the host.
    VirtualHost,
}

/// Whether a server may be spoken to without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Only with TLS.
    #[default]
    Tls,
    /// Without TLS, too, if the endpoint says `http`.
    PlainAllowed,
}

impl StoreRule {
    /// A rule for `s3://bucket` or `s3://bucket/prefix` at Amazon, with the keys of the environment.
    ///
    /// # Errors
    /// `BadRequest` where it is no such URL.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let UrlPlace::Bucket { bucket, key } = ObjectUrl::parse(url)?.place else {
            return Err(Error::new(
                ErrorKind::BadRequest,
                "a store is named as s3://bucket or s3://bucket/prefix",
            ));
        };
        Ok(Self {
            bucket,
            prefix: key,
            endpoint: None,
            region: None,
            addressing: Addressing::default(),
            transport: Transport::default(),
            credentials: Credentials::Environment,
            addresses: Addresses::default(),
        })
    }

    /// How much of a key the rule names; `None` where it speaks of others.
    pub(super) fn names(&self, bucket: &str, key: &str) -> Option<usize> {
        let behind = key.strip_prefix(&self.prefix)?;
        let whole = self.prefix.is_empty() || behind.is_empty() || behind.starts_with('/');
        (self.bucket == bucket && whole).then_some(self.prefix.len())
    }
}

/// Where the keys of a store come from.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// From `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; without these, none are used.
    Environment,
    /// From files that hold nothing else; read when the store is first reached.
    Files {
        /// The file with the access key's id.
        access_key_id: PathBuf,
        /// The file with the secret key.
        secret_access_key: PathBuf,
        /// The file with the session's token.
        session_token: Option<PathBuf>,
    },
    /// These.
    Keys(Keys),
    /// None: requests are not signed.
    Anonymous,
}

/// Keys of a store. Their text is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The access key's id.
    pub access_key_id: String,
    /// The secret key.
    pub secret_access_key: String,
    /// The session's token, for keys that are lent for some time.
    pub session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys { .. }")
    }
}

/// How long answers are waited for, and how often they are asked for again.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A part that is not there after this time, however often it was asked for, is an error ...
    pub deadline: Duration,
    /// ... but a body that comes with at least this many bytes a second may take longer.
    pub least_rate: u64,
    /// A server that says nothing for this long is asked again.
    pub silence: Duration,
    /// How long the first pause before asking again takes; the following ones are longer, at random.
    pub first_pause: Duration,
    /// No pause takes longer.
    pub longest_pause: Duration,
    /// For how long it is believed that an object is still the same, before the server is asked. Reads that are under way
    /// do not depend on it: they are of one generation or fail.
    pub revalidate: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(20),
            least_rate: 64 << 10,
            silence: Duration::from_secs(8),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(4),
            revalidate: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// How long `length` bytes may take.
    pub(super) fn for_bytes(&self, length: u64) -> Duration {
        let seconds = length.checked_div(self.least_rate).unwrap_or(0);
        self.deadline.saturating_add(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<(String, Option<u16>, Option<&'static str>), ErrorKind> {
        let rule = HostRule::parse(text, Addresses::Public).map_err(|e| e.kind)?;
        Ok((rule.host, rule.port, rule.scheme))
    }

    #[test]
    fn hosts_are_parsed() {
        let check = |text: &str, host_name: &str, port, scheme| {
            assert_eq!(host(text), Ok((host_name.to_owned(), port, scheme)), "{text}");
        };
        check("data.example.org", "data.example.org", None, None);
        check("Data.Example.org:8080", "data.example.org", Some(8080), None);
        check("host:80", "host", Some(80), None);
        check("HTTPS://host", "host", None, Some("https"));
        check("http://10.0.0.1:9000/", "10.0.0.1", Some(9000), Some("http"));
        check("[::1]:9000", "[::1]", Some(9000), None);
        for text in ["", "host/path", "https://u@host", "ftp://host", "host:99999", "https://host/?q"] {
            assert_eq!(host(text), Err(ErrorKind::BadRequest), "{text}");
        }
    }

    #[test]
    fn a_host_rule_speaks_of_one_server() {
        let names = |rule: &str, url: &str| {
            HostRule::parse(rule, Addresses::Public).unwrap().names(&Url::parse(url).unwrap())
        };
        assert!(names("host", "https://host/x") && names("host", "http://HOST/x"));
        assert!(names("https://host", "https://host:443/x") && names("host:443", "https://host/x"));
        assert!(names("host:8080", "http://host:8080/x"));
        for (rule, url) in [
            ("host", "https://host:8443/x"),
            ("host", "https://host.example.org/x"),
            ("host", "https://other/host"),
            ("https://host", "http://host/x"),
            ("host:8080", "http://host/x"),
            ("host", "https://host./x"),
        ] {
            assert!(!names(rule, url), "{rule} {url}");
        }
    }

    #[test]
    fn a_store_rule_speaks_of_whole_parts_of_keys() {
        let names = |rule: &str, key: &str| StoreRule::parse(rule).unwrap().names("bucket", key);
        assert_eq!(names("s3://bucket", "a/b"), Some(0));
        assert_eq!(names("s3://bucket/a", "a/b"), Some(1));
        assert_eq!(names("s3://bucket/a/", "a"), Some(1));
        assert_eq!(names("s3://bucket/a", "ab"), None);
        assert_eq!(names("s3://other", "a"), None);
        assert_eq!(StoreRule::parse("https://host/x").unwrap_err().kind, ErrorKind::BadRequest);
    }

    #[test]
    fn keys_are_not_shown() {
        let mut rule = StoreRule::parse("s3://bucket").unwrap();
        let canary = || "canary".to_owned();
        let keys =
            Keys { access_key_id: canary(), secret_access_key: canary(), session_token: Some(canary()) };
        rule.credentials = Credentials::Keys(keys);
        let rules = AccessRules { stores: vec![rule], ..AccessRules::default() };
        assert!(!format!("{rules:?}").contains("canary"));
    }
}
