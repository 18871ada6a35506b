//! Configuration: the section `[plugins.dap]` of the server's configuration file.

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde_json::Value;
use weir_plugin_api::Error;

/// Responses up to here are read as a whole before they are sent, where the site says nothing else.
const COMMIT_LIMIT: u64 = 16 << 20;

/// What a site can choose.
#[derive(Debug)]
pub struct Configuration {
    /// Bytes up to which a data response is read as a whole before it is sent.
    pub commit_limit: u64,
    /// Ids of datasets whose arrays are presented as Grids in DAP2.
    pub grids: GlobSet,
}

impl Configuration {
    /// Reads the section, given as JSON; an empty text is an empty section.
    ///
    /// # Errors
    /// Names the key that is unknown, or whose value is not what it should be.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut configuration = Self { commit_limit: COMMIT_LIMIT, grids: GlobSet::empty() };
        if text.trim().is_empty() {
            return Ok(configuration);
        }
        let section: Value = serde_json::from_str(text)
            .map_err(|error| Error::bad_request(format!("the configuration is not json: {error}")))?;
        let keys = match section {
            Value::Null => return Ok(configuration),
            Value::Object(keys) => keys,
            other => return Err(Error::bad_request(format!("the configuration {other} is not an object"))),
        };
        for (key, value) in keys {
            match key.as_str() {
                "commit_limit" => configuration.commit_limit = bytes(&key, &value)?,
                "grids" => configuration.grids = globs(&key, &value)?,
                _ => {
                    let known = "there are commit_limit and grids";
                    return Err(Error::bad_request(format!(
                        "the configuration has an unknown key \"{key}\"; {known}"
                    )));
                }
            }
        }
        Ok(configuration)
    }
}

fn bytes(key: &str, value: &Value) -> Result<u64, Error> {
    let number = value.as_u64();
    number.ok_or_else(|| Error::bad_request(format!("{key} must be a number of bytes, not {value}")))
}

fn globs(key: &str, value: &Value) -> Result<GlobSet, Error> {
    let wrong = |why: String| Error::bad_request(format!("{key}: {why}"));
    let texts = value.as_array().and_then(|all| all.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let texts =
        texts.ok_or_else(|| wrong(format!("must be a list of patterns of dataset ids, not {value}")))?;
    let mut set = GlobSetBuilder::new();
    for text in texts {
        set.add(Glob::new(text).map_err(|error| wrong(error.to_string()))?);
    }
    set.build().map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = |c: Configuration| {
            format!("{} {} {}", c.commit_limit, c.grids.is_match("ocean/a.nc"), c.grids.is_match("b"))
        };
        assert_eq!(Configuration::parse(text).map_or_else(|error| error.message, shown), expected, "{text}");
    }

    #[test]
    fn sections_are_read() {
        check("", "16777216 false false");
        check("{}", "16777216 false false");
        check("null", "16777216 false false");
        check(r#"{"commit_limit": 1000, "grids": ["ocean/*"]}"#, "1000 true false");
        check(r#"{"grids": ["*"]}"#, "16777216 true true");
    }

    #[test]
    fn what_is_wrong_is_named() {
        check(
            r#"{"comit_limit": 1}"#,
            "the configuration has an unknown key \"comit_limit\"; there are commit_limit and grids",
        );
        check(r#"{"commit_limit": "1"}"#, "commit_limit must be a number of bytes, not \"1\"");
        check(r#"{"commit_limit": -1}"#, "commit_limit must be a number of bytes, not -1");
        check(r#"{"grids": "a"}"#, "grids: must be a list of patterns of dataset ids, not \"a\"");
        check("[1]", "the configuration [1] is not an object");
        assert!(Configuration::parse(r#"{"grids": ["["]}"#).unwrap_err().message.starts_with("grids: "));
        assert!(
            Configuration::parse("{").unwrap_err().message.starts_with("the configuration is not json: ")
        );
    }
}
