//! DAP2: structure, attributes, data and versions of a dataset.
//!
//! Its clients read a broken body as zeros and report success. So a data response is known to be good before its first byte
//! is sent.

mod address;
mod ascii;
mod choice;
mod data;
mod description;
mod form;
mod help;
mod info;
mod json;
mod metadata;
mod page;
mod section;
#[cfg(test)]
mod structure_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;
mod transcript;
mod transfer;
mod view;

use weir_dap::dap2::{self, Fault, Reason};
use weir_plugin_api::model::Misfit;
use weir_plugin_api::{Error, Request, Response};

use crate::{Resource, TEXT};

/// The resources of a dataset, by what stands behind its id.
pub const RESOURCES: &[Resource] = &[
    Resource { suffix: ".dds", answer: |plugin, request, dataset| metadata::dds(plugin, request, &dataset) },
    Resource { suffix: ".das", answer: |plugin, request, dataset| metadata::das(plugin, request, &dataset) },
    Resource { suffix: ".dods", answer: |plugin, request, dataset| data::dods(plugin, request, dataset) },
    Resource { suffix: ".ver", answer: |_, _, _| Ok(metadata::version()) },
    Resource { suffix: ".ascii", answer: |plugin, request, dataset| ascii::ascii(plugin, request, dataset) },
    Resource { suffix: ".asc", answer: |plugin, request, dataset| ascii::ascii(plugin, request, dataset) },
    Resource { suffix: ".json", answer: |plugin, request, dataset| json::json(plugin, request, dataset) },
    Resource { suffix: ".html", answer: |plugin, request, dataset| form::form(plugin, request, &dataset) },
    Resource { suffix: ".info", answer: |plugin, request, dataset| info::info(plugin, request, &dataset) },
    Resource { suffix: ".help", answer: |plugin, request, dataset| help::help(plugin, request, &dataset) },
];

/// The body of an error, as DAP2 clients show it, or as a page for those who asked for one.
pub fn error(request: &Request<'_>, status: u16, message: &str) -> Response {
    if page::is_asked_by(request) {
        return page::of_error(status, message);
    }
    described(Response::full(TEXT, dap2::error::body(status, message)), "dods-error")
}

/// Adds what tells clients that this is DAP; netCDF-Java takes nothing without it.
fn described(response: Response, description: &str) -> Response {
    let response = response.header("XDODS-Server", "dods/3.2").header("XDAP", "2.0");
    response.header("Content-Description", description)
}

/// The name that a DDS ends with: the last part of the dataset's id.
fn dataset_name<'r>(request: &Request<'r>) -> &'r str {
    let id = request.dataset_id();
    id.rsplit('/').next().unwrap_or(id)
}

/// A constraint that cannot be answered is the client's mistake, or asks for more than can be.
fn refused(fault: &Fault) -> Error {
    match fault.reason {
        Reason::TooMany { .. } | Reason::Misfit(Misfit::Overflow) => Error::too_large(fault.to_string()),
        _ => Error::bad_request(fault.to_string()),
    }
}
