//! The page about a dataset, the way to it, and its notebook.

use weir_catalogs::Site;
use weir_catalogs::dataset_page::{DatasetPage, notebook_of};
use weir_catalogs::listing::{encoded_path, name_of};
use weir_catalogs::pages::POLICY;
use weir_plugin_api::{Dataset, Error, ErrorKind, Host, Request, Response};
use weir_summaries::{entry, entry_of, summarize};

use crate::routes::COPY;
use crate::{HTML, NOTEBOOK_TYPE, TEXT};

/// From `/datasets/{id}` to `/datasets/{id}/`, the one address of the page. The target is relative to what was asked for, so that
/// it holds behind any proxy.
pub(crate) fn way(host: &Host, request: &Request<'_>) -> Result<Response, Error> {
    let id = request.dataset_id();
    entry_of(host, id).map_err(|error| in_words(error, id))?;
    // As it was sent: the slashes of an id may be encoded there.
    let asked = request.path();
    let last = asked.rsplit('/').next().unwrap_or(asked);
    let is_sound = last.bytes().all(|byte| byte.is_ascii_graphic());
    let target = format!("./{}/", if is_sound { last.to_owned() } else { encoded_path(last) });
    Ok(Response::full(TEXT, "").status(307).header("location", target))
}

/// The page.
pub(crate) fn page(host: &Host, request: &Request<'_>, site: Site<'_>) -> Result<Response, Error> {
    let (dataset, found) = open(host, request)?;
    let schema = dataset.schema()?;
    let summary = match summarize(&dataset) {
        Ok(summary) => Some(summary),
        Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
        // The page is of use without it.
        Err(_) => None,
    };
    let script = format!("{}{COPY}", site.base);
    let (summary, script) = (summary.as_ref(), Some(script.as_str()));
    let page = DatasetPage { site, entry: entry(&found), schema: &schema, summary, script };
    Ok(Response::full(HTML, page.html()).header("content-security-policy", POLICY))
}

/// The notebook, as a file of the dataset's name.
pub(crate) fn notebook(host: &Host, request: &Request<'_>, site: Site<'_>) -> Result<Response, Error> {
    let (dataset, found) = open(host, request)?;
    let text = notebook_of(site, &found.id, &summarize(&dataset)?);
    let name = encoded_path(name_of(&found.id));
    let disposition = format!("attachment; filename*=UTF-8''{name}.ipynb");
    Ok(Response::full(NOTEBOOK_TYPE, text).header("content-disposition", disposition))
}

fn open(host: &Host, request: &Request<'_>) -> Result<(Dataset, weir_plugin_api::Entry), Error> {
    let id = request.dataset_id();
    let found = entry_of(host, id).and_then(|found| Ok((host.open(request, id)?, found)));
    found.map_err(|error| in_words(error, id))
}

/// In the words of xpublish where there is no such dataset.
fn in_words(error: Error, id: &str) -> Error {
    match error.kind {
        ErrorKind::NotFound => Error::not_found(format!("Dataset '{id}' not found")),
        _ => error,
    }
}
