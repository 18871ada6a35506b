//! Reading data back: where each variable lies, as its DMR says, and whether its checksum is right.

use std::collections::HashMap;
use std::fmt;

use super::super::checksum::{Checksum, Checksums};
use super::super::document::{Axis, Dataset, Group, Kind, Variable};
use super::super::{AtomicType, names};

/// A variable in a data response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimited<'b> {
    /// Its fully qualified name.
    pub fqn: String,
    /// Its bytes, counts included, without the checksum.
    pub bytes: &'b [u8],
}

/// Why data is not what its DMR says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadData {
    /// It ends inside a variable.
    CutOff {
        /// Which.
        fqn: String,
    },
    /// A variable is of a dimension or an enumeration that is not declared.
    Undeclared {
        /// What is not.
        fqn: String,
    },
    /// A checksum is not that of its variable.
    Checksum {
        /// Of which variable.
        fqn: String,
    },
    /// Something follows the last variable.
    Behind {
        /// How many bytes.
        bytes: usize,
    },
}

impl fmt::Display for BadData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff { fqn } => write!(f, "the data ends inside {fqn}"),
            Self::Undeclared { fqn } => write!(f, "{fqn} is not declared"),
            Self::Checksum { fqn } => write!(f, "the checksum of {fqn} is wrong"),
            Self::Behind { bytes } => write!(f, "{bytes} bytes follow the last variable"),
        }
    }
}

impl std::error::Error for BadData {}

/// Finds every variable of `dataset` in the bytes of its data chunks, in order.
///
/// # Errors
/// [`BadData`] where the bytes are not exactly the data of `dataset`.
pub fn delimit<'b>(
    dataset: &Dataset,
    data: &'b [u8],
    checksums: Checksums,
) -> Result<Vec<Delimited<'b>>, BadData> {
    let mut declared = Declared::default();
    declared.note(&dataset.root, "");
    let mut reader = Reader { declared, rest: data, checksums, found: vec![] };
    reader.group(&dataset.root, "")?;
    if reader.rest.is_empty() { Ok(reader.found) } else { Err(BadData::Behind { bytes: reader.rest.len() }) }
}

/// Dimensions and enumerations by their fully qualified names.
#[derive(Default)]
struct Declared {
    sizes: HashMap<String, u64>,
    bases: HashMap<String, AtomicType>,
}

impl Declared {
    fn note(&mut self, group: &Group, fqn: &str) {
        for dimension in &group.dimensions {
            self.sizes.insert(names::qualified(fqn, &dimension.name), dimension.size);
        }
        for enumeration in &group.enumerations {
            self.bases.insert(names::qualified(fqn, &enumeration.name), enumeration.base);
        }
        for inner in &group.groups {
            self.note(inner, &names::qualified(fqn, &inner.name));
        }
    }
}

struct Reader<'b> {
    declared: Declared,
    rest: &'b [u8],
    checksums: Checksums,
    found: Vec<Delimited<'b>>,
}

impl<'b> Reader<'b> {
    fn group(&mut self, group: &Group, path: &str) -> Result<(), BadData> {
        for variable in &group.variables {
            let fqn = names::qualified(path, &variable.name);
            let before = self.rest;
            self.variable(variable, &fqn)?;
            let bytes = before.get(..before.len().saturating_sub(self.rest.len())).unwrap_or_default();
            if self.checksums == Checksums::Sent {
                let mut checksum = Checksum::default();
                checksum.update(bytes);
                if self.take(&fqn, Checksum::SIZE as u64)? != checksum.finish() {
                    return Err(BadData::Checksum { fqn });
                }
            }
            self.found.push(Delimited { fqn, bytes });
        }
        group.groups.iter().try_for_each(|inner| self.group(inner, &names::qualified(path, &inner.name)))
    }

    fn take(&mut self, fqn: &str, bytes: u64) -> Result<&'b [u8], BadData> {
        let split = usize::try_from(bytes).ok().and_then(|bytes| self.rest.split_at_checked(bytes));
        let (taken, rest) = split.ok_or_else(|| BadData::CutOff { fqn: fqn.to_owned() })?;
        self.rest = rest;
        Ok(taken)
    }

    fn count(&mut self, fqn: &str) -> Result<u64, BadData> {
        let bytes = self.take(fqn, 8)?;
        let cut_off = || BadData::CutOff { fqn: fqn.to_owned() };
        bytes.try_into().ok().map(u64::from_le_bytes).ok_or_else(cut_off)
    }

    fn variable(&mut self, variable: &Variable, fqn: &str) -> Result<(), BadData> {
        let mut elements = 1_u64;
        for axis in &variable.axes {
            let length = match axis {
                Axis::Anonymous(length) => *length,
                Axis::Shared(name) => {
                    let size = self.declared.sizes.get(name).copied();
                    size.ok_or_else(|| BadData::Undeclared { fqn: name.clone() })?
                }
            };
            let cut_off = || BadData::CutOff { fqn: fqn.to_owned() };
            elements = elements.checked_mul(length).ok_or_else(cut_off)?;
        }
        let size = match &variable.kind {
            Kind::Number(atomic) => atomic.size(),
            Kind::Enum { enumeration } => {
                let base = self.declared.bases.get(enumeration);
                base.ok_or_else(|| BadData::Undeclared { fqn: enumeration.clone() })?.size()
            }
            Kind::Structure { fields } if fields.is_empty() => return Ok(()),
            _ => return (0..elements).try_for_each(|_| self.element(&variable.kind, fqn)),
        };
        let bytes = u64::try_from(size).ok().and_then(|size| elements.checked_mul(size));
        self.take(fqn, bytes.unwrap_or(u64::MAX)).map(drop)
    }

    fn element(&mut self, kind: &Kind, fqn: &str) -> Result<(), BadData> {
        match kind {
            Kind::Structure { fields } => fields.iter().try_for_each(|field| self.variable(field, fqn)),
            Kind::Sequence { fields, .. } => {
                let rows = self.count(fqn)?;
                for _ in 0..rows {
                    let before = self.rest.len();
                    fields.iter().try_for_each(|field| self.variable(field, fqn))?;
                    // Rows without bytes can be as many as they like.
                    if self.rest.len() == before {
                        break;
                    }
                }
                Ok(())
            }
            _ => {
                let count = self.count(fqn)?;
                self.take(fqn, count).map(drop)
            }
        }
    }
}
