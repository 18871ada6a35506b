//! The catalog as files that need no server: `/stac/export/` lists their paths, one in a line, and each is below it.
//!
//! The files of one collection lie in a folder of its own, and link to each other relatively (STAC best practices, "Self-contained
//! Catalogs"); assets stay where they are. `items.parquet` has all items in one table.

mod documents;
mod table;

use std::fmt::Write as _;

use weir_plugin_api::{Error, ErrorKind, Host, Parameter, Request, Response, Route};

use crate::api::{Api, GEOJSON, JSON};
use crate::index::View;

/// The table of all items.
const TABLE: &str = "items.parquet";

/// The first file, which leads to all others but the table.
const CATALOG: &str = "catalog.json";

const PARQUET: &str = "application/vnd.apache.parquet";

/// What is told of the route in OpenAPI.
pub fn described(route: Route) -> Route {
    route
        .summary("the catalog as files; the paths of all of them, where the path ends with export/")
        .parameter(Parameter::path("rest", "the path of a file, or nothing"))
        .answers(200, &["text/plain", JSON, GEOJSON, PARQUET], "a file, or the list")
        .answers(404, &[JSON], "there is no such file")
        .answers(503, &[JSON], "not all datasets were looked at yet")
}

/// A file of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
enum File<'p> {
    Catalog,
    Collection(&'p str),
    /// A collection, and the end of an item's id.
    Item(&'p str, &'p str),
    Table,
}

impl<'p> File<'p> {
    fn parse(path: &'p str) -> Option<Self> {
        match path {
            CATALOG => return Some(Self::Catalog),
            TABLE => return Some(Self::Table),
            _ => {}
        }
        let (collection, below) = path.split_once('/')?;
        match below.strip_prefix("items/") {
            None => (below == "collection.json").then_some(Self::Collection(collection)),
            Some(item) => item.strip_suffix(".json").map(|end| Self::Item(collection, end)),
        }
    }
}

/// The path of an item's file: its id without the folder that its collection is.
fn item_path(collection: &str, id: &str) -> String {
    let end = id.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/')).unwrap_or(id);
    format!("{collection}/items/{end}.json")
}

impl Api {
    /// Answers a request for a file, or for the list.
    pub fn export(&self, host: &Host, request: &Request<'_>) -> Result<Response, Error> {
        let view = self.index.view()?;
        if !view.is_complete {
            let known = view.records().len();
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!(
                    "{known} datasets are known by now, but not all were looked at yet; ask again in a while"
                ),
            ));
        }
        if request.rest().is_empty() {
            return Ok(Response::full("text/plain; charset=utf-8", list(&view)));
        }
        let no_file =
            || Error::not_found(format!("there is no file {:?}; /stac/export/ lists all", request.rest()));
        match File::parse(request.rest()).ok_or_else(no_file)? {
            File::Catalog => Ok(self.exported_catalog(&view)),
            File::Collection(name) => self.exported_collection(&view, name),
            File::Item(collection, end) => {
                let id = item_id(&view, collection, end).ok_or_else(no_file)?;
                drop(view);
                self.exported_item(request, collection, &id)
            }
            File::Table => {
                let ids = view.records().keys().cloned().collect();
                drop(view);
                self.exported_table(*host, request, ids)
            }
        }
    }
}

/// The id whose file this is.
fn item_id(view: &View<'_>, collection: &str, end: &str) -> Option<String> {
    let candidates = [format!("{collection}/{end}"), end.to_owned()];
    let is_it =
        |id: &String| view.records().get(id.as_str()).is_some_and(|record| *record.collection == *collection);
    candidates.into_iter().find(is_it)
}

fn list(view: &View<'_>) -> String {
    let mut text = format!("{CATALOG}\n");
    let mut collections: Vec<&str> = view.records().values().map(|record| &*record.collection).collect();
    collections.sort_unstable();
    collections.dedup();
    for name in collections {
        // Writing into a string does not fail.
        let _written = writeln!(text, "{name}/collection.json");
    }
    for (id, record) in view.records() {
        let _written = writeln!(text, "{}", item_path(&record.collection, id));
    }
    text + TABLE + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_files() {
        let check = |path: &str, expected| assert_eq!(File::parse(path), expected, "{path}");
        check("catalog.json", Some(File::Catalog));
        check("items.parquet", Some(File::Table));
        check("a/collection.json", Some(File::Collection("a")));
        check("a/items/b/c.nc.json", Some(File::Item("a", "b/c.nc")));
        check("a/items/b.nc", None);
        check("a/other.json", None);
        check("", None);
        assert_eq!(item_path("a", "a/b/c.nc"), "a/items/b/c.nc.json");
        assert_eq!(item_path("datasets", "c.nc"), "datasets/items/c.nc.json");
        assert_eq!(item_path("a", "ab/c.nc"), "a/items/ab/c.nc.json");
    }
}
