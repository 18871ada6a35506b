//! The JSON response: structure, attributes and values in one document.

use weir_dap::dap2::json::Json;
use weir_dap::dap2::{das, grammar};
use weir_plugin_api::{Dataset, Error, Request, Response};

use super::data::Order;
use super::transcript::{self, Kind};
use super::view::inventory;
use crate::DapPlugin;

/// Bytes that a byte of an attribute can become.
const EXPANSION: u64 = 6;

/// The data that the constraint names, as JSON.
pub fn json(plugin: &DapPlugin, request: &Request<'_>, dataset: Dataset) -> Result<Response, Error> {
    let schema = dataset.schema()?;
    // How long texts are is for clients that have to know before.
    let text = das::das(&inventory(plugin, &dataset, &schema), &|_, _| None);
    let attributes = grammar::parse_das(&text).map_err(|malformed| Error::internal(malformed.to_string()))?;
    let format = |_: &Dataset| Ok(Json::new(attributes));
    let besides = (text.len() as u64).saturating_mul(EXPANSION);
    let (order, media_type) = (Order::LeavesFirst, "application/json");
    transcript::respond(
        plugin,
        request,
        dataset,
        Kind { format, order, besides, media_type, description: "dods-json" },
    )
}
