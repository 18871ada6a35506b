//! Sections: what one variable contributes to a data response, and how it is read.

use weir_dap::dap4::data::{self, BadElement};
use weir_dap::dap4::{Form, Projected, Size};
use weir_plugin_api::model::{ByteOrder, ChunkGrid, Hyperslab, Pieces};
use weir_plugin_api::{Dataset, Error, ErrorKind, blocks};

/// Bytes that a piece of a large response has, if chunks allow.
const PREFERRED: u64 = 4 << 20;
/// Bytes that a piece never exceeds, except where one element does.
const MOST: u64 = 64 << 20;
/// What one element of unknown size is taken for when pieces are cut.
const VARYING: u64 = 256;

/// One variable of a response.
#[derive(Clone, Debug)]
pub struct Section {
    path: String,
    form: Form,
    hyperslabs: Vec<Hyperslab>,
    grid: ChunkGrid,
    /// Its bytes, without the checksum.
    pub size: Size,
}

impl Section {
    /// What `variable` contributes.
    pub fn of(variable: &Projected<'_>) -> Result<Self, Error> {
        let entry = variable.entry;
        let chunks = entry.variable.storage.chunk_shape.clone();
        let grid = ChunkGrid::new(entry.variable.shape.clone(), chunks)
            .map_err(|error| Error::internal(format!("{}: {error}", entry.path)))?;
        Ok(Self {
            path: entry.path.clone(),
            form: variable.form.clone(),
            hyperslabs: variable.selection.hyperslabs().collect(),
            grid,
            size: variable.size(),
        })
    }

    /// Parts of the section that follow each other, each small enough to be held in memory.
    pub fn pieces(&self) -> impl Iterator<Item = Hyperslab> + Send + 'static {
        let stored = self.form.stored_size().and_then(|size| u64::try_from(size).ok());
        let bytes = stored.unwrap_or(VARYING).max(1);
        let fitting = |limit: u64| limit.checked_div(bytes).unwrap_or(limit).max(1);
        let (preferred, most, grid) = (fitting(PREFERRED), fitting(MOST), self.grid.clone());
        self.hyperslabs.clone().into_iter().flat_map(move |slab| Pieces::new(slab, &grid, preferred, most))
    }

    /// Bytes of a piece, where they are those that are stored.
    pub fn verbatim(&self, piece: &Hyperslab) -> Option<usize> {
        let size = self.form.stored_size().filter(|_| self.form.is_verbatim())?;
        usize::try_from(piece.elements()).ok()?.checked_mul(size)
    }

    /// Reads a piece whose bytes are those that are stored; `room` has exactly as many.
    pub fn read(&self, dataset: &Dataset, piece: &Hyperslab, room: &mut [u8]) -> Result<(), Error> {
        if room.is_empty() {
            return Ok(());
        }
        dataset.read(&self.path, piece, ByteOrder::Little, room)
    }

    /// Appends the wire bytes of a piece.
    pub fn append(&self, dataset: &Dataset, piece: &Hyperslab, out: &mut Vec<u8>) -> Result<(), Error> {
        if let Some(bytes) = self.verbatim(piece) {
            let begin = out.len();
            out.resize(begin.checked_add(bytes).ok_or_else(too_long)?, 0);
            return self.read(dataset, piece, out.get_mut(begin..).unwrap_or_default());
        }
        let damaged = |bad: BadElement| Error::new(ErrorKind::Corrupt, format!("{}: {bad}", self.path));
        let Some(size) = self.form.stored_size() else {
            let elements = dataset.read_strings(&self.path, piece)?;
            self.counted(elements.len(), piece)?;
            return elements.iter().try_for_each(|one| data::encode(&self.form, one, out)).map_err(damaged);
        };
        let count = usize::try_from(piece.elements()).ok().ok_or_else(too_long)?;
        let mut block = blocks::take(count.checked_mul(size).ok_or_else(too_long)?);
        self.read(dataset, piece, &mut block)?;
        if size == 0 {
            return (0..count).try_for_each(|_| data::encode(&self.form, &[], out)).map_err(damaged);
        }
        block.chunks_exact(size).try_for_each(|one| data::encode(&self.form, one, out)).map_err(damaged)?;
        // The block's memory is used again.
        drop(blocks::send(block));
        Ok(())
    }

    fn counted(&self, got: usize, piece: &Hyperslab) -> Result<(), Error> {
        let expected = piece.elements();
        if u64::try_from(got).ok() == Some(expected) {
            return Ok(());
        }
        Err(Error::internal(format!("{}: {got} elements came for {expected}", self.path)))
    }
}

fn too_long() -> Error {
    Error::too_large("the response has more bytes than memory can address; ask for a part")
}
