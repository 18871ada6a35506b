//! Requests of WMS.

use weir_plugin_api::{Dataset, Error, Response};

use crate::asking::Asking;
use crate::keys::Keys;
use crate::refusal::{Code, refused};
use crate::{capabilities, info, legend, map, metadata};

/// Operations by their names.
const OPERATIONS: [(&str, Operation); 7] = [
    ("GetCapabilities", Operation::Capabilities),
    ("GetMap", Operation::Map),
    ("GetFeatureInfo", Operation::FeatureInfo),
    ("GetLegendGraphic", Operation::Legend),
    ("GetMetadata", Operation::Metadata),
    ("capabilities", Operation::Capabilities),
    ("map", Operation::Map),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Capabilities,
    Map,
    FeatureInfo,
    Legend,
    Metadata,
}

/// Answers a request. One that names no operation asks what there is.
pub(crate) fn answer(asking: &Asking<'_>, dataset: &Dataset, keys: &Keys) -> Result<Response, Error> {
    if let Some(service) = keys.get("service")
        && !service.eq_ignore_ascii_case("WMS")
    {
        let shown: String = service.chars().take(40).collect();
        return Err(refused(Code::OperationNotSupported, format!("SERVICE is {shown:?}, but must be WMS")));
    }
    match operation(keys)? {
        Operation::Capabilities => capabilities::answer(asking, dataset, keys),
        Operation::Map => map::answer(asking, dataset, keys),
        Operation::FeatureInfo => info::answer(asking, dataset, keys),
        Operation::Legend => legend::answer(asking, dataset, keys),
        Operation::Metadata => metadata::answer(asking, dataset, keys),
    }
}

fn operation(keys: &Keys) -> Result<Operation, Error> {
    let Some(name) = keys.get("request") else { return Ok(Operation::Capabilities) };
    let found = OPERATIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, operation)| *operation).ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        let names = OPERATIONS.iter().take(5).map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        refused(Code::OperationNotSupported, format!("REQUEST is {shown:?}; there are {names}"))
    })
}
