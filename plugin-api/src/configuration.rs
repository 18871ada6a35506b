//! A plugin's section of the configuration.

use serde::de::DeserializeOwned;

use crate::Error;

/// Reads the configuration text that [`Plugin::create`](crate::Plugin::create) gets.
///
/// # Errors
/// `BadRequest` saying what is not understood.
pub fn configuration<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json)
        .map_err(|e| Error::bad_request(format!("the configuration is not understood: {e}")))
}
