//! Datasets that the tested plugin publishes, and is then asked for as a server asks for them.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Schema, Storage};

use super::{MockHost, Running};
use crate::guest::{Guest, Recipe};
use crate::lent::{LentDataset, RequestContext, StoredChunk};
use crate::{Bytes, ChunkPlace, Error, FileInfo, Made, PlaceBytes, Publication, Wanted, schema_to_document};

/// A recipe, and how long its dataset lives.
pub(super) type Kept = (Vec<u8>, Option<Duration>);

impl MockHost {
    /// Whether there is a dataset.
    pub(super) fn has(&self, id: &str) -> bool {
        self.datasets.contains_key(id) || self.recipe(id).is_some()
    }

    pub(super) fn published_ids(&self) -> Vec<String> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn recipe(&self, id: &str) -> Option<Kept> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(super) fn keep(&self, publication: Publication<'_>) -> Result<(), Error> {
        let Publication { id, recipe, lifetime } = publication;
        if self.datasets.contains_key(id) {
            return Err(Error::bad_request(format!("dataset '{id}' is there already")));
        }
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.insert(id.to_owned(), (recipe.to_vec(), lifetime));
        Ok(())
    }

    pub(super) fn forget(&self, id: &str) -> Result<(), Error> {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = published.remove(id);
        gone.map(drop).ok_or_else(|| Error::not_found(format!("dataset '{id}' was not published")))
    }

    /// The published dataset of an id, if there is one.
    pub(super) fn made(
        &self,
        asked: &Arc<RequestContext>,
        id: &str,
    ) -> Option<Result<Box<dyn LentDataset>, Error>> {
        let (recipe, _) = self.recipe(id)?;
        let guest = Arc::clone(self.guest.get()?);
        Some(LentMade::open(guest, (id, recipe), asked).map(|lent| Box::new(lent) as _))
    }
}

impl Running {
    /// The datasets that the plugin has published: ids, and how long each lives.
    #[must_use]
    pub fn published(&self) -> Vec<(String, Option<Duration>)> {
        let published = self.services.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.iter().map(|(id, (_, lifetime))| (id.clone(), *lifetime)).collect()
    }

    /// A dataset of the host's, as it is lent to plugins: one that the plugin has published, for instance.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; otherwise what the plugin says.
    pub fn open(&self, id: &str) -> Result<Box<dyn LentDataset>, Error> {
        use crate::lent::Services;
        self.services.open(&Arc::new(RequestContext::new("test".to_owned(), None)), id)
    }
}

/// A published dataset on loan.
struct LentMade {
    guest: Arc<Guest>,
    id: String,
    recipe: Vec<u8>,
    context: Arc<RequestContext>,
    schema: Arc<Schema>,
    document: Bytes,
    generation: String,
}

impl LentMade {
    fn open(
        guest: Arc<Guest>,
        (id, recipe): (&str, Vec<u8>),
        asked: &Arc<RequestContext>,
    ) -> Result<Self, Error> {
        let context = RequestContext::making(asked, id);
        let context = Arc::new(context.ok_or_else(|| Error::bad_request(format!("{id} is made of itself")))?);
        let of = Recipe { id, recipe: &recipe, generation: "" };
        let Made { generation, schema } = guest.describe(of, &context)?;
        let schema = schema.ok_or_else(|| Error::internal(format!("nothing is said of {id}")))?;
        // Whoever knows a generation need not be told again.
        let again = guest.describe(Recipe { generation: &generation, ..of }, &context)?;
        if again.generation != generation {
            return Err(Error::internal(format!("the generation of {id} changes by itself")));
        }
        let (document, id) = (schema_to_document(&schema)?, id.to_owned());
        Ok(Self { guest, id, recipe, context, schema, document, generation })
    }

    fn recipe(&self) -> Recipe<'_> {
        Recipe { id: &self.id, recipe: &self.recipe, generation: &self.generation }
    }
}

impl LentDataset for LentMade {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn schema_document(&self) -> Bytes {
        self.document.clone()
    }

    fn generation(&self) -> &str {
        &self.generation
    }

    fn read(&self, variable: &str, slab: &Hyperslab, order: ByteOrder, out: &mut [u8]) -> Result<(), Error> {
        let wanted = Wanted { variable, slab, order };
        self.guest.memory_of_made(self.recipe(), &self.context, wanted)?;
        self.guest.read_made(self.recipe(), &self.context, wanted, out)
    }

    fn read_strings(&self, variable: &str, slab: &Hyperslab) -> Result<Vec<Vec<u8>>, Error> {
        let wanted = Wanted { variable, slab, order: ByteOrder::NATIVE };
        self.guest.read_made_strings(self.recipe(), &self.context, wanted)
    }

    fn verify(&self, _: &str, _: &Hyperslab) -> Result<(), Error> {
        Ok(())
    }

    fn chunk(&self, path: &str, index: &[u64]) -> Result<StoredChunk, Error> {
        let none = || Error::not_found(format!("{path} has no chunk {index:?}"));
        let variable = self.schema.variable(path).ok_or_else(none)?;
        let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
        let extent = grid.ok().and_then(|grid| grid.extent(index)).ok_or_else(none)?;
        if extent.shape() != variable.storage.chunk_shape {
            return Err(Error::unsupported("this host has whole chunks of datasets that are made"));
        }
        let size = variable.data_type.size().unwrap_or(0) as u64;
        let length = usize::try_from(extent.elements().saturating_mul(size)).unwrap_or(0);
        let mut bytes = vec![0; length];
        self.read(path, &extent, variable.storage.byte_order, &mut bytes)?;
        Ok(StoredChunk::Stored { bytes: bytes.into(), skipped_codecs: 0 })
    }

    fn layout(&self, _: &str) -> Result<Storage, Error> {
        Err(Error::unsupported("it is made when it is asked for, and not stored"))
    }

    fn place(&self, _: &str, _: &[u64], _: PlaceBytes) -> Result<ChunkPlace, Error> {
        Err(Error::unsupported("it is made when it is asked for, and not stored"))
    }

    fn file(&self) -> Result<FileInfo, Error> {
        Err(Error::not_found("it is made when it is asked for, and no file"))
    }

    fn read_file(&self, _: u64, _: &mut [u8]) -> Result<(), Error> {
        Err(Error::not_found("it is made when it is asked for, and no file"))
    }
}
