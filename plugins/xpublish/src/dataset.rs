//! What is served of one dataset.

use serde_json::Value as Json;
use weir_catalogs::html::url_path;
use weir_catalogs::xpublish::{Link, Node, Page, groups};
use weir_plugin_api::{Dataset, Error, ErrorKind, Host, Request, Response};

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
    host: &Host,
    request: &Request<'_>,
    (subject, group): (Subject, &str),
) -> Result<Response, Error> {
    let id = request.dataset_id();
    let schema = open(host, request)?.schema()?;
    let page = || page(id, request);
    let node = || {
        let found = Node::find(&schema, group);
        found.ok_or_else(|| Error::not_found(format!("Group '{group}' not found in dataset '{id}'")))
    };
    Ok(match subject {
        Subject::Page => html(page().of_group(&node()?)),
        Subject::Tree => html(page().of_tree(&schema)),
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
    let target = format!("./{}/", if is_sound { last.to_owned() } else { url_path(last) });
    Ok(Response::full("text/plain; charset=utf-8", "").status(307).header("location", target))
}

fn page(id: &str, request: &Request<'_>) -> Page {
    let link = |path: &str| Link {
        target: format!("{}/datasets/{}/{path}", request.base_url(), url_path(id)),
        text: path.to_owned(),
    };
    let links = ["keys", "dict", "info", "groups", "tree"].map(link).to_vec();
    Page { title: id.to_owned(), links, linked_data: None }
}

fn json(document: &Json) -> Response {
    Response::full(JSON, document.to_string()).stable()
}

fn html(page: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    Response::full(PAGE, page).header("content-security-policy", policy)
}
