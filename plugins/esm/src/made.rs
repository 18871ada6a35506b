//! A table that is made, and its files.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use weir_catalogs::esm::{FileError, Table, parquet_file, unique_values_file};
use weir_plugin_api::{Bytes, Error};

/// Of how many addresses of the server files are kept: one, but where it is reached by several.
const MOST_BASES: usize = 4;

/// A file, and the tag by which readers that fetch it part by part know that it is still the same.
#[derive(Clone)]
pub(crate) struct File {
    pub bytes: Bytes,
    pub tag: String,
}

impl File {
    /// A file of these bytes.
    ///
    /// # Errors
    /// Why they could not be written.
    pub(crate) fn of(bytes: Result<Vec<u8>, FileError>) -> Result<Self, Error> {
        let bytes = bytes.map_err(|error| Error::internal(error.to_string()))?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Ok(Self { tag: format!("\"{:016x}\"", hasher.finish()), bytes: bytes.into() })
    }
}

/// A table and its files.
pub(crate) struct Made {
    pub table: Table,
    files: Mutex<Vec<(String, File)>>,
    unique: Mutex<Option<File>>,
}

impl Made {
    pub(crate) fn new(table: Table) -> Self {
        Self { table, files: Mutex::default(), unique: Mutex::default() }
    }

    /// The table as a Parquet file, for clients that reach the server at `base`.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn file(&self, base: &str) -> Result<File, Error> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, file)) = files.iter().find(|(known, _)| known == base) {
            return Ok(file.clone());
        }
        let file = File::of(parquet_file(&self.table, base))?;
        if files.len() >= MOST_BASES {
            files.remove(0);
        }
        files.push((base.to_owned(), file.clone()));
        Ok(file)
    }

    /// The values of each column, as a Parquet file of one row.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub(crate) fn unique(&self) -> Result<File, Error> {
        let mut unique = self.unique.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = unique.as_ref() {
            return Ok(file.clone());
        }
        let file = File::of(unique_values_file(&self.table))?;
        *unique = Some(file.clone());
        Ok(file)
    }
}
