//! Queries as forms write them (URL Standard, `application/x-www-form-urlencoded`).

use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode};
use weir_plugin_api::Error;

/// The parameters of a query, as they stand there.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The value of the parameter `name` as text.
pub(crate) fn text(name: &str, value: &str) -> Result<String, Error> {
    let value = value.replace('+', " ");
    let text = percent_decode_str(&value).decode_utf8();
    let text = text.map_err(|e| Error::bad_request(format!("the value of {name} is not UTF-8: {e}")))?;
    Ok(text.into_owned())
}

/// A value as it stands in a query.
pub(crate) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}
