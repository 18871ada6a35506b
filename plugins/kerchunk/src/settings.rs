//! What a site configures.

use serde_json::{Map, Value};
use weir_plugin_api::Error;

/// A week, as long as archives rarely change within.
const MAX_AGE: u64 = 604_800;

/// A reference set of more chunks than these takes a client more memory than it is likely to have.
const MOST_REFERENCES: u64 = 1_000_000;

/// What a site configures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// For how many seconds caches may keep chunks without asking whether they still hold.
    pub max_age: u64,
    /// How many chunks a reference set in one document may have.
    pub most_references: u64,
}

impl Settings {
    /// Reads JSON: `{"max_age": 604800, "most_references": 1000000}`, each of which may be left out.
    ///
    /// # Errors
    /// `BadRequest` naming a member that is not known or is no number.
    pub(crate) fn parse(config: &str) -> Result<Self, Error> {
        let mut settings = Self { max_age: MAX_AGE, most_references: MOST_REFERENCES };
        let members: Map<String, Value> = serde_json::from_str(config)
            .map_err(|error| Error::bad_request(format!("the configuration is no JSON object: {error}")))?;
        for (name, value) in members {
            let place = match name.as_str() {
                "max_age" => &mut settings.max_age,
                "most_references" => &mut settings.most_references,
                _ => {
                    let known = "max_age and most_references";
                    return Err(Error::bad_request(format!("{name} cannot be configured, only {known}")));
                }
            };
            let number = value.as_u64();
            *place = number
                .ok_or_else(|| Error::bad_request(format!("{name} is {value}, which is no whole number")))?;
        }
        Ok(settings)
    }

    /// The `Cache-Control` of chunks.
    pub(crate) fn cache_control(&self) -> String {
        format!("public, max-age={}", self.max_age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(config: &str, expected: Result<(u64, u64), &str>) {
        let got = Settings::parse(config).map(|settings| (settings.max_age, settings.most_references));
        assert_eq!(got.map_err(|error| error.message), expected.map_err(str::to_owned));
    }

    #[test]
    fn members_are_numbers_that_are_known() {
        check("{}", Ok((604_800, 1_000_000)));
        check(r#"{"max_age": 60}"#, Ok((60, 1_000_000)));
        check(r#"{"most_references": 7, "max_age": 0}"#, Ok((0, 7)));
        check(r#"{"max_age": "60"}"#, Err(r#"max_age is "60", which is no whole number"#));
        check(r#"{"age": 1}"#, Err("age cannot be configured, only max_age and most_references"));
        assert!(Settings::parse("[]").is_err());
    }
}
