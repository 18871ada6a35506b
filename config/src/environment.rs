//! Variables of the environment: `WEIR_LISTEN` counts more than `listen` of `[server]`, and so on for each of its fields.

use crate::{Config, Error, Server, schema};

/// What variables begin with.
const PREFIX: &str = "WEIR_";

impl Config {
    /// The configuration, in which variables of the environment count more than `[server]`. Their values are written as in the
    /// file; texts need no quotes. Other variables are left alone: some systems make `WEIR_PORT` of the service's name.
    ///
    /// # Errors
    /// A value that the field does not take, with the variable's name.
    pub fn with_environment(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let fields = schema::server_fields();
        for (name, value) in variables {
            let field = name.strip_prefix(PREFIX).map(str::to_ascii_lowercase);
            if let Some(field) = field.filter(|field| fields.contains(field)) {
                let said =
                    said(&field, &value).map_err(|message| Error { file: name, place: None, message })?;
                self.server = said.or(self.server);
            }
        }
        Ok(self)
    }
}

/// A `[server]` that says one thing.
fn said(field: &str, value: &str) -> Result<Server, String> {
    // Only what is no text by its looks is taken as it stands: an address begins like a number.
    let written: Option<toml::Table> = toml::from_str(&format!("{field} = {value}")).ok();
    let text = || toml::Table::from_iter([(field.to_owned(), toml::Value::String(value.to_owned()))]);
    let table = written.filter(|table| table.len() == 1).unwrap_or_else(text);
    table.try_into().map_err(|e: toml::de::Error| e.message().trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::{Compression, Seconds, Size};

    fn with(variables: &[(&str, &str)]) -> Result<Server, String> {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\nmax_response = \"1GiB\"";
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = Config::parse(file, Path::new("weir.toml")).unwrap().with_environment(variables);
        config.map(|config| config.server).map_err(|e| e.to_string())
    }

    #[test]
    fn variables_count_more_than_the_file() {
        let found = with(&[
            ("WEIR_LISTEN", "[::1]:9"),
            ("WEIR_MEMORY_WAIT", "5"),
            ("WEIR_RESCAN", "2h"),
            ("WEIR_COMPRESSION", "off"),
            ("WEIR_TRUSTED_PROXIES", "[\"10.0.0.1\", \"10.2.0.0/16\"]"),
            ("WEIR_PORT", "tcp://10.0.0.1:80"),
            ("LISTEN", "nonsense"),
        ])
        .unwrap();
        assert_eq!(found.listen, "[::1]:9".parse().ok());
        assert_eq!(found.max_response, Some(Size(1 << 30)), "the file is still heard");
        assert_eq!(found.memory_wait, Some(Seconds(Duration::from_secs(5))));
        assert_eq!(found.rescan, Some(Seconds(Duration::from_secs(7200))));
        assert_eq!((found.compression, found.trusted_proxies.len()), (Some(Compression::Off), 2));
        let unchanged = with(&[]).unwrap();
        assert_eq!(unchanged.listen, "127.0.0.1:1".parse().ok());
    }

    #[test]
    fn values_that_a_field_does_not_take_are_refused() {
        let check = |name, value, expected: &str| {
            let error = with(&[(name, value)]).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        };
        check("WEIR_LISTEN", "nowhere", "WEIR_LISTEN: invalid socket address");
        check("WEIR_MAX_RESPONSE", "2 bananas", "WEIR_MAX_RESPONSE: \"2 bananas\" is not a size");
        check("WEIR_COMPRESSION", "a = 1\nlisten = 2", "WEIR_COMPRESSION: unknown variant");
        check("WEIR_COMPRESSION", "\"off\"\nlisten = 2", "WEIR_COMPRESSION: unknown variant");
        check("WEIR_TRUSTED_PROXIES", "10.0.0.1", "WEIR_TRUSTED_PROXIES: invalid type: string");
    }
}
