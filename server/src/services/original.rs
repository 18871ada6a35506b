//! What is behind a dataset on loan: the original file, and the places of chunks in the files that store them.

use std::any::Any;
use std::sync::Arc;

use weir_datasets::buffers::Reused;
use weir_datasets::runs::Purpose;
use weir_datasets::{DataFile, Dataset, Location, Run, Stored};
use weir_plugin_api::lent::RequestContext;
use weir_plugin_api::{Bytes, ChunkPlace, Error, FileInfo, Place, PlaceBytes, Source, StoredPlace};

use super::lent::Lent;
use super::translate;

/// The bytes that were lent last, which are those of a run of a file.
pub struct LentRun {
    bytes: Bytes,
    run: Run,
}

impl LentRun {
    /// Where the body of an answer is stored, if it is what was lent to its request last: the very bytes, not equal ones.
    pub fn behind(request: &RequestContext, body: &[u8]) -> Option<Run> {
        let lent = request.note(None)?.downcast::<Self>().ok()?;
        let same = std::ptr::eq(lent.bytes.as_ptr(), body.as_ptr()) && lent.bytes.len() == body.len();
        same.then_some(lent.run)
    }
}

impl Lent {
    /// Where a chunk of a layout is stored, as clients may be told of it.
    pub(super) fn chunk_place(
        &self,
        variable: &str,
        index: &[u64],
        bytes: PlaceBytes,
    ) -> Result<ChunkPlace, Error> {
        let dataset = self.wanted()?;
        let purpose = match bytes {
            PlaceBytes::Wanted => Purpose::Read,
            PlaceBytes::Unwanted => Purpose::Find,
        };
        let stored = self.done(dataset.place(variable, index, purpose))?;
        let (at, length, skipped_codecs) = match &stored {
            Stored::Nothing => return Ok(ChunkPlace::Missing),
            Stored::Here(encoded) => (Place::Elsewhere, encoded.bytes.len() as u64, encoded.skipped_codecs),
            Stored::Run(run) => {
                let (source, offset) = (self.source(&run.file), run.offset);
                (Place::Range { source, offset }, run.length, run.skipped_codecs)
            }
            Stored::Scattered => return Err(Error::unsupported("the chunk is stored in several parts")),
        };
        let bytes = match bytes {
            PlaceBytes::Wanted => Some(self.stored_bytes(stored, length)?),
            PlaceBytes::Unwanted => None,
        };
        Ok(ChunkPlace::Stored(StoredPlace { at, length, skipped_codecs, bytes }))
    }

    /// Reads bytes of the original file, to which nobody wrote meanwhile.
    pub(super) fn read_original(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let file = self.original()?;
        let asked = out.len() as u64;
        if offset.checked_add(asked).is_none_or(|end| end > file.len()) {
            let has = file.len();
            let message = format!("the file has {has} bytes, and not {asked} at byte {offset}");
            return Err(Error::bad_request(message));
        }
        let read = file.read_exact_at(offset, out).and_then(|()| file.check_unchanged());
        self.done(read)
    }

    /// The file behind a place, as clients may be told of it.
    fn source(&self, file: &DataFile) -> Source {
        if self.dataset.file().is_some_and(|own| own.location() == file.location()) {
            return Source::Own;
        }
        match (file.location(), self.catalog.id_of(file.location())) {
            (Location::Object { public: Some(url), .. }, _) => Source::Url(url.clone()),
            (_, Some(id)) => Source::Dataset(id.to_owned()),
            (_, None) => Source::Unnamed,
        }
    }

    /// The bytes of a stored chunk, of files that nobody wrote to meanwhile.
    fn stored_bytes(&self, stored: Stored, length: u64) -> Result<Bytes, Error> {
        self.reserve(length)?;
        let run = stored.run().cloned();
        let encoded = self.done(self.dataset.read_place(stored))?;
        Ok(self.lent_run(encoded, run))
    }

    /// Bytes of a chunk, and a note where they are stored, if they are there one behind the other.
    pub(super) fn lent_run(&self, bytes: Vec<u8>, run: Option<Run>) -> Bytes {
        let bytes = Bytes::from_owner(Reused::new(bytes));
        let lent = run.map(|run| Box::new(LentRun { bytes: bytes.clone(), run }) as Box<dyn Any + Send>);
        drop(self.request.note(lent));
        bytes
    }

    /// The original file, opened where it was not yet.
    pub(super) fn original(&self) -> Result<&Arc<DataFile>, Error> {
        self.wanted()?;
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let opened = self.catalog.file(&self.id, &self.dataset).map_err(translate)?;
        Ok(self.file.get_or_init(|| opened))
    }
}

/// What is told of an original file. A document that defines a dataset may change without the dataset.
pub fn told(file: &DataFile, dataset: &Dataset) -> FileInfo {
    FileInfo {
        length: file.len(),
        modified: file.times().map(|times| times.modified),
        stable: dataset.file().is_some() && dataset.is_pinned(),
        name: file.location().name().unwrap_or_default(),
        url: match file.location() {
            Location::Object { public, .. } => public.clone(),
            Location::Path(_) => None,
        },
    }
}
