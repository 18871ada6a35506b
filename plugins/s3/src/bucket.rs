//! The bucket: its objects in order, page by page.

use weir_plugin_api::{Error, ErrorKind, Host, LogLevel, Request};
use weir_zarr_objects::{Objects, Shown};

use crate::query::{Place, Query};

/// Behind every key that begins with something.
const LAST: char = char::MAX;

/// A page of a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The objects.
    pub objects: Vec<Object>,
    /// Beginnings that keys have in common.
    pub prefixes: Vec<String>,
    /// Where the next page begins, if there is one.
    pub next: Option<Place>,
}

/// One object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// The key in the bucket.
    pub key: String,
    /// The bytes that it has.
    pub size: u64,
    /// Text that changes with it.
    pub tag: String,
}

/// The page that is asked for. Datasets come in the order of their ids, and their objects in the order of their keys.
pub(crate) fn page(
    host: &Host,
    objects: &Objects,
    request: &Request<'_>,
    query: &Query,
) -> Result<Page, Error> {
    let mut listing = Listing { host, objects, request, query, page: Page::default() };
    let (mut id, mut inside) = listing.begin()?;
    let mut behind = match &query.after {
        Place::Id(id) | Place::Key(id) => id.clone(),
    };
    while let Some(current) = id {
        if listing.full() {
            listing.page.next = Some(Place::Id(behind));
            break;
        }
        if !listing.folder(&current)
            && let Some(place) = listing.dataset(&current, &inside)?
        {
            listing.page.next = Some(place);
            break;
        }
        behind = listing.behind(&current);
        (id, inside) = (listing.next_id(&behind)?, String::new());
    }
    Ok(listing.page)
}

struct Listing<'a> {
    host: &'a Host,
    objects: &'a Objects,
    request: &'a Request<'a>,
    query: &'a Query,
    page: Page,
}

impl Listing<'_> {
    /// The dataset that the listing begins with, and the key inside of it that it begins behind.
    fn begin(&self) -> Result<(Option<String>, String), Error> {
        match &self.query.after {
            Place::Id(id) => Ok((self.next_id(id)?, String::new())),
            Place::Key(key) => match self.dataset_of(key)? {
                Some(id) => {
                    let inside = key.get(id.len().saturating_add(1)..).unwrap_or_default().to_owned();
                    Ok((Some(id), inside))
                }
                None => Ok((self.next_id(key)?, String::new())),
            },
        }
    }

    /// The dataset that a key lies in: the one with the longest id.
    fn dataset_of(&self, key: &str) -> Result<Option<String>, Error> {
        for (end, _) in key.rmatch_indices('/') {
            let id = key.get(..end).unwrap_or_default();
            if !id.is_empty() && self.host.list(id, "", 1)?.first().is_some_and(|found| found == id) {
                return Ok(Some(id.to_owned()));
            }
        }
        Ok(None)
    }

    /// The next dataset that has keys with the prefix.
    fn next_id(&self, after: &str) -> Result<Option<String>, Error> {
        let prefix = &self.query.prefix;
        if let Some(id) = self.dataset_of(prefix)? {
            // The prefix lies inside one dataset: there is no other.
            return Ok(Some(id).filter(|id| after < id.as_str()));
        }
        Ok(self.host.list(prefix, after, 1)?.into_iter().next())
    }

    fn full(&self) -> bool {
        self.page.objects.len().saturating_add(self.page.prefixes.len()) >= self.query.most
    }

    /// What all keys of `path` have in common, where the delimiter puts them together.
    fn common(&self, path: &str) -> Option<String> {
        let Query { prefix, delimiter, .. } = self.query;
        let rest = path.strip_prefix(prefix.as_str()).filter(|_| !delimiter.is_empty())?;
        let end = rest.find(delimiter.as_str())?.checked_add(delimiter.len())?;
        Some(format!("{prefix}{}", rest.get(..end)?))
    }

    /// Adds the common prefix of a dataset's keys, if they have one, instead of the keys.
    fn folder(&mut self, id: &str) -> bool {
        let Some(common) = self.common(&format!("{id}/")) else { return false };
        self.page.prefixes.push(common);
        true
    }

    /// Where ids go on behind a dataset, or behind the common prefix that it was put into.
    fn behind(&self, id: &str) -> String {
        match self.common(&format!("{id}/")) {
            Some(common) if common.len() <= id.len() => format!("{common}{LAST}"),
            _ => id.to_owned(),
        }
    }

    /// Adds the keys of a dataset behind `after`; where the page is full before they end, gives where it is.
    fn dataset(&mut self, id: &str, after: &str) -> Result<Option<Place>, Error> {
        let shown = match self.objects.open(self.request, id) {
            Ok(shown) => shown,
            Err(error) if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout) => {
                return Err(error);
            }
            Err(error) => {
                let message = format!("{id} is left out of the listing of the bucket: {error}");
                self.host.log(Some(self.request), LogLevel::Warn, &message);
                return Ok(None);
            }
        };
        let tag = shown.generation()?;
        let base = format!("{id}/");
        let mut after = after.to_owned();
        if let Some(inner) = self.query.prefix.strip_prefix(&base).filter(|inner| after.as_str() < *inner) {
            // The first key that begins with the prefix may be the prefix itself.
            if let Some(exact) = self.object(&shown, inner, &base, &tag)? {
                self.page.objects.push(exact);
            }
            inner.clone_into(&mut after);
        }
        while let Some(key) = shown.hierarchy().next_key(&after) {
            let whole = format!("{base}{key}");
            if !whole.starts_with(&self.query.prefix) {
                break;
            }
            if self.full() {
                return Ok(Some(Place::Key(format!("{base}{after}"))));
            }
            if let Some(common) = self.common(&whole) {
                after = format!("{}{LAST}", common.strip_prefix(&base).unwrap_or(&key));
                self.page.prefixes.push(common);
                continue;
            }
            if let Some(object) = self.object(&shown, &key, &base, &tag)? {
                self.page.objects.push(object);
            }
            after = key;
        }
        Ok(None)
    }

    /// An object with its size; `None` where there is none: chunks that were never written.
    fn object(&self, shown: &Shown, key: &str, base: &str, tag: &str) -> Result<Option<Object>, Error> {
        if self.host.is_cancelled(self.request) {
            return Err(Error::new(ErrorKind::Cancelled, "the client does not wait any more"));
        }
        let size = self.objects.size(self.request, shown, key)?;
        Ok(size.map(|size| Object { key: format!("{base}{key}"), size, tag: format!("{tag}-{key}") }))
    }
}
