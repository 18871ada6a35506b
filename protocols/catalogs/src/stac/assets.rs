//! Assets: the URLs under which tools open a dataset, with what each tool must be told.
//!
//! - xarray: `xarray:open_kwargs` (<https://github.com/stac-extensions/xarray-assets>).
//! - CEDA's DataPoint: `cloud_format`, `open_zarr_kwargs` as fields of the asset itself.
//! - Everyone: media type, roles, and `alternate` (<https://github.com/stac-extensions/alternate-assets>).

use serde_json::{Map, Value, json};

use super::item::{Described, Surroundings};
use super::{levels, url};
use crate::pictures;

/// The media type of a Zarr hierarchy, as STAC's best practices write it.
const ZARR: &str = "application/vnd+zarr";

/// A way in which a server shows a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Zarr, chunks as every reader knows them.
    Zarr,
    /// Zarr, chunks as they are stored; and Kerchunk's references to them.
    Kerchunk,
    /// OPeNDAP.
    Opendap,
    /// The original file.
    File,
    /// A page for people.
    Page,
    /// An Intake catalog.
    Intake,
    /// Pictures of variables.
    Plot,
}

impl Protocol {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 7] =
        [Self::Zarr, Self::Kerchunk, Self::Opendap, Self::File, Self::Page, Self::Intake, Self::Plot];

    /// The pattern of the route by which a server is known to have it.
    #[must_use]
    pub fn pattern(self) -> &'static str {
        match self {
            Self::Zarr => "/datasets/{id}/zarr/{rest}",
            Self::Kerchunk => "/datasets/{id}/kerchunk/{rest}",
            Self::Opendap => "/datasets/{id}/opendap.dds",
            Self::File => "/datasets/{id}/file",
            Self::Page => "/datasets/{id}/",
            Self::Intake => "/datasets/{id}/catalog.yaml",
            Self::Plot => pictures::PATTERN,
        }
    }
}

/// Whether the chunks of all data variables can be shown as they are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoredChunks {
    /// All of them.
    Shown,
    /// Not all: who opens the dataset so would miss variables.
    #[default]
    Hidden,
}

/// The file that a dataset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginalFile<'a> {
    /// Its name, without its folder.
    pub name: &'a str,
    /// Bytes.
    pub length: u64,
}

/// The assets by their names.
pub(super) fn assets(of: &Described<'_>, around: &Surroundings<'_>) -> Map<String, Value> {
    let mut assets = Map::new();
    let mut put = |name: &str, asset: Value| assets.insert(name.to_owned(), asset);
    let at = |behind: &str| url(around.base, "/datasets/", of.id, behind);
    let has = |protocol: Protocol| around.protocols.contains(&protocol);
    let stored = has(Protocol::Kerchunk) && of.stored == StoredChunks::Shown;
    if has(Protocol::Zarr) {
        put("zarr", zarr(&at("/zarr"), "Zarr", stored.then(|| at("/kerchunk"))));
    }
    if stored {
        put("stored", zarr(&at("/kerchunk"), "Zarr, chunks as they are stored", None));
        put("kerchunk", references(&at("/kerchunk")));
    }
    if has(Protocol::Opendap) {
        put("opendap", opendap(&at("/opendap")));
    }
    if let Some(file) = of.file.filter(|_| has(Protocol::File)) {
        put("file", original(&at("/file"), file));
    }
    if has(Protocol::Page) {
        let page = json!({"href": at("/"), "title": "What the dataset holds", "type": "text/html", "roles": ["overview"]});
        put("page", page);
    }
    if has(Protocol::Intake) {
        let intake = json!({
            "href": at("/catalog.yaml"), "title": "Intake catalog", "type": "application/yaml", "roles": ["metadata"],
        });
        put("intake", intake);
    }
    let variable = levels::default_variable(of.summary).filter(|_| of.summary.bounds.is_some());
    if let Some(variable) = variable.filter(|facts| has(Protocol::Plot) && !facts.key().contains('/')) {
        let href = pictures::map(&at(""), variable.key(), (512, 288));
        let title = format!("A map of {}", variable.label());
        put("thumbnail", json!({"href": href, "title": title, "type": "image/png", "roles": ["thumbnail"]}));
    }
    if let Some(viewer) =
        around.viewer.filter(|_| has(Protocol::Zarr) && levels::default_variable(of.summary).is_some())
    {
        let href = format!("{viewer}#{}", at("/stac"));
        put(
            "gridlook",
            json!({"href": href, "title": "On a globe", "type": "text/html", "roles": ["overview"]}),
        );
    }
    assets
}

/// A Zarr hierarchy.
fn zarr(href: &str, title: &str, stored: Option<String>) -> Value {
    let mut asset = json!({
        "href": href,
        "title": title,
        "type": ZARR,
        "roles": ["data"],
        "cloud_format": "zarr",
        // Version 2 is what every reader's codecs are known by; asked for neither, some take version 3 and fail.
        "open_zarr_kwargs": {"consolidated": true, "zarr_format": 2},
        "xarray:open_kwargs": {"engine": "zarr", "consolidated": true, "zarr_format": 2, "chunks": {}},
        "xarray:storage_options": {},
    });
    if let (Some(stored), Some(object)) = (stored, asset.as_object_mut()) {
        let alternate = json!({"stored": {
            "href": stored, "alternate:name": "stored", "title": "Zarr, chunks as they are stored", "type": ZARR,
        }});
        object.insert("alternate".to_owned(), alternate);
    }
    asset
}

/// Kerchunk's references, in one document, and in partitions.
fn references(mount: &str) -> Value {
    json!({
        "href": format!("{mount}/refs.json"),
        "title": "Kerchunk references",
        "type": "application/json",
        "roles": ["data", "index", "references"],
        "cloud_format": "kerchunk",
        "open_zarr_kwargs": {},
        "xarray:open_kwargs": {"engine": "kerchunk", "chunks": {}},
        "xarray:storage_options": {},
        "alternate": {"parquet": {
            "href": format!("{mount}/refs.parquet"),
            "alternate:name": "parquet",
            "title": "Kerchunk references in Parquet",
            "type": "application/vnd.apache.parquet",
        }},
    })
}

fn opendap(href: &str) -> Value {
    json!({
        "href": href,
        "title": "OPeNDAP",
        "type": "application/vnd.opendap.dap2.data",
        "roles": ["data"],
        "xarray:open_kwargs": {"engine": "netcdf4", "chunks": {}},
        "xarray:storage_options": {},
        "alternate": {"page": {"href": format!("{href}.html"), "alternate:name": "page", "type": "text/html"}},
    })
}

fn original(href: &str, file: OriginalFile<'_>) -> Value {
    json!({
        "href": href,
        "title": if file.name.is_empty() { "the original file" } else { file.name },
        "type": media_type(file.name),
        "roles": ["data", "source"],
        "file:size": file.length,
    })
}

/// The media type of a file by the end of its name.
fn media_type(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    match end.as_str() {
        "nc" | "nc4" | "cdf" | "netcdf" => "application/netcdf",
        "h5" | "hdf5" | "he5" | "hdf" => "application/x-hdf5",
        "grib" | "grb" | "grib2" | "grb2" | "grib1" | "grb1" => "application/wmo-GRIB2",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

/// How a tool opens the dataset, as lines of Python; `None` where the server shows it in no way that xarray reads.
pub(super) fn snippet(of: &Described<'_>, around: &Surroundings<'_>) -> Option<String> {
    let at = |behind: &str| url(around.base, "/datasets/", of.id, behind);
    let has = |protocol: Protocol| around.protocols.contains(&protocol);
    let open = if has(Protocol::Zarr) {
        format!("xr.open_zarr(\"{}\")", at("/zarr"))
    } else if has(Protocol::Opendap) {
        format!("xr.open_dataset(\"{}\")", at("/opendap"))
    } else if has(Protocol::Kerchunk) && of.stored == StoredChunks::Shown {
        format!("xr.open_zarr(\"{}\")", at("/kerchunk"))
    } else {
        return None;
    };
    Some(format!("```python\nimport xarray as xr\n\ndataset = {open}\n```"))
}
