//! Rows: the rows of a Sequence that pass its selections, on their way to the wire.
//!
//! Rows are read piece by piece; what does not pass is forgotten at once, so memory does not grow with the table.

use weir_dap::dap2::selection::{Cell, Filter};
use weir_dap::dap2::xdr::{self, Form};
use weir_dap::dap2::{self, Projected, Range, RowSource, record};
use weir_plugin_api::model::{DataType, Hyperslab, Pieces, Stride};
use weir_plugin_api::{Dataset, Error};

use super::array::Array;
use super::records::Records;
use super::{damaged, length};

/// The rows of a Sequence.
#[derive(Clone, Debug)]
pub struct Rows {
    source: Source,
    /// Parts of the table that follow each other, each small enough to be held in memory; nothing where no row is sent.
    pieces: Option<Pieces>,
    filter: Filter,
    /// Which of the rows that pass are sent; nothing where it is known before which those are.
    range: Option<Range>,
}

#[derive(Clone, Debug)]
enum Source {
    Records(Box<Records>),
    Columns(Vec<Column>),
}

/// One array as a column.
#[derive(Clone, Debug)]
struct Column {
    array: Array,
    /// The type of what is read.
    stored: DataType,
}

/// How far rows were read.
#[derive(Debug)]
pub struct Cursor {
    pieces: Option<Pieces>,
    /// How many rows passed.
    passed: u64,
    is_over: bool,
}

/// What one column has in the rows of a piece.
enum Cells {
    /// Little-endian numbers of so many bytes.
    Numbers(usize, Vec<u8>),
    Texts(Vec<Vec<u8>>),
}

impl Rows {
    /// What `rows` contributes.
    pub fn of(rows: &dap2::Rows<'_>) -> Result<Self, Error> {
        // Without a selection, which rows are sent is known, and only those are read.
        let before = rows.range.filter(|_| rows.filter.is_empty());
        let mut is_empty = false;
        let source = match &rows.source {
            RowSource::Records(record) => {
                let records = Records::of(record)?;
                let slab = match before {
                    Some(range) => cut(range, &record.entry.variable.shape)?,
                    None => Some(record.slab.clone()),
                };
                is_empty = slab.is_none();
                Source::Records(Box::new(match slab {
                    Some(slab) => records.with(slab),
                    None => records,
                }))
            }
            RowSource::Columns(columns) => {
                Source::Columns(columns.iter().map(Column::of).collect::<Result<_, _>>()?)
            }
        };
        let range = rows.range.filter(|_| !rows.filter.is_empty());
        let pieces = if is_empty { None } else { Some(source.pieces()?) };
        Ok(Self { source, pieces, filter: rows.filter.clone(), range })
    }

    /// Proves that every row can be read.
    pub fn verify(&self, dataset: &Dataset) -> Result<(), Error> {
        if self.pieces.is_none() {
            return Ok(());
        }
        match &self.source {
            Source::Records(records) => records.verify(dataset),
            Source::Columns(columns) => columns.iter().try_for_each(|column| column.array.verify(dataset)),
        }
    }

    /// Begins to read rows.
    pub fn cursor(&self) -> Cursor {
        Cursor { pieces: self.pieces.clone(), passed: 0, is_over: false }
    }

    /// The wire bytes of the next rows; `None` behind the mark at the end.
    pub fn next(&self, cursor: &mut Cursor, dataset: &Dataset) -> Result<Option<Vec<u8>>, Error> {
        if cursor.is_over {
            return Ok(None);
        }
        let enough = self.range.is_some_and(|range| cursor.passed > range.stop);
        let piece = if enough { None } else { cursor.pieces.as_mut().and_then(Iterator::next) };
        let Some(piece) = piece else {
            cursor.is_over = true;
            return Ok(Some(xdr::LAST_ROW.to_vec()));
        };
        let mut out = Vec::new();
        match &self.source {
            Source::Records(records) => self.records(records, &piece, (cursor, dataset), &mut out)?,
            Source::Columns(columns) => self.columns(columns, &piece, (cursor, dataset), &mut out)?,
        }
        Ok(Some(out))
    }

    fn records(
        &self,
        records: &Records,
        piece: &Hyperslab,
        (cursor, dataset): (&mut Cursor, &Dataset),
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let encoder = records.encoder();
        records.each(piece, dataset, |element| {
            let wrong = |error| damaged(records.path(), error);
            if !self.filter.is_empty() {
                let cells = encoder.cells(element).map_err(wrong)?;
                if !self.passes(|column| cells.get(column).copied(), cursor)? {
                    return Ok(());
                }
            }
            out.extend_from_slice(&xdr::ROW);
            encoder.encode(element, out).map_err(wrong)
        })
    }

    fn columns(
        &self,
        columns: &[Column],
        piece: &Hyperslab,
        (cursor, dataset): (&mut Cursor, &Dataset),
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let read = columns.iter().map(|column| column.read(piece, dataset));
        let cells = read.collect::<Result<Vec<Cells>, Error>>()?;
        for row in 0..length(piece.elements(), 1)? {
            let cell = |column: usize| columns.get(column)?.cell(cells.get(column)?, row);
            if self.filter.is_empty() || self.passes(cell, cursor)? {
                out.extend_from_slice(&xdr::ROW);
                for (column, cells) in columns.iter().zip(&cells) {
                    column.write(cells, row, out)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a row is sent; rows that pass are counted.
    fn passes<'c>(
        &self,
        cell: impl Fn(usize) -> Option<Cell<'c>>,
        cursor: &mut Cursor,
    ) -> Result<bool, Error> {
        let passes = self.filter.accepts(cell);
        if !passes.ok_or_else(|| Error::internal("a selection names a column that is not there"))? {
            return Ok(false);
        }
        let row = cursor.passed;
        cursor.passed = row.saturating_add(1);
        Ok(self.range.is_none_or(|range| range.contains(row)))
    }
}

/// The rows of `range` that are there; `None` where none is.
fn cut(range: Range, shape: &[u64]) -> Result<Option<Hyperslab>, Error> {
    let count = range.within(shape.first().copied().unwrap_or(0));
    if count == 0 {
        return Ok(None);
    }
    let stride = Stride { start: range.start, step: range.step, count };
    let slab = Hyperslab::within(shape, vec![stride]);
    slab.map(Some).map_err(|misfit| Error::internal(misfit.to_string()))
}

impl Source {
    fn pieces(&self) -> Result<Pieces, Error> {
        match self {
            Self::Records(records) => Ok(records.pieces()),
            Self::Columns(columns) => {
                let row =
                    columns.iter().map(|column| column.array.element_size()).fold(0, u64::saturating_add);
                let first = columns.first().ok_or_else(|| Error::internal("a table has no column"))?;
                Ok(first.array.pieces(row))
            }
        }
    }
}

impl Column {
    fn of(array: &Projected<'_>) -> Result<Self, Error> {
        let stored = array.entry.value_type();
        Ok(Self { array: Array::of(array, Form::Scalar)?, stored })
    }

    fn read(&self, piece: &Hyperslab, dataset: &Dataset) -> Result<Cells, Error> {
        if let Some((size, block)) = self.array.numbers(piece, dataset)? {
            return Ok(Cells::Numbers(size, block));
        }
        let mut texts = Vec::new();
        self.array.texts(piece, dataset, |text| {
            texts.push(text.to_vec());
            Ok(())
        })?;
        Ok(Cells::Texts(texts))
    }

    fn cell<'c>(&self, cells: &'c Cells, row: usize) -> Option<Cell<'c>> {
        match cells {
            Cells::Numbers(size, block) => {
                record::number(&self.stored, number(block, *size, row)?).map(Cell::Number)
            }
            Cells::Texts(texts) => texts.get(row).map(|text| Cell::Text(text)),
        }
    }

    fn write(&self, cells: &Cells, row: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        let missing = || Error::internal("a column has fewer rows than another one");
        let written = match cells {
            Cells::Numbers(size, block) => {
                let bytes = number(block, *size, row).ok_or_else(missing)?;
                xdr::write_scalar(&self.stored, bytes, out)
            }
            Cells::Texts(texts) => xdr::write_text(texts.get(row).ok_or_else(missing)?, out),
        };
        written.then_some(()).ok_or_else(|| self.array.long_text())
    }
}

/// The bytes of one number of a block.
fn number(block: &[u8], size: usize, row: usize) -> Option<&[u8]> {
    let begin = row.checked_mul(size)?;
    block.get(begin..begin.checked_add(size)?)
}
