//! Views: a dataset after projection and selection, which is what a response will contain.

mod asked;
mod lookup;
mod resolve;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use weir_model::Hyperslab;

use super::record::Asked;
use super::selection::Filter;
use super::{AtomicType, Entry};

pub(super) use asked::projected;
pub use resolve::Coordinates;

/// What a response will contain: variables in the order of the response, each once, each with checked hyperslabs.
#[derive(Clone, Debug)]
pub struct View<'i> {
    /// The variables.
    pub variables: Vec<Shown<'i>>,
}

/// One variable of a response.
#[derive(Clone, Debug)]
pub enum Shown<'i> {
    /// Numbers or texts.
    Array(Projected<'i>),
    /// A Structure, or an array of them.
    Structure(Record<'i>),
    /// A Sequence.
    Sequence(Rows<'i>),
    /// A Grid, or parts of one.
    Grid(Grid<'i>),
    /// A text that a server function answers with.
    Text {
        /// The name of the variable.
        name: String,
        /// The text.
        text: String,
    },
}

/// The part of an array that is asked for.
#[derive(Clone, Debug)]
pub struct Projected<'i> {
    /// The variable.
    pub entry: &'i Entry<'i>,
    /// The part, along the axes that clients see.
    pub slab: Hyperslab,
    /// The part as the dataset is read: for [`weir_model::DataType::Char`] with the axis that a text lies along.
    pub stored: Hyperslab,
    /// What follows along one axis, where the part goes on at the other end of it.
    pub behind: Option<Behind>,
    /// How elements become values.
    pub values: Values,
}

/// The rest of a part that wraps around one axis: the longitudes on the other side of where the grid begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The axis, from 0.
    pub axis: usize,
    /// The rest; it differs from the part that it follows along this axis only.
    pub slab: Hyperslab,
}

/// How the elements of a [`Projected`] become values.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// They are the values.
    Stored,
    /// Each is scaled.
    Scaled(Scale),
    /// They were computed, and are given instead.
    Given(Vec<f64>),
}

/// A linear function, as CF packs values: `y = factor * x + offset`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The factor.
    pub factor: f64,
    /// The offset.
    pub offset: f64,
    /// What stands for missing values, and stays as it is.
    pub missing: Vec<f64>,
}

impl Scale {
    /// The value of an element.
    #[must_use]
    pub fn value(&self, element: f64) -> f64 {
        if self.missing.contains(&element) { element } else { element * self.factor + self.offset }
    }
}

impl Projected<'_> {
    /// The type of its elements on the wire.
    #[must_use]
    pub fn data_type(&self) -> AtomicType {
        match self.values {
            Values::Scaled(_) => AtomicType::Float64,
            // Nothing else than atomic entries is ever projected as an array.
            _ => self.entry.atomic().unwrap_or(AtomicType::String),
        }
    }

    /// The lengths of its axes, slowest first.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        let mut shape = self.slab.shape();
        if let Some(Behind { axis, slab }) = &self.behind
            && let (Some(length), Some(stride)) = (shape.get_mut(*axis), slab.strides().get(*axis))
        {
            *length = length.saturating_add(stride.count);
        }
        shape
    }

    /// How many elements it has.
    #[must_use]
    pub fn elements(&self) -> u64 {
        let behind = self.behind.as_ref().map_or(0, |behind| behind.slab.elements());
        self.slab.elements().saturating_add(behind)
    }
}

/// The part of a compound variable that is asked for.
#[derive(Clone, Debug)]
pub struct Record<'i> {
    /// The variable.
    pub entry: &'i Entry<'i>,
    /// The elements; also the rows of a Sequence.
    pub slab: Hyperslab,
    /// What is asked for of each element, in declaration order; at least one member.
    pub members: Vec<Asked>,
}

/// Rows of a Sequence.
#[derive(Clone, Debug)]
pub struct Rows<'i> {
    /// Its name.
    pub name: String,
    /// Where rows come from.
    pub source: RowSource<'i>,
    /// Which rows are sent.
    pub filter: Filter,
    /// Which of the rows that pass the filter are sent, counted from 0.
    pub range: Option<Range>,
}

/// Rows by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first row.
    pub start: u64,
    /// The distance between two rows; at least 1.
    pub step: u64,
    /// The last row that may be sent.
    pub stop: u64,
}

impl Range {
    /// Whether it has the row.
    #[must_use]
    pub fn contains(&self, row: u64) -> bool {
        let distance = row.checked_sub(self.start).filter(|_| row <= self.stop);
        distance.and_then(|distance| distance.checked_rem(self.step)) == Some(0)
    }

    /// How many rows of the first `number` it has.
    #[must_use]
    pub fn within(&self, number: u64) -> u64 {
        let last = self.stop.min(number.saturating_sub(1));
        let rows = last.checked_sub(self.start).filter(|_| number > 0);
        rows.and_then(|rows| rows.checked_div(self.step)).map_or(0, |steps| steps.saturating_add(1))
    }
}

/// Where the rows of a Sequence come from.
#[derive(Clone, Debug)]
pub enum RowSource<'i> {
    /// The elements of a compound variable.
    Records(Record<'i>),
    /// Arrays of one shape, side by side.
    Columns(Vec<Projected<'i>>),
}

/// A Grid, or parts of one.
#[derive(Clone, Debug)]
pub struct Grid<'i> {
    /// Its name.
    pub name: &'i str,
    /// The array, where it is asked for.
    pub array: Option<Projected<'i>>,
    /// The coordinates that are asked for, in the order of the axes.
    pub maps: Vec<Projected<'i>>,
    /// What these are together.
    pub form: GridForm,
}

/// What the parts of a [`Grid`] are together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridForm {
    /// A Grid: an array, and coordinates along all of its axes.
    Grid,
    /// Parts that do not belong to each other, and so are members of a Structure.
    Structure,
}

/// One run of bytes in a data response.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'v, 'i> {
    /// Numbers or texts.
    Array(&'v Projected<'i>),
    /// Structures.
    Records(&'v Record<'i>),
    /// Rows.
    Rows(&'v Rows<'i>),
    /// One text.
    Text(&'v str),
}

impl<'i> Shown<'i> {
    /// The name as the response has it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Array(array) => &array.entry.name,
            Self::Structure(record) => &record.entry.name,
            Self::Sequence(rows) => &rows.name,
            Self::Grid(grid) => grid.name,
            Self::Text { name, .. } => name,
        }
    }

    /// What its data consists of, in the order in which it travels.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf<'_, 'i>> {
        match self {
            Self::Array(array) => vec![Leaf::Array(array)],
            Self::Structure(record) => vec![Leaf::Records(record)],
            Self::Sequence(rows) => vec![Leaf::Rows(rows)],
            Self::Grid(grid) => grid.array.iter().chain(&grid.maps).map(Leaf::Array).collect(),
            Self::Text { text, .. } => vec![Leaf::Text(text)],
        }
    }
}

impl<'i> View<'i> {
    /// What the data of the response consists of, in the order in which it travels.
    pub fn leaves(&self) -> impl Iterator<Item = Leaf<'_, 'i>> {
        self.variables.iter().flat_map(Shown::leaves)
    }
}
