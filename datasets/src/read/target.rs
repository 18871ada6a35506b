//! What is read: a variable, how chunks tile it, and how its elements are wanted.

use weir_model::{ByteOrder, ChunkGrid, Variable};

use crate::codecs::{self, MOST_CHUNK_BYTES};
use crate::{Error, ErrorKind};

/// What is read: a variable, its grid, and the byte order in which its elements are wanted.
pub struct Target<'a> {
    /// The variable's path.
    pub path: &'a str,
    /// The variable.
    pub variable: &'a Variable,
    /// How chunks tile it.
    pub grid: &'a ChunkGrid,
    /// The wanted order.
    pub order: ByteOrder,
}

impl Target<'_> {
    /// Bytes of an element.
    ///
    /// # Errors
    /// `BadRequest` where elements have no fixed size.
    pub fn element_size(&self) -> Result<usize, Error> {
        self.variable.data_type.size().filter(|&size| size > 0).ok_or_else(|| {
            let what = self.variable.data_type.describe();
            Error::new(
                ErrorKind::BadRequest,
                format!("{} has elements of type {what}, which have no fixed size", self.path),
            )
        })
    }

    /// Bytes of one whole chunk.
    ///
    /// # Errors
    /// `TooLarge` beyond the limit of a chunk.
    pub fn chunk_bytes(&self) -> Result<usize, Error> {
        let size = self.element_size()? as u64;
        let bytes = self.grid.chunk_elements().checked_mul(size).filter(|&bytes| bytes <= MOST_CHUNK_BYTES);
        bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(|| {
            let message =
                format!("{}: a chunk is larger than the limit of {MOST_CHUNK_BYTES} bytes", self.path);
            Error::new(ErrorKind::TooLarge, message)
        })
    }

    /// Bytes of one whole chunk, however many.
    pub(super) fn bytes_of_chunk(&self) -> u64 {
        let size = self.variable.data_type.size().unwrap_or(1) as u64;
        self.grid.chunk_elements().saturating_mul(size)
    }

    /// The fill value in the wanted order.
    pub(super) fn fill(&self) -> Vec<u8> {
        let mut fill = self.variable.storage.fill.clone();
        if self.order == ByteOrder::Big {
            codecs::swap(&mut fill, self.variable.data_type.swap_unit());
        }
        fill
    }

    /// Whether its chunks are encoded.
    pub(super) fn has_codecs(&self) -> bool {
        !self.variable.storage.codecs.is_empty()
    }
}
