//! THREDDS: client catalogs as THREDDS data servers send them.
//!
//! Source: the InvCatalog specification, version 1.0.x
//! (<https://docs.unidata.ucar.edu/tds/current/userguide/client_catalog_spec.html>), what version 5 of that server sends, and
//! what siphon and netCDF-Java read of it.

mod coverage;
mod page;
mod services;
mod xml;

pub use self::page::{dataset_page, folder_page};
pub use self::services::{Service, services};
pub use self::xml::{FolderDocument, dataset_document};
