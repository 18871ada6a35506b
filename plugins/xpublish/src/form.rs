//! Queries as forms write them (URL Standard, `application/x-www-form-urlencoded`).

use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use weir_plugin_api::Error;
use weir_plugin_api::form::decoded;
pub(crate) use weir_plugin_api::form::pairs;

/// The value of the parameter `name` as text.
pub(crate) fn text(name: &str, value: &str) -> Result<String, Error> {
    decoded(value).map_err(|e| Error::bad_request(format!("the value of {name} is not UTF-8: {e}")))
}

/// A value as it stands in a query.
pub(crate) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}
