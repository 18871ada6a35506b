//! Sections: what one variable contributes to a data response, and how it is read.

use weir_dap::dap2::dods::Part;
use weir_dap::dap2::xdr::{self, Form};
use weir_dap::dap2::{AtomicType, Projected};
use weir_plugin_api::model::{ByteOrder, ChunkGrid, DataType, Hyperslab, Pieces, Stride};
use weir_plugin_api::{Dataset, Error, blocks};

/// Bytes that a piece of a large response has, if chunks allow.
const PREFERRED: u64 = 8 << 20;
/// Bytes that a piece never exceeds, except where one text does.
const MOST: u64 = 64 << 20;
/// What one string of unknown length is taken for when pieces are cut.
const STRING: u64 = 256;

/// One variable of a response.
#[derive(Clone, Debug)]
pub struct Section {
    /// The counts in front of the elements.
    pub counts: Vec<u8>,
    /// Bytes behind the elements, all 0.
    pub padding: u64,
    path: String,
    /// The part along the axes that clients see.
    slab: Hyperslab,
    /// The part as it is read: with the axis that characters lie along.
    stored: Hyperslab,
    shape: Vec<u64>,
    grid: ChunkGrid,
    elements: Elements,
}

/// What a section's elements are.
#[derive(Clone, Copy, Debug)]
enum Elements {
    /// Numbers of `size` bytes each.
    Numbers { data_type: AtomicType, form: Form, size: u64 },
    /// Texts of `width` bytes each, padded with NUL.
    Padded { width: u64 },
    /// Texts of any length.
    Strings,
}

impl Section {
    /// What `variable`, laid out as `part`, contributes.
    pub fn of(variable: &Projected<'_>, part: Part) -> Result<Self, Error> {
        let entry = variable.entry;
        let elements = match (&entry.variable.data_type, entry.width, entry.data_type.size()) {
            (DataType::String, ..) => Elements::Strings,
            (_, Some(width), _) => Elements::Padded { width },
            (_, None, Some(size)) => Elements::Numbers { data_type: entry.data_type, form: part.form, size },
            _ => return Err(Error::internal(format!("{} has elements without a size", entry.path))),
        };
        // The grid along the axes that are cut: never the one that a text lies along.
        let shape = entry.shape();
        let chunks = entry.variable.storage.chunk_shape.iter().take(shape.len()).copied().collect();
        let grid = ChunkGrid::new(shape.clone(), chunks)
            .map_err(|error| Error::internal(format!("{}: {error}", entry.path)))?;
        Ok(Self {
            counts: part.counts,
            padding: part.padding,
            path: entry.path.clone(),
            slab: variable.slab.clone(),
            stored: variable.stored.clone(),
            shape: entry.variable.shape.clone(),
            grid,
            elements,
        })
    }

    /// Whether the size is known without reading.
    pub fn is_numeric(&self) -> bool {
        matches!(self.elements, Elements::Numbers { .. })
    }

    /// Proves that every element can be read.
    pub fn verify(&self, dataset: &Dataset) -> Result<(), Error> {
        if self.stored.elements() == 0 { Ok(()) } else { dataset.verify(&self.path, &self.stored) }
    }

    /// Parts of the section that follow each other, each small enough to be held in memory.
    pub fn pieces(&self) -> Pieces {
        let bytes = match self.elements {
            Elements::Numbers { size, .. } => size,
            Elements::Padded { width } => width.max(4),
            Elements::Strings => STRING,
        };
        let fitting = |limit: u64| limit.checked_div(bytes).unwrap_or(limit).max(1);
        Pieces::new(self.slab.clone(), &self.grid, fitting(PREFERRED), fitting(MOST))
    }

    /// The wire bytes of a piece, without counts and padding.
    pub fn read(&self, dataset: &Dataset, piece: &Hyperslab) -> Result<Vec<u8>, Error> {
        match self.elements {
            Elements::Numbers { data_type, form, size } => {
                let block = self.block(dataset, piece, size)?;
                Ok(xdr::numbers(data_type, form, block))
            }
            Elements::Padded { width } => self.padded(dataset, piece, width),
            Elements::Strings => {
                let strings = dataset.read_strings(&self.path, piece)?;
                self.encode(piece, strings.iter().map(Vec::as_slice))
            }
        }
    }

    /// Appends the wire bytes of the whole section: what is to be sent is read to where it is sent from.
    pub fn append(&self, dataset: &Dataset, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(&self.counts);
        match self.elements {
            Elements::Numbers { data_type, form, size }
                if xdr::number_size(data_type, form) == Some(size) && self.slab.elements() > 0 =>
            {
                let begin = out.len();
                let end = length(self.slab.elements(), size)?.checked_add(begin).ok_or_else(too_long)?;
                out.resize(end, 0);
                let room = out.get_mut(begin..).unwrap_or_default();
                dataset.read(&self.path, &self.stored, ByteOrder::Big, room)?;
            }
            _ => {
                for piece in self.pieces() {
                    out.extend_from_slice(&self.read(dataset, &piece)?);
                }
            }
        }
        out.extend(self.zeros());
        Ok(())
    }

    /// The bytes behind the elements.
    pub fn zeros(&self) -> Vec<u8> {
        (0..self.padding).map(|_| 0).collect()
    }

    /// Elements of `size` bytes, big-endian, as they are read.
    fn block(&self, dataset: &Dataset, slab: &Hyperslab, size: u64) -> Result<Vec<u8>, Error> {
        let mut block = blocks::take(length(slab.elements(), size)?);
        dataset.read(&self.path, slab, ByteOrder::Big, &mut block)?;
        Ok(block)
    }

    fn padded(&self, dataset: &Dataset, piece: &Hyperslab, width: u64) -> Result<Vec<u8>, Error> {
        if width == 0 {
            return self.encode(piece, std::iter::repeat_n(&b""[..], length(piece.elements(), 1)?));
        }
        let mut strides = piece.strides().to_vec();
        let of_text = self.shape.iter().skip(strides.len());
        // Characters have an axis for the text; fixed strings have none, and a whole text is one element.
        let size = if self.shape.len() > strides.len() || width == 1 { 1 } else { width };
        strides.extend(of_text.map(|&length| Stride::all(length)));
        let slab = Hyperslab::within(&self.shape, strides)
            .map_err(|misfit| Error::internal(format!("{}: {misfit}", self.path)))?;
        let block = self.block(dataset, &slab, size)?;
        self.encode(piece, block.chunks_exact(length(width, 1)?).map(xdr::unpadded))
    }

    fn encode<'t>(&self, piece: &Hyperslab, texts: impl Iterator<Item = &'t [u8]>) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        let mut written = 0_u64;
        for text in texts {
            if !xdr::write_text(text, &mut out) {
                return Err(Error::unsupported(format!("{} has a text of more than 4 GiB", self.path)));
            }
            written = written.saturating_add(1);
        }
        if written != piece.elements() {
            let expected = piece.elements();
            return Err(Error::internal(format!("{}: {written} texts came for {expected}", self.path)));
        }
        Ok(out)
    }
}

/// Bytes of `elements` elements of `size` bytes, if memory can hold them.
fn length(elements: u64, size: u64) -> Result<usize, Error> {
    let bytes = elements.checked_mul(size).ok_or_else(too_long)?;
    usize::try_from(bytes).map_err(|error| Error::too_large(error.to_string()))
}

fn too_long() -> Error {
    Error::too_large("the response has more bytes than memory can address; ask for a part")
}
