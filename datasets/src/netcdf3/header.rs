//! The header of a classic netCDF file: what its bytes say, before anything is made of it.
//!
//! The grammar is that of "The NetCDF Classic Format Specification" (NetCDF Users Guide, appendix B). Nothing is allocated
//! from a count: lists grow element by element, and each element takes bytes that are there.

use std::collections::HashSet;

use weir_model::{Attribute, DataType};

use super::cursor::Cursor;
use super::external_type;
use crate::Error;

/// The variants of the format: which numbers have 64 bits, and which types there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Classic: all numbers have 32 bits.
    Cdf1,
    /// 64-bit offset: places in the file have 64 bits.
    Cdf2,
    /// 64-bit data: all numbers have 64 bits, and there are unsigned and 64-bit types.
    Cdf5,
}

/// How many records a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// As many as the header says.
    Counted(u64),
    /// As many as the file has room for: it was written by one who could not go back to the header.
    Streaming,
}

/// A dimension, as the header has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderDimension {
    /// The name.
    pub name: String,
    /// The length; 0 marks the record dimension.
    pub length: u64,
}

/// A variable, as the header has it.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderVariable {
    /// The name.
    pub name: String,
    /// Numbers of its dimensions, slowest first; not yet known to exist.
    pub dimensions: Vec<u64>,
    /// The attributes, in declaration order.
    pub attributes: Vec<Attribute>,
    /// The type of one element.
    pub data_type: DataType,
    /// One element, little-endian, that stands where nothing was written.
    pub fill: Vec<u8>,
    /// Where its first byte lies in the file; not yet known to be inside.
    pub begin: u64,
}

/// A header. The sizes that it states of variables (`vsize`) are left out: writers get them wrong, and they follow from the
/// rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The variant of the format.
    pub version: Version,
    /// How many records there are.
    pub records: Records,
    /// The dimensions, in declaration order.
    pub dimensions: Vec<HeaderDimension>,
    /// The attributes of the dataset, in declaration order.
    pub attributes: Vec<Attribute>,
    /// The variables, in declaration order.
    pub variables: Vec<HeaderVariable>,
    /// Bytes of the header.
    pub length: u64,
}

/// Why bytes are not a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The header goes on behind the given bytes.
    Short,
    /// The bytes are no header, however many follow.
    Bad(Error),
}

const TAG_DIMENSIONS: u32 = 0x0a;
const TAG_VARIABLES: u32 = 0x0b;
const TAG_ATTRIBUTES: u32 = 0x0c;

/// Most axes of one variable: netCDF-C's `NC_MAX_VAR_DIMS`.
const MOST_AXES: u64 = 1024;

/// Most axes of all variables together. Each is spelled out with its dimension's name in the schema, so that a small
/// header could ask for much memory.
const MOST_AXES_TOGETHER: u64 = 1 << 18;

impl Header {
    /// Parses the header that `bytes` begin with.
    ///
    /// # Errors
    /// [`Fault::Short`] where more bytes are needed, [`Fault::Bad`] (`Corrupt`, or `Unsupported` for a name that no path can
    /// spell) where more would not help.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(bytes)?;
        let version = cursor.version();
        let records = match (cursor.count()?, version) {
            (0xffff_ffff, Version::Cdf1 | Version::Cdf2) | (u64::MAX, Version::Cdf5) => Records::Streaming,
            (count, _) => Records::Counted(count),
        };
        let dimensions = dimensions(&mut cursor)?;
        let attributes = attributes(&mut cursor)?.into_iter().map(|stored| stored.attribute).collect();
        let variables = variables(&mut cursor)?;
        Ok(Self { version, records, dimensions, attributes, variables, length: cursor.position() })
    }
}

fn bad(message: String) -> Fault {
    Fault::Bad(Error::corrupt(message))
}

fn dimensions(cursor: &mut Cursor<'_>) -> Result<Vec<HeaderDimension>, Fault> {
    let mut names = Names::new("dimension");
    let mut found = Vec::new();
    for _ in 0..cursor.list(TAG_DIMENSIONS, "dimensions")? {
        let name = names.take(cursor.name()?)?;
        found.push(HeaderDimension { name, length: cursor.count()? });
    }
    if found.iter().filter(|dimension| dimension.length == 0).count() > 1 {
        return Err(bad("the header is damaged: it has more than one record dimension".to_owned()));
    }
    Ok(found)
}

/// An attribute, and its value as it is stored.
struct StoredAttribute<'a> {
    attribute: Attribute,
    data_type: DataType,
    stored: &'a [u8],
}

fn attributes<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<StoredAttribute<'a>>, Fault> {
    let mut found: Vec<StoredAttribute<'a>> = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..cursor.list(TAG_ATTRIBUTES, "attributes")? {
        let name = cursor.name()?;
        let data_type = external_type(cursor, &format!("attribute {name}"))?;
        let elements = cursor.count()?;
        let bytes = elements.checked_mul(external_type::size(&data_type)).ok_or(Fault::Short)?;
        let stored = cursor.take_padded(bytes)?;
        // A second attribute of the same name cannot be asked for. It is lost, but never its file.
        if names.insert(name.clone()) {
            let value = external_type::value(&data_type, stored);
            found.push(StoredAttribute { attribute: Attribute { name, value }, data_type, stored });
        } else {
            tracing::warn!(attribute = name, "a second attribute of this name is left out");
        }
    }
    Ok(found)
}

fn external_type(cursor: &mut Cursor<'_>, of: &str) -> Result<DataType, Fault> {
    let (code, version) = (cursor.u32()?, cursor.version());
    external_type::data_type(code, version).ok_or_else(|| {
        bad(format!("the header is damaged: {of} has type {code}, which {version:?} files do not have"))
    })
}

fn variables(cursor: &mut Cursor<'_>) -> Result<Vec<HeaderVariable>, Fault> {
    let mut names = Names::new("variable");
    let mut axes = 0_u64;
    let mut found = Vec::new();
    for _ in 0..cursor.list(TAG_VARIABLES, "variables")? {
        let variable = variable(cursor, &mut names)?;
        axes = axes.saturating_add(variable.dimensions.len() as u64);
        if axes > MOST_AXES_TOGETHER {
            return Err(bad(format!("its variables have more than {MOST_AXES_TOGETHER} axes together")));
        }
        found.push(variable);
    }
    Ok(found)
}

fn variable(cursor: &mut Cursor<'_>, names: &mut Names) -> Result<HeaderVariable, Fault> {
    let name = names.take(cursor.name()?)?;
    let axes = cursor.count()?;
    if axes > MOST_AXES {
        return Err(bad(format!("variable {name} has {axes} axes; the limit is {MOST_AXES}")));
    }
    let mut dimensions = Vec::new();
    for _ in 0..axes {
        dimensions.push(cursor.count()?);
    }
    let attributes = attributes(cursor)?;
    let data_type = external_type(cursor, &format!("variable {name}"))?;
    cursor.count()?; // vsize
    let begin = cursor.offset()?;
    let fill = fill(&attributes, &data_type);
    let attributes = attributes.into_iter().map(|stored| stored.attribute).collect();
    Ok(HeaderVariable { name, dimensions, attributes, data_type, fill, begin })
}

/// `_FillValue` where it is one element of the variable's type, as netCDF-C demands of it; else the type's own.
fn fill(attributes: &[StoredAttribute<'_>], data_type: &DataType) -> Vec<u8> {
    let given = attributes.iter().find(|stored| {
        stored.attribute.name == "_FillValue"
            && stored.data_type == *data_type
            && stored.stored.len() as u64 == external_type::size(data_type)
    });
    match given {
        Some(stored) => stored.stored.iter().rev().copied().collect(),
        None => weir_model::default_fill(data_type),
    }
}

/// Names of one kind that were met, so that each names one thing.
struct Names {
    kind: &'static str,
    met: HashSet<String>,
}

impl Names {
    fn new(kind: &'static str) -> Self {
        Self { kind, met: HashSet::new() }
    }

    /// Checks that a path can spell a name, and that it is the first of its kind.
    fn take(&mut self, name: String) -> Result<String, Fault> {
        let kind = self.kind;
        if name.is_empty() {
            return Err(bad(format!("the header is damaged: a {kind} has no name")));
        }
        if name.contains('/') {
            let message = format!("the name of {kind} {name} contains '/', which parts paths; rename it");
            return Err(Fault::Bad(Error::unsupported(message)));
        }
        if !self.met.insert(name.clone()) {
            return Err(bad(format!("the header is damaged: it has two of {kind} {name}")));
        }
        Ok(name)
    }
}
