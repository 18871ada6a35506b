//! Rules that follow from what an administrator typed: URLs among the arguments, and the `AWS_` variables, spelled as
//! Amazon's own tools and the `object_store` crate spell them.

use std::net::ToSocketAddrs;
use std::path::PathBuf;

use reqwest::Url;

use super::addresses::Addresses;
use super::rules::{AccessRules, Addressing, Credentials, HostRule, Keys, Patience, StoreRule, Transport};
use super::url::{ObjectUrl, UrlPlace};
use crate::{Error, ErrorKind};

/// Looks up an environment variable.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl AccessRules {
    /// Access to what an administrator names: folders, and the servers and buckets of URLs. A server that an administrator
    /// named may be on a private network; those that files refer to are not allowed by it.
    ///
    /// # Errors
    /// `BadRequest` or `Unsupported` for a URL that cannot be reached, `BadRequest` for variables that contradict each other.
    pub fn named(paths: &[PathBuf], variables: Variables<'_>) -> Result<Self, Error> {
        let mut rules = Self { patience: Patience::default(), ..Self::default() };
        for path in paths {
            match path.to_str().filter(|text| ObjectUrl::is_one(text)) {
                Some(url) => rules.add(&ObjectUrl::parse(url)?, variables)?,
                None => rules.roots.push(path.clone()),
            }
        }
        Ok(rules)
    }

    fn add(&mut self, url: &ObjectUrl, variables: Variables<'_>) -> Result<(), Error> {
        match &url.place {
            UrlPlace::Bucket { bucket, .. } => {
                if !self.stores.iter().any(|rule| rule.bucket == *bucket) {
                    self.stores.push(StoreRule::of_environment(&format!("s3://{bucket}"), variables)?);
                }
            }
            UrlPlace::Web(url) => {
                let addresses = addresses_of(url);
                let rule = HostRule::parse(&url.origin().ascii_serialization(), addresses)?;
                if !self.hosts.contains(&rule) {
                    self.hosts.push(rule);
                }
            }
        }
        Ok(())
    }
}

impl StoreRule {
    /// A rule for `s3://bucket` or `s3://bucket/prefix` at the server that the environment names.
    ///
    /// # Errors
    /// `BadRequest` where it is no such URL, where the endpoint is none, and for an id without its key.
    pub fn of_environment(url: &str, variables: Variables<'_>) -> Result<Self, Error> {
        let of =
            |names: &[&str]| names.iter().find_map(|name| variables(name).filter(|text| !text.is_empty()));
        let mut rule = Self::parse(url)?;
        rule.region = of(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
        rule.endpoint = of(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]);
        if let Some(endpoint) = &rule.endpoint {
            rule.addresses = addresses_of(&endpoint_url(endpoint)?);
        }
        if is_set(of(&["AWS_ALLOW_HTTP"])) {
            rule.transport = Transport::PlainAllowed;
        }
        if is_set(of(&["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"])) {
            rule.addressing = Addressing::VirtualHost;
        }
        rule.credentials = match keys(variables)? {
            Some(keys) if !is_set(of(&["AWS_SKIP_SIGNATURE"])) => Credentials::Keys(keys),
            _ => Credentials::Anonymous,
        };
        Ok(rule)
    }
}

/// The keys of the environment, if there are any.
pub fn keys(variables: Variables<'_>) -> Result<Option<Keys>, Error> {
    let of = |name: &str| variables(name).filter(|text| !text.is_empty());
    match (of("AWS_ACCESS_KEY_ID"), of("AWS_SECRET_ACCESS_KEY")) {
        (Some(access_key_id), Some(secret_access_key)) => {
            Ok(Some(Keys { access_key_id, secret_access_key, session_token: of("AWS_SESSION_TOKEN") }))
        }
        (None, None) => Ok(None),
        _ => {
            let message = "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set; set both or none";
            Err(Error::new(ErrorKind::BadRequest, message))
        }
    }
}

/// The URL of an endpoint, without a path.
pub fn endpoint_url(endpoint: &str) -> Result<Url, Error> {
    let bad = || {
        let message = "the endpoint of a store is written as https://host or https://host:port, with no user and no path";
        Error::new(ErrorKind::BadRequest, message)
    };
    let UrlPlace::Web(url) = ObjectUrl::parse(endpoint).map_err(|_unshown| bad())?.place else {
        return Err(bad());
    };
    if url.path() != "/" || url.query().is_some() {
        return Err(bad());
    }
    Ok(url)
}

/// Private ones only where the named host has one now: a public name that leads to a private network later was not meant.
fn addresses_of(url: &Url) -> Addresses {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(0);
    let mut addresses = (host, port).to_socket_addrs().into_iter().flatten();
    match addresses.any(|address| !Addresses::Public.allow(address.ip())) {
        true => Addresses::Private,
        false => Addresses::Public,
    }
}

fn is_set(text: Option<String>) -> bool {
    text.is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "1" | "true" | "on" | "yes" | "y"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(paths: &[&str], set: &[(&str, &str)]) -> Result<AccessRules, Error> {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let variable =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        AccessRules::named(&paths, &variable)
    }

    #[test]
    fn what_is_named_is_allowed() {
        let rules =
            rules(&["data", "http://127.0.0.1:9/a.nc", "http://127.0.0.1:9/b.nc", "s3://bucket/a/b.nc"], &[]);
        let rules = rules.unwrap();
        assert_eq!(rules.roots, [PathBuf::from("data")]);
        let host = HostRule::parse("http://127.0.0.1:9", Addresses::Private).unwrap();
        assert_eq!(rules.hosts, [host]);
        let [store] = &rules.stores[..] else { panic!("{rules:?}") };
        assert_eq!(
            (store.bucket.as_str(), store.prefix.as_str(), store.endpoint.as_deref()),
            ("bucket", "", None)
        );
        assert!(matches!(store.credentials, Credentials::Anonymous));
        assert_eq!(store.addresses, Addresses::Public);
    }

    #[test]
    fn the_environment_says_where_and_how() {
        let set = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "canary-id"),
            ("AWS_SECRET_ACCESS_KEY", "canary-key"),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        let rules = rules(&["s3://bucket/a.nc", "s3://bucket/b.nc"], &set).unwrap();
        let [store] = &rules.stores[..] else { panic!("{rules:?}") };
        assert_eq!(store.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(
            (store.region.as_deref(), store.transport),
            (Some("eu-central-1"), Transport::PlainAllowed)
        );
        assert_eq!((store.addressing, store.addresses), (Addressing::Path, Addresses::Private));
        let Credentials::Keys(keys) = &store.credentials else { panic!("{store:?}") };
        assert_eq!(
            (keys.access_key_id.as_str(), keys.secret_access_key.as_str()),
            ("canary-id", "canary-key")
        );
        assert!(!format!("{rules:?}").contains("canary"));
    }

    #[test]
    fn contradictions_are_refused_without_naming_secrets() {
        for set in [
            &[("AWS_ACCESS_KEY_ID", "canary")][..],
            &[("AWS_SECRET_ACCESS_KEY", "canary")],
            &[("AWS_ENDPOINT_URL", "http://canary:canary@host")],
            &[("AWS_ENDPOINT_URL", "canary")],
            &[("AWS_ENDPOINT_URL", "http://host/canary")],
        ] {
            let error = rules(&["s3://bucket/a.nc"], set).unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadRequest, "{error}");
            assert!(!error.message.contains("canary"), "{error}");
        }
        assert_eq!(rules(&["https://u:canary@host/a.nc"], &[]).unwrap_err().kind, ErrorKind::BadRequest);
    }
}
