//! What a client asks for behind the question mark.

use weir_plugin_api::Error;
use weir_plugin_api::form::{decoded, pairs};

/// The value of a parameter, as forms write it (URL Standard, `application/x-www-form-urlencoded`); the first where it is
/// written twice.
///
/// # Errors
/// `BadRequest` where it is no UTF-8.
pub fn value_of(query: &str, wanted: &str) -> Result<Option<String>, Error> {
    let value = pairs(query).find(|(name, _)| *name == wanted).map(|(_, value)| decoded(value));
    value.transpose().map_err(|e| Error::bad_request(format!("the value of {wanted} is not UTF-8: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let check = |query: &str, expected: Option<&str>| {
            assert_eq!(value_of(query, "dataset").unwrap().as_deref(), expected, "{query}");
        };
        check("dataset=a%2Fb+c.nc&x=1", Some("a/b c.nc"));
        check("x=1&dataset=%C3%A9&dataset=2", Some("é"));
        check("dataset", Some(""));
        check("datasets=1", None);
        check("", None);
        assert!(value_of("dataset=%ff", "dataset").is_err_and(|error| error.message.contains("not UTF-8")));
    }
}
