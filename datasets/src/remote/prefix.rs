//! A store below a prefix: the objects whose names begin with a URL, by the rest of their names.

use std::sync::Arc;

use object_store::Extensions;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};

use super::answer::{Answer, late};
use super::network::Network;
use super::object::Begun;
use super::url::{ObjectUrl, UrlPlace};
use super::{RemoteFile, runtime};
use crate::store::{Listed, ListedKind, MOST_LISTED, Object};
use crate::{DataFile, Error, ErrorKind};

/// Objects of at most this many bytes are read when they are located.
const FEW_BYTES: u64 = 1 << 20;

/// The objects whose names begin with a URL.
#[derive(Debug)]
pub struct Prefix {
    network: Arc<Network>,
    url: ObjectUrl,
}

impl Prefix {
    pub(super) fn new(network: Arc<Network>, url: ObjectUrl) -> Self {
        Self { network, url }
    }

    /// The bytes of an object, in one request; `None` where the server says that there is none.
    ///
    /// # Errors
    /// `TooLarge` where there are more than `most`, `Unavailable` where it cannot be known or read.
    pub fn get(&self, key: &str, most: u64) -> Result<Option<Vec<u8>>, Error> {
        let address = self.network.address(&self.url.below(key)?)?;
        let parts = runtime::wait(async move { address.whole(most).await }).map_err(|e| e.within(key))?;
        Ok(parts.map(|parts| parts.concat()))
    }

    /// Where the bytes of an object are: at hand, where they are few; `None` where the server says that there are none.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be known.
    pub fn locate(&self, key: &str) -> Result<Option<Object>, Error> {
        let url = self.url.below(key)?;
        let address = self.network.address(&url)?;
        match runtime::wait(async move { address.begin(FEW_BYTES).await }) {
            Ok(Begun::Whole(parts)) => Ok(Some(Object::Here(parts.concat()))),
            Ok(Begun::Large(object)) => {
                let location = self.network.location(&url);
                Ok(Some(Object::whole(DataFile::remote(RemoteFile::in_ranges(*object), location))))
            }
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.within(key)),
        }
    }

    /// What is directly below `prefix` (empty for the root), sorted by name.
    ///
    /// # Errors
    /// `Unsupported` for a web server, which has no listings; `TooLarge` beyond a million entries; `Unavailable` where the
    /// server does not list it.
    pub fn list(&self, prefix: &str) -> Result<Vec<Listed>, Error> {
        let url = if prefix.is_empty() { self.url.clone() } else { self.url.below(prefix)? };
        let UrlPlace::Bucket { bucket, key } = &url.place else {
            return Err(Error::unsupported(
                "web servers cannot list what they have; consolidated metadata is needed",
            ));
        };
        let begins = if key.is_empty() { String::new() } else { format!("{key}/") };
        let (mut listed, mut token) = (Vec::new(), None);
        loop {
            let page = self.page(bucket, &begins, token)?;
            for path in &page.result.common_prefixes {
                push(&mut listed, path.as_ref(), &begins, ListedKind::Prefix)?;
            }
            for object in &page.result.objects {
                push(&mut listed, object.location.as_ref(), &begins, ListedKind::Object)?;
            }
            token = page.page_token;
            if token.is_none() {
                listed.sort();
                listed.dedup();
                return Ok(listed);
            }
        }
    }

    fn page(&self, bucket: &str, begins: &str, token: Option<String>) -> Result<PaginatedListResult, Error> {
        let (store, begins) = (self.network.bucket(bucket, begins.trim_end_matches('/'))?, begins.to_owned());
        let (answer, allowed) = (Answer::default(), self.network.patience().deadline);
        let mut extensions = Extensions::new();
        extensions.insert(answer.clone());
        let options = PaginatedListOptions {
            delimiter: Some("/".into()),
            page_token: token,
            extensions,
            ..PaginatedListOptions::default()
        };
        runtime::wait(async move {
            let begins = (!begins.is_empty()).then_some(begins.as_str());
            match tokio::time::timeout(allowed, store.list_paginated(begins, options)).await {
                Ok(Ok(page)) => Ok(page),
                Ok(Err(_)) => Err(answer.listing_error()),
                Err(_) => Err(late(&answer, allowed)),
            }
        })
    }
}

fn push(listed: &mut Vec<Listed>, path: &str, begins: &str, kind: ListedKind) -> Result<(), Error> {
    // What does not begin so is the prefix itself, which some tools keep an empty object for.
    let Some(name) = path.strip_prefix(begins).filter(|name| !name.is_empty()) else { return Ok(()) };
    if listed.len() >= MOST_LISTED {
        let message = format!("a prefix of the store has more than {MOST_LISTED} entries");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    listed.push(Listed { name: name.to_owned(), kind });
    Ok(())
}
