//! Opens data files and reads parts of them. The only crate that touches data.
//!
//! A [`Catalog`] maps dataset ids to files and opens them on demand. An open file is a [`ChunkSource`]: it knows its schema,
//! and gives stored chunks. [`read`](mod@read) plans which chunks a hyperslab needs, fetches them with positioned reads,
//! decodes them on all cores, and puts their elements where they belong.
//!
//! Correct bytes or an error: every length is checked against the file's real length, every checksum that a file carries is
//! verified, and a file that changes while it is read is an error.

mod access;
pub mod aggregate;
pub mod buffers;
mod caches;
pub mod catalog;
pub mod codecs;
#[cfg(feature = "testing")]
pub mod contract;
mod data_file;
mod dataset;
mod error;
mod file_system;
mod generation;
pub mod grib;
pub mod hdf5;
pub mod index;
pub mod mapped;
pub mod memory;
pub mod memory_budget;
pub mod ncml;
pub mod netcdf3;
mod opener;
mod other_files;
mod proven;
pub mod provided;
pub mod read;
pub mod reference;
pub mod remote;
mod resident;
pub mod runs;
mod source;
pub mod store;
mod string_room;
mod tiling;
#[cfg(feature = "netcdf-c")]
pub mod worker;
pub mod zarr;

pub use access::Access;
pub use caches::Caches;
pub use catalog::Catalog;
pub use data_file::{DataFile, Location};
pub use dataset::{Dataset, PROVEN_STRING_BYTES, PROVEN_STRINGS, RawChunk};
pub use error::{Error, ErrorKind};
pub use generation::{Generation, Times};
pub use opener::{Opener, Place};
pub use other_files::OtherFiles;
pub use remote::addresses::Addresses;
pub use remote::rules::{
    AccessRules, Addressing, Credentials, HostRule, Keys, Patience, StoreRule, Transport,
};
pub use remote::url::ObjectUrl;
pub use runs::Runs;
pub use source::{ChunkKey, ChunkSource, Encoded, Run, SlabRequest, Stored, UNPINNED};
pub use string_room::{MOST_STRING_BYTES, StringRoom};
pub use tiling::{equal_run_shape, run_chunk_shape};
