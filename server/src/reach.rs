//! What the server may reach: its folders, the servers and buckets that paths name, and those of the configuration.

use std::path::{Path, PathBuf};

use weir_config::{Config, ObjectStore, Source};
use weir_datasets::{AccessRules, Addresses, Credentials, Error, HostRule, ObjectUrl, StoreRule, Transport};

use crate::configured;

/// The rules for what `paths` and the configuration name, with keys from `environment`.
///
/// # Errors
/// A URL that cannot be understood.
pub fn rules(
    paths: &[PathBuf],
    config: &Config,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<AccessRules, Error> {
    let urls = config.datasets.iter().filter_map(|dataset| match &dataset.source {
        Source::Url(url) => Some(PathBuf::from(url)),
        _ => None,
    });
    let named = [paths.to_vec(), configured::roots(config), urls.collect()].concat();
    let mut rules = AccessRules::named(&named, environment)?;
    for store in &config.object_stores {
        match store.url.starts_with("s3://") {
            true => {
                let rule = bucket(store, config.folder(), environment)?;
                // What the configuration says of a bucket counts more than the environment.
                rules.stores.retain(|other| other.bucket != rule.bucket || !other.prefix.is_empty());
                rules.stores.push(rule);
            }
            false => rules.hosts.push(host(&store.url, addresses(store))?),
        }
    }
    let public = config.access.hosts.iter().map(|name| HostRule::parse(name, Addresses::Public));
    let private = config.access.private_hosts.iter().map(|name| HostRule::parse(name, Addresses::Private));
    rules.hosts.extend(public.chain(private).collect::<Result<Vec<_>, _>>()?);
    Ok(rules)
}

/// The server of a URL; an admin who writes its URL knows which addresses it has.
fn host(url: &str, addresses: Addresses) -> Result<HostRule, Error> {
    let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    HostRule::parse(&origin, addresses)
}

fn bucket(
    store: &ObjectStore,
    folder: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<StoreRule, Error> {
    let url = store.url.trim_end_matches('/');
    ObjectUrl::parse(url)?;
    let mut rule = StoreRule::of_environment(url, environment)?;
    rule.credentials = match &store.credentials {
        weir_config::Credentials::Anonymous => Credentials::Anonymous,
        weir_config::Credentials::Environment => rule.credentials,
        weir_config::Credentials::Files(files) => Credentials::Files {
            access_key_id: folder.join(&files.key_file),
            secret_access_key: folder.join(&files.secret_file),
            session_token: files.token_file.as_ref().map(|file| folder.join(file)),
        },
    };
    if let Some(endpoint) = &store.endpoint {
        rule.endpoint = Some(endpoint.clone());
        rule.addresses = addresses(store);
    }
    rule.region = store.region.clone().or(rule.region);
    if store.allow_http {
        rule.transport = Transport::PlainAllowed;
    }
    Ok(rule)
}

/// Which addresses the server of a store may have.
fn addresses(store: &ObjectStore) -> Addresses {
    if store.private { Addresses::Private } else { Addresses::Public }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_of(config: &str) -> AccessRules {
        let config = Config::parse(config, Path::new("/etc/weir/weir.toml")).unwrap();
        let environment = |name: &str| (name == "AWS_REGION").then(|| "eu-north-1".to_owned());
        rules(&[PathBuf::from("s3://lake/a.nc")], &config, &environment).unwrap()
    }

    #[test]
    fn paths_and_configuration_name_what_may_be_reached() {
        let rules = rules_of(
            r#"
            [access]
            hosts = ["data.example.org"]
            private_hosts = ["archive:8000"]
            [[object_store]]
            url = "s3://lake/"
            endpoint = "http://minio:9000"
            allow_http = true
            private = true
            credentials = { key_file = "key", secret_file = "/run/secret", token_file = "token" }
            [[object_store]]
            url = "https://web.example.org/archive/"
            "#,
        );
        let [store] = rules.stores.as_slice() else { panic!("{rules:?}") };
        assert_eq!((store.bucket.as_str(), store.region.as_deref()), ("lake", Some("eu-north-1")));
        assert_eq!(store.endpoint.as_deref(), Some("http://minio:9000"));
        assert_eq!((store.transport, store.addresses), (Transport::PlainAllowed, Addresses::Private));
        assert!(matches!(&store.credentials, Credentials::Files { access_key_id, session_token, .. }
            if access_key_id == Path::new("/etc/weir/key") && session_token.as_deref() == Some(Path::new("/etc/weir/token"))));
        let hosts: Vec<_> = rules.hosts.iter().map(|rule| (rule.host.as_str(), rule.addresses)).collect();
        assert_eq!(
            hosts,
            [
                ("web.example.org", Addresses::Public),
                ("data.example.org", Addresses::Public),
                ("archive", Addresses::Private)
            ]
        );
    }

    #[test]
    fn nothing_else_may_be_reached() {
        let rules = rules_of("");
        assert_eq!((rules.stores.len(), rules.hosts.len()), (1, 0));
    }
}
