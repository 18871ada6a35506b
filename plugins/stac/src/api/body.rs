//! Bodies of requests.

use serde_json::{Map, Value};
use weir_plugin_api::{Error, Host, Request};

/// No search is longer.
const MOST_BYTES: usize = 2 << 20;

/// The JSON object that a client sent; an empty body is an empty object.
///
/// # Errors
/// `TooLarge`, or `BadRequest` where it is something else.
pub fn object(host: &Host, request: &Request<'_>) -> Result<Map<String, Value>, Error> {
    let mut body = Vec::new();
    while let Some(piece) = host.body_next(request)? {
        if body.len().saturating_add(piece.len()) > MOST_BYTES {
            return Err(Error::too_large(format!(
                "the body has more than {MOST_BYTES} bytes, which no search needs"
            )));
        }
        body.extend_from_slice(&piece);
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    serde_json::from_slice(&body).map_err(|e| Error::bad_request(format!("the body is no JSON object: {e}")))
}
