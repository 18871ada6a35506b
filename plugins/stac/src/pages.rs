//! STAC documents that are read as files are: one collection of all datasets, one item for each, and catalogs that mirror folders.

use serde_json::Value;
use weir_catalogs::listing::{encoded_path, encoded_value, folder_of, name_of};
use weir_catalogs::stac::{CatalogWords, Extents, ITEM_TYPE, Listed, catalog, collection};
use weir_plugin_api::{Child, Error, Host, Parameter, Request, Response, Route};

use crate::api::Api;
use crate::item::is_passing;
use crate::site::Site;

const JSON: &str = "application/json";

/// Links to children in one document; a catalog of its own has what lies behind.
const MOST_CHILDREN: u32 = 1000;

/// Links to items in the collection of all datasets.
const MOST_ITEMS: u32 = 10_000;

/// The pattern of items.
const ITEM: [&str; 2] = ["/datasets/{id}/stac", "/datasets/{id}/stac/"];
/// The pattern of catalogs of folders.
const CATALOGS: [&str; 2] = ["/stac/catalog", "/stac/catalog/{rest}"];
/// The collection of all datasets.
const ALL: &str = "/stac-collection-all.json";

/// The documents.
pub struct Pages {
    host: Host,
    site: Site,
}

/// Where they are.
pub fn routes() -> Vec<Route> {
    let after = || Parameter::query("after", "the name of the child behind which the list begins");
    let missing = "there is no such folder";
    let items = ITEM.map(|pattern| {
        Route::get(pattern)
            .summary("the STAC item of a dataset, which is an index of gridlook, too")
            .parameter(Parameter::path("id", "the dataset"))
            .answers(200, &[ITEM_TYPE], "the item")
            .answers(404, &[JSON], "there is no such dataset")
    });
    let catalogs = CATALOGS.map(|pattern| {
        let route = Route::get(pattern)
            .summary("a STAC catalog of a folder: folders in it as catalogs, datasets as items")
            .parameter(after())
            .answers(200, &[JSON], "the catalog")
            .answers(404, &[JSON], missing);
        if pattern.contains("{rest}") {
            route.parameter(Parameter::path("rest", "the folder"))
        } else {
            route
        }
    });
    let all = Route::get(ALL).summary("a STAC collection of all datasets").parameter(after()).answers(
        200,
        &[JSON],
        "the collection",
    );
    items.into_iter().chain(catalogs).chain([all]).collect()
}

impl Pages {
    /// The documents of a host's datasets.
    pub fn new(host: Host, site: Site) -> Self {
        Self { host, site }
    }

    /// Answers a request of one of the [`routes`]; the API knows what all datasets cover together.
    pub fn handle(&self, request: &Request<'_>, api: &Api) -> Result<Response, Error> {
        match request.route() {
            0 | 1 => self.item(request),
            2 | 3 => self.folder(request),
            _ => self.all(request, &api.whole_extent()?),
        }
    }

    fn item(&self, request: &Request<'_>) -> Result<Response, Error> {
        let (base, id) = (request.base_url(), request.dataset_id());
        let collection = crate::collections::of(id, self.site.root_collection());
        let opened = self.host.open(request, id);
        let made = opened.and_then(|dataset| self.site.item_text(base, collection, &dataset));
        let item = match made {
            Ok(item) => item.to_string(),
            Err(error) if !is_passing(&error) && self.is_there(id)? => {
                self.site.item_of_unreadable(base, collection, (id, &error)).to_string()
            }
            Err(error) => return Err(error),
        };
        Ok(Response::full(ITEM_TYPE, item))
    }

    /// Whether there is such a dataset, opened or not.
    fn is_there(&self, id: &str) -> Result<bool, Error> {
        Ok(self.host.list(id, "", 1)?.first().is_some_and(|first| first == id))
    }

    fn folder(&self, request: &Request<'_>) -> Result<Response, Error> {
        let folder = Some(request.rest()).filter(|rest| !rest.is_empty());
        let folder = folder.map_or(String::new(), |rest| format!("{}/", rest.trim_end_matches('/')));
        let after = after(request)?;
        let children = self.host.children(&folder, &after, MOST_CHILDREN.saturating_add(1))?;
        if children.is_empty() && after.is_empty() && !folder.is_empty() {
            return Err(Error::not_found(format!(
                "there is no folder {folder:?} with datasets in it; /stac/catalog/ lists those that there are"
            )));
        }
        let (children, behind) = page(&children, MOST_CHILDREN);
        let listed = children.iter().map(|child| match child {
            Child::Folder { folder } => Listed::Folder(folder),
            Child::Dataset(entry) => Listed::Dataset(&entry.id),
        });
        let listed: Vec<Listed<'_>> =
            listed.chain(behind.map(|child| Listed::Behind(child.name()))).collect();
        let base = request.base_url();
        let here = format!("{base}/stac/catalog/{}", encoded_path(&folder));
        let above = match folder.as_str() {
            "" => format!("{base}/stac"),
            inside => format!("{base}/stac/catalog/{}", encoded_path(folder_of(inside))),
        };
        let title = if folder.is_empty() { self.site.title() } else { name_of(&folder) };
        let place =
            if folder.is_empty() { "on this server".to_owned() } else { format!("in the folder {folder}") };
        let of = Titled { id: &format!("catalog/{folder}"), title, here: &here, above: &above };
        Ok(document(&of.made(&after, |words| catalog(words, &listed), (base, &place))))
    }

    fn all(&self, request: &Request<'_>, extents: &Extents) -> Result<Response, Error> {
        let after = after(request)?;
        let ids = self.host.list("", &after, MOST_ITEMS.saturating_add(1))?;
        let (ids, behind) = page(&ids, MOST_ITEMS);
        let listed = ids.iter().map(|id| Listed::Dataset(id));
        let listed: Vec<Listed<'_>> = listed.chain(behind.map(|id| Listed::Behind(id))).collect();
        let base = request.base_url();
        let (here, above) = (format!("{base}{ALL}"), format!("{base}/stac"));
        let of = Titled { id: "all", title: self.site.title(), here: &here, above: &above };
        let made = of.made(&after, |words| collection(words, extents, &listed), (base, "on this server"));
        Ok(document(&self.site.collection(made)))
    }
}

/// What a document is called, where it is, and what is above it.
struct Titled<'a> {
    id: &'a str,
    title: &'a str,
    here: &'a str,
    above: &'a str,
}

impl Titled<'_> {
    /// The document; the rest of a long list is one of its own, below the first.
    fn made(
        &self,
        after: &str,
        make: impl Fn(&CatalogWords<'_>) -> Value,
        (base, place): (&str, &str),
    ) -> Value {
        let description = format!("The datasets {place}.");
        if after.is_empty() {
            let Self { id, title, here, above } = *self;
            return make(&CatalogWords {
                base,
                id,
                title,
                description: &description,
                own: here,
                parent: Some(above),
            });
        }
        let own = format!("{}?after={}", self.here, encoded_value(after));
        let (id, title) = (format!("{} behind {after}", self.id), format!("{}, behind {after}", self.title));
        make(&CatalogWords {
            base,
            id: &id,
            title: &title,
            description: &description,
            own: &own,
            parent: Some(self.here),
        })
    }
}

fn document(document: &Value) -> Response {
    Response::full(JSON, document.to_string())
}

/// What is on a page, and the last of it where more is behind.
fn page<T>(found: &[T], most: u32) -> (&[T], Option<&T>) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    match found.get(..most) {
        Some(first) if found.len() > most => (first, first.last()),
        _ => (found, None),
    }
}

/// The name behind which the list begins.
fn after(request: &Request<'_>) -> Result<String, Error> {
    let pairs = crate::search::wanted::pairs(request.query())?;
    Ok(pairs.into_iter().find(|(name, _)| name == "after").map(|(_, value)| value).unwrap_or_default())
}

#[cfg(test)]
mod tests;
