//! ESM datastores: tables with one row for each dataset, for intake-esm and for whoever reads Parquet.
//!
//! - A [`Table`] has columns of texts and of lists of texts; what is said often is kept once.
//! - [`parquet_file`] writes it sorted, so that readers can leave out most row groups; [`unique_values_file`] is the sidecar with
//!   what each column says.
//! - [`specification`], [`metadata`] and [`MetaRow`] are the documents around it; [`Query`] answers in pages.
//!
//! Source: ESM collection specification 0.1.0 (<https://github.com/NCAR/esm-collection-spec>); names of files and columns are those
//! of the ACCESS-NRI intake catalog and its mirror.

mod documents;
mod file;
mod query;
mod table;

pub use documents::{Datastore, MetaRow, metacatalog_file, metadata, specification};
pub use file::{FileError, ROWS_IN_GROUP, parquet_file, unique_values_file};
pub use query::{Query, QueryError};
pub use table::{Cell, Column, Kind, Table, TableError};

/// The column with the URLs by which rows are opened.
pub const PATH: &str = "path";
