//! The text response: values for people and spreadsheets.

use weir_dap::dap2::ascii::{Ascii, Maps};
use weir_plugin_api::{Dataset, Error, Host, Request, Response};

use super::data::Order;
use super::transcript::{self, Kind};
use crate::TEXT;

/// The data that the constraint names, as lines of text.
pub fn ascii(host: Host, request: &Request<'_>, dataset: Dataset) -> Result<Response, Error> {
    let format = Ascii::new(Maps::default());
    let kind =
        Kind { format, order: Order::Declared, besides: 0, media_type: TEXT, description: "dods-ascii" };
    transcript::respond(host, request, dataset, kind)
}
