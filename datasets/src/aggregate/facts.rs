//! Facts: what is learnt of a member when it is validated, and kept as long as the member is the same.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use weir_model::{ByteOrder, Hyperslab, Schema, Value, Variable};

use super::definition::{Fixed, Kind, Rules, hex};
use super::held::{self, Held};
use crate::{Dataset, Error, ErrorKind, StringRoom, resident};

/// What members that are made in one way have in common; the length of the join dimension stands as 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Paths and lengths.
    pub dimensions: Vec<(String, u64)>,
    /// The variables, in declaration order.
    pub variables: Vec<VariableLayout>,
}

/// What matters of a variable when members are joined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VariableLayout {
    /// Its path.
    pub path: String,
    /// Its type, with all there is to it.
    pub data_type: String,
    /// Its type's short name.
    pub type_name: String,
    /// Paths of its dimensions.
    pub dimensions: Vec<String>,
    /// Its lengths.
    pub shape: Vec<u64>,
    /// Lengths of a chunk.
    pub chunk_shape: Vec<u64>,
    /// Codecs, byte order and fill value: equal where stored chunks mean the same.
    pub encoding: String,
    /// The attribute `units`.
    pub units: Option<String>,
    /// The attribute `calendar`.
    pub calendar: Option<String>,
    /// The variable that the attribute `bounds` or `climatology` names.
    pub bounds: Option<String>,
    /// Attributes that say what stored values mean, with their values.
    pub packing: Vec<(String, String)>,
}

/// What was learnt of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What stood at its place then.
    pub stamp: String,
    /// The generation that was read.
    pub generation: String,
    /// How it is laid out.
    pub layout: Arc<Layout>,
    /// The length of the join dimension; 1 for a new one.
    pub length: u64,
    /// The values of the join coordinate, if it has one.
    pub coordinate: Option<Held>,
    /// Digests of the coordinates that are taken from the first member.
    pub fixed: Vec<(String, String)>,
    /// Values of further variables of times, where they had to be converted.
    pub times: HashMap<String, Held>,
}

/// Attributes that change what stored values mean.
const PACKING: [&str; 5] = ["scale_factor", "add_offset", "_FillValue", "missing_value", "_Unsigned"];

impl Layout {
    /// The layout of a schema, joined along `join`.
    #[must_use]
    pub fn of(schema: &Schema, join: Option<&str>) -> Self {
        let mut dimensions = Vec::new();
        for (group, found) in schema.groups() {
            for dimension in &found.dimensions {
                let path = format!("{group}/{}", dimension.name);
                let length = if join == Some(path.as_str()) { 0 } else { dimension.length };
                dimensions.push((path, length));
            }
        }
        let variables = schema.variables();
        let variables =
            variables.into_iter().map(|(path, variable)| VariableLayout::of(path, variable, join));
        Self { dimensions, variables: variables.collect() }
    }

    /// How many bytes of memory it takes, more or less.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let texts = |texts: &[String]| resident::of_texts(texts.iter().map(String::as_str));
        let dimensions = resident::of_texts(self.dimensions.iter().map(|(path, _)| path.as_str()));
        let variables = self.variables.iter().map(|variable| {
            let named = [&variable.path, &variable.data_type, &variable.type_name, &variable.encoding];
            let named = resident::of_texts(named.into_iter().map(String::as_str));
            let packing = variable.packing.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
            let lengths = variable.shape.len().saturating_add(variable.chunk_shape.len()).saturating_mul(8);
            named
                .saturating_add(texts(&variable.dimensions))
                .saturating_add(resident::of_texts(packing))
                .saturating_add(lengths.saturating_add(size_of::<VariableLayout>()) as u64)
        });
        variables.fold(dimensions, u64::saturating_add)
    }

    /// The variable at a path.
    #[must_use]
    pub fn variable(&self, path: &str) -> Option<&VariableLayout> {
        self.variables.iter().find(|variable| variable.path == path)
    }
}

impl VariableLayout {
    fn of(path: String, variable: &Variable, join: Option<&str>) -> Self {
        let storage = &variable.storage;
        let text = |name: &str| {
            let value = &variable.attribute(name)?.value;
            value.as_text().map(|text| text.trim_end_matches('\0').trim().to_owned())
        };
        let packing = PACKING.into_iter().filter_map(|name| {
            variable.attribute(name).map(|attribute| (name.to_owned(), shown(&attribute.value)))
        });
        let lengths = variable.shape.iter().zip(&variable.dimensions);
        Self {
            path,
            data_type: format!("{:?}", variable.data_type),
            type_name: variable.data_type.describe(),
            dimensions: variable.dimensions.clone(),
            shape: lengths.map(|(&length, name)| if join == Some(name) { 0 } else { length }).collect(),
            chunk_shape: storage.chunk_shape.clone(),
            encoding: format!("{:?} {:?} {:?}", storage.codecs, storage.byte_order, storage.fill),
            units: text("units"),
            calendar: text("calendar"),
            bounds: text("bounds").or_else(|| text("climatology")),
            packing: packing.collect(),
        }
    }

    /// The axis of a dimension.
    #[must_use]
    pub fn axis(&self, dimension: &str) -> Option<usize> {
        self.dimensions.iter().position(|path| path == dimension)
    }
}

/// A value with its type: numbers that print alike may differ in it.
fn shown(value: &Value) -> String {
    match value.as_text() {
        Some(text) => format!("{text:?}"),
        None => format!("{value:?}"),
    }
}

/// The path of a dimension of the root group, or a path as it is.
#[must_use]
pub fn path_of(name: &str) -> String {
    format!("/{}", name.trim_start_matches('/'))
}

impl Facts {
    /// How many bytes of memory they take, without the layout.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let texts = [self.stamp.as_str(), self.generation.as_str()].into_iter();
        let fixed = self.fixed.iter().flat_map(|(path, digest)| [path.as_str(), digest.as_str()]);
        let held = self.times.values().chain(&self.coordinate).map(Held::bytes);
        let own = resident::of_texts(texts.chain(fixed)).saturating_add(size_of::<Self>() as u64);
        held.fold(own, u64::saturating_add)
    }

    /// Looks at a member: its layout, the values of its join coordinate, and what its other coordinates are.
    ///
    /// # Errors
    /// `BadRequest` where it has no join dimension; whatever keeps its coordinates from being read.
    pub fn of(dataset: &Dataset, rules: &Rules, stamp: String) -> Result<Self, Error> {
        let join = path_of(&rules.dimension);
        let schema = dataset.schema();
        let length = match rules.kind {
            Kind::JoinExisting => {
                let found = schema.dimension(&join).map(|dimension| dimension.length);
                found.ok_or_else(|| no_dimension(schema, &rules.dimension))?
            }
            Kind::JoinNew => 1,
            Kind::Union => 0,
        };
        let existing = (rules.kind == Kind::JoinExisting).then_some(join.as_str());
        let coordinate = match schema.variable(&join) {
            Some(variable) if is_coordinate(variable, existing) && rules.kind != Kind::Union => {
                Some(values(dataset, &join, variable)?)
            }
            _ => None,
        };
        Ok(Self {
            stamp,
            generation: dataset.generation().to_owned(),
            layout: Arc::new(Layout::of(schema, existing)),
            length,
            coordinate,
            fixed: match rules.fixed {
                Fixed::Values => fixed(dataset, existing)?,
                Fixed::Lengths => Vec::new(),
            },
            times: HashMap::new(),
        })
    }
}

/// A coordinate of an existing dimension has that one alone; one that is to get a new dimension has none yet.
fn is_coordinate(variable: &Variable, existing: Option<&str>) -> bool {
    match existing {
        Some(join) => variable.dimensions.as_slice() == [join],
        None => variable.dimensions.is_empty(),
    }
}

fn no_dimension(schema: &Schema, name: &str) -> Error {
    let names: Vec<&str> = schema.root.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
    let message = format!("it has no dimension {name}; it has {}", names.join(", "));
    Error::new(ErrorKind::BadRequest, message)
}

/// All values of a variable.
///
/// # Errors
/// `TooLarge` where they are more than may be held in memory; whatever keeps them from being read.
pub fn values(dataset: &Dataset, path: &str, variable: &Variable) -> Result<Held, Error> {
    let whole = Hyperslab::whole(&variable.shape).map_err(|e| Error::corrupt(format!("{path}: {e}")))?;
    let size = variable.data_type.size().unwrap_or(1) as u64;
    let bytes = whole.elements().checked_mul(size).filter(|&bytes| bytes <= held::MOST_BYTES);
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(|| {
        let (elements, most) = (whole.elements(), held::MOST_BYTES);
        let message = format!("{path}: {elements} values are too many to hold; the limit is {most} bytes");
        Error::new(ErrorKind::TooLarge, message)
    })?;
    if variable.data_type.size().is_none() {
        let mut room = StringRoom::of(held::MOST_BYTES);
        return dataset.read_strings_within(path, &whole, &mut room).map(Held::Strings);
    }
    let mut out = vec![0; bytes];
    dataset.read(path, &whole, ByteOrder::Little, &mut out)?;
    Ok(Held::Elements(out))
}

/// Digests of the coordinates that are not joined.
fn fixed(dataset: &Dataset, existing: Option<&str>) -> Result<Vec<(String, String)>, Error> {
    let mut digests = Vec::new();
    for (path, variable) in dataset.schema().variables() {
        let own = variable.dimensions.as_slice() == [path.as_str()];
        if !own || existing == Some(path.as_str()) {
            continue;
        }
        let digest = match values(dataset, &path, variable)? {
            Held::Elements(bytes) => Sha256::digest(bytes),
            Held::Strings(strings) => Sha256::digest(format!("{strings:?}")),
        };
        digests.push((path, hex(&digest, 16)));
    }
    Ok(digests)
}
