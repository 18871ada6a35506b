//! The servers and buckets that a site's rules allow, and the connections to them.

use std::collections::HashMap;
use std::fmt;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, PoisonError};

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::HttpClient;
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use reqwest::Url;
use tokio::sync::Semaphore;

use super::addresses::Addresses;
use super::blocks::Blocks;
use super::connection::{Connector, Origin};
use super::environment::{endpoint_url, keys};
use super::object::{Address, Object};
use super::rules::{AccessRules, Addressing, Credentials, HostRule, Keys, Patience, StoreRule, Transport};
use super::url::{ObjectUrl, UrlPlace};
use super::{Prefix, RemoteFile, runtime};
use crate::data_file::Location;
use crate::{Error, ErrorKind, Generation};

/// How many requests are under way at once, all readers together. Each may have one part in memory.
const MOST_REQUESTS: usize = 32;

/// What a site may reach over the network.
pub struct Network {
    hosts: Vec<HostRule>,
    stores: Vec<StoreRule>,
    patience: Patience,
    clients: Mutex<HashMap<Origin, Arc<HttpClient>>>,
    /// The stores that were reached before, by the numbers of their rules.
    buckets: Mutex<HashMap<usize, Arc<AmazonS3>>>,
    permits: Arc<Semaphore>,
}

impl Network {
    /// What these rules allow.
    ///
    /// # Errors
    /// `BadRequest` for a rule that contradicts itself.
    pub fn new(rules: AccessRules) -> Result<Self, Error> {
        rules.stores.iter().try_for_each(|rule| endpoint(rule).map(drop))?;
        Ok(Self {
            hosts: rules.hosts,
            stores: rules.stores,
            patience: rules.patience,
            clients: Mutex::default(),
            buckets: Mutex::default(),
            permits: Arc::new(Semaphore::new(MOST_REQUESTS)),
        })
    }

    /// How long answers are waited for.
    #[must_use]
    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// Opens an object to read it as a file; `blocks` keep what small reads take.
    ///
    /// # Errors
    /// `NotFound` where it is known that there is none, `Unsupported` where no rule allows it, `Unavailable` where it cannot
    /// be reached.
    pub(crate) fn open(&self, url: &ObjectUrl, blocks: &Blocks) -> Result<RemoteFile, Error> {
        Ok(RemoteFile::in_blocks(self.object(url)?, blocks))
    }

    /// What an object is now.
    ///
    /// # Errors
    /// `NotFound` where it is known that there is none, `Unsupported` where no rule allows it, `Unavailable` where it cannot
    /// be reached.
    pub fn look(&self, url: &ObjectUrl) -> Result<Generation, Error> {
        self.object(url).map(|object| object.generation())
    }

    /// The objects whose names begin with a URL, which a rule must allow.
    ///
    /// # Errors
    /// `Unsupported` where no rule allows it.
    pub fn prefix(self: &Arc<Self>, url: &ObjectUrl) -> Result<Prefix, Error> {
        self.address(url)?;
        Ok(Prefix::new(Arc::clone(self), url.clone()))
    }

    /// Where an object is, with its public URL if it has one: without keys, at a server that the internet reaches, and
    /// without a query, which may be a signature.
    pub fn location(&self, url: &ObjectUrl) -> Location {
        let public = match &url.place {
            UrlPlace::Web(web) => {
                let rule = self.hosts.iter().find(|rule| rule.names(web));
                let open = rule.is_some_and(|rule| rule.addresses == Addresses::Public);
                (open && web.query().is_none()).then(|| web.to_string())
            }
            UrlPlace::Bucket { bucket, key } => {
                self.rule(bucket, key).ok().and_then(|(_, rule)| public_url(rule, key))
            }
        };
        Location::Object { url: url.clone(), public }
    }

    fn object(&self, url: &ObjectUrl) -> Result<Object, Error> {
        let address = self.address(url)?;
        runtime::wait(async move { address.look().await })
    }

    /// How an object is reached, if a rule allows it.
    pub(super) fn address(&self, url: &ObjectUrl) -> Result<Address, Error> {
        let (store, path): (Arc<dyn ObjectStore>, Path) = match &url.place {
            UrlPlace::Bucket { bucket, key } => {
                let path = Path::parse(key).map_err(|_unshown| not_a_key())?;
                (self.bucket(bucket, key)?, path)
            }
            UrlPlace::Web(url) => (self.web(url)?, Path::ROOT),
        };
        let identity = match &url.place {
            UrlPlace::Bucket { bucket, key } => {
                let rule = self.rule(bucket, key)?.1;
                format!("{} {url}", rule.endpoint.as_deref().unwrap_or_default())
            }
            UrlPlace::Web(url) => url.to_string(),
        };
        let (identity, patience, permits) = (identity.into(), self.patience, Arc::clone(&self.permits));
        Ok(Address { store, path, identity, patience, permits })
    }

    /// A web server's object: a store that holds this one.
    fn web(&self, url: &Url) -> Result<Arc<dyn ObjectStore>, Error> {
        let rule = self.hosts.iter().find(|rule| rule.names(url)).ok_or_else(|| {
            let host = url.host_str().unwrap_or_default();
            Error::unsupported(format!(
                "{} at host {host} may not be read; no rule of the site names it",
                url.scheme()
            ))
        })?;
        let client = self.client(&Origin::of(url, rule.addresses)?)?;
        let store = HttpBuilder::new()
            .with_url(url.as_str())
            .with_retry(retry(&self.patience))
            .with_http_connector(Connector(client))
            .build();
        Ok(Arc::new(
            store.map_err(|_unshown| Error::new(ErrorKind::BadRequest, "the URL cannot be read from"))?,
        ))
    }

    /// The rule that speaks of a key, the closest one of several, and its number.
    fn rule(&self, bucket: &str, key: &str) -> Result<(usize, &StoreRule), Error> {
        let rules = self.stores.iter().enumerate();
        let named =
            rules.filter_map(|(number, rule)| rule.names(bucket, key).map(|length| (length, number, rule)));
        named.max_by_key(|&(length, ..)| length).map(|(_, number, rule)| (number, rule)).ok_or_else(|| {
            let message =
                format!("this part of bucket {bucket} may not be read; no rule of the site names it");
            Error::unsupported(message)
        })
    }

    /// The bucket that a key lies in.
    pub(super) fn bucket(&self, bucket: &str, key: &str) -> Result<Arc<AmazonS3>, Error> {
        let (number, rule) = self.rule(bucket, key)?;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get(&number) {
            return Ok(Arc::clone(bucket));
        }
        let store = Arc::new(self.reach(rule)?);
        buckets.insert(number, Arc::clone(&store));
        Ok(store)
    }

    fn reach(&self, rule: &StoreRule) -> Result<AmazonS3, Error> {
        let endpoint = endpoint(rule)?;
        let client = self.client(&Origin::of(&endpoint, rule.addresses)?)?;
        let builder = AmazonS3Builder::new()
            .with_bucket_name(&rule.bucket)
            .with_region(rule.region.as_deref().unwrap_or(DEFAULT_REGION))
            .with_endpoint(endpoint.as_str().trim_end_matches('/'))
            .with_virtual_hosted_style_request(rule.addressing == Addressing::VirtualHost)
            .with_retry(retry(&self.patience))
            .with_http_connector(Connector(client));
        // Without keys the builder would ask the cloud's metadata service for some.
        let builder = match credentials(&rule.credentials)? {
            Some(Keys { access_key_id, secret_access_key, session_token }) => {
                let builder =
                    builder.with_access_key_id(access_key_id).with_secret_access_key(secret_access_key);
                session_token.into_iter().fold(builder, AmazonS3Builder::with_token)
            }
            None => {
                builder.with_access_key_id("none").with_secret_access_key("none").with_skip_signature(true)
            }
        };
        builder
            .build()
            .map_err(|_unshown| Error::new(ErrorKind::BadRequest, "the rule of the bucket makes no sense"))
    }

    /// The client of a server; connections are shared by all who talk to it.
    fn client(&self, origin: &Origin) -> Result<Arc<HttpClient>, Error> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(origin) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(origin.client(&self.patience)?);
        clients.insert(origin.clone(), Arc::clone(&client));
        Ok(client)
    }
}

/// What the builder takes, too.
const DEFAULT_REGION: &str = "us-east-1";

/// The server of a bucket, with the bucket's name where it stands before the host.
fn endpoint(rule: &StoreRule) -> Result<Url, Error> {
    let region = rule.region.as_deref().unwrap_or(DEFAULT_REGION);
    if !region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Error::new(ErrorKind::BadRequest, "a region has only letters, digits and hyphens"));
    }
    let amazon = format!("https://s3.{region}.amazonaws.com");
    let mut url = endpoint_url(rule.endpoint.as_deref().unwrap_or(&amazon))?;
    if url.scheme() == "http" && rule.transport != Transport::PlainAllowed {
        let message =
            "the endpoint of a store is reached without TLS, which must be allowed (AWS_ALLOW_HTTP=true)";
        return Err(Error::new(ErrorKind::BadRequest, message));
    }
    if rule.addressing == Addressing::VirtualHost {
        let host = format!("{}.{}", rule.bucket, url.host_str().unwrap_or_default());
        url.set_host(Some(&host)).map_err(|_unshown| {
            Error::new(ErrorKind::BadRequest, "the bucket's name cannot stand before the endpoint's host")
        })?;
    }
    Ok(url)
}

/// The URL of an object of a bucket that is read without keys.
fn public_url(rule: &StoreRule, key: &str) -> Option<String> {
    let open = rule.addresses == Addresses::Public && matches!(credentials(&rule.credentials), Ok(None));
    let mut url = endpoint(rule).ok().filter(|_| open)?;
    let mut segments = url.path_segments_mut().ok()?;
    segments.pop_if_empty();
    if rule.addressing == Addressing::Path {
        segments.push(&rule.bucket);
    }
    segments.extend(key.split('/'));
    drop(segments);
    Some(url.into())
}

/// The deadline ends it long before.
const MOST_RETRIES: usize = 1000;

fn retry(patience: &Patience) -> RetryConfig {
    // The crate wants pauses that can grow.
    let first = patience.first_pause.max(std::time::Duration::from_millis(1));
    RetryConfig {
        backoff: BackoffConfig { init_backoff: first, max_backoff: patience.longest_pause, base: 2. },
        max_retries: MOST_RETRIES,
        retry_timeout: patience.deadline,
    }
}

fn credentials(credentials: &Credentials) -> Result<Option<Keys>, Error> {
    match credentials {
        Credentials::Anonymous => Ok(None),
        Credentials::Keys(keys) => Ok(Some(keys.clone())),
        Credentials::Environment => keys(&|name| std::env::var(name).ok()),
        Credentials::Files { access_key_id, secret_access_key, session_token } => Ok(Some(Keys {
            access_key_id: secret(access_key_id)?,
            secret_access_key: secret(secret_access_key)?,
            session_token: session_token.as_deref().map(secret).transpose()?,
        })),
    }
}

fn secret(path: &FilePath) -> Result<String, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|e| {
        Error::unavailable(format!("the file {name} with a key cannot be read: {}", e.kind()))
    })?;
    Ok(text.trim().to_owned())
}

fn not_a_key() -> Error {
    Error::new(ErrorKind::BadRequest, "the URL has a key that no object of a bucket can have")
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("hosts", &self.hosts)
            .field("stores", &self.stores)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: StoreRule, url: &str, expected: Option<&str>) {
        let network = Network::new(AccessRules { stores: vec![rule], ..AccessRules::default() }).unwrap();
        let Location::Object { public, .. } = network.location(&ObjectUrl::parse(url).unwrap()) else {
            panic!("{url} is no path");
        };
        assert_eq!(public.as_deref(), expected, "{url}");
    }

    fn open(url: &str) -> StoreRule {
        StoreRule { credentials: Credentials::Anonymous, ..StoreRule::parse(url).unwrap() }
    }

    #[test]
    fn only_what_anybody_can_read_is_public() {
        let url = "s3://bucket/a/b c.nc";
        let amazon = "https://s3.us-east-1.amazonaws.com/bucket/a/b%20c.nc";
        check(open("s3://bucket"), url, Some(amazon));
        let virtual_host = StoreRule { addressing: Addressing::VirtualHost, ..open("s3://bucket/a") };
        check(virtual_host, url, Some("https://bucket.s3.us-east-1.amazonaws.com/a/b%20c.nc"));
        let keys =
            Keys { access_key_id: "id".into(), secret_access_key: "secret".into(), session_token: None };
        check(StoreRule { credentials: Credentials::Keys(keys), ..open("s3://bucket") }, url, None);
        check(StoreRule { addresses: Addresses::Private, ..open("s3://bucket") }, url, None);
        check(open("s3://other"), url, None);
    }

    #[test]
    fn a_query_may_be_a_signature() {
        let rule = HostRule::parse("data.example.org", Addresses::Public).unwrap();
        let inner = HostRule::parse("inner.example.org", Addresses::Private).unwrap();
        let rules = AccessRules { hosts: vec![rule, inner], ..AccessRules::default() };
        let network = Network::new(rules).unwrap();
        for (url, expected) in [
            ("https://data.example.org/a.nc", true),
            ("https://data.example.org/a.nc?token=x", false),
            ("https://inner.example.org/a.nc", false),
            ("https://elsewhere.example.org/a.nc", false),
        ] {
            let Location::Object { public, .. } = network.location(&ObjectUrl::parse(url).unwrap()) else {
                panic!("{url} is no path");
            };
            assert_eq!(public.as_deref(), expected.then_some(url));
        }
    }
}
