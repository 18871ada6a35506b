//! STAC 1.1 (<https://github.com/radiantearth/stac-spec>): items of datasets, collections, and catalogs that mirror folders.
//!
//! An item says of a dataset where and when its data lies, what its variables are, and under which URLs which tool opens it. The
//! same document is an index of the viewer gridlook.

mod assets;
mod catalog;
mod cube;
mod geometry;
mod item;
mod levels;
mod properties;

pub use assets::{OriginalFile, Protocol, StoredChunks};
pub use catalog::{CatalogWords, Extents, Listed, catalog, collection};
pub use item::{Described, Surroundings, item};

/// The version of the specification.
pub const VERSION: &str = "1.1.0";

/// The media type of an item.
pub const ITEM_TYPE: &str = "application/geo+json";

/// A URL with the id of a dataset, or the path of a folder, in it.
#[must_use]
pub fn url(base: &str, before: &str, id: &str, behind: &str) -> String {
    format!("{base}{before}{}{behind}", crate::listing::encoded_path(id))
}
