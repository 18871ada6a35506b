//! DAP4: the DMR, data, and the services of a dataset.
//!
//! A small response is read as a whole before it is sent. A large one is streamed, and where something cannot be read any more, the
//! response ends with an error document, which its clients understand: a body is never cut.

mod data;
mod functions;
mod metadata;
mod section;
#[cfg(test)]
mod tests;
mod transfer;

use weir_dap::dap4::{self, BadQuery, Fault, dmr, document};
use weir_plugin_api::{Error, Request, Response};

use crate::Resource;

/// The resources of a dataset, by what stands behind its address.
pub const RESOURCES: &[Resource] = &[
    Resource {
        suffix: ".dmr",
        answer: |_, request, dataset| metadata::dmr(request, &dataset, metadata::DMR_TYPE),
    },
    Resource {
        suffix: ".dmr.xml",
        answer: |_, request, dataset| metadata::dmr(request, &dataset, metadata::XML),
    },
    Resource { suffix: ".dmr.html", answer: |_, request, dataset| metadata::dmr_page(request, &dataset) },
    Resource { suffix: ".dap", answer: data::dap },
    Resource { suffix: ".dsr", answer: |_, request, _| Ok(metadata::services(request, metadata::DSR_TYPE)) },
    Resource { suffix: ".dsr.xml", answer: |_, request, _| Ok(metadata::services(request, metadata::XML)) },
];

pub use metadata::bare;

/// The body of an error, as DAP4 clients read it.
pub fn error(status: u16, message: &str) -> Response {
    described(
        Response::full("application/vnd.opendap.dap4.error+xml", dap4::error::document(status, message)),
        "dap4-error",
    )
}

/// Adds what tells clients that this is DAP.
fn described(response: Response, description: &str) -> Response {
    let response = response.header("XDODS-Server", "dods/3.2").header("XDAP", "4.0");
    response.header("Content-Description", description)
}

/// The name of the dataset: the last part of its id.
fn dataset_name<'r>(request: &Request<'r>) -> &'r str {
    let id = request.dataset_id();
    id.rsplit('/').next().unwrap_or(id)
}

/// A constraint that cannot be answered is the client's mistake, or asks for more than can be.
fn refused(fault: &Fault) -> Error {
    if fault.is_too_much() {
        Error::too_large(fault.to_string())
    } else {
        Error::bad_request(fault.to_string())
    }
}

fn misunderstood(query: &BadQuery) -> Error {
    Error::bad_request(query.to_string())
}

/// The DMR of `document`, once it is known to read back as what it should say.
fn published(document: &document::Dataset) -> Result<String, Error> {
    let text = dmr::write(document);
    let read = dmr::parse(&text).map_err(|malformed| Error::internal(malformed.to_string()))?;
    if read == *document {
        Ok(text)
    } else {
        Err(Error::internal("the dmr does not read back as it was meant"))
    }
}
