//! Entries: one variable as DAP2 says it, or why DAP2 cannot.

use std::fmt;

use weir_model::{DataType, Variable};

use super::super::{AtomicType, names};
use super::member::{self, Member};
use super::{LONGEST_DIMENSION, MOST_AXES};

/// One axis of an [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The dimension's name as DAP2 spells it; `None` for an axis without a declared dimension.
    pub name: Option<String>,
    /// Its length.
    pub length: u64,
}

/// What clients see of an [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers or texts.
    Atomic(AtomicType),
    /// A Structure, or an array of them.
    Structure(Vec<Member>),
    /// Rows of plain columns: a compound variable along nothing but an unlimited dimension, whose members are all scalar.
    Sequence(Vec<Member>),
}

/// A variable that DAP2 can serve.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Where the schema has it, such as `/forecast/t`.
    pub path: String,
    /// Its name as DAP2 spells it, such as `forecast_t`.
    pub name: String,
    /// What it is on the wire.
    pub kind: Kind,
    /// The axes that clients see, slowest first. A [`DataType::Char`] variable has one more in the file, the text itself;
    /// so has a [`Kind::Sequence`], its rows.
    pub axes: Vec<Axis>,
    /// Where it is presented as a Grid: the places of its coordinates in `Inventory::entries`, one per axis.
    pub maps: Vec<usize>,
    /// Bytes of one text where the type fixes it: the last dimension of characters, the length of fixed strings.
    pub width: Option<u64>,
    /// The name of the dimension that holds the characters of a text, as DAP2 spells it.
    pub text_dimension: Option<String>,
    /// What the schema says of it.
    pub variable: &'a Variable,
}

impl Entry<'_> {
    /// The type of its elements, where they are numbers or texts.
    #[must_use]
    pub fn atomic(&self) -> Option<AtomicType> {
        match self.kind {
            Kind::Atomic(data_type) => Some(data_type),
            _ => None,
        }
    }

    /// The members of a Structure or a Sequence.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Atomic(_) => &[],
            Kind::Structure(members) | Kind::Sequence(members) => members,
        }
    }

    /// Whether it is presented as a Grid.
    #[must_use]
    pub fn is_grid(&self) -> bool {
        !self.maps.is_empty()
    }

    /// The type of its elements as netCDF-3 means it, which has no unsigned integers: the attribute `_Unsigned` says that
    /// the bits of a negative number stand for a positive one.
    #[must_use]
    pub fn value_type(&self) -> DataType {
        value_type(self.variable)
    }

    /// Whether its elements are numbers.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        self.atomic().is_some_and(|data_type| data_type != AtomicType::String)
    }

    /// The lengths of the axes that clients see, slowest first.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        self.axes.iter().map(|axis| axis.length).collect()
    }

    /// Whether an axis has no index, so that there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.axes.iter().any(|axis| axis.length == 0)
    }
}

/// The type that carries a variable's elements. Bytes that the file calls unsigned are what a byte of DAP2 is; in 16 bits, clients
/// would take the bits of a negative one for a number beyond 65,000.
pub(super) fn carrier(variable: &Variable) -> Option<AtomicType> {
    let data_type = match value_type(variable) {
        DataType::UInt8 => AtomicType::Byte,
        _ => AtomicType::of(&variable.data_type)?,
    };
    Some(if variable.shape.is_empty() { data_type.as_scalar() } else { data_type })
}

/// The type of a variable's elements as netCDF-3 means it.
fn value_type(variable: &Variable) -> DataType {
    let told = variable.attribute("_Unsigned").and_then(|attribute| attribute.value.as_text());
    let unsigned = told.is_some_and(|text| text.eq_ignore_ascii_case("true"));
    match variable.data_type.stored() {
        DataType::Int8 if unsigned => DataType::UInt8,
        DataType::Int16 if unsigned => DataType::UInt16,
        DataType::Int32 if unsigned => DataType::UInt32,
        other => other.clone(),
    }
}

/// Why a variable cannot be served through DAP2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HiddenBecause {
    /// DAP2 has no such element type.
    Type {
        /// The type, for people.
        described: String,
    },
    /// Clients cannot count so far.
    TooLong {
        /// The axis, from 0.
        axis: usize,
        /// Its length.
        length: u64,
    },
    /// It has more axes than `MOST_AXES`.
    Axes {
        /// How many.
        axes: usize,
    },
    /// Several dimensions of length 0: netCDF-C takes each for the one unlimited dimension and fails to open.
    Empty,
    /// netCDF-C refuses names of more than [`names::LONGEST`] bytes.
    LongName,
    /// A compound of which no member can be served.
    NoMember,
    /// Compounds in compounds in compounds.
    Deep,
}

impl fmt::Display for HiddenBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { described } => write!(f, "its type is {described}, which DAP2 does not have"),
            Self::TooLong { axis, length } => {
                write!(f, "axis {axis} has length {length}, but DAP2 clients count to {LONGEST_DIMENSION}")
            }
            Self::Axes { axes } => {
                write!(f, "it has {axes} axes, and DAP2 clients read {MOST_AXES} at most")
            }
            Self::Empty => {
                write!(
                    f,
                    "it has no element, and DAP2 clients fail on several dimensions of length 0 in one dataset"
                )
            }
            Self::LongName => {
                write!(f, "its name has more than {} bytes, which DAP2 clients refuse", names::LONGEST)
            }
            Self::NoMember => write!(f, "none of its members can be served"),
            Self::Deep => write!(f, "it lies in more than {} compounds", member::DEEPEST),
        }
    }
}

/// A variable that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Where the schema has it.
    pub path: String,
    /// Why.
    pub because: HiddenBecause,
}
