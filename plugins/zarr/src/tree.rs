//! The whole server, or a folder of it, as one Zarr hierarchy: each dataset is the group `{id}/zarr`.
//!
//! The consolidated documents name every array of every dataset, so they are limited: to [`MOST_DATASETS`] datasets and
//! [`MOST_BYTES`] bytes. Beyond that, folders have documents of their own.

use serde_json::{Map, Value as Json, json};
use weir_plugin_api::model::Group;
use weir_plugin_api::{Error, ErrorKind, Host, LogLevel, Request, Response, Route};
use weir_zarr::{consolidated, v2, v3};

use weir_zarr_objects::{JSON, Objects};

/// A consolidated document names at most so many datasets.
const MOST_DATASETS: u32 = 2000;
/// A consolidated document has at most about so many bytes.
const MOST_BYTES: usize = 32 << 20;

/// The documents of a group of datasets, in the order of their routes.
pub(crate) const DOCUMENTS: [&str; 4] = [".zgroup", ".zattrs", ".zmetadata", "zarr.json"];

/// A route to one of [`DOCUMENTS`], and what is said of it.
pub(crate) fn described(pattern: &str) -> Route {
    Route::get(pattern)
        .summary("a folder of datasets, or all of them, as one Zarr hierarchy")
        .answers(200, &[JSON], "the document")
        .answers(404, &[JSON], "there is no such folder and no such dataset")
        .answers(413, &[JSON], "there are too many datasets for one document; ask for a folder of them")
}

/// Answers one of [`DOCUMENTS`] of the folder that the request names, which may be a dataset.
pub(crate) fn respond(
    host: &Host,
    objects: &Objects,
    request: &Request<'_>,
    document: &str,
) -> Result<Response, Error> {
    let folder = request.dataset_id();
    let ids = ids(host, folder)?;
    let tree = Tree { host, objects, request, folder };
    let text = match document {
        ".zgroup" => v2::group().to_string(),
        ".zattrs" => "{}".to_owned(),
        ".zmetadata" => tree.v2(&ids)?,
        _ => tree.v3(&ids)?,
    };
    Ok(Response::full(JSON, text))
}

/// The ids of the datasets in a folder; of a dataset, its own.
fn ids(host: &Host, folder: &str) -> Result<Vec<String>, Error> {
    let above = MOST_DATASETS.saturating_add(1);
    let mut ids = match folder {
        "" => host.list("", "", above)?,
        _ => host.list(&format!("{folder}/"), "", above)?,
    };
    // The first id that begins so is the dataset itself, where there is one.
    if !folder.is_empty() && host.list(folder, "", 1)?.first().is_some_and(|id| id == folder) {
        ids.insert(0, folder.to_owned());
    }
    match ids.is_empty() && !folder.is_empty() {
        true => Err(Error::not_found(format!(
            "there is no dataset and no folder {folder:?}; /datasets lists them"
        ))),
        false => Ok(ids),
    }
}

struct Tree<'a> {
    host: &'a Host,
    objects: &'a Objects,
    request: &'a Request<'a>,
    folder: &'a str,
}

impl Tree<'_> {
    fn v2(&self, ids: &[String]) -> Result<String, Error> {
        let mut all = Map::new();
        all.insert(".zgroup".to_owned(), v2::group());
        all.insert(".zattrs".to_owned(), json!({}));
        self.collect(ids, &mut all, &mut |all, path, entries| match entries {
            None => drop(all.insert(format!("{path}/.zgroup"), v2::group())),
            Some((hierarchy, group)) => {
                let mut document = consolidated::v2(hierarchy, "", group);
                let entries = document.get_mut("metadata").and_then(Json::as_object_mut).map(std::mem::take);
                all.extend(
                    entries
                        .unwrap_or_default()
                        .into_iter()
                        .map(|(key, json)| (format!("{path}/{key}"), json)),
                );
            }
        })?;
        Ok(json!({"zarr_consolidated_format": 1, "metadata": all}).to_string())
    }

    fn v3(&self, ids: &[String]) -> Result<String, Error> {
        let empty = Group::default();
        let mut all = Map::new();
        self.collect(ids, &mut all, &mut |all, path, entries| match entries {
            None => drop(all.insert(path.to_owned(), Json::Object(v3::group(&empty)))),
            Some((hierarchy, group)) => {
                all.insert(path.to_owned(), Json::Object(v3::group(group)));
                let mut document = consolidated::v3(hierarchy, "", group);
                let entries = document.pointer_mut("/consolidated_metadata/metadata");
                let entries = entries.and_then(Json::as_object_mut).map(std::mem::take).unwrap_or_default();
                all.extend(entries.into_iter().map(|(key, json)| (format!("{path}/{key}"), json)));
            }
        })?;
        let mut document = v3::group(&empty);
        let consolidated = json!({"kind": "inline", "must_understand": false, "metadata": all});
        document.insert("consolidated_metadata".to_owned(), consolidated);
        Ok(Json::Object(document).to_string())
    }

    /// Adds every dataset, and the folders that it lies in. One that cannot be opened is left out, and logged.
    fn collect(
        &self,
        ids: &[String],
        all: &mut Map<String, Json>,
        add: &mut Adding<'_>,
    ) -> Result<(), Error> {
        if ids.len() > MOST_DATASETS as usize {
            return Err(self.too_large(&format!("more than {MOST_DATASETS} datasets")));
        }
        let mut bytes = 0_usize;
        for id in ids {
            if self.host.is_cancelled(self.request) {
                return Err(Error::new(ErrorKind::Cancelled, "the client does not wait any more"));
            }
            let path = self.inside(id);
            for (end, _) in format!("{path}/").match_indices('/') {
                let folder = path.get(..end).unwrap_or_default();
                if !folder.is_empty()
                    && !all.contains_key(folder)
                    && !all.contains_key(&format!("{folder}/.zgroup"))
                {
                    add(all, folder, None);
                }
            }
            let below = if path.is_empty() { "zarr".to_owned() } else { format!("{path}/zarr") };
            let before = all.len();
            if let Err(error) = self.dataset(id, &below, all, add) {
                if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout) {
                    return Err(error);
                }
                let message = format!("{id} is left out of the tree of all datasets: {error}");
                self.host.log(Some(self.request), LogLevel::Warn, &message);
            }
            let new =
                all.iter().skip(before).map(|(key, json)| key.len().saturating_add(json.to_string().len()));
            bytes = bytes.saturating_add(new.sum());
            if bytes > MOST_BYTES {
                return Err(self.too_large(&format!("metadata of more than {MOST_BYTES} bytes")));
            }
        }
        Ok(())
    }

    fn dataset(
        &self,
        id: &str,
        path: &str,
        all: &mut Map<String, Json>,
        add: &mut Adding<'_>,
    ) -> Result<(), Error> {
        let shown = self.objects.open(self.request, id)?;
        let hierarchy = shown.hierarchy();
        add(all, path, Some((&hierarchy, &hierarchy.schema.root)));
        Ok(())
    }

    /// A dataset's path inside the folder.
    fn inside<'i>(&self, id: &'i str) -> &'i str {
        id.strip_prefix(self.folder).unwrap_or(id).trim_start_matches('/')
    }

    fn too_large(&self, what: &str) -> Error {
        let folder = if self.folder.is_empty() { "the server" } else { self.folder };
        Error::too_large(format!(
            "{folder} has {what}, too many for one document; open a folder of it, as /datasets/FOLDER, or a dataset, as /datasets/ID/zarr"
        ))
    }
}

/// Adds a group at a path: a folder, or a dataset with all that is in it.
type Adding<'f> = dyn FnMut(&mut Map<String, Json>, &str, Option<(&weir_zarr::Hierarchy<'_>, &Group)>) + 'f;
