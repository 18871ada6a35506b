//! A dataset in memory: a chunk source without a file, for tests and for data that is made, not stored.

use std::collections::HashMap;

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Packed, Schema, Variable};

use crate::runs::Runs;
use crate::{ChunkKey, ChunkSource, Encoded, Error, ErrorKind, Stored, StringRoom, codecs};

/// A schema, and the stored chunks or strings of its variables. Where nothing is stored, the fill value stands.
#[derive(Clone, Debug)]
pub struct MemorySource {
    schema: Schema,
    generation: String,
    chunks: HashMap<String, HashMap<Vec<u64>, Encoded>>,
    strings: HashMap<String, Vec<Vec<u8>>>,
}

impl MemorySource {
    /// A dataset in which nothing is stored yet.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        Self { schema, generation: "memory".to_owned(), chunks: HashMap::new(), strings: HashMap::new() }
    }

    /// Says what [`generation`](ChunkSource::generation) answers.
    #[must_use]
    pub fn with_generation(mut self, generation: &str) -> Self {
        generation.clone_into(&mut self.generation);
        self
    }

    /// Stores one chunk as it is given.
    ///
    /// # Errors
    /// `NotFound` for a variable or chunk that the schema does not have.
    pub fn with_chunk(mut self, chunk: ChunkKey<'_>, encoded: Encoded) -> Result<Self, Error> {
        self.check_inside(chunk)?;
        self.chunks.entry(plain(chunk.variable)).or_default().insert(chunk.index.to_vec(), encoded);
        Ok(self)
    }

    /// Stores all chunks of a variable without codecs, cut from its elements (little-endian, row-major).
    ///
    /// # Errors
    /// As [`with_encoded_array`](Self::with_encoded_array), and `BadRequest` for a variable with codecs.
    pub fn with_array(self, variable: &str, elements: &[u8]) -> Result<Self, Error> {
        if !self.variable(variable)?.storage.codecs.is_empty() {
            let message = format!("{variable} has codecs; say how its chunks are encoded");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        self.with_encoded_array(variable, elements, &|bytes| bytes)
    }

    /// Stores all chunks of a variable, cut from its elements (little-endian, row-major), padded with the fill value, brought
    /// into the stored byte order, and encoded by `encode`.
    ///
    /// # Errors
    /// `NotFound` for an unknown variable, `BadRequest` where the number of bytes is not that of its elements.
    pub fn with_encoded_array(
        mut self,
        variable: &str,
        elements: &[u8],
        encode: &dyn Fn(Vec<u8>) -> Vec<u8>,
    ) -> Result<Self, Error> {
        let found = self.variable(variable)?;
        let grid = grid(variable, found)?;
        let size = element_size(variable, found)?;
        let whole = whole(variable, grid.shape())?;
        let expected = usize::try_from(whole.elements()).ok().and_then(|n| n.checked_mul(size));
        if expected != Some(elements.len()) {
            let (has, given) = (whole.elements(), elements.len());
            let message =
                format!("{given} bytes were given for the {has} elements of {size} bytes of {variable}");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        let mut chunks = HashMap::new();
        for part in grid.plan(&whole) {
            let index = part.chunk();
            let mut bytes = cut(elements, found, &grid, &index)?;
            if found.storage.byte_order == ByteOrder::Big {
                codecs::swap(&mut bytes, found.data_type.swap_unit());
            }
            chunks.insert(index, Encoded { bytes: encode(bytes), skipped_codecs: 0 });
        }
        self.chunks.insert(plain(variable), chunks);
        Ok(self)
    }

    /// Stores all elements of a variable whose elements vary in size, row-major: strings, or packed forms.
    ///
    /// # Errors
    /// `NotFound` for an unknown variable, `BadRequest` where its elements have one size, where there is another number of them,
    /// or where one is not the packed form of its type.
    pub fn with_strings(mut self, variable: &str, strings: Vec<Vec<u8>>) -> Result<Self, Error> {
        let found = self.variable(variable)?;
        let has = whole(variable, &found.shape)?.elements();
        if !found.data_type.is_varying() || has != strings.len() as u64 {
            let (what, given) = (found.data_type.describe(), strings.len());
            let message =
                format!("{given} strings were given for the {has} elements of {variable}, which are {what}");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        if let Some(wrong) = strings.iter().find_map(|bytes| Packed::count(bytes, &found.data_type).err()) {
            return Err(Error::new(ErrorKind::BadRequest, format!("{variable}: {wrong}")));
        }
        self.strings.insert(plain(variable), strings);
        Ok(self)
    }

    fn variable(&self, path: &str) -> Result<&Variable, Error> {
        let variable = self.schema.variable(path);
        variable.ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))
    }

    fn check_inside(&self, chunk: ChunkKey<'_>) -> Result<(), Error> {
        let ChunkKey { variable, index } = chunk;
        let grid = grid(variable, self.variable(variable)?)?;
        if grid.contains(index) {
            return Ok(());
        }
        let counts = grid.counts();
        Err(Error::not_found(format!("{variable} has no chunk {index:?}; it has {counts:?} chunks")))
    }

    fn stored(&self, chunk: ChunkKey<'_>) -> Result<Option<&Encoded>, Error> {
        self.check_inside(chunk)?;
        Ok(self.chunks.get(&plain(chunk.variable)).and_then(|chunks| chunks.get(chunk.index)))
    }
}

/// The path by which a variable is kept, however many slashes it is asked for with.
fn plain(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

fn grid(path: &str, variable: &Variable) -> Result<ChunkGrid, Error> {
    let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
    grid.map_err(|e| Error::corrupt(format!("{path}: {e}")))
}

fn whole(path: &str, shape: &[u64]) -> Result<Hyperslab, Error> {
    Hyperslab::whole(shape).map_err(|e| Error::new(ErrorKind::TooLarge, format!("{path}: {e}")))
}

fn element_size(path: &str, variable: &Variable) -> Result<usize, Error> {
    variable.data_type.size().filter(|&size| size > 0).ok_or_else(|| {
        let what = variable.data_type.describe();
        Error::new(
            ErrorKind::BadRequest,
            format!("{path} has elements of type {what}, which have no fixed size"),
        )
    })
}

/// Cuts one chunk out of all elements, padded with the fill value up to a whole one.
fn cut(elements: &[u8], variable: &Variable, grid: &ChunkGrid, index: &[u64]) -> Result<Vec<u8>, Error> {
    let fill = &variable.storage.fill;
    let mut bytes = Vec::new();
    for place in places(grid.chunk_shape()) {
        // Where the element lies in the variable; `None` sticks out of it.
        let mut axes = place.iter().zip(index).zip(grid.chunk_shape().iter().zip(grid.shape()));
        let at = axes.try_fold(0_u64, |at, ((&place, &chunk), (&of_chunk, &length))| {
            let position =
                chunk.checked_mul(of_chunk)?.checked_add(place).filter(|&position| position < length)?;
            at.checked_mul(length)?.checked_add(position)
        });
        let size = fill.len();
        let element = match at.and_then(|at| usize::try_from(at).ok()).and_then(|at| at.checked_mul(size)) {
            Some(at) => elements.get(at..at.saturating_add(size)),
            None => Some(fill.as_slice()),
        };
        bytes.extend(element.ok_or_else(|| Error::corrupt("the fill value has not the size of an element"))?);
    }
    Ok(bytes)
}

/// All places of a box, row-major.
fn places(shape: &[u64]) -> impl Iterator<Item = Vec<u64>> {
    let count = shape.iter().product::<u64>();
    (0..count).map(move |mut n| {
        let mut place = vec![0; shape.len()];
        for (place, &length) in place.iter_mut().zip(shape).rev() {
            *place = n.checked_rem(length).unwrap_or(0);
            n = n.checked_div(length).unwrap_or(0);
        }
        place
    })
}

impl ChunkSource for MemorySource {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        self.generation.clone()
    }

    fn resident_bytes(&self) -> u64 {
        let chunks = self.chunks.values().flatten().map(|(index, chunk)| {
            size_of_val(index.as_slice()).saturating_add(chunk.bytes.len()).saturating_add(64)
        });
        let strings = self.strings.values().flatten().map(|string| string.len().saturating_add(24));
        chunks.chain(strings).map(|bytes| bytes as u64).fold(0, u64::saturating_add)
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        Ok(self.stored(chunk)?.cloned().map_or(Stored::Nothing, Stored::Here))
    }

    fn runs(&self, variable: &str) -> Result<Runs, Error> {
        self.variable(variable).map(Runs::of_chunks)
    }

    fn read_strings(
        &self,
        variable: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let found = self.variable(variable)?;
        if !found.data_type.is_varying() {
            let message = format!("{variable} holds no strings, but {}", found.data_type.describe());
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        let Some(strings) = self.strings.get(&plain(variable)) else {
            if Packed::count(&[], &found.data_type).is_err() {
                let message = format!("nothing is stored of {variable}, which has no fill value");
                return Err(Error::corrupt(message));
            }
            return Ok(places(&slab.shape()).map(|_| Vec::new()).collect());
        };
        let counts = slab.shape();
        let picked = places(&counts).map(|place| {
            let axes = place.iter().zip(slab.strides()).zip(&found.shape);
            let at = axes.fold(0_u64, |at, ((&place, stride), &length)| {
                let position = stride.start.saturating_add(place.saturating_mul(stride.step));
                at.saturating_mul(length).saturating_add(position)
            });
            usize::try_from(at).ok().and_then(|at| strings.get(at))
        });
        picked
            .map(|string| {
                let outside = || Error::corrupt(format!("the hyperslab lies outside {variable}"));
                let string = string.ok_or_else(outside)?;
                room.take(string.len())?;
                Ok(string.clone())
            })
            .collect()
    }
}
