//! What a catalog says of the server that it belongs to, and what lies in its folders.

use std::sync::{Arc, OnceLock};

use weir_catalogs::{Offers, Site};
use weir_plugin_api::{Body, Bytes, Child, Error, Host, Request};

/// What a catalog plugin knows of its server.
pub struct Served {
    host: Host,
    title: Option<String>,
    /// Not known while plugins are created, and the same ever after.
    facts: OnceLock<(Arc<str>, Arc<Offers>)>,
}

impl Served {
    /// The server of a host, called by its own name where the site gives it no title.
    #[must_use]
    pub fn new(host: Host, title: Option<String>) -> Self {
        Self { host, title, facts: OnceLock::new() }
    }

    /// The server as it is named and reached by a request.
    ///
    /// # Errors
    /// Where the host cannot tell what it serves.
    pub fn site(&self, request: &Request<'_>) -> Result<OwnedSite, Error> {
        if self.facts.get().is_none() {
            let facts = self.host.server()?;
            let routes = facts.plugins.into_iter().flat_map(|plugin| plugin.routes);
            let offers: Offers = routes.map(|route| route.pattern).collect();
            let title = self.title.clone().unwrap_or(facts.name);
            // Whoever else was first found the same.
            let _same = self.facts.set((title.into(), Arc::new(offers)));
        }
        let (title, offers) =
            self.facts.get().ok_or_else(|| Error::internal("what the server serves was lost"))?;
        Ok(OwnedSite {
            title: Arc::clone(title),
            base: request.base_url().to_owned(),
            offers: Arc::clone(offers),
        })
    }
}

/// A server as it is named and reached, for documents that outlive the request's borrow.
#[derive(Clone, Debug)]
pub struct OwnedSite {
    title: Arc<str>,
    base: String,
    offers: Arc<Offers>,
}

impl OwnedSite {
    /// The same, as documents want it.
    #[must_use]
    pub fn site(&self) -> Site<'_> {
        Site { title: &self.title, base: &self.base, offers: &self.offers }
    }
}

/// What the host says of a dataset, as documents want it.
#[must_use]
pub fn entry(entry: &weir_plugin_api::Entry) -> weir_catalogs::Entry<'_> {
    weir_catalogs::Entry { id: &entry.id, bytes: entry.bytes, modified: entry.modified }
}

/// What the host says of a folder's child, as documents want it.
#[must_use]
pub fn child(child: &Child) -> weir_catalogs::Child<'_> {
    match child {
        Child::Folder { folder } => weir_catalogs::Child::Folder(folder),
        Child::Dataset(dataset) => weir_catalogs::Child::Dataset(entry(dataset)),
    }
}

/// The dataset with an id, without opening it.
///
/// # Errors
/// `NotFound` where there is none.
pub fn entry_of(host: &Host, id: &str) -> Result<weir_plugin_api::Entry, Error> {
    let first = host.entries(id, "", 1)?.into_iter().next();
    // Of all ids that begin with it, the id itself comes first.
    first
        .filter(|entry| entry.id == id)
        .ok_or_else(|| Error::not_found(format!("there is no dataset {id:?}")))
}

/// A page of a folder: at most `limit` children, and whether more come behind them.
///
/// # Errors
/// `NotFound` where there is no such folder; the root is there always.
pub fn page_of(
    host: &Host,
    (folder, after): (&str, &str),
    limit: usize,
) -> Result<(Vec<Child>, bool), Error> {
    let wanted = u32::try_from(limit.saturating_add(1)).unwrap_or(u32::MAX);
    let mut children = host.children(folder, after, wanted)?;
    if children.is_empty() && !folder.is_empty() && host.list(folder, "", 1)?.is_empty() {
        return Err(Error::not_found(format!("there is no folder {folder:?}")));
    }
    let more = children.len() > limit;
    children.truncate(limit);
    Ok((children, more))
}

/// A document of many datasets, written front to back.
pub trait Document: Send + 'static {
    /// What stands before them.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn begin(&mut self) -> Result<Vec<u8>, Error>;

    /// Some of them.
    ///
    /// # Errors
    /// Where they cannot be written.
    fn some(&mut self, children: &[Child]) -> Result<Vec<u8>, Error>;

    /// What stands behind them.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn end(&mut self) -> Result<Vec<u8>, Error>;
}

/// What a document lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// What lies in a folder: its path with a slash at its end, or nothing for the root.
    Folder(String),
    /// All datasets, wherever they lie.
    All,
}

/// Children that are asked for at once: some hundred kilobytes.
const AT_ONCE: usize = 2000;

/// A document that the host pulls part by part, so that a catalog of any length takes little memory.
pub struct Parts<D> {
    host: Host,
    listed: Listed,
    document: D,
    after: String,
    /// How many more datasets may be listed.
    left: usize,
    begun: bool,
    ended: bool,
}

impl<D: Document> Parts<D> {
    /// Everything that is listed behind `after` (all, where it is empty), at most `most`.
    ///
    /// # Errors
    /// `NotFound` where there is no such folder.
    pub fn new(host: Host, (listed, after, most): (Listed, &str, usize), document: D) -> Result<Self, Error> {
        if let Listed::Folder(folder) = &listed {
            page_of(&host, (folder, ""), 1)?;
        }
        let after = after.to_owned();
        Ok(Self { host, listed, document, after, left: most, begun: false, ended: false })
    }

    fn children(&self, limit: usize) -> Result<Vec<Child>, Error> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        match &self.listed {
            Listed::Folder(folder) => self.host.children(folder, &self.after, limit),
            Listed::All => {
                let entries = self.host.entries("", &self.after, limit)?;
                Ok(entries.into_iter().map(Child::Dataset).collect())
            }
        }
    }
}

impl<D: Document> Body for Parts<D> {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.ended {
            return Ok(None);
        }
        let mut piece = match self.begun {
            true => Vec::new(),
            false => self.document.begin()?,
        };
        self.begun = true;
        let limit = self.left.min(AT_ONCE);
        let children = if limit == 0 { vec![] } else { self.children(limit)? };
        if !children.is_empty() {
            piece.extend(self.document.some(&children)?);
        }
        self.left = self.left.saturating_sub(children.len());
        if let Some(last) = children.last() {
            last.name().clone_into(&mut self.after);
        }
        if children.len() < limit || self.left == 0 {
            piece.extend(self.document.end()?);
            self.ended = true;
        }
        Ok(Some(piece.into()))
    }
}
