//! Datasets that somebody else makes when they are asked for: nothing of them is stored.
//!
//! Who makes them is asked each time what they are now, by the generation that is known. No lock is held meanwhile, so that
//! they may be made of other datasets, which may be provided, too.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use weir_model::{ByteOrder, Hyperslab, Pieces, Schema, Storage, Variable};

use crate::memory_budget::Memory;
use crate::read::Pace;
use crate::source::{find, grid};
use crate::{
    ChunkKey, ChunkSource, Dataset, Encoded, Error, ErrorKind, SlabRequest, Stored, StringRoom, codecs,
};

/// Whoever asks for a dataset, as the provider knows them; handed through.
pub type Caller = Arc<dyn Any + Send + Sync>;

/// What a provided dataset is now.
#[derive(Clone, Debug)]
pub struct Description {
    /// Text that changes whenever the data may have changed.
    pub generation: String,
    /// What it holds: shapes, chunks and fill values agree with each other, and variables have no codecs.
    pub schema: Arc<Schema>,
}

/// A part of a variable that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The generation that it must be of.
    pub generation: &'a str,
    /// The variable's path.
    pub variable: &'a str,
    /// Which elements; they lie inside the variable.
    pub slab: &'a Hyperslab,
    /// The byte order in which they are wanted.
    pub order: ByteOrder,
}

/// Makes a dataset. It is called from many threads at once.
pub trait Provider: Send + Sync {
    /// What the dataset is now; `None` where that is `known`.
    ///
    /// # Errors
    /// Why it cannot be made.
    fn describe(
        &self,
        known: Option<&Description>,
        caller: Option<&Caller>,
    ) -> Result<Option<Description>, Error>;

    /// Bytes of memory that [`read`](Self::read) takes, beside its output.
    ///
    /// # Errors
    /// As [`read`](Self::read), of what can be known without reading.
    fn memory(&self, wanted: Wanted<'_>, caller: Option<&Caller>) -> Result<u64, Error>;

    /// Elements of a fixed size, row-major, into all of `out`.
    ///
    /// # Errors
    /// `Unavailable` where there is another generation by now; whatever keeps the bytes from being right.
    fn read(&self, wanted: Wanted<'_>, caller: Option<&Caller>, out: &mut [u8]) -> Result<(), Error>;

    /// Elements of varying size, row-major, in their packed forms: as many as are wanted.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_strings(&self, wanted: Wanted<'_>, caller: Option<&Caller>) -> Result<Vec<Vec<u8>>, Error>;
}

/// A dataset that a provider makes. Clones are the same one; no two others are equal.
#[derive(Clone)]
pub struct Provided {
    number: u64,
    provider: Arc<dyn Provider>,
    known: Arc<Mutex<Option<Description>>>,
}

impl Provided {
    /// What `provider` makes.
    #[must_use]
    pub fn by(provider: Arc<dyn Provider>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), provider, known: Arc::default() }
    }

    /// The dataset as it is now, for one who asks.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn open(&self, caller: Option<&Caller>, memory: &Arc<Memory>) -> Result<Dataset, Error> {
        let kept = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().clone();
        let description = match self.provider.describe(known.as_ref(), caller)? {
            None => known.ok_or_else(|| Error::corrupt("its provider says nothing of it"))?,
            Some(other) => {
                *kept() = Some(other.clone());
                other
            }
        };
        let source =
            ProvidedSource { provider: Arc::clone(&self.provider), description, caller: caller.cloned() };
        Ok(Dataset::within(Box::new(source), memory))
    }
}

impl PartialEq for Provided {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Provided {}

impl Hash for Provided {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl fmt::Debug for Provided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provided").field("number", &self.number).finish_non_exhaustive()
    }
}

/// One generation of a provided dataset, for one who asks.
struct ProvidedSource {
    provider: Arc<dyn Provider>,
    description: Description,
    caller: Option<Caller>,
}

/// What is proven is made in parts of about so many bytes, and forgotten.
const PROVEN_BYTES: u64 = 8 << 20;

impl ProvidedSource {
    fn wanted<'a>(&'a self, variable: &'a str, slab: &'a Hyperslab, order: ByteOrder) -> Wanted<'a> {
        Wanted { generation: &self.description.generation, variable, slab, order }
    }

    /// The bytes of so many elements of a variable.
    fn room(&self, path: &str, variable: &Variable, slab: &Hyperslab) -> Result<Vec<u8>, Error> {
        let size = variable.data_type.size().ok_or_else(|| {
            Error::new(ErrorKind::BadRequest, format!("{path} has elements of varying size"))
        })?;
        let length = usize::try_from(slab.elements()).ok().and_then(|elements| elements.checked_mul(size));
        let mut room = Vec::new();
        length
            .and_then(|length| room.try_reserve_exact(length).ok().map(|()| room.resize(length, 0)))
            .ok_or_else(|| {
                Error::new(ErrorKind::TooLarge, format!("{path}: memory has no room for a part"))
            })?;
        Ok(room)
    }
}

/// The elements of a chunk's part inside of its variable, of a shape, in a whole chunk, with the fill value around them.
fn whole_chunk(part: Vec<u8>, shape: &[u64], variable: &Variable) -> Result<Vec<u8>, Error> {
    let Storage { chunk_shape, byte_order, fill, .. } = &variable.storage;
    if shape == chunk_shape.as_slice() {
        return Ok(part);
    }
    let too_large = || Error::new(ErrorKind::TooLarge, "memory has no room for a chunk");
    let mut fill = fill.clone();
    if *byte_order == ByteOrder::Big {
        codecs::swap(&mut fill, variable.data_type.swap_unit());
    }
    let elements = chunk_shape.iter().try_fold(1_u64, |all, length| all.checked_mul(*length));
    let length =
        elements.and_then(|all| usize::try_from(all).ok()).and_then(|all| all.checked_mul(fill.len()));
    let length = length.ok_or_else(too_large)?;
    let mut whole = Vec::new();
    whole.try_reserve_exact(length).map_err(|_full| too_large())?;
    whole.extend(fill.iter().copied().cycle().take(length));
    let row = shape.last().and_then(|last| usize::try_from(*last).ok()).unwrap_or(1);
    let row = row.checked_mul(fill.len()).filter(|row| *row > 0).ok_or_else(too_large)?;
    for (number, row) in (0_u64..).zip(part.chunks_exact(row)) {
        let at = row_in_chunk(number, shape, chunk_shape).and_then(|at| at.checked_mul(fill.len()));
        let end = at.and_then(|at| at.checked_add(row.len()));
        let place = at.zip(end).and_then(|(at, end)| whole.get_mut(at..end));
        place.ok_or_else(|| Error::corrupt("a part does not fit its chunk"))?.copy_from_slice(row);
    }
    Ok(whole)
}

/// Where in a chunk a row of a part of it begins, as a number of elements.
fn row_in_chunk(mut number: u64, shape: &[u64], chunk_shape: &[u64]) -> Option<usize> {
    let mut at = vec![0; shape.len()];
    for (at, length) in at.iter_mut().zip(shape).rev().skip(1) {
        *at = number.checked_rem(*length)?;
        number = number.checked_div(*length)?;
    }
    let mut axes = at.iter().zip(chunk_shape);
    let at = axes.try_fold(0_u64, |all, (at, length)| all.checked_mul(*length)?.checked_add(*at))?;
    usize::try_from(at).ok()
}

impl ChunkSource for ProvidedSource {
    fn schema(&self) -> &Schema {
        &self.description.schema
    }

    fn generation(&self) -> String {
        self.description.generation.clone()
    }

    /// Whoever makes it checks what it is made of, with each reading.
    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }

    fn scratch_bytes(&self, variable: &str, slab: &Hyperslab, _: Pace) -> Result<u64, Error> {
        find(self.schema(), variable)?;
        self.provider.memory(self.wanted(variable, slab, ByteOrder::NATIVE), self.caller.as_ref())
    }

    /// A chunk is made when it is looked for.
    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        let ChunkKey { variable: path, index } = chunk;
        let variable = find(self.schema(), path)?;
        let extent = grid(path, variable)?.extent(index);
        let extent = extent.ok_or_else(|| Error::not_found(format!("{path} has no chunk {index:?}")))?;
        let mut bytes = self.room(path, variable, &extent)?;
        let wanted = self.wanted(path, &extent, variable.storage.byte_order);
        self.provider.read(wanted, self.caller.as_ref(), &mut bytes)?;
        let bytes = whole_chunk(bytes, &extent.shape(), variable)?;
        Ok(Stored::Here(Encoded { bytes, skipped_codecs: 0 }))
    }

    fn read_slab(&self, request: &SlabRequest<'_>, out: &mut [u8]) -> Result<bool, Error> {
        let SlabRequest { variable: path, slab, order, .. } = *request;
        let size = find(self.schema(), path)?.data_type.size();
        let length = size.and_then(|size| usize::try_from(slab.elements()).ok()?.checked_mul(size));
        if length != Some(out.len()) {
            let (has, elements) = (out.len(), slab.elements());
            let message = format!("{path}: the buffer has {has} bytes for {elements} elements");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        if !out.is_empty() {
            self.provider.read(self.wanted(path, slab, order), self.caller.as_ref(), out)?;
        }
        Ok(true)
    }

    fn verify_slab(&self, request: &SlabRequest<'_>) -> Result<bool, Error> {
        let SlabRequest { variable: path, slab, order, stopped } = *request;
        let variable = find(self.schema(), path)?;
        let size = variable.data_type.size().unwrap_or(1).max(1) as u64;
        let most = PROVEN_BYTES.checked_div(size).unwrap_or(1).max(1);
        for piece in Pieces::new(slab.clone(), &grid(path, variable)?, most, most) {
            if stopped() {
                return Err(Error::unavailable("the request was cancelled or its time is over"));
            }
            let mut bytes = self.room(path, variable, &piece)?;
            self.provider.read(self.wanted(path, &piece, order), self.caller.as_ref(), &mut bytes)?;
        }
        Ok(true)
    }

    fn read_strings(
        &self,
        path: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let variable = find(self.schema(), path)?;
        if !variable.data_type.is_varying() {
            let message = format!("{path} holds no strings, but {}", variable.data_type.describe());
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        let wanted = self.wanted(path, slab, ByteOrder::NATIVE);
        let strings = self.provider.read_strings(wanted, self.caller.as_ref())?;
        strings.iter().try_for_each(|string| room.take(string.len()))?;
        Ok(strings)
    }
}

#[cfg(test)]
mod tests;
