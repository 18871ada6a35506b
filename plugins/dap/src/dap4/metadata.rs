//! The DMR, the services document, and the page of the DMR: small responses that stay the same while the data does.

use weir_dap::dap4::services::{self, Service};
use weir_dap::dap4::{Inventory, Query, View, html};
use weir_plugin_api::{Dataset, Error, Request, Response};

use super::{dataset_name, described, functions, misunderstood, published, refused};

/// The media type of a DMR.
pub const DMR_TYPE: &str = "application/vnd.opendap.dap4.dataset-metadata+xml";
/// The media type of a services document.
pub const DSR_TYPE: &str = "application/vnd.opendap.dap4.dataset-services+xml";
/// The media type of either where the suffix asks for XML.
pub const XML: &str = "text/xml; charset=utf-8";

const HTML: &str = "text/html; charset=utf-8";

/// What holds what the query names.
pub fn dmr(request: &Request<'_>, dataset: &Dataset, media_type: &str) -> Result<Response, Error> {
    let text = dmr_text(request, dataset)?;
    Ok(described(Response::full(media_type, text), "dap4-dmr").stable())
}

fn dmr_text(request: &Request<'_>, dataset: &Dataset) -> Result<String, Error> {
    let query = Query::parse(request.query()).map_err(|query| misunderstood(&query))?;
    if !query.function.is_empty() {
        return published(&functions::call(&query)?.document);
    }
    let schema = dataset.schema()?;
    let inventory = Inventory::of(&schema);
    let view = View::of(&query.constraint, &inventory).map_err(|fault| refused(&fault))?;
    published(&view.document(dataset_name(request)))
}

/// The DMR in a browser, with the ways to the data.
pub fn dmr_page(request: &Request<'_>, dataset: &Dataset) -> Result<Response, Error> {
    let text = dmr_text(request, dataset)?;
    let schema = dataset.schema()?;
    let hidden = Inventory::of(&schema);
    let hidden = hidden.hidden().iter().map(|one| format!("{}: {}", one.path, one.because));
    let title = dataset_name(request);
    let address = address(request.path(), ".dmr.html");
    let query = if request.query().is_empty() { String::new() } else { format!("?{}", request.query()) };
    let links: Vec<(String, String)> = [("data", ".dap"), ("DMR", ".dmr.xml"), ("services", ".dsr.xml")]
        .iter()
        .map(|(text, suffix)| (format!("{address}{suffix}{query}"), (*text).to_owned()))
        .collect();
    let links: Vec<(&str, &str)> = links.iter().map(|(link, text)| (link.as_str(), text.as_str())).collect();
    let left_out: Vec<String> = hidden.collect();
    let shown = match left_out.as_slice() {
        [] => text,
        _ => format!("{text}\nnot served through DAP4:\n{}\n", left_out.join("\n")),
    };
    Ok(described(Response::full(HTML, html::page(title, &links, &shown)), "dap4-dmr").stable())
}

/// The last part of a path, without a suffix: an address relative to the one that was asked.
fn address<'p>(path: &'p str, suffix: &str) -> &'p str {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.strip_suffix(suffix).unwrap_or(last)
}

const SERVICES: [Service<'static>; 6] = [
    Service {
        title: "DAP4 Dataset Services",
        role: "dap4/dataset-services",
        media_type: DSR_TYPE,
        suffix: ".dsr",
        description: "this document",
    },
    Service {
        title: "DAP4 Dataset Metadata",
        role: "dap4/dataset-metadata",
        media_type: DMR_TYPE,
        suffix: ".dmr",
        description: "what the dataset holds",
    },
    Service {
        title: "DAP4 Data",
        role: "dap4/data",
        media_type: "application/vnd.opendap.dap4.data",
        suffix: ".dap",
        description: "values, or those that dap4.ce names",
    },
    Service {
        title: "DAP2 Structure",
        role: "dap2/dds",
        media_type: "text/plain",
        suffix: ".dds",
        description: "what the dataset holds, for DAP2 clients",
    },
    Service {
        title: "DAP2 Attributes",
        role: "dap2/das",
        media_type: "text/plain",
        suffix: ".das",
        description: "attributes, for DAP2 clients",
    },
    Service {
        title: "DAP2 Data",
        role: "dap2/data",
        media_type: "application/octet-stream",
        suffix: ".dods",
        description: "values, for DAP2 clients",
    },
];

/// Which resources the dataset has, and where.
pub fn services(request: &Request<'_>, media_type: &str) -> Response {
    described(Response::full(media_type, services_text(request)), "dap4-dsr").stable()
}

fn services_text(request: &Request<'_>) -> String {
    let path = request.path();
    let path = [".dsr.xml", ".dsr"].into_iter().find_map(|suffix| path.strip_suffix(suffix)).unwrap_or(path);
    let base = format!("{}{path}", request.base_url());
    let server = concat!("weir/", env!("CARGO_PKG_VERSION"));
    services::document(&base, server, &SERVICES, &functions::names())
}

/// What the bare address answers: the services document for programs, the way to the form for browsers.
///
/// What is answered depends on a header, so it must not be taken for the other: it has no entity tag.
pub fn bare(request: &Request<'_>) -> Response {
    let wants_page = request.header("accept").is_some_and(|accepted| accepted.contains("text/html"));
    let response = if wants_page {
        let location = format!("./{}.html", address(request.path(), ""));
        Response::full(HTML, String::new()).status(302).header("Location", location)
    } else {
        Response::full(DSR_TYPE, services_text(request))
    };
    described(response, "dap4-dsr").header("Vary", "Accept")
}
