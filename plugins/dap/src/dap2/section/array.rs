//! Arrays: numbers and texts on their way to the wire.

use std::collections::VecDeque;

use weir_dap::dap2::xdr::{self, Form};
use weir_dap::dap2::{AtomicType, Behind, Projected, Scale, Values, record};
use weir_plugin_api::blocks::{self, Filling};
use weir_plugin_api::model::{ByteOrder, ChunkGrid, DataType, Hyperslab, Pieces, Stride};
use weir_plugin_api::{Dataset, Error};

use super::{MOST, STRING, length, pieces};

/// The part of an array that is sent.
#[derive(Clone, Debug)]
pub struct Array {
    path: String,
    /// The part along the axes that clients see.
    slab: Hyperslab,
    /// The part as it is read: with the axis that characters lie along.
    stored: Hyperslab,
    behind: Option<Behind>,
    shape: Vec<u64>,
    grid: ChunkGrid,
    form: Form,
    elements: Elements,
}

/// What the elements are.
#[derive(Clone, Debug)]
enum Elements {
    /// Numbers that the dataset has as `stored`, of `size` bytes each.
    Numbers { stored: DataType, data_type: AtomicType, size: u64 },
    /// Numbers that are sent as others.
    Scaled { data_type: DataType, size: u64, scale: Scale },
    /// Texts of `width` bytes each, padded with NUL.
    Padded { width: u64 },
    /// Texts of any length.
    Strings,
}

/// How far an array was read.
#[derive(Debug)]
pub struct Cursor {
    /// Along the axes in front of the one that wraps around; all axes, where none does.
    outer: Pieces,
    /// Pieces on both ends of the axis that wraps around, where they are too large to be joined in memory.
    ends: VecDeque<Pieces>,
}

/// The wire bytes of values that need not be read.
pub fn given(array: &Projected<'_>, form: Form) -> Result<Option<Vec<u8>>, Error> {
    let Values::Given(values) = &array.values else { return Ok(None) };
    let mut bytes = Vec::new();
    for value in values {
        if !xdr::write_value(array.data_type(), form, *value, &mut bytes) {
            let name = &array.entry.name;
            return Err(Error::internal(format!("{name}: {value} is no {}", array.data_type().keyword())));
        }
    }
    Ok(Some(bytes))
}

impl Array {
    /// What `array` contributes.
    pub fn of(array: &Projected<'_>, form: Form) -> Result<Self, Error> {
        let entry = array.entry;
        let without = || Error::internal(format!("{} has elements without a size", entry.path));
        let data_type = entry.atomic().ok_or_else(without)?;
        let stored = entry.is_numeric().then(|| entry.value_type());
        let size = stored.as_ref().and_then(DataType::size).and_then(|size| u64::try_from(size).ok());
        let elements = match (&entry.variable.data_type, entry.width, stored.zip(size), &array.values) {
            (DataType::String, ..) => Elements::Strings,
            (_, Some(width), ..) => Elements::Padded { width },
            (_, None, Some((data_type, size)), Values::Scaled(scale)) => {
                Elements::Scaled { data_type, size, scale: scale.clone() }
            }
            (_, None, Some((stored, size)), _) => Elements::Numbers { stored, data_type, size },
            _ => return Err(without()),
        };
        Ok(Self {
            path: entry.path.clone(),
            slab: array.slab.clone(),
            stored: array.stored.clone(),
            behind: array.behind.clone(),
            shape: entry.variable.shape.clone(),
            // Never the axis that a text lies along.
            grid: super::grid(entry, entry.shape())?,
            form,
            elements,
        })
    }

    /// Proves that every element can be read.
    pub fn verify(&self, dataset: &Dataset) -> Result<(), Error> {
        let behind = self.behind.iter().map(|behind| &behind.slab);
        for slab in std::iter::once(&self.stored).chain(behind).filter(|slab| slab.elements() > 0) {
            dataset.verify(&self.path, slab)?;
        }
        Ok(())
    }

    /// Bytes that an element takes while it is read, and as it is sent.
    pub fn element_size(&self) -> u64 {
        match self.elements {
            Elements::Numbers { data_type, size, .. } => {
                xdr::number_size(data_type, self.form).unwrap_or(0).max(size)
            }
            Elements::Scaled { .. } => 8,
            Elements::Padded { width } => width.max(4),
            Elements::Strings => STRING,
        }
    }

    /// Pieces of the part that is sent, where it does not wrap around, for elements that take so many bytes.
    pub fn pieces(&self, element: u64) -> Pieces {
        pieces(&self.slab, &self.grid, element)
    }

    /// Begins to read the elements.
    pub fn cursor(&self) -> Cursor {
        let outer = self.behind.as_ref().and_then(|behind| self.in_front(behind));
        Cursor { outer: outer.unwrap_or_else(|| self.pieces(self.element_size())), ends: VecDeque::new() }
    }

    /// Pieces along the axes in front of the one that wraps around.
    fn in_front(&self, behind: &Behind) -> Option<Pieces> {
        let shape: Vec<u64> = self.grid.shape().iter().take(behind.axis).copied().collect();
        let chunks = self.grid.chunk_shape().iter().take(behind.axis).copied().collect();
        let strides = self.slab.strides().iter().take(behind.axis).copied().collect();
        let slab = Hyperslab::within(&shape, strides).ok()?;
        let grid = ChunkGrid::new(shape, chunks).ok()?;
        Some(pieces(
            &slab,
            &grid,
            self.row(&self.slab, behind)?.saturating_add(self.row(&behind.slab, behind)?),
        ))
    }

    /// Bytes of what lies behind one index of the axes in front of the one that wraps around.
    fn row(&self, slab: &Hyperslab, behind: &Behind) -> Option<u64> {
        let counts = slab.strides().iter().skip(behind.axis).map(|stride| stride.count);
        counts.into_iter().try_fold(self.element_size(), u64::checked_mul)
    }

    /// The wire bytes of the next piece; `None` at the end.
    pub fn next(&self, cursor: &mut Cursor, dataset: &Dataset) -> Result<Option<Vec<u8>>, Error> {
        let Some(behind) = &self.behind else {
            return cursor.outer.next().map(|piece| self.read(&piece, dataset)).transpose();
        };
        while let Some(pieces) = cursor.ends.front_mut() {
            match pieces.next() {
                Some(piece) => return self.read(&piece, dataset).map(Some),
                None => drop(cursor.ends.pop_front()),
            }
        }
        let Some(outer) = cursor.outer.next() else { return Ok(None) };
        let joined = |end: &Hyperslab| {
            let inner = end.strides().iter().skip(behind.axis);
            let strides = outer.strides().iter().chain(inner).copied().collect();
            Hyperslab::within(self.grid.shape(), strides).map_err(|misfit| self.wrong(&misfit.to_string()))
        };
        let (first, second) = (joined(&self.slab)?, joined(&behind.slab)?);
        let elements = first.elements().saturating_add(second.elements());
        if elements.saturating_mul(self.element_size()) > MOST {
            // One index of the axes in front, so that the ends follow each other as they are.
            cursor
                .ends
                .extend([first, second].iter().map(|end| pieces(end, &self.grid, self.element_size())));
            return self.next(cursor, dataset);
        }
        let rows = length(outer.elements(), 1)?;
        let block = interleaved(&self.raw(&first, dataset)?, &self.raw(&second, dataset)?, rows);
        self.encode(block).map(Some)
    }

    /// The wire bytes of a piece.
    fn read(&self, piece: &Hyperslab, dataset: &Dataset) -> Result<Vec<u8>, Error> {
        match self.elements {
            Elements::Numbers { .. } | Elements::Scaled { .. } => self.encode(self.raw(piece, dataset)?),
            Elements::Padded { .. } | Elements::Strings => {
                let mut out = Vec::new();
                self.texts(piece, dataset, |text| {
                    let written = xdr::write_text(text, &mut out);
                    written.then_some(()).ok_or_else(|| self.long_text())
                })?;
                Ok(out)
            }
        }
    }

    /// Numbers as the dataset gives them: big-endian where they are sent as they are.
    fn raw(&self, slab: &Hyperslab, dataset: &Dataset) -> Result<Vec<u8>, Error> {
        match self.elements {
            Elements::Numbers { size, .. } => self.block(slab, (size, ByteOrder::Big), dataset),
            Elements::Scaled { size, .. } => self.block(slab, (size, ByteOrder::Little), dataset),
            Elements::Padded { .. } | Elements::Strings => Err(self.wrong("texts are read as numbers")),
        }
    }

    fn encode(&self, block: Vec<u8>) -> Result<Vec<u8>, Error> {
        let (data_type, size, scale) = match &self.elements {
            Elements::Numbers { stored, data_type, .. } => {
                return Ok(xdr::numbers(stored, (*data_type, self.form), block));
            }
            Elements::Scaled { data_type, size, scale } => (data_type, length(*size, 1)?, scale),
            Elements::Padded { .. } | Elements::Strings => {
                return Err(self.wrong("texts are sent as numbers"));
            }
        };
        let mut out = Vec::with_capacity(block.len().checked_div(size).unwrap_or(0).saturating_mul(8));
        for element in block.chunks_exact(size.max(1)) {
            let number = record::number(data_type, element).ok_or_else(|| self.wrong("it is no number"))?;
            out.extend(scale.value(number).to_be_bytes());
        }
        Ok(out)
    }

    /// Numbers as scalars of the wire, one after the other, and their little-endian bytes.
    pub fn numbers(&self, piece: &Hyperslab, dataset: &Dataset) -> Result<Option<(usize, Vec<u8>)>, Error> {
        match self.elements {
            Elements::Numbers { size, .. } => {
                let block = self.block(piece, (size, ByteOrder::Little), dataset)?;
                Ok(Some((length(size, 1)?, block)))
            }
            _ => Ok(None),
        }
    }

    /// Appends the wire bytes of all elements, where they can be read to where they are sent from; else `false`.
    pub fn append(&self, dataset: &Dataset, out: &mut Filling) -> Result<bool, Error> {
        let Elements::Numbers { data_type, size, .. } = self.elements else { return Ok(false) };
        let as_they_are = xdr::number_size(data_type, self.form) == Some(size) && self.behind.is_none();
        if !as_they_are || self.slab.elements() == 0 {
            return Ok(false);
        }
        let room = out.room(length(self.slab.elements(), size)?)?;
        dataset.read(&self.path, &self.stored, ByteOrder::Big, room)?;
        Ok(true)
    }

    /// Elements of `size` bytes as they are read.
    fn block(
        &self,
        slab: &Hyperslab,
        (size, order): (u64, ByteOrder),
        dataset: &Dataset,
    ) -> Result<Vec<u8>, Error> {
        let mut block = blocks::take(length(slab.elements(), size)?);
        dataset.read(&self.path, slab, order, &mut block)?;
        Ok(block)
    }

    /// Gives each text of a piece to `take`, without the NULs that pad it.
    pub fn texts(
        &self,
        piece: &Hyperslab,
        dataset: &Dataset,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let expected = length(piece.elements(), 1)?;
        let came = match self.elements {
            Elements::Strings => {
                let texts = dataset.read_strings(&self.path, piece)?;
                texts.iter().try_for_each(|text| take(text))?;
                texts.len()
            }
            Elements::Padded { width: 0 } => {
                (0..expected).try_for_each(|_| take(b""))?;
                expected
            }
            Elements::Padded { width } => {
                let block = self.padded(piece, width, dataset)?;
                let texts = block.chunks_exact(length(width, 1)?);
                let came = texts.len();
                texts.map(xdr::unpadded).try_for_each(take)?;
                came
            }
            Elements::Numbers { .. } | Elements::Scaled { .. } => {
                return Err(self.wrong("numbers are read as texts"));
            }
        };
        if came == expected { Ok(()) } else { Err(self.wrong(&format!("{came} texts came for {expected}"))) }
    }

    /// Texts of `width` bytes, one behind the other.
    fn padded(&self, piece: &Hyperslab, width: u64, dataset: &Dataset) -> Result<Vec<u8>, Error> {
        let mut strides = piece.strides().to_vec();
        let of_text = self.shape.iter().skip(strides.len());
        // Characters have an axis for the text; fixed strings have none, and a whole text is one element.
        let size = if self.shape.len() > strides.len() || width == 1 { 1 } else { width };
        strides.extend(of_text.map(|&length| Stride::all(length)));
        let slab =
            Hyperslab::within(&self.shape, strides).map_err(|misfit| self.wrong(&misfit.to_string()))?;
        self.block(&slab, (size, ByteOrder::Big), dataset)
    }

    /// What is said of a text that has no length on the wire.
    pub fn long_text(&self) -> Error {
        Error::unsupported(format!("{} has a text of more than 4 GiB", self.path))
    }

    fn wrong(&self, why: &str) -> Error {
        Error::internal(format!("{}: {why}", self.path))
    }
}

/// Two blocks of so many rows each, row by row.
fn interleaved(first: &[u8], second: &[u8], rows: usize) -> Vec<u8> {
    let width = |block: &[u8]| block.len().checked_div(rows).unwrap_or(0).max(1);
    let mut joined = Vec::with_capacity(first.len().saturating_add(second.len()));
    for (a, b) in first.chunks(width(first)).zip(second.chunks(width(second))) {
        joined.extend_from_slice(a);
        joined.extend_from_slice(b);
    }
    joined
}
