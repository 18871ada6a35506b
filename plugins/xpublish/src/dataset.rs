//! What is served of one dataset.

use serde_json::Value as Json;
use weir_catalogs::json_ld;
use weir_catalogs::listing::encoded_path;
use weir_catalogs::xpublish::{Link, Node, Page, groups};
use weir_plugin_api::{Dataset, Error, ErrorKind, Host, Request, Response};
use weir_summaries::{OwnedSite, Served, entry, entry_of, summarize};

use crate::JSON;

/// The media type of pages.
pub(crate) const PAGE: &str = "text/html; charset=utf-8";

/// What is asked of a dataset, or of a group of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Page,
    Keys,
    Dict,
    Info,
    Tree,
    Groups,
}

/// Takes a path below `groups/` apart: the group, and what is asked of it. The last segment counts as the question wherever it is
/// one behind a group, as in xpublish.
pub(crate) fn of_group(rest: &str) -> (&str, Subject) {
    match rest.rsplit_once('/') {
        Some((group, "keys")) => (group, Subject::Keys),
        Some((group, "dict")) => (group, Subject::Dict),
        Some((group, "info")) => (group, Subject::Info),
        _ => (rest, Subject::Page),
    }
}

/// Answers what is asked of a group of the dataset that the request names.
pub(crate) fn respond(
    (host, served): (&Host, &Served),
    request: &Request<'_>,
    (subject, group): (Subject, &str),
) -> Result<Response, Error> {
    let id = request.dataset_id();
    let dataset = open(host, request)?;
    let schema = dataset.schema()?;
    let page = || page(host, request, (&served.site(request)?, &dataset));
    let node = || {
        let found = Node::find(&schema, group);
        found.ok_or_else(|| Error::not_found(format!("Group '{group}' not found in dataset '{id}'")))
    };
    Ok(match subject {
        Subject::Page => html(page()?.of_group(&node()?)),
        Subject::Tree => html(page()?.of_tree(&schema)),
        Subject::Keys => json(&node()?.keys()),
        Subject::Dict => json(&node()?.dict()),
        Subject::Info => json(&node()?.info()),
        Subject::Groups => json(&groups(&schema)),
    })
}

/// The dataset that a request names.
///
/// # Errors
/// In the words of xpublish where there is none.
fn open(host: &Host, request: &Request<'_>) -> Result<Dataset, Error> {
    let id = request.dataset_id();
    host.open(request, id).map_err(|error| match error.kind {
        ErrorKind::NotFound => Error::not_found(format!("Dataset '{id}' not found")),
        _ => error,
    })
}

/// From `/datasets/{id}` to `/datasets/{id}/`, the one address of the page. The target is relative to what was asked for, so that
/// it holds behind any proxy.
pub(crate) fn way(host: &Host, request: &Request<'_>) -> Result<Response, Error> {
    let id = request.dataset_id();
    if !host.list(id, "", 1)?.iter().any(|first| first == id) {
        return Err(Error::not_found(format!("Dataset '{id}' not found")));
    }
    // As it was sent: the slashes of an id may be encoded there.
    let asked = request.path();
    let last = asked.rsplit('/').next().unwrap_or(asked);
    let is_sound = last.bytes().all(|byte| byte.is_ascii_graphic());
    let target = format!("./{}/", if is_sound { last.to_owned() } else { encoded_path(last) });
    Ok(Response::full("text/plain; charset=utf-8", "").status(307).header("location", target))
}

/// The page of a dataset: with links to all that the server has of it, and a description for search engines.
fn page(host: &Host, request: &Request<'_>, (site, dataset): (&OwnedSite, &Dataset)) -> Result<Page, Error> {
    let (id, site) = (request.dataset_id(), site.site());
    let url = site.dataset_url(id);
    let own = ["keys", "dict", "info", "groups", "tree"].map(|name| (format!("/{name}"), name));
    let others = site.offers.accesses().map(|access| (access.suffix.to_owned() + access.page, access.label));
    let link = |(path, text): (String, &str)| Link { target: url.clone() + &path, text: text.to_owned() };
    let linked_data = match (entry_of(host, id), summarize(dataset)) {
        (Ok(found), Ok(summary)) => Some(json_ld::dataset(&site, &entry(&found), &summary)),
        (Err(error), _) | (_, Err(error)) if error.kind == ErrorKind::Cancelled => return Err(error),
        // The page is of use without it.
        _ => None,
    };
    let links = own.into_iter().chain(others).map(link).collect();
    Ok(Page { title: id.to_owned(), links, linked_data })
}

fn json(document: &Json) -> Response {
    Response::full(JSON, document.to_string()).stable()
}

fn html(page: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    Response::full(PAGE, page).header("content-security-policy", policy)
}
