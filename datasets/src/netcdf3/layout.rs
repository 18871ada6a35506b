//! Where the elements of each variable lie in a classic file.
//!
//! Fixed variables lie in one run each. Variables along the record dimension are interleaved: one record holds one slot of
//! each, padded to 4 bytes, unless there is only one such variable, which is then not padded ("Note on padding" of the
//! specification).

use weir_model::ChunkGrid;

use super::external_type;
use super::header::{Header, HeaderVariable, Records};
use crate::{Error, run_chunk_shape};

/// Where the elements of one variable lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The grid of its chunks, each of which is one run of bytes, or one in each of some records.
    pub grid: ChunkGrid,
    /// The first byte.
    pub begin: u64,
    /// Bytes between two indices of each axis, slowest first.
    pub strides: Vec<u64>,
    /// Bytes of one element.
    pub element_size: u64,
    /// Bytes of the variable that follow each other in the file, where a chunk has several records: those of one record.
    pub record_bytes: Option<u64>,
    /// Whether something else stands between two records of the variable.
    pub is_interleaved: bool,
}

/// Records smaller than this share chunks: one chunk for each would cost clients a request for each.
const SMALL_RECORD: u64 = 4 << 10;

/// Bytes of a chunk of small records.
const RECORDS_BYTES: u64 = 64 << 10;

/// Where everything lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How many records there are.
    pub records: u64,
    /// One placement for each variable, in declaration order.
    pub placements: Vec<Placement>,
}

/// Consecutive bytes of the file that one variable, or all records, take.
struct Run<'a> {
    begin: u64,
    end: u64,
    owner: &'a str,
}

/// A variable whose shape is known but for the number of records.
struct Shaped<'a> {
    variable: &'a HeaderVariable,
    is_record: bool,
    /// Lengths without the record axis.
    shape: Vec<u64>,
    /// Bytes of all its elements, or of those in one record.
    bytes: u64,
    /// The same with the padding that comes before the next record's slot.
    slot: u64,
}

impl Layout {
    /// Computes where everything lies in a file of `file_length` bytes.
    ///
    /// # Errors
    /// `Corrupt` where the header contradicts itself, variables overlap, or the file ends before its last element. Padding
    /// behind the last element may be missing.
    pub fn of(header: &Header, file_length: u64) -> Result<Self, Error> {
        let mut shaped = header.variables.iter().map(|v| shape(v, header)).collect::<Result<Vec<_>, _>>()?;
        let mut record: Vec<usize> =
            (0..shaped.len()).filter(|&n| shaped.get(n).is_some_and(|v| v.is_record)).collect();
        if let ([only], shaped) = (record.as_slice(), &mut shaped)
            && let Some(variable) = shaped.get_mut(*only)
        {
            variable.slot = variable.bytes;
        }
        record.sort_by_key(|&n| shaped.get(n).map(|v| v.variable.begin));
        let slots: Vec<&Shaped<'_>> = record.iter().filter_map(|&n| shaped.get(n)).collect();
        let record_size = check_slots(&slots)?;
        let records = match header.records {
            Records::Counted(records) => records,
            Records::Streaming => records_in(file_length, &slots, record_size),
        };
        check_runs(header.length, file_length, runs(&shaped, &slots, records, record_size)?)?;
        let placements =
            shaped.iter().map(|v| placement(v, records, record_size)).collect::<Result<_, _>>()?;
        Ok(Self { records, placements })
    }
}

fn too_large(name: &str) -> Error {
    Error::corrupt(format!("the header is damaged: variable {name} has more bytes than 64 bits can count"))
}

fn shape<'a>(variable: &'a HeaderVariable, header: &Header) -> Result<Shaped<'a>, Error> {
    let name = &variable.name;
    let (mut shape, mut is_record) = (Vec::new(), false);
    for (axis, &number) in variable.dimensions.iter().enumerate() {
        let dimension = usize::try_from(number).ok().and_then(|number| header.dimensions.get(number));
        let dimension = dimension.ok_or_else(|| {
            let count = header.dimensions.len();
            Error::corrupt(format!(
                "the header is damaged: variable {name} has dimension {number} of {count}"
            ))
        })?;
        match (dimension.length, axis) {
            (0, 0) => is_record = true,
            (0, _) => {
                let message =
                    format!("the header is damaged: variable {name} has the record dimension on axis {axis}");
                return Err(Error::corrupt(message));
            }
            (length, _) => shape.push(length),
        }
    }
    let size = external_type::size(&variable.data_type);
    let bytes = shape.iter().try_fold(size, |bytes, &length| bytes.checked_mul(length));
    let bytes = bytes.ok_or_else(|| too_large(name))?;
    let slot = bytes.checked_next_multiple_of(4).ok_or_else(|| too_large(name))?;
    Ok(Shaped { variable, is_record, shape, bytes, slot })
}

/// Checks that slots, sorted by where they begin, follow each other without a gap, and returns the bytes of one record.
///
/// This is how every writer lays them out. If it is not so, the distance between two records is not known, and what would
/// be read is another variable's.
fn check_slots(slots: &[&Shaped<'_>]) -> Result<u64, Error> {
    let mut size = 0_u64;
    let first = slots.first().map_or(0, |slot| slot.variable.begin);
    for slot in slots {
        let (name, begin) = (&slot.variable.name, slot.variable.begin);
        let expected = first.checked_add(size).ok_or_else(|| too_large(name))?;
        if begin != expected {
            return Err(Error::corrupt(format!(
                "the header is damaged: record variable {name} begins at byte {begin}, but the one before ends at {expected}"
            )));
        }
        size = size.checked_add(slot.slot).ok_or_else(|| too_large(name))?;
    }
    Ok(size)
}

/// How many whole records a file of `file_length` bytes has room for; padding of the last may be missing.
fn records_in(file_length: u64, slots: &[&Shaped<'_>], record_size: u64) -> u64 {
    let Some(last) = slots.last() else { return 0 };
    let first_end = last.variable.begin.saturating_add(last.bytes);
    match file_length.checked_sub(first_end) {
        Some(behind) => behind.checked_div(record_size).unwrap_or(0).saturating_add(1),
        None => 0,
    }
}

/// The runs that hold elements: one for each fixed variable, one for all records.
fn runs<'a>(
    shaped: &'a [Shaped<'_>],
    slots: &[&'a Shaped<'_>],
    records: u64,
    record_size: u64,
) -> Result<Vec<Run<'a>>, Error> {
    let mut runs = Vec::new();
    for fixed in shaped.iter().filter(|v| !v.is_record) {
        let (owner, begin) = (fixed.variable.name.as_str(), fixed.variable.begin);
        runs.push(Run { begin, end: begin.checked_add(fixed.bytes).ok_or_else(|| too_large(owner))?, owner });
    }
    if let (Some(first), Some(last), Some(before)) = (slots.first(), slots.last(), records.checked_sub(1)) {
        let owner = last.variable.name.as_str();
        let of_last =
            before.checked_mul(record_size).and_then(|bytes| bytes.checked_add(last.variable.begin));
        let end = of_last.and_then(|at| at.checked_add(last.bytes)).ok_or_else(|| too_large(owner))?;
        runs.push(Run { begin: first.variable.begin, end, owner });
    }
    Ok(runs)
}

/// Checks that runs lie behind the header, apart from each other, and inside the file.
fn check_runs(header_length: u64, file_length: u64, mut runs: Vec<Run<'_>>) -> Result<(), Error> {
    runs.sort_by_key(|run| (run.begin, run.end));
    let (mut end, mut before) = (header_length, "the header");
    for run in &runs {
        if run.begin < end {
            let Run { begin, owner, .. } = run;
            return Err(Error::corrupt(format!(
                "the header is damaged: variable {owner} begins at byte {begin}, but {before} ends at {end}"
            )));
        }
        (end, before) = (run.end, run.owner);
    }
    if end > file_length {
        return Err(Error::corrupt(format!(
            "the file is truncated: its header needs {end} bytes, up to the end of variable {before}, but it has {file_length}"
        )));
    }
    Ok(())
}

fn placement(variable: &Shaped<'_>, records: u64, record_size: u64) -> Result<Placement, Error> {
    let element_size = external_type::size(&variable.variable.data_type);
    let size = usize::try_from(element_size).unwrap_or(1);
    let mut strides = Vec::new();
    let mut stride = element_size;
    for &length in variable.shape.iter().rev() {
        strides.push(stride);
        // No overflow: the product of all is the variable's bytes, which were counted.
        stride = stride.saturating_mul(length);
    }
    let mut shape = variable.shape.clone();
    let mut chunk_shape = run_chunk_shape(&shape, size);
    let (mut record_bytes, mut is_interleaved) = (None, false);
    if variable.is_record {
        strides.push(record_size);
        shape.insert(0, records);
        if record_size == variable.bytes {
            // Records of the only record variable follow each other without a gap, so they are cut as fixed ones are.
            chunk_shape = run_chunk_shape(&shape, size);
        } else {
            let together = variable.bytes > 0 && variable.bytes < SMALL_RECORD;
            let fitting = RECORDS_BYTES.checked_div(variable.bytes).unwrap_or(1);
            chunk_shape.insert(0, if together { fitting.clamp(1, records.max(1)) } else { 1 });
            record_bytes = together.then_some(variable.bytes);
            is_interleaved = true;
        }
    }
    strides.reverse();
    let grid = ChunkGrid::new(shape, chunk_shape);
    let grid = grid.map_err(|e| Error::corrupt(format!("variable {}: {e}", variable.variable.name)))?;
    let begin = variable.variable.begin;
    Ok(Placement { grid, begin, strides, element_size, record_bytes, is_interleaved })
}
