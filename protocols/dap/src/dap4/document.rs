//! What a DMR says, as plain data: groups, dimensions, enumerations, variables and attributes in the order in which they stand.

use super::AtomicType;

/// A whole DMR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    /// The dataset's name.
    pub name: String,
    /// What it holds; the root group's own name is empty.
    pub root: Group,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The name, without its parent's.
    pub name: String,
    /// Dimensions that variables share.
    pub dimensions: Vec<Dimension>,
    /// Enumerations that variables use.
    pub enumerations: Vec<Enumeration>,
    /// The variables.
    pub variables: Vec<Variable>,
    /// The attributes.
    pub attributes: Vec<Attribute>,
    /// The groups inside.
    pub groups: Vec<Group>,
}

/// A dimension that variables share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// The name.
    pub name: String,
    /// How many indices it has.
    pub size: u64,
    /// Whether it can grow.
    pub unlimited: bool,
}

/// An integer type whose values have names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// The name.
    pub name: String,
    /// The integer type.
    pub base: AtomicType,
    /// Names and values, at least one.
    pub constants: Vec<(String, i128)>,
}

/// A variable, or a field of a structure or of a sequence's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// What its elements are.
    pub kind: Kind,
    /// Its axes, slowest first.
    pub axes: Vec<Axis>,
    /// The attributes.
    pub attributes: Vec<Attribute>,
    /// Fully qualified names of variables that give coordinates.
    pub maps: Vec<String>,
}

/// What the elements of a variable are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers or characters.
    Number(AtomicType),
    /// Integers that stand for names.
    Enum {
        /// The fully qualified name of the enumeration.
        enumeration: String,
    },
    /// Bytes without a meaning.
    Opaque {
        /// How many each element has, where all have as many; netCDF-C wants to know.
        size: Option<u64>,
    },
    /// Texts of any length.
    String,
    /// Records.
    Structure {
        /// Their fields.
        fields: Vec<Variable>,
    },
    /// Lists of records, of any length each.
    Sequence {
        /// The records' fields.
        fields: Vec<Variable>,
        /// Whether there is but one field, called as the sequence is, and each list is one of its values (a netCDF-4 `vlen`).
        of_values: bool,
    },
}

/// One axis of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Along a dimension, by its fully qualified name.
    Shared(String),
    /// Of a length of its own.
    Anonymous(u64),
}

/// A name and values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// The type of the values; `None` for strings.
    pub number: Option<AtomicType>,
    /// The values, as text.
    pub values: Vec<String>,
}
