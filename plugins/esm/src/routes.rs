//! The routes, what each leads to, and what is said of it.

use weir_plugin_api::{Error, Parameter, Route};

/// The media types of documents and of tables.
pub(crate) const JSON: &str = "application/json";
pub(crate) const PARQUET: &str = "application/vnd.apache.parquet";

/// What a route leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The list of datastores.
    Index,
    /// The same as a table.
    Metacatalog,
    /// One of the documents and files of a datastore, as the end of the path says.
    Source,
    /// The specification.
    Specification,
    /// The table.
    Table,
    /// The values of columns.
    Unique,
    /// How many rows there are.
    Metadata,
    /// Rows in pages.
    Rows,
    /// The first rows.
    Content,
    /// What the datastore belongs to.
    Project,
}

const ROUTES: [(&str, What, &str); 6] = [
    ("/esm", What::Index, "the ESM datastores"),
    ("/esm/metacatalog.parquet", What::Metacatalog, "the ESM datastores as a table"),
    (
        "/esm/source/{rest}",
        What::Source,
        "a datastore: its specification, its table, the values of its columns, or its size",
    ),
    ("/esm/table/esm-datastore/{rest}", What::Rows, "rows of a datastore in pages, filtered and sorted"),
    ("/esm/table/datastore-content/{rest}", What::Content, "the first 100 rows of a datastore"),
    ("/esm/table/datastore-project/{rest}", What::Project, "what a datastore belongs to"),
];

/// What the documents and files of a datastore end in; the longer endings first.
const ENDINGS: [(&str, What); 4] = [
    ("_uniqs.parquet", What::Unique),
    ("_metadata.json", What::Metadata),
    (".parquet", What::Table),
    (".json", What::Specification),
];

/// What the route of a number leads to.
pub(crate) fn what(number: usize) -> Option<What> {
    ROUTES.get(number).map(|(_, what, _)| *what)
}

/// What is asked of which datastore.
///
/// # Errors
/// `NotFound` where the path has none of the endings.
pub(crate) fn of_source(rest: &str) -> Result<(What, &str), Error> {
    let found = ENDINGS.iter().find_map(|(ending, what)| Some((*what, rest.strip_suffix(ending)?)));
    found.ok_or_else(|| {
        let endings = ENDINGS.map(|(ending, _)| ending).join(", ");
        Error::not_found(format!(
            "nothing is served at /esm/source/{rest}; put one of {endings} behind the name of a datastore"
        ))
    })
}

/// All routes.
pub(crate) fn all() -> Vec<Route> {
    ROUTES.iter().map(described).collect()
}

fn described(&(pattern, what, summary): &(&str, What, &str)) -> Route {
    let mut route = Route::get(pattern).summary(summary);
    if what != What::Index && what != What::Metacatalog {
        let name = match what {
            What::Source => {
                "a datastore's name with .json, .parquet, _uniqs.parquet or _metadata.json behind it"
            }
            _ => "a datastore's name",
        };
        route = route.parameter(Parameter::path("rest", name)).answers(
            404,
            &[JSON],
            "there is no such datastore",
        );
    }
    let media_types: &[&str] = match what {
        What::Metacatalog => &[PARQUET],
        What::Source => &[JSON, PARQUET],
        _ => &[JSON],
    };
    if media_types.contains(&PARQUET) {
        route = route
            .parameter(Parameter::header("Range", "which bytes of a table are wanted"))
            .answers(206, media_types, "the part that was asked for")
            .answers(416, media_types, "the table has no such bytes");
    }
    if what == What::Rows {
        route = with_query(route);
    }
    route
        .answers(200, media_types, "all that was asked for")
        .answers(413, &[JSON], "there are more datasets or folders than the limit")
        .answers(503, &[JSON], "not all rows are made yet; come again")
}

fn with_query(route: Route) -> Route {
    let number = r#"{"type":"integer","minimum":0}"#;
    let limit = r#"{"type":"integer","minimum":0,"maximum":10000,"default":100}"#;
    route
        .parameter(Parameter::query("offset", "how many rows are left out at the beginning").schema(number))
        .parameter(Parameter::query("limit", "how many rows at most").schema(limit))
        .parameter(Parameter::query("sortField", "the column to sort by"))
        .parameter(
            Parameter::query("sortOrder", "upwards or downwards")
                .schema(r#"{"type":"string","enum":["1","asc","-1","desc"]}"#),
        )
        .parameter(Parameter::query(
            "variable_filter",
            "values at commas, of which a row must have one; so of every column, as NAME_filter",
        ))
        .answers(400, &[JSON], "a number or an order that is none, or a column that the table has not")
}
