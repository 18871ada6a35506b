//! What the file holds, as netCDF-C shows it.

use netcdf::types::{EnumType, EnumTypeValues, FloatType, IntType, NcVariableType};
use netcdf::{AttributeValue, Dimension, File, Group, Variable};
use serde::Serialize;

use crate::answer::Failure;
use crate::sources::Source;

/// All of a file.
#[derive(Debug, Serialize)]
pub struct Description {
    /// The root group.
    pub root: DescribedGroup,
}

/// A group.
#[derive(Debug, Default, Serialize)]
pub struct DescribedGroup {
    /// The name, without its parent's.
    pub name: String,
    dimensions: Vec<DescribedDimension>,
    attributes: Vec<DescribedAttribute>,
    /// The variables.
    pub variables: Vec<DescribedVariable>,
    /// The groups inside.
    pub groups: Vec<DescribedGroup>,
}

#[derive(Debug, Serialize)]
struct DescribedDimension {
    name: String,
    length: usize,
    unlimited: bool,
}

#[derive(Debug, Serialize)]
struct DescribedAttribute {
    name: String,
    value: Value,
}

/// A variable.
#[derive(Debug, Serialize)]
pub struct DescribedVariable {
    /// The name, without its group.
    pub name: String,
    /// The type of an element.
    pub data_type: Type,
    dimensions: Vec<String>,
    /// Lengths, slowest first.
    pub shape: Vec<usize>,
    chunk_shape: Option<Vec<usize>>,
    attributes: Vec<DescribedAttribute>,
    /// One element, little-endian; `None` where the file says that there is none, and for types of varying size.
    fill: Option<Vec<u8>>,
    /// The other files that its elements are in.
    pub sources: Vec<Source>,
    /// Why its elements are not read.
    pub refused: Option<Failure>,
}

/// A type of elements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Type {
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Uint64,
    Float32,
    Float64,
    Char,
    String,
    Enum { name: String, base: Box<Type>, members: Vec<(String, i128)> },
    Opaque { name: String, size: usize },
    Other { description: String },
}

impl Type {
    /// Bytes of an element; `None` where elements are not shown as bytes.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Int8 | Self::Uint8 | Self::Char => Some(1),
            Self::Int16 | Self::Uint16 => Some(2),
            Self::Int32 | Self::Uint32 | Self::Float32 => Some(4),
            Self::Int64 | Self::Uint64 | Self::Float64 => Some(8),
            Self::Enum { base, .. } => base.size(),
            Self::Opaque { size, .. } => Some(*size),
            Self::String | Self::Other { .. } => None,
        }
    }

    /// Bytes that change places together where this machine's order is not little-endian.
    pub fn swap_unit(&self) -> usize {
        if matches!(self, Self::Opaque { .. }) { 1 } else { self.size().unwrap_or(1) }
    }

    fn of(described: &NcVariableType) -> Self {
        match described {
            NcVariableType::Int(int) => Self::of_int(int),
            NcVariableType::Float(FloatType::F32) => Self::Float32,
            NcVariableType::Float(FloatType::F64) => Self::Float64,
            NcVariableType::Char => Self::Char,
            NcVariableType::String => Self::String,
            NcVariableType::Enum(described) => Self::of_enum(described),
            NcVariableType::Opaque(opaque) => Self::Opaque { name: opaque.name.clone(), size: opaque.size },
            NcVariableType::Compound(compound) => {
                Self::Other { description: format!("compound {}", compound.name) }
            }
            NcVariableType::Vlen(vlen) => Self::Other { description: format!("vlen {}", vlen.name) },
        }
    }

    fn of_int(int: &IntType) -> Self {
        match int {
            IntType::I8 => Self::Int8,
            IntType::U8 => Self::Uint8,
            IntType::I16 => Self::Int16,
            IntType::U16 => Self::Uint16,
            IntType::I32 => Self::Int32,
            IntType::U32 => Self::Uint32,
            IntType::I64 => Self::Int64,
            IntType::U64 => Self::Uint64,
        }
    }

    fn of_enum(described: &EnumType) -> Self {
        let wide = |values: Vec<i128>| values;
        let (base, values) = match &described.fieldvalues {
            EnumTypeValues::I8(v) => (Self::Int8, wide(v.iter().map(|&n| n.into()).collect())),
            EnumTypeValues::U8(v) => (Self::Uint8, v.iter().map(|&n| n.into()).collect()),
            EnumTypeValues::I16(v) => (Self::Int16, v.iter().map(|&n| n.into()).collect()),
            EnumTypeValues::U16(v) => (Self::Uint16, v.iter().map(|&n| n.into()).collect()),
            EnumTypeValues::I32(v) => (Self::Int32, v.iter().map(|&n| n.into()).collect()),
            EnumTypeValues::U32(v) => (Self::Uint32, v.iter().map(|&n| n.into()).collect()),
            EnumTypeValues::I64(v) => (Self::Int64, v.iter().map(|&n| n.into()).collect()),
            EnumTypeValues::U64(v) => (Self::Uint64, v.iter().map(|&n| n.into()).collect()),
        };
        let members = described.fieldnames.iter().cloned().zip(values).collect();
        Self::Enum { name: described.name.clone(), base: Box::new(base), members }
    }
}

/// The value of an attribute. Floats are their bits: JSON has no infinities.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Value {
    Int8(Vec<i8>),
    Uint8(Vec<u8>),
    Int16(Vec<i16>),
    Uint16(Vec<u16>),
    Int32(Vec<i32>),
    Uint32(Vec<u32>),
    Int64(Vec<i64>),
    Uint64(Vec<u64>),
    Float32(Vec<u32>),
    Float64(Vec<u64>),
    Char(String),
    String(Vec<String>),
}

impl Value {
    fn of(value: AttributeValue) -> Self {
        use AttributeValue as V;
        let bits = |values: Vec<f32>| Self::Float32(values.into_iter().map(f32::to_bits).collect());
        let double_bits = |values: Vec<f64>| Self::Float64(values.into_iter().map(f64::to_bits).collect());
        match value {
            V::Schar(n) => Self::Int8(vec![n]),
            V::Schars(values) => Self::Int8(values),
            V::Uchar(n) => Self::Uint8(vec![n]),
            V::Uchars(values) => Self::Uint8(values),
            V::Short(n) => Self::Int16(vec![n]),
            V::Shorts(values) => Self::Int16(values),
            V::Ushort(n) => Self::Uint16(vec![n]),
            V::Ushorts(values) => Self::Uint16(values),
            V::Int(n) => Self::Int32(vec![n]),
            V::Ints(values) => Self::Int32(values),
            V::Uint(n) => Self::Uint32(vec![n]),
            V::Uints(values) => Self::Uint32(values),
            V::Longlong(n) => Self::Int64(vec![n]),
            V::Longlongs(values) => Self::Int64(values),
            V::Ulonglong(n) => Self::Uint64(vec![n]),
            V::Ulonglongs(values) => Self::Uint64(values),
            V::Float(n) => bits(vec![n]),
            V::Floats(values) => bits(values),
            V::Double(n) => double_bits(vec![n]),
            V::Doubles(values) => double_bits(values),
            V::Str(text) => Self::Char(text),
            V::Strs(texts) => Self::String(texts),
        }
    }
}

/// Dimensions that a group and those around it have: path, name and length, the outermost first.
type Visible = Vec<(String, String, usize)>;

/// Describes a file.
pub fn describe(file: &File) -> Description {
    let mut root = DescribedGroup {
        dimensions: file.dimensions().map(|dimension| of_dimension(&dimension)).collect(),
        attributes: attributes(file.attributes(), "/"),
        ..DescribedGroup::default()
    };
    let visible = seen(Visible::new(), "", &root.dimensions);
    root.variables = file.variables().map(|variable| of_variable(&variable, &visible)).collect();
    // Files of the classic model have no groups, and say so by an error.
    if let Some(found) = file.root() {
        root.groups = found.groups().map(|group| of_group(&group, "", &visible)).collect();
    }
    Description { root }
}

fn of_group(group: &Group<'_>, parent: &str, outer: &Visible) -> DescribedGroup {
    let name = group.name();
    let path = format!("{parent}/{name}");
    let dimensions: Vec<_> = group.dimensions().map(|dimension| of_dimension(&dimension)).collect();
    let visible = seen(outer.clone(), &path, &dimensions);
    DescribedGroup {
        name,
        attributes: attributes(group.attributes(), &path),
        variables: group.variables().map(|variable| of_variable(&variable, &visible)).collect(),
        groups: group.groups().map(|inner| of_group(&inner, &path, &visible)).collect(),
        dimensions,
    }
}

fn seen(mut visible: Visible, path: &str, dimensions: &[DescribedDimension]) -> Visible {
    visible.extend(dimensions.iter().map(|d| (format!("{path}/{}", d.name), d.name.clone(), d.length)));
    visible
}

fn of_dimension(dimension: &Dimension<'_>) -> DescribedDimension {
    DescribedDimension {
        name: dimension.name(),
        length: dimension.len(),
        unlimited: dimension.is_unlimited(),
    }
}

fn of_variable(variable: &Variable<'_>, visible: &Visible) -> DescribedVariable {
    let data_type = Type::of(&variable.vartype());
    // The crate does not say which group a dimension is of: it is of the nearest one that has it.
    let path = |dimension: &Dimension<'_>| {
        let (name, length) = (dimension.name(), dimension.len());
        let found = visible.iter().rev().find(|(_, seen, long)| *seen == name && *long == length);
        found.map_or(name, |(path, ..)| path.clone())
    };
    DescribedVariable {
        name: variable.name(),
        dimensions: variable.dimensions().iter().map(path).collect(),
        shape: variable.dimensions().iter().map(Dimension::len).collect(),
        chunk_shape: variable.chunking().ok().flatten(),
        attributes: attributes(variable.attributes(), &variable.name()),
        fill: fill(variable, &data_type),
        data_type,
        sources: Vec::new(),
        refused: None,
    }
}

fn attributes<'a>(
    found: impl Iterator<Item = netcdf::Attribute<'a>>,
    place: &str,
) -> Vec<DescribedAttribute> {
    let described = found.filter_map(|attribute| {
        let name = attribute.name().to_owned();
        match attribute.value() {
            Ok(value) => Some(DescribedAttribute { name, value: Value::of(value) }),
            Err(error) => {
                eprintln!("attribute {name} of {place} is left out: {error}");
                None
            }
        }
    });
    described.collect()
}

fn fill(variable: &Variable<'_>, data_type: &Type) -> Option<Vec<u8>> {
    macro_rules! bytes {
        ($number:ty) => {
            variable.fill_value::<$number>().ok()?.map(|fill| fill.to_le_bytes().to_vec())
        };
    }
    match data_type {
        Type::Int8 => bytes!(i8),
        Type::Uint8 => bytes!(u8),
        Type::Int16 => bytes!(i16),
        Type::Uint16 => bytes!(u16),
        Type::Int32 => bytes!(i32),
        Type::Uint32 => bytes!(u32),
        Type::Int64 => bytes!(i64),
        Type::Uint64 => bytes!(u64),
        Type::Float32 => bytes!(f32),
        Type::Float64 => bytes!(f64),
        _ => None,
    }
}
