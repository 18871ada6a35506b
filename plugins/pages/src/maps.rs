//! Sitemaps: which there are, and the datasets of one.

use std::sync::{Mutex, PoisonError};

use weir_catalogs::sitemap;
use weir_plugin_api::{Child, Error, Host, Response};
use weir_summaries::{Document, Listed, OwnedSite, Parts, entry};

use crate::XML;

/// The ids that sitemaps begin behind: nothing, and every 49,999th. Looked for once for each state of the catalog.
pub(crate) fn boundaries(
    host: &Host,
    kept: &Mutex<Option<(u64, Vec<String>)>>,
) -> Result<Vec<String>, Error> {
    let version = host.catalog_version()?;
    let lock = || kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, boundaries)) = lock().as_ref().filter(|(of, _)| *of == version) {
        return Ok(boundaries.clone());
    }
    let limit = u32::try_from(sitemap::DATASETS).unwrap_or(u32::MAX);
    let mut boundaries = vec![String::new()];
    loop {
        let after = boundaries.last().map(String::as_str).unwrap_or_default();
        let ids = host.list("", after, limit)?;
        match ids.into_iter().nth(sitemap::DATASETS.saturating_sub(1)) {
            Some(last) => boundaries.push(last),
            None => break,
        }
    }
    *lock() = Some((version, boundaries.clone()));
    Ok(boundaries)
}

/// The sitemap of the datasets behind an id.
pub(crate) fn datasets(host: Host, site: OwnedSite, after: &str) -> Result<Response, Error> {
    let map = Map { site, after: after.to_owned() };
    let parts = Parts::new(host, (Listed::All, after, sitemap::DATASETS), map)?;
    Ok(Response::stream(XML, None, Box::new(parts)))
}

struct Map {
    site: OwnedSite,
    after: String,
}

impl Document for Map {
    fn begin(&mut self) -> Result<Vec<u8>, Error> {
        Ok(sitemap::begin(&self.site.site(), &self.after).into_bytes())
    }

    fn some(&mut self, children: &[Child]) -> Result<Vec<u8>, Error> {
        let site = self.site.site();
        let url = |child: &Child| match child {
            Child::Dataset(dataset) => sitemap::dataset(&site, &entry(dataset)),
            Child::Folder { .. } => String::new(),
        };
        Ok(children.iter().map(url).collect::<String>().into_bytes())
    }

    fn end(&mut self) -> Result<Vec<u8>, Error> {
        Ok(sitemap::END.as_bytes().to_vec())
    }
}
