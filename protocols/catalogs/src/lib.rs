//! Documents of catalogs, as pure functions: what each kind of catalog says of a dataset, of a folder of datasets, and of a server.
//!
//! This crate does no I/O, has no clock, and knows nothing of HTTP or of file formats.
#![forbid(unsafe_code)]

mod summary;

pub use summary::{
    DimensionFacts, Extent, Grid, GridKind, Projected, Role, Step, Summary, TimeSpan, Values, VariableFacts,
    Vertical, Words,
};
