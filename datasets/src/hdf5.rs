//! netCDF-4 and other HDF5 files.
//!
//! Low-level parsers of the `hdf5-reader` crate are used for the file's indices and heaps; objects, attributes, datatypes
//! and the rules of netCDF-4 are read here, because one attribute of an unusual type must not make a file unreadable.
//! Data is never mapped into memory: a file that is cut while it is read would stop the server.

mod array;
mod attribute;
mod attribute_value;
mod chunk_index;
mod dataset;
mod dataspace;
mod datatype;
mod dense;
mod dimensions;
mod form;
mod heap;
mod kept;
mod links;
mod metadata;
mod named_types;
mod object_header;
mod storage;
mod tree;
mod variables;
pub(crate) mod varying;

use std::collections::HashMap;
use std::sync::Arc;

use weir_model::{Hyperslab, Schema};

use self::array::StoredArray;
use self::metadata::Metadata;
use self::tree::Tree;
use crate::index::Records;
use crate::runs::{self, RunRequest, Runs};
use crate::{ChunkKey, ChunkSource, DataFile, Error, ErrorKind, Stored, StringRoom};

/// An open HDF5 file.
pub struct Hdf5Source {
    metadata: Metadata,
    schema: Schema,
    arrays: HashMap<String, StoredArray>,
}

/// Opens a netCDF-4 or any other HDF5 file.
///
/// # Errors
/// `Corrupt` where the file is truncated or damaged, `Unsupported` where it uses a part of the format that is not built in,
/// `Unavailable` where it is being written or cannot be read.
pub fn open(file: impl Into<Arc<DataFile>>) -> Result<Box<dyn ChunkSource>, Error> {
    let file = file.into();
    if let Some(known) = kept::recall(&file) {
        return Ok(Box::new(known));
    }
    let mut metadata = Metadata::open(file)?;
    let tree = Tree::walk(&metadata)?;
    let built = variables::build(&metadata, tree)?;
    metadata.opened();
    metadata.file().check_undisturbed()?;
    let source = Hdf5Source { metadata, schema: built.schema, arrays: built.arrays };
    kept::remember(&source);
    Ok(Box::new(source))
}

impl Hdf5Source {
    fn array(&self, path: &str) -> Result<&StoredArray, Error> {
        let array = self.arrays.get(path.trim_start_matches('/'));
        array.ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))
    }

    /// The array of a variable whose elements have one size.
    fn sized(&self, path: &str) -> Result<&StoredArray, Error> {
        let array = self.array(path)?;
        if array.data_type.is_varying() {
            let what = array.data_type.describe();
            let message = format!("{path} has elements of type {what}, which are not stored in its chunks");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        Ok(array)
    }

    /// The array of a variable whose elements vary in size.
    fn varying(&self, path: &str) -> Result<&StoredArray, Error> {
        let array = self.array(path)?;
        if !array.data_type.is_varying() {
            let what = array.data_type.describe();
            let message = format!("{path} has elements of type {what}, not strings");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        Ok(array)
    }
}

impl ChunkSource for Hdf5Source {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        self.metadata.file().generation().to_string()
    }

    fn is_far(&self) -> bool {
        self.metadata.file().is_remote()
    }

    fn resident_bytes(&self) -> u64 {
        let own = (self.arrays.len() as u64).saturating_mul(512).saturating_add(self.metadata.kept_bytes());
        self.arrays.values().map(StoredArray::resident_bytes).fold(own, u64::saturating_add)
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        self.metadata.file().check_unchanged()
    }

    fn records(&self) -> Option<&Records> {
        self.metadata.file().records()
    }

    fn count_chunks(&self, variable: &str) -> Result<u64, Error> {
        self.array(variable)?.count_chunks(&self.metadata).map_err(|error| error.within(variable))
    }

    fn refusal(&self, variable: &str) -> Option<Error> {
        self.array(variable).ok().and_then(StoredArray::refusal)
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        let array = self.sized(chunk.variable)?;
        array.locate(&self.metadata, chunk.index).map_err(|error| error.within(chunk.variable))
    }

    fn runs(&self, variable: &str) -> Result<Runs, Error> {
        let array = self.array(variable)?;
        if array.data_type.size().is_none() {
            let what = array.data_type.describe();
            let message = format!("its elements, {what}, are stored in a heap and not in chunks");
            return Err(Error::unsupported(message));
        }
        array.runs(runs::variable(&self.schema, variable)?)
    }

    fn locate_run(&self, request: RunRequest<'_>) -> Result<Stored, Error> {
        let array = self.sized(request.variable)?;
        array.locate_run(&self.metadata, request.extent).map_err(|error| error.within(request.variable))
    }

    fn file(&self) -> Option<Arc<DataFile>> {
        Some(self.metadata.shared_file())
    }

    fn read_strings(
        &self,
        variable: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let array = self.varying(variable)?;
        varying::read(&self.metadata, array, (slab, room)).map_err(|error| error.within(variable))
    }

    fn varying_bytes(&self, variable: &str, slab: &Hyperslab) -> Result<Option<u64>, Error> {
        let array = self.varying(variable)?;
        // References are looked at twice, which costs little where they are near.
        if self.is_far() {
            return Ok(None);
        }
        varying::bytes(&self.metadata, array, slab).map(Some).map_err(|error| error.within(variable))
    }
}
