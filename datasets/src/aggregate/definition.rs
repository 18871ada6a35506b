//! Definitions: what a made dataset is made of, as a configuration or an NcML file says it.
//!
//! All values are kept as they were written; they get their types where a schema tells them.

use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// A dataset that is made of others: NcML's `netcdf` element.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Definition {
    /// What it begins with.
    pub base: Base,
    /// What is changed then.
    pub edits: Edits,
}

/// What a made dataset begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Base {
    /// Nothing: everything in it is added.
    #[default]
    Nothing,
    /// One dataset.
    File(Location),
    /// Several datasets, put together.
    Aggregation(Box<Rules>),
}

/// Where a member lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The folder that a relative location starts from.
    pub folder: PathBuf,
    /// The path or URL, as it was written.
    pub text: String,
}

/// How members are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Along a dimension that the members have.
    JoinExisting,
    /// Along a new dimension, with one index for each member.
    JoinNew,
    /// All variables of all members; of several with one name, the first.
    Union,
}

impl Kind {
    /// The name in NcML.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JoinExisting => "joinExisting",
            Self::JoinNew => "joinNew",
            Self::Union => "union",
        }
    }
}

/// In which order members are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// By the values of the join coordinate; by name where it has none that can be compared.
    #[default]
    ByCoordinate,
    /// As they are listed.
    Given,
}

/// What is done where coordinates of members overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// It is an error.
    #[default]
    Refuse,
    /// It is a problem that is noted, and all values are served.
    Note,
}

/// How closely the coordinates that are taken from the first member are compared with those of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fixed {
    /// Their lengths must agree.
    #[default]
    Lengths,
    /// Their values must agree, byte by byte.
    Values,
}

/// How often a listing is repeated where nobody says.
pub const RECHECK: Duration = Duration::from_secs(60);

/// The rules of an aggregation: NcML's `aggregation` element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// How members are put together.
    pub kind: Kind,
    /// The name of the join dimension; empty for a union.
    pub dimension: String,
    /// Members that are listed, before those that are found.
    pub members: Vec<MemberRule>,
    /// Where further members are found.
    pub scans: Vec<Scan>,
    /// The variables that get the new dimension of [`Kind::JoinNew`]; where none is named, all but coordinate variables.
    pub variables: Vec<String>,
    /// In which order members are joined.
    pub order: Order,
    /// What is done where coordinates of members overlap.
    pub overlap: Overlap,
    /// How closely fixed coordinates are compared.
    pub fixed: Fixed,
    /// After how long the listing is repeated.
    pub recheck_every: Duration,
}

impl Rules {
    /// Rules without members.
    #[must_use]
    pub fn new(kind: Kind, dimension: &str) -> Self {
        Self {
            kind,
            dimension: dimension.to_owned(),
            members: Vec::new(),
            scans: Vec::new(),
            variables: Vec::new(),
            order: Order::default(),
            overlap: Overlap::default(),
            fixed: Fixed::default(),
            recheck_every: RECHECK,
        }
    }
}

/// A member that is listed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemberRule {
    /// What it is: mostly one file.
    pub definition: Definition,
    /// Its value of the new coordinate.
    pub coordinate: Option<String>,
}

/// Members that are found in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// The folder; for a pattern, the part of it before the first wildcard.
    pub location: Location,
    /// Which of its files.
    pub select: Select,
    /// Whether folders inside are looked at too.
    pub depth: Depth,
    /// Files that were written to within this time are left out: they may be half-written.
    pub older_than: Duration,
    /// How a file's name tells its value of the new coordinate: as many characters as stand before `#` are skipped, and
    /// the rest is a pattern of Java's `SimpleDateFormat`.
    pub date_mark: Option<String>,
}

/// Which files of a folder are members.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Select {
    /// All.
    All,
    /// Those whose path below the folder matches a glob.
    Glob(String),
    /// Those whose whole name matches a regular expression.
    Pattern(String),
    /// Those whose name ends so.
    Suffix(String),
}

/// How deep a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// The folder alone.
    Folder,
    /// All folders inside.
    All,
}

/// What is changed in a dataset, in this order: removals, renames, attributes, values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Edits {
    /// Removals from the root group.
    pub removals: Vec<Removal>,
    /// Dimensions: renamed, or added.
    pub dimensions: Vec<DimensionEdit>,
    /// Global attributes.
    pub attributes: Vec<AttributeEdit>,
    /// Variables: renamed, changed, or added.
    pub variables: Vec<VariableEdit>,
}

impl Edits {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Something that is taken away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Removal {
    /// An attribute.
    Attribute(String),
    /// A dimension that no variable has.
    Dimension(String),
    /// A variable.
    Variable(String),
}

/// A dimension that is renamed or added.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DimensionEdit {
    /// The name it gets.
    pub name: String,
    /// The name it has, where that is another.
    pub original: Option<String>,
    /// Its length, for one that is added.
    pub length: Option<u64>,
}

/// An attribute that is renamed, changed or added.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttributeEdit {
    /// The name it gets.
    pub name: String,
    /// The name it has, where that is another.
    pub original: Option<String>,
    /// Its value; `None` leaves it as it is.
    pub value: Option<Literal>,
}

/// Values as they were written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    /// The type's name in NcML (`int`, `float`, `String`, ...); empty for text.
    pub data_type: String,
    /// The values.
    pub parts: Vec<String>,
}

/// A variable that is renamed, changed or added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VariableEdit {
    /// The name it gets.
    pub name: String,
    /// The name it has, where that is another.
    pub original: Option<String>,
    /// Its type; for a variable that is there, it must be the one it has.
    pub data_type: Option<String>,
    /// The names of its dimensions; for a variable that is there, they must be those it has.
    pub shape: Option<Vec<String>>,
    /// Attributes to take away.
    pub removals: Vec<String>,
    /// Attributes to change.
    pub attributes: Vec<AttributeEdit>,
    /// Values that it gets.
    pub values: Option<Values>,
}

/// Values of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Values {
    /// One for each element.
    List(Vec<String>),
    /// A first one, and the distance from one to the next.
    Regular {
        /// The first.
        start: String,
        /// The distance.
        increment: String,
        /// How many values that makes, where it is said.
        count: Option<u64>,
    },
}

impl Definition {
    /// One file, unchanged.
    #[must_use]
    pub fn file(location: Location) -> Self {
        Self { base: Base::File(location), edits: Edits::default() }
    }

    /// Text that differs for every two definitions that differ.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(format!("{self:?}")), 16)
    }
}

/// The first `count` bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).map(|byte| format!("{byte:02x}")).collect()
}
