//! What is served of one dataset.

use maud::html;
use serde_json::Value as Json;
use weir_catalogs::pages::{POLICY, page};
use weir_catalogs::structure;
use weir_catalogs::xpublish::{Node, groups};
use weir_plugin_api::model::Schema;
use weir_plugin_api::{Dataset, Error, ErrorKind, Host, Request, Response};
use weir_summaries::Served;

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
    let schema = open(host, request)?.schema()?;
    let node = || {
        let found = Node::find(&schema, group);
        found.ok_or_else(|| Error::not_found(format!("Group '{group}' not found in dataset '{id}'")))
    };
    Ok(match subject {
        Subject::Page => {
            let node = node()?;
            shown((served, request), &format!("{id} {}", node.path()), &Shown::Group(&node))?
        }
        Subject::Tree => shown((served, request), id, &Shown::Tree(&schema))?,
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

/// What a page shows.
enum Shown<'a> {
    Group(&'a Node<'a>),
    Tree(&'a Schema),
}

/// A page that shows a group or all of them, and leads to the page about the dataset, if somebody serves one.
fn shown(
    (served, request): (&Served, &Request<'_>),
    title: &str,
    what: &Shown<'_>,
) -> Result<Response, Error> {
    let site = served.site(request)?;
    let id = request.dataset_id();
    let body = html! {
        @if let Some(url) = site.site().dataset_page(id) { nav aria-label="dataset" { a href=(url) { (id) } } }
        @match what {
            Shown::Group(node) => (structure::group(node, &|_, _| None)),
            Shown::Tree(schema) => (structure::tree(schema, &|_, _| None)),
        }
    };
    let html = page(title.trim_end(), None, &body);
    Ok(Response::full(PAGE, html).header("content-security-policy", POLICY))
}

fn json(document: &Json) -> Response {
    Response::full(JSON, document.to_string()).stable()
}
