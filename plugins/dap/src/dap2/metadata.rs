//! Structure, attributes and version: small responses that stay the same while the data does.

use std::collections::HashMap;

use weir_dap::dap2::record::{self, Longest};
use weir_dap::dap2::{Entry, Inventory, das, dds, grammar};
use weir_plugin_api::model::{DataType, Hyperslab};
use weir_plugin_api::{Dataset, Error, ErrorKind, Host, LogLevel, Request, Response};

use super::view::{inventory, view};
use super::{dataset_name, described};
use crate::{DapPlugin, TEXT};

/// At most so many strings are read to tell clients how long the longest is.
const MOST_MEASURED: u64 = 1 << 18;

/// The structure of what the constraint names.
pub fn dds(plugin: &DapPlugin, request: &Request<'_>, dataset: &Dataset) -> Result<Response, Error> {
    let schema = dataset.schema()?;
    let inventory = inventory(plugin, dataset, &schema);
    let view = view(request.query(), dataset, &inventory)?;
    let text = dds::dds(&view, dataset_name(request));
    Ok(described(Response::full(TEXT, text), "dods-dds").stable())
}

/// The attributes of the whole dataset. The query is not looked at: clients send their constraint here too.
pub fn das(plugin: &DapPlugin, request: &Request<'_>, dataset: &Dataset) -> Result<Response, Error> {
    let schema = dataset.schema()?;
    let inventory = inventory(plugin, dataset, &schema);
    let widths = widths(plugin.host, request, dataset, &inventory)?;
    let text = das::das(&inventory, &|entry, way| widths.get(&entry.path)?.of(way));
    // Over one token that it does not know, netCDF-C would drop all attributes without a word.
    grammar::parse_das(&text).map_err(|malformed| Error::internal(malformed.to_string()))?;
    Ok(described(Response::full(TEXT, text), "dods-das").stable())
}

/// Bytes of the longest text of each variable of strings, and of each member that is one, by path.
///
/// netCDF-C has no strings of any length: it cuts them at 64 bytes unless the attributes name a width. A variable whose
/// strings are damaged, or that would be too many, goes without: attributes must not fail over it.
fn widths(
    host: Host,
    request: &Request<'_>,
    dataset: &Dataset,
    inventory: &Inventory<'_>,
) -> Result<HashMap<String, Widths>, Error> {
    let mut left = MOST_MEASURED;
    let mut widths = HashMap::new();
    for entry in inventory.entries().iter().filter(|entry| entry.variable.data_type.is_varying()) {
        let Ok(slab) = Hyperslab::whole(&entry.variable.shape) else { continue };
        let Some(rest) = left.checked_sub(slab.elements()) else { continue };
        left = rest;
        match longest(dataset, entry, &slab) {
            Ok(width) => drop(widths.insert(entry.path.clone(), width)),
            Err(error) if is_passing(error.kind) => return Err(error),
            Err(error) => {
                let message = format!("the strings of {} cannot be measured: {error}", entry.path);
                host.log(Some(request), LogLevel::Warn, &message);
            }
        }
    }
    Ok(widths)
}

/// Bytes of the longest texts of a variable.
enum Widths {
    /// It is one of strings.
    Strings(u64),
    /// Some of its members are.
    Members(Longest),
}

impl Widths {
    fn of(&self, way: &[usize]) -> Option<u64> {
        match self {
            Self::Strings(longest) => way.is_empty().then_some(*longest),
            Self::Members(longest) => longest.of(way),
        }
    }
}

/// Whether the same request may go well later: what is published then must not depend on it.
fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Cancelled | ErrorKind::Timeout | ErrorKind::Unavailable)
}

fn longest(dataset: &Dataset, entry: &Entry<'_>, slab: &Hyperslab) -> Result<Widths, Error> {
    let texts = if slab.elements() == 0 { vec![] } else { dataset.read_strings(&entry.path, slab)? };
    if entry.variable.data_type == DataType::String {
        let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
        let longest = u64::try_from(longest).map_err(|error| Error::internal(error.to_string()))?;
        return Ok(Widths::Strings(longest));
    }
    let mut longest = Longest::default();
    let damaged = |damaged: record::Damaged| Error::new(ErrorKind::Corrupt, damaged.to_string());
    texts.iter().try_for_each(|element| longest.see(entry, element)).map_err(damaged)?;
    Ok(Widths::Members(longest))
}

/// Which versions speak.
pub fn version() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("Core version: DAP/2.0\nServer version: weir/{version}\n");
    described(Response::full(TEXT, text), "dods-version").stable()
}
