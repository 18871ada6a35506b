//! Sections of plugins: `[plugins.<name>]`. What stands in one is the plugin's own affair; here it only becomes JSON.

use serde_json::{Map, Value};

use crate::Error;

/// What a site says of one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginSection {
    /// The plugin's name.
    pub name: String,
    /// The configuration that the plugin is given: a JSON object. Dates and times are texts in it.
    pub json: String,
    /// The file of the section, and where in it the section begins.
    pub(crate) place: Error,
}

impl PluginSection {
    /// An error of this section: it names the file, the line, the section and what is wrong.
    #[must_use]
    pub fn error(&self, reason: &str) -> Error {
        Error { message: format!("[plugins.{}]: {reason}", self.name), ..self.place.clone() }
    }
}

/// A section's table as JSON.
///
/// # Errors
/// A number that JSON does not have, with its key.
pub fn json(table: toml::Table) -> Result<String, String> {
    object(table).map(|object| Value::Object(object).to_string())
}

fn object(table: toml::Table) -> Result<Map<String, Value>, String> {
    table
        .into_iter()
        .map(|(key, value)| match self::value(value) {
            Ok(value) => Ok((key, value)),
            Err(message) => Err(format!("{key}: {message}")),
        })
        .collect()
}

fn value(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => match serde_json::Number::from_f64(number) {
            Some(number) => number.into(),
            None => {
                return Err(format!("{number} cannot be given to a plugin; leave it out or write a text"));
            }
        },
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => {
            values.into_iter().map(self::value).collect::<Result<Vec<_>, _>>()?.into()
        }
        toml::Value::Table(table) => object(table)?.into(),
    })
}
