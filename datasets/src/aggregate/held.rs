//! Values that are held in memory: coordinates that were converted, and variables that a definition adds.

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Storage, Variable};

use super::slab::gather;
use crate::{ChunkKey, Encoded, Error, ErrorKind, Stored, StringRoom, codecs, run_chunk_shape};

/// A variable held in memory has at most this many bytes.
pub const MOST_BYTES: u64 = 64 << 20;

/// All values of a variable, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Elements of a fixed size, little-endian.
    Elements(Vec<u8>),
    /// Strings.
    Strings(Vec<Vec<u8>>),
}

impl Held {
    /// How the chunks of a variable that is held are laid out.
    #[must_use]
    pub fn storage(shape: &[u64], size: Option<usize>) -> Storage {
        Storage {
            chunk_shape: run_chunk_shape(shape, size.unwrap_or(1)),
            codecs: vec![],
            byte_order: ByteOrder::Little,
            fill: vec![0; size.unwrap_or(0)],
        }
    }

    /// Reads a hyperslab of `variable`, whose values these are.
    ///
    /// # Errors
    /// `BadRequest` for strings and for a buffer of the wrong size.
    pub fn read(
        &self,
        (path, variable): (&str, &Variable),
        (slab, order): (&Hyperslab, ByteOrder),
        out: &mut [u8],
    ) -> Result<(), Error> {
        let (Self::Elements(elements), Some(size)) = (self, variable.data_type.size()) else {
            let what = variable.data_type.describe();
            let message = format!("{path} has elements of type {what}, which have no fixed size");
            return Err(Error::new(ErrorKind::BadRequest, message));
        };
        let expected = usize::try_from(slab.elements()).ok().and_then(|n| n.checked_mul(size));
        if expected != Some(out.len()) {
            let (length, count) = (out.len(), slab.elements());
            let message = format!("{path}: the buffer has {length} bytes for {count} elements of {size}");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        let mut places = out.chunks_exact_mut(size.max(1));
        gather(elements, (&variable.shape, size), slab, |element| {
            if let Some(place) = places.next() {
                place.copy_from_slice(element);
            }
        })?;
        if order == ByteOrder::Big {
            codecs::swap(out, variable.data_type.swap_unit());
        }
        Ok(())
    }

    /// Reads strings.
    ///
    /// # Errors
    /// `BadRequest` for elements of a fixed size.
    pub fn read_strings(
        &self,
        (path, variable): (&str, &Variable),
        (slab, room): (&Hyperslab, &mut StringRoom),
    ) -> Result<Vec<Vec<u8>>, Error> {
        let Self::Strings(strings) = self else {
            return Err(Error::new(ErrorKind::BadRequest, format!("{path} holds no strings")));
        };
        let (mut found, mut taken) = (Vec::new(), Ok(()));
        gather(strings, (&variable.shape, 1), slab, |picked| {
            if taken.is_ok() {
                taken = room.take_all(picked);
            }
            if taken.is_ok() {
                found.extend_from_slice(picked);
            }
        })?;
        taken.map(|()| found)
    }

    /// The bytes of memory that they take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Elements(elements) => elements.len() as u64,
            Self::Strings(strings) => {
                let each = |string: &Vec<u8>| string.len().saturating_add(48) as u64;
                strings.iter().map(each).fold(0, u64::saturating_add)
            }
        }
    }

    /// A chunk of the variable, without padding.
    ///
    /// # Errors
    /// `NotFound` for a chunk that the variable does not have.
    pub fn locate(&self, variable: &Variable, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        let ChunkKey { variable: path, index } = chunk;
        let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
        let grid = grid.map_err(|e| Error::corrupt(format!("{path}: {e}")))?;
        let extent = grid.extent(index).ok_or_else(|| {
            let counts = grid.counts();
            Error::not_found(format!("{path} has no chunk {index:?}; it has {counts:?} chunks"))
        })?;
        let size = variable.data_type.size().unwrap_or(0);
        let length = usize::try_from(extent.elements()).ok().and_then(|n| n.checked_mul(size));
        // The values are in memory, so a part of them can be.
        let mut bytes = vec![0; length.unwrap_or(0)];
        self.read((path, variable), (&extent, ByteOrder::Little), &mut bytes)?;
        Ok(Stored::Here(Encoded { bytes, skipped_codecs: 0 }))
    }

    /// A part of a chunk, from byte `offset` of it on.
    ///
    /// # Errors
    /// As [`locate`](Self::locate), and `BadRequest` for bytes behind the chunk.
    pub fn part(
        &self,
        variable: &Variable,
        (chunk, offset): (ChunkKey<'_>, u64),
        out: &mut [u8],
    ) -> Result<(), Error> {
        let stored = self.locate(variable, chunk)?;
        copy_part(&stored, (chunk, offset), out)
    }
}

/// Copies a part of a chunk that is at hand.
///
/// # Errors
/// `BadRequest` for bytes behind the chunk.
pub fn copy_part(stored: &Stored, (chunk, offset): (ChunkKey<'_>, u64), out: &mut [u8]) -> Result<(), Error> {
    let bytes = match stored {
        Stored::Here(encoded) => encoded.bytes.as_slice(),
        _ => &[],
    };
    let from = usize::try_from(offset).ok();
    let range = from.and_then(|from| Some(from..from.checked_add(out.len())?));
    let found = range.and_then(|range| bytes.get(range)).ok_or_else(|| {
        let (ChunkKey { variable, index }, asked) = (chunk, out.len());
        let message = format!("{variable} chunk {index:?} has no {asked} bytes at byte {offset}");
        Error::new(ErrorKind::BadRequest, message)
    })?;
    out.copy_from_slice(found);
    Ok(())
}

#[cfg(test)]
mod tests {
    use weir_model::{DataType, Stride};

    use super::*;

    #[test]
    fn parts_of_held_values_are_read_in_both_orders() {
        let elements: Vec<u8> = (1..=12_u16).flat_map(u16::to_le_bytes).collect();
        let variable = Variable {
            name: "v".into(),
            data_type: DataType::UInt16,
            dimensions: vec!["/y".into(), "/x".into()],
            shape: vec![3, 4],
            attributes: vec![],
            storage: Held::storage(&[3, 4], Some(2)),
        };
        let strides = vec![Stride { start: 1, step: 1, count: 2 }, Stride { start: 0, step: 3, count: 2 }];
        let slab = Hyperslab::within(&[3, 4], strides).unwrap();
        let held = Held::Elements(elements);
        let mut out = [0; 8];
        held.read(("/v", &variable), (&slab, ByteOrder::Little), &mut out).unwrap();
        assert_eq!(out, [5, 0, 8, 0, 9, 0, 12, 0]);
        held.read(("/v", &variable), (&slab, ByteOrder::Big), &mut out).unwrap();
        assert_eq!(out, [0, 5, 0, 8, 0, 9, 0, 12]);
        assert_eq!(
            held.read_strings(("/v", &variable), (&slab, &mut StringRoom::default())).unwrap_err().kind,
            ErrorKind::BadRequest
        );
        let short = held.read(("/v", &variable), (&slab, ByteOrder::Big), &mut out[..7]);
        assert_eq!(short.unwrap_err().kind, ErrorKind::BadRequest);
    }
}
