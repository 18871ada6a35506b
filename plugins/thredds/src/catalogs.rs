//! The answers: catalogs of folders and of datasets.

use weir_catalogs::pages::{POLICY, Part};
use weir_catalogs::thredds::{FolderDocument, dataset_document, dataset_page, folder_page};
use weir_catalogs::{Summary, listing};
use weir_plugin_api::{Child, Error, ErrorKind, Host, LogLevel, Request, Response};
use weir_summaries::{Document, Listed, OwnedSite, Parts, child, entry, entry_of, page_of, summarize};

use crate::asked::What;
use crate::format::format_of;
use crate::{HTML, XML};

/// Children on one page for people.
const PAGE: usize = 1000;

/// Ids that are looked at together where the last of a folder is wanted.
const IDS: u32 = 20_000;

fn written(error: &std::io::Error) -> Error {
    Error::internal(format!("the catalog could not be written: {error}"))
}

fn html(page: String) -> Response {
    Response::full(HTML, page.into_bytes()).header("content-security-policy", POLICY)
}

/// To the page of a folder.
pub(crate) fn redirect(site: &OwnedSite, folder: &str) -> Response {
    let base = site.site().base;
    let url = match folder {
        "" => format!("{base}/thredds/catalog.html"),
        folder => format!("{base}/thredds/catalog/{}catalog.html", listing::encoded_path(folder)),
    };
    Response::full("text/plain", format!("{url}\n").into_bytes()).header("location", url).status(302)
}

/// The catalog of a folder, whole: it is written as the host pulls it.
pub(crate) fn xml(host: Host, site: OwnedSite, folder: &str) -> Result<Response, Error> {
    let document = Folder { site, folder: folder.to_owned() };
    let parts = Parts::new(host, (Listed::Folder(folder.to_owned()), "", usize::MAX), document)?;
    Ok(Response::stream(XML, None, Box::new(parts)))
}

struct Folder {
    site: OwnedSite,
    folder: String,
}

impl Folder {
    fn document(&self) -> FolderDocument<'_> {
        FolderDocument { site: self.site.site(), folder: &self.folder }
    }
}

impl Document for Folder {
    fn begin(&mut self) -> Result<Vec<u8>, Error> {
        self.document().begin().map_err(|error| written(&error))
    }

    fn some(&mut self, children: &[Child]) -> Result<Vec<u8>, Error> {
        self.document().children(children.iter().map(child)).map_err(|error| written(&error))
    }

    fn end(&mut self) -> Result<Vec<u8>, Error> {
        self.document().end().map_err(|error| written(&error))
    }
}

/// A page of a folder.
pub(crate) fn page(host: Host, site: &OwnedSite, (folder, after): (&str, &str)) -> Result<Response, Error> {
    let (children, more) = page_of(&host, (folder, after), PAGE)?;
    let shown: Vec<_> = children.iter().map(child).collect();
    let last = children.last().filter(|_| more).map(Child::name);
    let part = Part { folder, children: &shown, more_behind: last };
    Ok(html(folder_page(&site.site(), &part)))
}

/// The dataset with the last name of those that lie in a folder itself: where names end with dates, the latest.
pub(crate) fn latest(host: Host, site: &OwnedSite, folder: &str) -> Result<Response, Error> {
    let mut last = None;
    let mut after = String::new();
    loop {
        let ids = host.list(folder, &after, IDS)?;
        let own = |id: &&String| id.strip_prefix(folder).is_some_and(|name| !name.contains('/'));
        last = ids.iter().rfind(own).cloned().or(last);
        match ids.last() {
            Some(id) => after.clone_from(id),
            None => break,
        }
    }
    let id =
        last.ok_or_else(|| Error::not_found(format!("the folder {folder:?} has no datasets of its own")))?;
    let found = entry_of(&host, &id)?;
    let document = dataset_document(&site.site(), &entry(&found), None).map_err(|error| written(&error))?;
    Ok(Response::full(XML, document))
}

/// The catalog or the page of one dataset of a folder, with what its data tells.
pub(crate) fn dataset(
    host: Host,
    site: &OwnedSite,
    (request, what): (&Request<'_>, What),
    (folder, id): (&str, &str),
) -> Result<Response, Error> {
    if !folder.is_empty() && listing::folder_of(id) != folder {
        return Err(Error::not_found(format!("{id:?} does not lie in the folder {folder:?}")));
    }
    let found = entry_of(&host, id)?;
    let told = told(host, request, id)?;
    let told = told.as_ref();
    if what == What::Page {
        let page = dataset_page(&site.site(), &entry(&found), told.map(|(summary, _)| summary));
        return Ok(html(page));
    }
    let told = told.map(|(summary, format)| (summary, *format));
    let document = dataset_document(&site.site(), &entry(&found), told).map_err(|error| written(&error))?;
    Ok(Response::full(XML, document))
}

/// What the data tells. A damaged dataset has a catalog nevertheless: its file may be wanted all the same.
fn told(host: Host, request: &Request<'_>, id: &str) -> Result<Option<(Summary, &'static str)>, Error> {
    let asked = || {
        let dataset = host.open(request, id)?;
        Ok::<_, Error>((summarize(&dataset)?, format_of(&dataset)?))
    };
    match asked() {
        Ok(told) => Ok(Some(told)),
        Err(error)
            if matches!(error.kind, ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::TooLarge) =>
        {
            host.log(Some(request), LogLevel::Warn, &format!("{id} is told of without its data: {error}"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
