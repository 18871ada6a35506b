//! Where everything of a file lies, and in which order it is written.

use crate::attributes::{Stored, stored};
use crate::header::{Described, Header};
use crate::{Classic, NetcdfError};

/// A classic format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// CDF-1: offsets of 32 bits.
    Cdf1,
    /// CDF-2: offsets of 64 bits.
    Cdf2,
    /// CDF-5: counts of 64 bits too, and unsigned and 64-bit integers.
    Cdf5,
}

impl Version {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Cdf1 => 1,
            Self::Cdf2 => 2,
            Self::Cdf5 => 5,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cdf1 => "CDF-1",
            Self::Cdf2 => "CDF-2",
            Self::Cdf5 => "CDF-5",
        }
    }

    /// The greatest length of a dimension, count of records, and padded size of a variable or of one of its records.
    fn limits(self) -> (u64, u64) {
        match self {
            Self::Cdf1 => (i32::MAX as u64, (1 << 31) - 4),
            Self::Cdf2 => (i32::MAX as u64, (1 << 32) - 4),
            Self::Cdf5 => (i64::MAX as u64, i64::MAX as u64),
        }
    }

    /// The greatest offset.
    fn farthest(self) -> u64 {
        if self == Self::Cdf1 { i32::MAX as u64 } else { i64::MAX as u64 }
    }
}

/// Where a variable lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Bytes of its elements: all of them, or those of one record.
    pub bytes: u64,
    /// The same, up to a multiple of four: what the header says.
    pub padded: u64,
    /// Whether it has records.
    pub recorded: bool,
    /// The offset of its first element.
    pub begin: u64,
}

/// A file as it will be: its header, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    version: Version,
    header: Vec<u8>,
    variables: Vec<Placed>,
    records: u64,
    record_bytes: u64,
    length: u64,
}

/// The bytes that come next: those of a variable without records, or of one record of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The place of the variable in [`Classic::variables`].
    pub variable: usize,
    /// The number of the record, from 0; `None` of a variable without records.
    pub record: Option<u64>,
    /// How many bytes of elements come: big-endian in a classic file, little-endian in a netCDF-4 one.
    pub bytes: u64,
    /// How many zeros follow them.
    pub padding: u64,
    /// Where in the file that is.
    pub offset: u64,
}

impl Plan {
    pub(crate) fn of(file: &Classic) -> Result<Self, NetcdfError> {
        let attributes: Vec<Stored> =
            file.attributes.iter().filter_map(|attribute| stored(attribute, None)).collect();
        let record = file.record_dimension();
        let records =
            record.and_then(|place| file.dimensions.get(place)).map_or(0, |dimension| dimension.length);
        let mut variables = Vec::new();
        for variable in &file.variables {
            let of = Some(variable.external);
            let kept: Vec<Stored> =
                variable.attributes.iter().filter_map(|attribute| stored(attribute, of)).collect();
            variables.push((kept, placed(file, variable, record)?));
        }
        let new = variables.iter().any(|(attributes, _)| is_new(attributes)) || is_new(&attributes);
        let new = new || file.variables.iter().any(|variable| variable.external.is_new());
        let least = if new { Version::Cdf5 } else { Version::Cdf1 };
        let described = Parts { file, attributes, variables, records };
        let versions =
            [Version::Cdf1, Version::Cdf2, Version::Cdf5].into_iter().filter(|version| *version >= least);
        for version in versions {
            if let Some(plan) = described.clone().within(version)? {
                return Ok(plan);
            }
        }
        Err(NetcdfError::TooLarge)
    }

    /// The format that was chosen.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The bytes before all data.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The exact length of the file.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How many records there are.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// What follows the header, in order: variables without records, then, record by record, those with.
    #[must_use]
    pub fn steps(&self) -> Steps<'_> {
        Steps { plan: self, record: None, next: 0 }
    }

    fn step(&self, variable: usize, record: Option<u64>) -> Option<Step> {
        let placed = self.variables.get(variable)?;
        if placed.recorded != record.is_some() {
            return None;
        }
        let turn = record.unwrap_or(0).checked_mul(self.record_bytes)?;
        // The records of one variable alone stand without padding.
        let alone = placed.recorded && self.record_bytes == placed.bytes;
        let padding = if alone { 0 } else { placed.padded.saturating_sub(placed.bytes) };
        let offset = placed.begin.checked_add(turn)?;
        Some(Step { variable, record, bytes: placed.bytes, padding, offset })
    }
}

fn is_new(attributes: &[Stored]) -> bool {
    attributes.iter().any(|attribute| attribute.external.is_new())
}

/// A variable's size; it is placed later.
fn placed(file: &Classic, variable: &crate::Variable, record: Option<usize>) -> Result<Placed, NetcdfError> {
    let recorded = record.is_some() && variable.dimensions.first().copied() == record;
    let lengths = variable.dimensions.iter().filter(|place| Some(**place) != record);
    let lengths: Option<Vec<u64>> =
        lengths.map(|place| file.dimensions.get(*place).map(|dimension| dimension.length)).collect();
    let lengths = lengths.ok_or(NetcdfError::TooLarge)?;
    // An empty axis makes nothing of the others, however long they are.
    let elements = if lengths.contains(&0) {
        Some(0)
    } else {
        lengths.iter().try_fold(1_u64, |product, length| product.checked_mul(*length))
    };
    let bytes = elements
        .and_then(|elements| elements.checked_mul(variable.external.size()))
        .ok_or(NetcdfError::TooLarge)?;
    let padded = bytes.checked_next_multiple_of(4).ok_or(NetcdfError::TooLarge)?;
    Ok(Placed { bytes, padded, recorded, begin: 0 })
}

/// What a file is made of, before it is placed.
#[derive(Clone)]
struct Parts<'a> {
    file: &'a Classic,
    attributes: Vec<Stored>,
    variables: Vec<(Vec<Stored>, Placed)>,
    records: u64,
}

impl Parts<'_> {
    /// The plan in a version, if that holds it.
    fn within(mut self, version: Version) -> Result<Option<Plan>, NetcdfError> {
        let (longest, largest) = version.limits();
        let lengths = self.file.dimensions.iter().map(|dimension| dimension.length);
        let counts = self.variables.iter().flat_map(|(attributes, _)| attributes).chain(&self.attributes);
        let counts = counts.map(|attribute| attribute.count);
        if lengths.chain(counts).any(|length| length > longest)
            || self.variables.iter().any(|(_, placed)| placed.padded > largest)
        {
            return Ok(None);
        }
        // Offsets have a fixed width, so the header is as long before they are known as after.
        let described = |parts: &Self| {
            Header::write(
                version,
                &Described {
                    file: parts.file,
                    attributes: &parts.attributes,
                    variables: &parts.variables,
                    records: parts.records,
                },
            )
        };
        let header = u64::try_from(described(&self)?.len()).ok().ok_or(NetcdfError::TooLarge)?;
        let (record_bytes, length) = self.place(header).ok_or(NetcdfError::TooLarge)?;
        let begins = self.variables.iter().map(|(_, placed)| placed.begin);
        if begins.max().unwrap_or(0) > version.farthest() || i64::try_from(length).is_err() {
            return Ok(None);
        }
        let header = described(&self)?;
        let variables = self.variables.into_iter().map(|(_, placed)| placed).collect();
        Ok(Some(Plan { version, header, variables, records: self.records, record_bytes, length }))
    }

    /// Gives each variable its offset; the bytes of a record, and of the file.
    fn place(&mut self, header: u64) -> Option<(u64, u64)> {
        let mut next = header;
        for (_, placed) in self.variables.iter_mut().filter(|(_, placed)| !placed.recorded) {
            placed.begin = next;
            next = next.checked_add(placed.padded)?;
        }
        let first = next;
        for (_, placed) in self.variables.iter_mut().filter(|(_, placed)| placed.recorded) {
            placed.begin = next;
            next = next.checked_add(placed.padded)?;
        }
        let mut recorded = self.variables.iter().filter(|(_, placed)| placed.recorded);
        let record_bytes = match (recorded.next(), recorded.next()) {
            (Some((_, only)), None) => only.bytes,
            _ => next.checked_sub(first)?,
        };
        Some((record_bytes, first.checked_add(record_bytes.checked_mul(self.records)?)?))
    }
}

/// The steps of a file, in order.
#[derive(Clone, Debug)]
pub struct Steps<'a> {
    plan: &'a Plan,
    record: Option<u64>,
    next: usize,
}

impl Iterator for Steps<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            while self.next < self.plan.variables.len() {
                let variable = self.next;
                self.next = variable.saturating_add(1);
                if let Some(step) = self.plan.step(variable, self.record) {
                    return Some(step);
                }
            }
            let record = self.record.map_or(0, |record| record.saturating_add(1));
            let has = self.plan.variables.iter().any(|placed| placed.recorded);
            if record >= self.plan.records || !has {
                return None;
            }
            (self.record, self.next) = (Some(record), 0);
        }
    }
}
