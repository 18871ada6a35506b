//! The documents around a table: its specification, its metadata, and the table of all tables.

use serde_json::{Value as Json, json};

use super::file::{FileError, parquet_file};
use super::{Cell, Column, Kind, PATH, Table};

/// What is said of a datastore beside its table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Datastore {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What is in it.
    pub description: String,
    /// The format of what the addresses lead to, by intake-esm's name: `zarr`, `opendap`, ...
    pub format: String,
    /// The columns whose equal values make rows one dataset.
    pub groupby: Vec<String>,
    /// How rows of one dataset are joined: Aggregation Objects of the specification.
    pub aggregations: Vec<Json>,
}

/// The specification of a datastore, whose table is at `table_url`.
#[must_use]
pub fn specification(store: &Datastore, table: &Table, table_url: &str) -> Json {
    let attributes: Vec<Json> = table
        .columns()
        .iter()
        .filter(|column| column.name() != PATH)
        .map(|column| json!({ "column_name": column.name(), "vocabulary": "" }))
        .collect();
    // intake-esm refuses columns that the table has not.
    let known = |name: &&String| table.column(name).is_some();
    json!({
        "esmcat_version": "0.1.0",
        "id": store.name,
        "title": store.title,
        "description": store.description,
        "attributes": attributes,
        "assets": { "column_name": PATH, "format": store.format },
        "aggregation_control": {
            "variable_column_name": "variable",
            "groupby_attrs": store.groupby.iter().filter(known).collect::<Vec<_>>(),
            "aggregations": store.aggregations,
        },
        "catalog_file": table_url,
    })
}

/// How many rows a datastore has, and to what it belongs.
#[must_use]
pub fn metadata(project: &str, table: &Table) -> Json {
    json!({ "project_id": project, "num_records": table.len() })
}

/// A row of the table of all datastores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetaRow {
    /// The datastore's name.
    pub name: String,
    /// What is in it.
    pub description: String,
    /// The URL of its specification.
    pub url: String,
    /// The models of which it has data.
    pub model: Vec<String>,
    /// The realms, such as `ocean`.
    pub realm: Vec<String>,
    /// The frequencies, such as `mon`.
    pub frequency: Vec<String>,
    /// The variables.
    pub variable: Vec<String>,
}

impl MetaRow {
    /// What a datastore's table says.
    #[must_use]
    pub fn of(store: &Datastore, table: &Table, url: String) -> Self {
        let unique = |names: &[&str]| -> Vec<String> {
            let found = names.iter().find_map(|name| table.column(name));
            found.map(Column::unique_texts).unwrap_or_default().into_iter().map(str::to_owned).collect()
        };
        Self {
            name: store.name.clone(),
            description: store.description.clone(),
            url,
            model: unique(&["model", "source_id", "source"]),
            realm: unique(&["realm"]),
            frequency: unique(&["frequency", "table_id"]),
            variable: unique(&["variable"]),
        }
    }

    /// The entry of an Intake catalog by which the datastore is opened. It is JSON, which is YAML, too. Which columns are lists is
    /// not said: Parquet itself says it, and intake-esm does not open Parquet that is told of.
    fn entry(&self) -> String {
        let source = json!({
            "args": { "obj": self.url },
            "description": self.description,
            "driver": "intake_esm.core.esm_datastore",
            "metadata": {},
        });
        json!({ "sources": { self.name.as_str(): source } }).to_string()
    }
}

/// The table of all datastores, as a Parquet file.
///
/// # Errors
/// As [`parquet_file`].
pub fn metacatalog_file(rows: &[MetaRow]) -> Result<Vec<u8>, FileError> {
    let columns = [
        ("name", Kind::Text),
        ("model", Kind::Texts),
        ("description", Kind::Text),
        ("realm", Kind::Texts),
        ("frequency", Kind::Texts),
        ("variable", Kind::Texts),
        ("yaml", Kind::Text),
    ];
    let mut table = Table::new(columns);
    for row in rows {
        let cells = vec![
            Cell::Text(row.name.clone()),
            Cell::Texts(row.model.clone()),
            Cell::Text(row.description.clone()),
            Cell::Texts(row.realm.clone()),
            Cell::Texts(row.frequency.clone()),
            Cell::Texts(row.variable.clone()),
            Cell::Text(row.entry()),
        ];
        table.push(cells)?;
    }
    parquet_file(&table, "")
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::ocean;
    use super::*;

    fn store() -> Datastore {
        let groupby = vec!["id".to_owned(), "no_such_column".to_owned()];
        Datastore {
            name: "a".into(),
            title: "A".into(),
            format: "zarr".into(),
            groupby,
            ..Datastore::default()
        }
    }

    #[test]
    fn a_specification_names_columns_that_there_are() {
        let document = specification(&store(), &ocean(), "http://w/esm/source/a.parquet");
        assert_eq!(document["catalog_file"], "http://w/esm/source/a.parquet");
        assert_eq!(document["assets"], json!({"column_name": "path", "format": "zarr"}));
        let names: Vec<&str> = document["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["column_name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["realm", "id", "variable", "none"]);
        assert_eq!(document["aggregation_control"]["groupby_attrs"], json!(["id"]));
        assert_eq!(metadata("p", &ocean()), json!({"project_id": "p", "num_records": 5}));
    }

    #[test]
    fn a_datastore_is_opened_by_its_entry() {
        let row = MetaRow::of(&store(), &ocean(), "http://w/a.json".to_owned());
        assert_eq!(row.realm, ["ice", "ocean"]);
        assert_eq!(row.variable, ["a", "b", "c"]);
        let entry: Json = serde_json::from_str(&row.entry()).unwrap();
        let source = &entry["sources"]["a"];
        assert_eq!(source["args"], json!({"obj": "http://w/a.json"}));
        assert_eq!(source["driver"], "intake_esm.core.esm_datastore");
    }
}
