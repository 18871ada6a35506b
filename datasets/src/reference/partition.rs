//! Partitions of a reference set: parquet files with one row for each chunk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use weir_references::{Meaning, Reference, Row};

use super::page_headers::{PageLimits, check};
use super::{Found, refused};
use crate::{Error, ErrorKind};

/// Rows of a partition.
pub const MOST_ROWS: u64 = 1_000_000;

/// Bytes of one column of a partition, when they are decompressed.
const MOST_COLUMN_BYTES: u64 = 256 << 20;

/// Bytes of a row in memory, without its texts.
pub const ROW: u64 = (2 * size_of::<Option<ByteArray>>() + 2 * size_of::<i64>()) as u64;

/// How many values are decoded at once.
const BATCH: usize = 8192;

/// The rows of a partition.
#[derive(Debug, Default)]
pub struct Partition {
    paths: Vec<Option<ByteArray>>,
    offsets: Vec<i64>,
    sizes: Vec<i64>,
    raws: Vec<Option<ByteArray>>,
    rows: usize,
}

/// A column of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Path,
    Offset,
    Size,
    Raw,
}

impl Partition {
    /// Decodes a parquet file.
    ///
    /// # Errors
    /// `Corrupt` where it is damaged or no partition, `TooLarge` beyond the limits, `Unsupported` for a codec or encoding
    /// that is not built in.
    pub fn decode(file: &Bytes) -> Result<Self, Error> {
        // The decoder is not free of panics on damaged files.
        catch_unwind(AssertUnwindSafe(|| Self::read(file)))
            .unwrap_or_else(|_| Err(damaged("its decoder gave up")))
    }

    fn read(file: &Bytes) -> Result<Self, Error> {
        let reader = SerializedFileReader::new(file.clone()).map_err(|e| broken(&e))?;
        let mut partition = Self::default();
        for number in 0..reader.num_row_groups() {
            let group = reader.get_row_group(number).map_err(|e| broken(&e))?;
            let rows = u64::try_from(group.metadata().num_rows()).ok();
            let rows = rows.filter(|rows| rows.saturating_add(partition.rows as u64) <= MOST_ROWS);
            let rows = rows.and_then(|rows| usize::try_from(rows).ok()).ok_or_else(|| {
                let message = format!("a partition has more rows than the limit of {MOST_ROWS}");
                Error::new(ErrorKind::TooLarge, message)
            })?;
            for at in 0..group.num_columns() {
                let Some(column) = checked_column(group.metadata(), at, file)? else { continue };
                let reader = group.get_column_reader(at).map_err(|e| broken(&e))?;
                partition.read_column(column, reader, rows)?;
            }
            partition.rows = partition.rows.saturating_add(rows);
            partition.fill_up();
        }
        Ok(partition)
    }

    fn read_column(&mut self, column: Column, reader: ColumnReader, rows: usize) -> Result<(), Error> {
        match (column, reader) {
            (Column::Path, ColumnReader::ByteArrayColumnReader(mut reader)) => {
                read_values(&mut reader, rows, &mut self.paths)
            }
            (Column::Raw, ColumnReader::ByteArrayColumnReader(mut reader)) => {
                read_values(&mut reader, rows, &mut self.raws)
            }
            // A column without values may have a type of its own.
            (Column::Path | Column::Raw, ColumnReader::Int32ColumnReader(mut reader)) => {
                let mut nothing = Vec::new();
                read_values(&mut reader, rows, &mut nothing)?;
                match nothing.iter().all(Option::is_none) {
                    true => Ok(()),
                    false => Err(damaged("a column of it has values of another type")),
                }
            }
            (Column::Offset, reader) => read_numbers(reader, rows, &mut self.offsets),
            (Column::Size, reader) => read_numbers(reader, rows, &mut self.sizes),
            _ => Err(damaged("a column of it has values of another type")),
        }
    }

    /// Columns that a row group leaves out have nothing in it.
    fn fill_up(&mut self) {
        self.paths.resize(self.rows, None);
        self.raws.resize(self.rows, None);
        self.offsets.resize(self.rows, 0);
        self.sizes.resize(self.rows, 0);
    }

    /// How many bytes it takes, more or less.
    pub fn weight(&self) -> u64 {
        let bytes = self.raws.iter().flatten().map(|raw| raw.len() as u64).fold(0, u64::saturating_add);
        // Paths share their bytes: there are few of them, or they are of one page.
        bytes.saturating_add((self.rows as u64).saturating_mul(ROW))
    }

    /// What a row means; `None` where its key does not exist.
    ///
    /// # Errors
    /// `Corrupt` for a row that means nothing, and where the partition has no such row.
    pub fn find(&self, row: u64) -> Result<Option<Found>, Error> {
        let at = usize::try_from(row).ok().filter(|at| *at < self.rows);
        let at = at.ok_or_else(|| damaged(&format!("it has {} rows, and not row {row}", self.rows)))?;
        let path = self.paths.get(at).and_then(Option::as_ref).map(|path| std::str::from_utf8(path.data()));
        let row = Row {
            path: path.transpose().map_err(|e| damaged(&format!("a path of it is no text: {e}")))?,
            offset: self.offsets.get(at).copied().unwrap_or_default(),
            size: self.sizes.get(at).copied().unwrap_or_default(),
            raw: self.raws.get(at).and_then(Option::as_ref).map(ByteArray::data),
        };
        let meaning = row.meaning().map_err(refused)?;
        Ok(meaning.map(|meaning| match meaning {
            Meaning::Inline(bytes) => Found::Here(bytes.into_owned()),
            Meaning::Elsewhere(Reference::Inline(bytes)) => Found::Here(bytes.to_owned()),
            Meaning::Elsewhere(Reference::Whole { target }) => Found::Whole(Arc::from(target)),
            Meaning::Elsewhere(Reference::Part { target, offset, length }) => {
                Found::Part { target: Arc::from(target), offset, length }
            }
        }))
    }
}

/// Which of our columns this is, once its pages are known to keep the limits.
fn checked_column(group: &RowGroupMetaData, at: usize, file: &Bytes) -> Result<Option<Column>, Error> {
    let metadata = group.columns().get(at).ok_or_else(|| damaged("a column of it is missing"))?;
    let column = match metadata.column_path().parts() {
        [name] => match name.as_str() {
            "path" => Column::Path,
            "offset" => Column::Offset,
            "size" => Column::Size,
            "raw" => Column::Raw,
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    if metadata.column_descr().max_rep_level() > 0 || metadata.column_descr().max_def_level() > 1 {
        return Err(damaged("a column of it is nested"));
    }
    let start = metadata.dictionary_page_offset().unwrap_or_else(|| metadata.data_page_offset());
    let range = usize::try_from(start).ok().zip(usize::try_from(metadata.compressed_size()).ok());
    let pages = range.and_then(|(start, length)| file.get(start..start.checked_add(length)?));
    let pages = pages.ok_or_else(|| damaged("a column of it lies outside the file"))?;
    check(pages, PageLimits { bytes: MOST_COLUMN_BYTES, values: MOST_ROWS })?;
    Ok(Some(column))
}

fn read_numbers(reader: ColumnReader, rows: usize, into: &mut Vec<i64>) -> Result<(), Error> {
    // Nothing stands where a row is inline or absent.
    match reader {
        ColumnReader::Int64ColumnReader(mut reader) => {
            let mut numbers = Vec::new();
            read_values(&mut reader, rows, &mut numbers)?;
            into.extend(numbers.into_iter().map(Option::unwrap_or_default));
        }
        ColumnReader::Int32ColumnReader(mut reader) => {
            let mut numbers = Vec::new();
            read_values(&mut reader, rows, &mut numbers)?;
            into.extend(numbers.into_iter().map(|n| n.map_or(0, i64::from)));
        }
        _ => return Err(damaged("its offsets and sizes are no whole numbers")),
    }
    Ok(())
}

/// Reads all values of a column in a row group; `None` where there is none.
fn read_values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    into: &mut Vec<Option<T::T>>,
) -> Result<(), Error> {
    let end = into.len().saturating_add(rows);
    while into.len() < end {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let wanted = end.saturating_sub(into.len()).min(BATCH);
        let (read, _, _) =
            reader.read_records(wanted, Some(&mut levels), None, &mut values).map_err(|e| broken(&e))?;
        if read == 0 {
            return Err(damaged("a column of it ends too early"));
        }
        if levels.is_empty() {
            into.extend(values.into_iter().map(Some));
            continue;
        }
        let mut values = values.into_iter();
        for level in levels {
            let value = if level > 0 {
                Some(values.next().ok_or_else(|| damaged("a value of it is missing"))?)
            } else {
                None
            };
            into.push(value);
        }
    }
    match into.len() == end {
        true => Ok(()),
        false => Err(damaged("a column of it has too many values")),
    }
}

fn broken(error: &ParquetError) -> Error {
    match error {
        ParquetError::NYI(what) => Error::unsupported(format!("a partition uses {what}")),
        error => damaged(&error.to_string()),
    }
}

fn damaged(why: &str) -> Error {
    Error::corrupt(format!("a partition of the reference set is damaged: {why}"))
}
