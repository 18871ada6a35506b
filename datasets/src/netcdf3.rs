//! Classic netCDF files: CDF-1, CDF-2 (64-bit offset) and CDF-5 (64-bit data), by a reader of our own.
//!
//! The header is parsed once, and where everything lies is computed from it ([`header`], [`layout`]). A file that is shorter
//! than its header says is refused when it is opened, so that no answer is ever made of bytes that are not there. Only
//! padding behind the last element may be missing, as writers are allowed to leave it out. The number of records of a file
//! that was written as a stream follows from its length: such a file ends with its last whole record.

mod cursor;
mod external_type;
pub mod header;
pub mod layout;

use std::collections::HashMap;
use std::sync::Arc;

use weir_model::{ByteOrder, Dimension, Group, Hyperslab, Schema, Storage, Variable};

use self::header::{Fault, Header, HeaderVariable};
use self::layout::{Layout, Placement};
use crate::index::Records;
use crate::runs::{self, RunRequest, Runs};
use crate::{ChunkKey, ChunkSource, DataFile, Encoded, Error, ErrorKind, Stored, StringRoom, source};

/// How much of a file is read first; most headers fit.
const FIRST_BYTES: u64 = 64 << 10;

/// A header of more bytes is refused; real ones have some hundred KiB at most.
const MOST_HEADER_BYTES: u64 = 16 << 20;

/// Opens a classic netCDF file.
///
/// # Errors
/// `Corrupt` where the header is damaged or the file is shorter than it says, `TooLarge` for a header beyond any real one,
/// `Unsupported` for names that no path can spell, `Unavailable` where the disk fails.
pub fn open(file: impl Into<Arc<DataFile>>) -> Result<Box<dyn ChunkSource>, Error> {
    let file = file.into();
    let header = header(&file)?;
    let layout = Layout::of(&header, file.len())?;
    let names = header.variables.iter().map(|variable| variable.name.clone());
    let placements = names.zip(layout.placements.iter().cloned()).collect();
    let schema = schema(header, &layout);
    file.check_undisturbed()?;
    Ok(Box::new(Classic { generation: file.generation().to_string(), file, schema, placements }))
}

/// What the index keeps of a classic file: its header, as it stands in the file.
const RECORD: &str = "netcdf3";

/// The header, as it was kept, or else as the file has it.
fn header(file: &DataFile) -> Result<Header, Error> {
    match file.recall(RECORD, &[], |bytes| Header::parse(bytes).ok()) {
        Some(header) => Ok(header),
        None => read_header(file),
    }
}

/// Reads as much of the file as its header takes.
fn read_header(file: &DataFile) -> Result<Header, Error> {
    let mut length = FIRST_BYTES;
    loop {
        let bytes = file.read_at(0, length.min(file.len()))?;
        match Header::parse(&bytes) {
            Ok(header) => {
                let length = usize::try_from(header.length).unwrap_or(usize::MAX);
                file.remember(RECORD, &[], || bytes.get(..length).unwrap_or(&bytes).to_vec());
                return Ok(header);
            }
            Err(Fault::Bad(error)) => return Err(error),
            Err(Fault::Short) if length >= file.len() => {
                let has = file.len();
                return Err(Error::corrupt(format!(
                    "the file is truncated: it has {has} bytes, but its header has more"
                )));
            }
            Err(Fault::Short) if length >= MOST_HEADER_BYTES => {
                let message =
                    format!("the header has more than {MOST_HEADER_BYTES} bytes, which is the limit");
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            Err(Fault::Short) => length = length.saturating_mul(4),
        }
    }
}

fn schema(header: Header, layout: &Layout) -> Schema {
    let paths: Vec<String> =
        header.dimensions.iter().map(|dimension| format!("/{}", dimension.name)).collect();
    let dimensions = header.dimensions.into_iter().map(|dimension| match dimension.length {
        0 => Dimension { name: dimension.name, length: layout.records, unlimited: true },
        length => Dimension { name: dimension.name, length, unlimited: false },
    });
    let variables = header.variables.into_iter().zip(&layout.placements);
    let root = Group {
        dimensions: dimensions.collect(),
        attributes: header.attributes,
        variables: variables.map(|(variable, placement)| describe(variable, placement, &paths)).collect(),
        ..Group::default()
    };
    Schema { root }
}

fn describe(variable: HeaderVariable, placement: &Placement, paths: &[String]) -> Variable {
    let HeaderVariable { name, dimensions, attributes, data_type, fill, .. } = variable;
    let path = |number: u64| usize::try_from(number).ok().and_then(|number| paths.get(number)).cloned();
    Variable {
        name,
        data_type,
        dimensions: dimensions.into_iter().filter_map(path).collect(),
        shape: placement.grid.shape().to_vec(),
        attributes,
        storage: Storage {
            chunk_shape: placement.grid.chunk_shape().to_vec(),
            codecs: vec![],
            byte_order: ByteOrder::Big,
            fill,
        },
    }
}

/// An open classic file.
struct Classic {
    file: Arc<DataFile>,
    generation: String,
    schema: Schema,
    placements: HashMap<String, Placement>,
}

/// The bytes of a chunk inside the file: one run, or runs of equal length at equal distances.
struct Run {
    offset: u64,
    length: u64,
    /// Bytes that follow each other, and bytes from one run to the next.
    interleaved: Option<(u64, u64)>,
}

impl Run {
    /// Reads `out.len()` bytes from byte `from` of the chunk on; the caller has checked that they are inside.
    fn read(&self, file: &DataFile, from: u64, out: &mut [u8]) -> Result<(), Error> {
        let Some((bytes, distance)) = self.interleaved else {
            return file.read_exact_at(self.offset.saturating_add(from), out);
        };
        let mut pieces = pieces(self.offset, (bytes, distance), (from, out.len() as u64));
        let mut rest = out;
        while !rest.is_empty() {
            let ranges: Vec<(u64, u64)> = pieces.by_ref().take(MOST_PIECES).collect();
            if ranges.is_empty() {
                return Err(Error::corrupt("a record variable has records without bytes"));
            }
            rest = if file.is_remote() {
                read_together(file, &ranges, rest)
            } else {
                read_each(file, &ranges, rest)
            }?;
        }
        Ok(())
    }

    /// The first byte behind the last run.
    fn end(&self) -> u64 {
        let (bytes, distance) = self.interleaved.unwrap_or((self.length, 0));
        let last = self.length.div_ceil(bytes.max(1)).saturating_sub(1);
        self.offset.saturating_add(last.saturating_mul(distance)).saturating_add(bytes)
    }
}

/// So many pieces of an interleaved run are planned at once.
const MOST_PIECES: usize = 4096;

/// Where the bytes of an interleaved run lie: `length` of them from byte `from` on, in pieces of at most `bytes` bytes that
/// begin `distance` bytes after each other.
fn pieces(
    offset: u64,
    (bytes, distance): (u64, u64),
    (from, length): (u64, u64),
) -> impl Iterator<Item = (u64, u64)> {
    let (mut from, mut left) = (from, length);
    std::iter::from_fn(move || {
        let (number, inside) = (from.checked_div(bytes).unwrap_or(0), from.checked_rem(bytes).unwrap_or(0));
        let here = bytes.saturating_sub(inside).min(left);
        let at = number.checked_mul(distance).and_then(|at| at.checked_add(offset)?.checked_add(inside));
        (from, left) = (from.saturating_add(here), left.saturating_sub(here));
        (here > 0).then_some((at.unwrap_or(u64::MAX), here))
    })
}

/// Reads ranges one after another into `out`, and hands back what is left of it.
fn read_each<'o>(file: &DataFile, ranges: &[(u64, u64)], out: &'o mut [u8]) -> Result<&'o mut [u8], Error> {
    ranges.iter().try_fold(out, |out, &(offset, length)| {
        let (here, behind) = split(out, length)?;
        file.read_exact_at(offset, here)?;
        Ok(behind)
    })
}

/// As [`read_each`], with all requests under way at once.
fn read_together<'o>(
    file: &DataFile,
    ranges: &[(u64, u64)],
    out: &'o mut [u8],
) -> Result<&'o mut [u8], Error> {
    let parts = file.read_many(ranges)?;
    parts.iter().try_fold(out, |out, part| {
        let (here, behind) = split(out, part.len() as u64)?;
        here.copy_from_slice(part);
        Ok(behind)
    })
}

fn split(out: &mut [u8], length: u64) -> Result<(&mut [u8], &mut [u8]), Error> {
    let at = usize::try_from(length).unwrap_or(usize::MAX);
    out.split_at_mut_checked(at).ok_or_else(|| Error::corrupt("a record is longer than its chunk"))
}

impl Placement {
    /// The run of a chunk, cut at the variable's edges; `None` where there is no such chunk.
    fn run(&self, index: &[u64]) -> Option<Run> {
        if index.len() != self.strides.len() {
            return None;
        }
        let distance = self.strides.first().copied().unwrap_or(0);
        let interleaved = self.record_bytes.map(|bytes| (bytes, distance));
        let mut run = Run { offset: self.begin, length: self.element_size, interleaved };
        let lengths = self.grid.shape().iter().zip(self.grid.chunk_shape());
        for ((&index, &stride), (&length, &of_chunk)) in index.iter().zip(&self.strides).zip(lengths) {
            let first = index.checked_mul(of_chunk).filter(|&first| first < length)?;
            run.offset = run.offset.checked_add(first.checked_mul(stride)?)?;
            run.length = run.length.checked_mul(of_chunk.min(length.checked_sub(first)?))?;
        }
        Some(run)
    }
}

impl Placement {
    /// The largest box of elements that follow each other in the file.
    fn largest_run(&self) -> Vec<u64> {
        let mut shape = self.grid.shape().to_vec();
        if self.is_interleaved {
            shape.iter_mut().take(1).for_each(|records| *records = 1);
        }
        shape
    }

    /// Where the elements of a box begin, and how many bytes they have.
    fn range(&self, extent: &Hyperslab) -> Option<(u64, u64)> {
        let mut axes = extent.strides().iter().zip(&self.strides);
        let offset =
            axes.try_fold(self.begin, |at, (axis, &stride)| at.checked_add(axis.start.checked_mul(stride)?))?;
        Some((offset, extent.elements().checked_mul(self.element_size)?))
    }
}

impl Classic {
    fn placement(&self, variable: &str) -> Result<&Placement, Error> {
        let placement = self.placements.get(variable.trim_start_matches('/'));
        placement.ok_or_else(|| Error::not_found(format!("the dataset has no variable {variable}")))
    }

    fn run(&self, chunk: ChunkKey<'_>) -> Result<Run, Error> {
        let placement = self.placement(chunk.variable)?;
        placement.run(chunk.index).ok_or_else(|| {
            let (ChunkKey { variable, index }, counts) = (chunk, placement.grid.counts());
            Error::not_found(format!("{variable} has no chunk {index:?}; it has {counts:?} chunks"))
        })
    }
}

impl ChunkSource for Classic {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        self.generation.clone()
    }

    fn is_far(&self) -> bool {
        self.file.is_remote()
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        self.file.check_unchanged()
    }

    fn records(&self) -> Option<&Records> {
        self.file.records()
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        let run = self.run(chunk)?;
        if run.interleaved.is_some() {
            return Ok(Stored::Scattered);
        }
        let (file, offset, length) = (Arc::clone(&self.file), run.offset, run.length);
        Ok(Stored::Run(source::Run { file, offset, length, skipped_codecs: 0 }))
    }

    fn fetch(&self, chunk: ChunkKey<'_>) -> Result<Option<Encoded>, Error> {
        let run = self.run(chunk)?;
        self.file.check_range(run.offset, run.end().saturating_sub(run.offset))?;
        let length = usize::try_from(run.length);
        let mut bytes = vec![0; length.map_err(|e| Error::new(ErrorKind::TooLarge, e.to_string()))?];
        run.read(&self.file, 0, &mut bytes)?;
        Ok(Some(Encoded { bytes, skipped_codecs: 0 }))
    }

    fn fetch_part(&self, chunk: ChunkKey<'_>, offset: u64, out: &mut [u8]) -> Result<bool, Error> {
        let run = self.run(chunk)?;
        // A chunk's neighbours are other elements: reading on behind it would give wrong ones, not an error.
        let asked = out.len() as u64;
        if offset.checked_add(asked).is_none_or(|end| end > run.length) {
            let (ChunkKey { variable, index }, length) = (chunk, run.length);
            let message = format!(
                "{variable} chunk {index:?} has {length} bytes; {asked} were asked for at byte {offset}"
            );
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        run.read(&self.file, offset, out)?;
        Ok(true)
    }

    fn check_extent(&self, chunk: ChunkKey<'_>) -> Result<bool, Error> {
        let run = self.run(chunk)?;
        self.file.check_range(run.offset, run.end().saturating_sub(run.offset))?;
        Ok(true)
    }

    fn runs(&self, variable: &str) -> Result<Runs, Error> {
        let largest = self.placement(variable)?.largest_run();
        Ok(Runs::divisible(runs::variable(&self.schema, variable)?, &largest))
    }

    fn locate_run(&self, request: RunRequest<'_>) -> Result<Stored, Error> {
        let RunRequest { variable, extent, .. } = request;
        let placement = self.placement(variable)?;
        runs::check_consecutive(variable, extent, &placement.largest_run())?;
        let range = placement.range(extent);
        let (offset, length) = range.ok_or_else(|| Error::corrupt(format!("{variable} is too large")))?;
        Ok(Stored::Run(source::Run { file: Arc::clone(&self.file), offset, length, skipped_codecs: 0 }))
    }

    fn file(&self) -> Option<Arc<DataFile>> {
        Some(Arc::clone(&self.file))
    }

    fn read_strings(&self, variable: &str, _: &Hyperslab, _: &mut StringRoom) -> Result<Vec<Vec<u8>>, Error> {
        self.placement(variable)?;
        Err(Error::new(
            ErrorKind::BadRequest,
            format!("{variable} holds no strings; classic files have none"),
        ))
    }
}
