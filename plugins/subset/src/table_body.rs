//! Tables and coverages on their way: values are read, unpacked and written block by block.

use std::collections::VecDeque;
use std::sync::Arc;

use weir_cf::packing::Packing;
use weir_coverage::covjson::{self, Coverage};
use weir_coverage::csv::{self, Heads};
use weir_coverage::parquet::{TableError, TableWriter};
use weir_coverage::records::Records;
use weir_coverage::{Frame, columns, records};
use weir_model::{ByteOrder, Schema};
use weir_plugin_api::{Body, Bytes, Dataset, Error};
use weir_selection::Selection;

use crate::format::Format;
use crate::ncss_xml;

/// Rows that are read at once: about so many, and at most four times.
const ROWS: u64 = 1 << 14;

/// A part of the variables, with its coordinates.
pub(crate) struct Part {
    pub frame: Frame,
    pub selection: Selection,
}

/// A variable that is read.
pub(crate) struct Read {
    pub path: String,
    pub packing: Packing,
}

/// What is written next.
enum Job {
    /// A text that is known.
    Text(String),
    /// Rows of all variables: of a part, from a row on.
    Rows(usize, Selection, u64),
    /// Values of one variable, from an element on.
    Values(usize, Selection, u64),
    /// A piece of the coordinates.
    Labels(u64),
    /// The end of a file of Parquet.
    Footer,
}

/// A table or a coverage on its way.
pub(crate) struct TableBody {
    dataset: Dataset,
    reads: Vec<Read>,
    parts: Vec<Part>,
    schema: Arc<Schema>,
    format: Format,
    coverage: Option<Coverage>,
    records: Records,
    parquet: Option<TableWriter>,
    jobs: VecDeque<Job>,
}

impl TableBody {
    /// The body of these parts.
    ///
    /// # Errors
    /// Where the format cannot hold them.
    pub(crate) fn new(
        (dataset, reads): (Dataset, Vec<Read>),
        (parts, schema): (Vec<Part>, Arc<Schema>),
        (format, coverage): (Format, Option<Coverage>),
    ) -> Result<Self, Error> {
        let parquet = match (format, parts.first()) {
            (Format::Parquet, Some(part)) => {
                Some(TableWriter::new(&part.frame).map_err(|error| unwritten(&error))?)
            }
            _ => None,
        };
        let jobs = VecDeque::new();
        let mut body = Self {
            dataset,
            reads,
            parts,
            schema,
            format,
            coverage,
            records: Records::default(),
            parquet,
            jobs,
        };
        body.jobs = body.plan()?;
        Ok(body)
    }

    fn plan(&self) -> Result<VecDeque<Job>, Error> {
        let mut jobs = VecDeque::new();
        let head = |heads| self.parts.first().map(|part| csv::head(&part.frame, heads)).unwrap_or_default();
        match self.format {
            Format::Csv => jobs.push_back(Job::Text(head(Heads::Names))),
            Format::NcssCsv => jobs.push_back(Job::Text(head(Heads::Units))),
            Format::NcssXml => jobs.push_back(Job::Text(ncss_xml::BEGIN.to_owned())),
            Format::Records => jobs.push_back(Job::Text(records::BEGIN.to_owned())),
            Format::Columns | Format::Covjson => return self.plan_by_variable(),
            Format::Parquet | Format::Netcdf3 | Format::Netcdf4 => {}
        }
        for (number, part) in self.parts.iter().enumerate() {
            let mut first = 0;
            for block in self.blocks(part)? {
                let rows = block.elements()?;
                jobs.push_back(Job::Rows(number, block, first));
                first = first.saturating_add(rows);
            }
        }
        match self.format {
            Format::NcssXml => jobs.push_back(Job::Text(ncss_xml::END.to_owned())),
            Format::Records => jobs.push_back(Job::Text(records::END.to_owned())),
            Format::Parquet => jobs.push_back(Job::Footer),
            _ => {}
        }
        Ok(jobs)
    }

    fn plan_by_variable(&self) -> Result<VecDeque<Job>, Error> {
        let mut jobs = VecDeque::new();
        let Some(part) = self.parts.first() else { return Ok(jobs) };
        let described = |error: String| Error::bad_request(format!("this is no coverage: {error}"));
        match &self.coverage {
            Some(coverage) => jobs.push_back(Job::Text(coverage.begin().map_err(described)?)),
            None => {
                jobs.push_back(Job::Text(columns::BEGIN.to_owned()));
                jobs.extend((0..columns::pieces(&part.frame)).map(Job::Labels));
            }
        }
        for column in 0..self.reads.len() {
            let begin = match &self.coverage {
                Some(coverage) => coverage.begin_range(column).map_err(described)?,
                None => columns::begin_column(&part.frame, column),
            };
            jobs.push_back(Job::Text(begin));
            let mut first = 0;
            for block in self.blocks(part)? {
                let rows = block.elements()?;
                jobs.push_back(Job::Values(column, block, first));
                first = first.saturating_add(rows);
            }
            let end = if self.coverage.is_some() { covjson::END_OF_RANGE } else { columns::END_OF_COLUMN };
            jobs.push_back(Job::Text(end.to_owned()));
        }
        let end = if self.coverage.is_some() { covjson::END } else { columns::END };
        jobs.push_back(Job::Text(end.to_owned()));
        Ok(jobs)
    }

    fn blocks(&self, part: &Part) -> Result<Vec<Selection>, Error> {
        let path = self.reads.first().map_or("", |read| &read.path);
        let variable = self.schema.variable(path).ok_or_else(|| Error::internal("a variable is gone"))?;
        Ok(part.selection.blocks(variable, (ROWS, ROWS.saturating_mul(4))))
    }

    fn read(&self, read: &Read, block: &Selection) -> Result<Vec<f64>, Error> {
        let variable =
            self.schema.variable(&read.path).ok_or_else(|| Error::internal("a variable is gone"))?;
        let length = usize::try_from(block.elements()?).ok();
        let length = length.and_then(|elements| elements.checked_mul(variable.data_type.size()?));
        let mut bytes = vec![0; length.ok_or_else(|| Error::too_large("a block exceeds memory"))?];
        block.read(&self.dataset, (&read.path, variable), ByteOrder::NATIVE, &mut bytes)?;
        let mut values = Vec::new();
        read.packing.unpack(&bytes, &mut values).map_err(|error| Error::internal(error.to_string()))?;
        Ok(values)
    }

    fn rows(&mut self, number: usize, block: &Selection, first: u64) -> Result<Vec<u8>, Error> {
        let values: Result<Vec<Vec<f64>>, Error> =
            self.reads.iter().map(|read| self.read(read, block)).collect();
        let values = values?;
        let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let part = self.parts.get(number).ok_or_else(|| Error::internal("a part is gone"))?;
        Ok(match (&mut self.parquet, self.format) {
            (Some(table), _) => table.rows(&part.frame, first, &values).map_err(|error| unwritten(&error))?,
            (None, Format::Csv) => csv::rows(&part.frame, Heads::Names, first, &values).into_bytes(),
            (None, Format::NcssCsv) => csv::rows(&part.frame, Heads::Units, first, &values).into_bytes(),
            (None, Format::NcssXml) => ncss_xml::rows(&part.frame, first, &values).into_bytes(),
            (None, _) => self.records.rows(&part.frame, first, &values).into_bytes(),
        })
    }

    fn values(&self, column: usize, block: &Selection, first: u64) -> Result<Vec<u8>, Error> {
        let read = self.reads.get(column).ok_or_else(|| Error::internal("a variable is gone"))?;
        let part = self.parts.first().ok_or_else(|| Error::internal("a part is gone"))?;
        Ok(columns::values(&part.frame, column, first, &self.read(read, block)?).into_bytes())
    }
}

fn unwritten(error: &TableError) -> Error {
    Error::unsupported(error.to_string())
}

impl Body for TableBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(job) = self.jobs.pop_front() {
            let bytes = match job {
                Job::Text(text) => text.into_bytes(),
                Job::Rows(part, block, first) => self.rows(part, &block, first)?,
                Job::Values(column, block, first) => self.values(column, &block, first)?,
                Job::Labels(piece) => self
                    .parts
                    .first()
                    .map(|part| columns::piece(&part.frame, piece))
                    .unwrap_or_default()
                    .into_bytes(),
                Job::Footer => match self.parquet.take() {
                    Some(table) => table.finish().map_err(|error| unwritten(&error))?,
                    None => Vec::new(),
                },
            };
            if !bytes.is_empty() {
                return Ok(Some(bytes.into()));
            }
        }
        Ok(None)
    }
}
