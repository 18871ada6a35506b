//! Records: elements of compound variables on their way to the wire.

use weir_dap::dap2::Record;
use weir_dap::dap2::record::Encoder;
use weir_plugin_api::model::{ByteOrder, ChunkGrid, Hyperslab, Pieces};
use weir_plugin_api::{Dataset, Error, blocks};

use super::{STRING, damaged, length, pieces};

/// The part of a compound variable that is sent.
#[derive(Clone, Debug)]
pub struct Records {
    path: String,
    slab: Hyperslab,
    grid: ChunkGrid,
    encoder: Encoder,
}

impl Records {
    /// What `record` contributes.
    pub fn of(record: &Record<'_>) -> Result<Self, Error> {
        let entry = record.entry;
        let grid = super::grid(entry, entry.variable.shape.clone())?;
        let (path, slab) = (entry.path.clone(), record.slab.clone());
        Ok(Self { path, slab, grid, encoder: record.encoder() })
    }

    /// The same with another part.
    pub fn with(self, slab: Hyperslab) -> Self {
        Self { slab, ..self }
    }

    /// Where the dataset has the variable.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What makes wire bytes of the elements.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Proves that every element can be read.
    pub fn verify(&self, dataset: &Dataset) -> Result<(), Error> {
        if self.slab.elements() == 0 { Ok(()) } else { dataset.verify(&self.path, &self.slab) }
    }

    /// Parts that follow each other, each small enough to be held in memory.
    pub fn pieces(&self) -> Pieces {
        let size = self.encoder.element_size().and_then(|size| u64::try_from(size).ok());
        // On the wire, bytes and 16-bit numbers take up to four times their size.
        pieces(&self.slab, &self.grid, size.map_or(STRING, |size| size.saturating_mul(4)))
    }

    /// The wire bytes of a piece.
    pub fn read(&self, piece: &Hyperslab, dataset: &Dataset) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        self.each(piece, dataset, |element| {
            self.encoder.encode(element, &mut out).map_err(|error| damaged(&self.path, error))
        })?;
        Ok(out)
    }

    /// Gives each element of a piece to `take`.
    pub fn each(
        &self,
        piece: &Hyperslab,
        dataset: &Dataset,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let expected = length(piece.elements(), 1)?;
        let came = match self.encoder.element_size() {
            Some(size) => {
                let bytes = expected.checked_mul(size).ok_or_else(super::too_long)?;
                let mut block = blocks::take(bytes);
                dataset.read(&self.path, piece, ByteOrder::Little, &mut block)?;
                let elements = block.chunks_exact(size.max(1));
                let came = elements.len();
                elements.into_iter().try_for_each(take)?;
                came
            }
            None => {
                let elements = dataset.read_strings(&self.path, piece)?;
                elements.iter().try_for_each(|element| take(element))?;
                elements.len()
            }
        };
        if came == expected {
            return Ok(());
        }
        Err(Error::internal(format!("{}: {came} elements came for {expected}", self.path)))
    }
}
