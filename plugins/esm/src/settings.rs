//! What a site configures: datastores, and how ids become columns.

use serde::Deserialize;
use serde_json::Value as Json;
use weir_plugin_api::{Error, configuration};

use crate::pattern::Pattern;
use crate::row::FORMAT;

/// How many rows a datastore has at most, where the site says nothing.
const MOST_ROWS: usize = 100_000;

/// For how many seconds a request opens datasets, where the site says nothing.
const PATIENCE: u64 = 20;

/// Global attributes that become columns, where the site names none: those by which CMIP and its like are searched.
const ATTRIBUTES: [&str; 12] = [
    "activity_id",
    "institution_id",
    "source_id",
    "experiment_id",
    "variant_label",
    "member_id",
    "table_id",
    "grid_label",
    "realm",
    "product",
    "project",
    "institution",
];

/// The column whose equal values make rows one dataset, where a datastore names none: each row is one by itself.
const GROUPBY: &str = "dataset";

/// What a site configures.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Patterns of ids, whose names become columns; the first that fits an id counts.
    pub patterns: Vec<Pattern>,
    /// Global attributes that become columns.
    pub attributes: Vec<String>,
    /// How many rows a datastore has at most.
    pub most_rows: usize,
    /// For how many seconds a request opens datasets; what it does not come to, the next one does.
    pub patience: u64,
    /// The datastores; one for each first folder of ids where there are none.
    pub datastore: Vec<Chosen>,
}

/// A datastore that a site chose.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chosen {
    /// Its name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What the ids of its datasets begin with.
    pub datasets: Vec<String>,
    /// What people call it; its name, where it is left out.
    pub title: Option<String>,
    /// What is in it.
    #[serde(default)]
    pub description: String,
    /// What it belongs to; its name, where it is left out.
    pub project: Option<String>,
    /// The columns whose equal values make rows one dataset.
    #[serde(default)]
    pub groupby: Vec<String>,
    /// How rows of one dataset are joined: Aggregation Objects of the ESM collection specification.
    #[serde(default)]
    pub aggregations: Vec<Json>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            patterns: vec![],
            attributes: ATTRIBUTES.map(str::to_owned).to_vec(),
            most_rows: MOST_ROWS,
            patience: PATIENCE,
            datastore: vec![],
        }
    }
}

impl Settings {
    /// Reads JSON text.
    ///
    /// # Errors
    /// `BadRequest` naming what is not understood.
    pub(crate) fn parse(config: &str) -> Result<Self, Error> {
        let text = if config.trim().is_empty() { "{}" } else { config };
        let settings: Self = configuration(text)?;
        for (number, store) in settings.datastore.iter().enumerate() {
            let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if store.name.is_empty() || !store.name.chars().all(sound) {
                let message =
                    format!("the datastore's name {:?} must be of letters, digits, -, _ and .", store.name);
                return Err(Error::bad_request(message));
            }
            if settings.datastore.iter().take(number).any(|other| other.name == store.name) {
                return Err(Error::bad_request(format!("two datastores are called {:?}", store.name)));
            }
            if store.datasets.is_empty() {
                let message =
                    format!("the datastore {} has no datasets; say what their ids begin with", store.name);
                return Err(Error::bad_request(message));
            }
        }
        Ok(settings)
    }
}

impl Chosen {
    /// The columns by which rows are one dataset: two at least, because intake-esm with pandas 2.2 or later finds nothing by one.
    pub(crate) fn groupby(&self) -> Vec<String> {
        let mut columns = self.groupby.clone();
        if columns.is_empty() {
            columns.push(GROUPBY.to_owned());
        }
        if columns.len() == 1 && columns.iter().all(|column| column != FORMAT) {
            columns.push(FORMAT.to_owned());
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(config: &str, expected: Result<(usize, usize), &str>) {
        let found = Settings::parse(config).map(|settings| (settings.most_rows, settings.datastore.len()));
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{config}"),
            (Err(error), Err(words)) => assert!(error.message.contains(words), "{config}: {error}"),
            (found, _) => panic!("{config}: {found:?}"),
        }
    }

    #[test]
    fn configurations() {
        check("", Ok((100_000, 0)));
        check("{}", Ok((100_000, 0)));
        check(r#"{"most_rows": 7, "datastore": [{"name": "a.b", "datasets": ["a/"]}]}"#, Ok((7, 1)));
        check(r#"{"patterns": ["{a}/{b}.nc"], "attributes": []}"#, Ok((100_000, 0)));
        check(r#"{"patterns": ["{a}{a}"]}"#, Err("a stands twice"));
        check(r#"{"most_row": 7}"#, Err("unknown field `most_row`"));
        check(r#"{"datastore": [{"name": "a/b", "datasets": [""]}]}"#, Err("must be of letters"));
        check(r#"{"datastore": [{"name": "a", "datasets": []}]}"#, Err("has no datasets"));
        let twice = r#"{"datastore": [{"name": "a", "datasets": [""]}, {"name": "a", "datasets": [""]}]}"#;
        check(twice, Err("two datastores are called \"a\""));
    }
}
