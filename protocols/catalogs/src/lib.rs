//! Documents of catalogs, as pure functions: what each kind of catalog says of a dataset, of a folder of datasets, and of a server.
//!
//! This crate does no I/O, has no clock, and knows nothing of HTTP or of file formats.
#![forbid(unsafe_code)]

pub mod attributes;
pub mod dataset_page;
pub mod esm;
pub mod gridlook;
pub mod intake;
pub mod json_ld;
pub mod listing;
pub mod notebook;
mod offers;
pub mod openapi;
pub mod pages;
pub mod pictures;
pub mod sitemap;
pub mod snippets;
pub mod stac;
pub mod stac_geoparquet;
pub mod structure;
mod summary;
pub mod thredds;
pub mod xpublish;

pub use listing::{Child, Entry};
pub use offers::{Access, Offers, Site};
pub use summary::{
    DimensionFacts, Extent, Grid, GridKind, Projected, Role, Step, Summary, TimeSpan, Values, VariableFacts,
    Vertical, Words,
};
