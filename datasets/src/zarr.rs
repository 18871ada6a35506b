//! Zarr stores of version 2 and 3, in a folder or under a prefix of an object store.
//!
//! Metadata is read from consolidated documents or by a walk, and parsed by the types of the `zarrs_metadata` crate. Chunks are passed
//! on as they are stored wherever the data model's codecs describe them; chunks behind filters that it does not describe
//! (`transpose`, `delta`, ...) are decoded here. A chunk is absent only where the store proves it; whatever else keeps it
//! from being read is an error.
//!
//! What netCDF clients see that Zarr does not say:
//! - an axis without a name belongs to a dimension `dim_<length>`; a name with two lengths in a group is renamed;
//! - the fill value of version 2 is the attribute `_FillValue`, as xarray has it, unless it is zero, which writers leave there
//!   without meaning a mask; in version 3 only the attribute counts;
//! - `datetime64` is a number of time steps with CF attributes, and "not a time" is its `_FillValue`;
//! - truth values are Int8 with the attribute `dtype` = `bool`, as xarray writes them to files;
//! - texts of any kind are strings, and a store that is one array has the variable `data`.

mod array;
mod attribute;
mod chain;
mod chunk_key;
mod description;
mod dimensions;
mod documents;
mod element;
mod fill_value;
mod filter;
mod json;
mod schema;
mod sharding;
mod shards;
mod text;
mod tree;
mod unsized_codec;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use weir_model::{DataType, Hyperslab, Schema};

use self::array::{Places, StoredArray, stored_bytes};
use self::sharding::Sharding;
pub use self::shards::ShardCache;
use self::shards::Shards;
use crate::read::{Load, Pace, Reach};
use crate::runs::{self, RunRequest, Runs};
use crate::source::{self, Run, UNPINNED};
use crate::store::{Object, Store};
use crate::{Caches, ChunkKey, ChunkSource, Encoded, Error, ErrorKind, Stored, StringRoom};

pub use documents::Documents;

/// An open Zarr store.
pub struct ZarrSource {
    documents: Arc<Documents>,
    schema: Schema,
    arrays: HashMap<String, StoredArray>,
    shards: Shards,
}

/// The bytes of memory that an array takes beside what the schema says of it.
const ARRAY: u64 = 1024;

/// The objects that make a folder a Zarr store.
pub const MARKS: [&str; 4] = ["zarr.json", ".zmetadata", ".zgroup", ".zarray"];

/// Whether a folder is a Zarr store.
#[must_use]
pub fn is_store(folder: &Path) -> bool {
    MARKS.iter().any(|mark| folder.join(mark).is_file())
}

/// Opens a store.
///
/// # Errors
/// `Unsupported` where it is no Zarr store, `Corrupt` where its root is damaged, `TooLarge` where it has too many members,
/// `Unavailable` where it cannot be reached.
pub fn open(store: Store) -> Result<Box<dyn ChunkSource>, Error> {
    open_with_documents(store, &Caches::default()).map(|(source, _)| source)
}

/// Opens a store, of which `caches` keep what is read, and also gives what tells whether it must be opened anew.
///
/// # Errors
/// As [`open`].
pub fn open_with_documents(
    store: Store,
    caches: &Caches,
) -> Result<(Box<dyn ChunkSource>, Arc<Documents>), Error> {
    let documents = Arc::new(Documents::new(store));
    let built = schema::build(tree::read(&documents)?);
    documents.check_unchanged()?;
    let (schema, arrays) = (built.schema, built.arrays);
    let shards = caches.shards.of_store();
    let source = ZarrSource { documents: Arc::clone(&documents), schema, arrays, shards };
    Ok((Box::new(source), documents))
}

impl ZarrSource {
    fn array(&self, path: &str) -> Result<&StoredArray, Error> {
        let array = self.arrays.get(path.trim_start_matches('/'));
        array.ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))
    }

    fn places(&self) -> Places<'_> {
        Places { store: self.documents.store(), shards: &self.shards }
    }
}

impl ChunkSource for ZarrSource {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        format!("{}{UNPINNED}", self.documents.generation())
    }

    fn is_far(&self) -> bool {
        self.documents.store().is_remote()
    }

    fn reach(&self) -> Reach {
        self.documents.store().reach()
    }

    fn resident_bytes(&self) -> u64 {
        self.documents.resident_bytes().saturating_add((self.arrays.len() as u64).saturating_mul(ARRAY))
    }

    /// Beside what all sources take: indices of shards that are read, each by one thread; what finding a key takes; and texts
    /// that have one size each.
    fn scratch_bytes(&self, variable: &str, slab: &Hyperslab, pace: Pace) -> Result<u64, Error> {
        let array = self.array(variable)?;
        let load =
            Load::of(source::find(&self.schema, variable)?, &array.description.grid, slab, self.reach());
        let index = array.description.sharding.as_ref().map_or(0, Sharding::index_bytes);
        let threads = pace.awaited_at_once(index).min(usize::try_from(load.touched).unwrap_or(usize::MAX));
        let finding = self.documents.store().scratch_bytes();
        let texts = match array.description.kind.is_text() {
            true => {
                let size = array.description.kind.stored_size().unwrap_or(0) as u64;
                load.chunk.max(array.description.grid.chunk_elements().saturating_mul(size)).saturating_mul(3)
            }
            false => 0,
        };
        let indices = index.saturating_mul(threads as u64);
        Ok(pace.scratch(&load).saturating_add(indices).saturating_add(finding).saturating_add(texts))
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        self.documents.check_unchanged()
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        let array = self.array(chunk.variable)?;
        if array.description.kind.is_text() {
            let message =
                format!("{} has elements of type string, which are not read as chunks", chunk.variable);
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        let stored =
            array.locate(self.places(), chunk.index).map_err(|error| error.within(chunk.variable))?;
        if let Stored::Nothing = stored {
            self.documents.distrust();
        }
        Ok(stored)
    }

    fn runs(&self, path: &str) -> Result<Runs, Error> {
        let array = self.array(path)?;
        let chain = array.chain()?;
        let variable = runs::variable(&self.schema, path)?;
        match (chain.is_plain(), chain.layout, array.description.kind.is_text()) {
            (true, chain::Layout::Elements(_), false) => Ok(Runs::of_chunks(variable)),
            (true, chain::Layout::Texts, true) => {
                let mut runs = Runs::of_chunks(variable);
                let texts = chain::opaque("vlen-utf8");
                runs.storage.codecs = std::iter::once(texts).chain(chain.codecs.iter().cloned()).collect();
                Ok(runs)
            }
            (_, _, true) => Err(Error::unsupported("its texts have a fixed length in the store")),
            _ => Err(Error::unsupported("its chunks are filtered in a way that only this store can say")),
        }
    }

    fn locate_run(&self, request: RunRequest<'_>) -> Result<Stored, Error> {
        let array = self.array(request.variable)?;
        let index = runs::index_of(&self.schema, request.variable, request.extent)?;
        let stored = array.locate_run(self.places(), &index, request.purpose);
        let stored = stored.map_err(|error| error.within(request.variable))?;
        if let Stored::Nothing = stored {
            self.documents.distrust();
        }
        Ok(stored)
    }

    fn fetch(&self, chunk: ChunkKey<'_>) -> Result<Option<Encoded>, Error> {
        match self.locate(chunk)? {
            Stored::Nothing => Ok(None),
            Stored::Here(encoded) => Ok(Some(encoded)),
            Stored::Run(run) => {
                let Run { file, offset, length, .. } = run;
                let bytes = stored_bytes(Object::Run { file, offset, length })
                    .map_err(|error| error.within(chunk.variable))?;
                Ok(Some(Encoded { bytes, skipped_codecs: run.skipped_codecs }))
            }
            Stored::Scattered => Err(Error::unsupported("chunks of Zarr stores are never scattered")),
        }
    }

    fn read_strings(
        &self,
        variable: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let array = self.array(variable)?;
        let data_type = array.description.kind.data_type();
        if data_type != DataType::String {
            let message = format!("{variable} has elements of type {}, not strings", data_type.describe());
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        text::read(array, self.places(), (slab, room)).map_err(|error| error.within(variable))
    }
}
