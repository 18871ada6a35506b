//! The data response: a constrained DDS, `Data:`, and the elements of each variable in XDR.
//!
//! Its size is known before anything is read, except where there is text of varying length or where rows are selected.

use super::xdr::{self, Form};
use super::{Fault, Leaf, Projected, Reason, Record, RowSource, Rows, View};

/// The line between the DDS and the data.
pub const SEPARATOR: &str = "Data:\n";

/// How many bytes something takes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Exactly so many.
    Exact(u64),
    /// Known only when the texts in it have been read, or the rows that a selection leaves.
    Text {
        /// At least so many: every text empty, no row selected.
        least: u64,
        /// At most so many, where the types limit the texts.
        most: Option<u64>,
    },
}

impl Size {
    /// The bytes that a limit must allow before anything is read: the most there can be, or else the least.
    #[must_use]
    pub fn planned(self) -> u64 {
        match self {
            Self::Exact(bytes) => bytes,
            Self::Text { least, most } => most.unwrap_or(least),
        }
    }

    /// The size, where it is known without reading.
    #[must_use]
    pub fn exact(self) -> Option<u64> {
        match self {
            Self::Exact(bytes) => Some(bytes),
            Self::Text { .. } => None,
        }
    }

    /// Both together; `None` beyond 64 bits.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        let (least, most) = (self.bounds(), other.bounds());
        let sum = least.0.checked_add(most.0)?;
        let most = match (least.1, most.1) {
            (Some(a), Some(b)) => Some(a.checked_add(b)?),
            _ => None,
        };
        match (self, other) {
            (Self::Exact(_), Self::Exact(_)) => Some(Self::Exact(sum)),
            _ => Some(Self::Text { least: sum, most }),
        }
    }

    /// So many of it; `None` beyond 64 bits.
    #[must_use]
    pub fn times(self, count: u64) -> Option<Self> {
        Some(match self {
            Self::Exact(bytes) => Self::Exact(bytes.checked_mul(count)?),
            Self::Text { least, most } => {
                let most = most.map(|most| most.checked_mul(count));
                Self::Text { least: least.checked_mul(count)?, most: most.unwrap_or_default() }
            }
        })
    }

    fn bounds(self) -> (u64, Option<u64>) {
        match self {
            Self::Exact(bytes) => (bytes, Some(bytes)),
            Self::Text { least, most } => (least, most),
        }
    }
}

/// How one run of a view lies in the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// One element or an array.
    pub form: Form,
    /// The counts in front.
    pub counts: Vec<u8>,
    /// Bytes behind the elements, all 0.
    pub padding: u64,
    /// The whole of it: counts, elements and padding.
    pub size: Size,
}

impl Part {
    /// Lays out `leaf`.
    ///
    /// # Errors
    /// [`Reason::TooMany`] where the part has more elements than a 32-bit count can say, or more bytes than 64 bits.
    pub fn of(leaf: Leaf<'_, '_>) -> Result<Self, Fault> {
        match leaf {
            Leaf::Array(array) => Self::array(array),
            Leaf::Records(record) => Self::records(record),
            Leaf::Rows(rows) => Self::rows(rows),
            Leaf::Text(text) => {
                let size = xdr::text_size(text.len() as u64).map(Size::Exact);
                let size = size.ok_or_else(|| too_many(text, text.len() as u64))?;
                Ok(Self { form: Form::Scalar, counts: vec![], padding: 0, size })
            }
        }
    }

    fn array(array: &Projected<'_>) -> Result<Self, Fault> {
        let elements = array.elements();
        let too_many = || too_many(&array.entry.name, elements);
        let data_type = array.data_type();
        let form = if array.entry.axes.is_empty() { Form::Scalar } else { Form::Array };
        let count = u32::try_from(elements).ok().ok_or_else(too_many)?;
        let counts = xdr::counts(data_type, form, count);
        let size = xdr::size(data_type, form, elements, array.entry.width).ok_or_else(too_many)?;
        let bytes = xdr::number_size(data_type, form).unwrap_or(0);
        let padding = elements.checked_mul(bytes).map(xdr::padding).ok_or_else(too_many)?;
        Ok(Self { form, counts, padding, size })
    }

    fn records(record: &Record<'_>) -> Result<Self, Fault> {
        let elements = record.slab.elements();
        let too_many = || too_many(&record.entry.name, elements);
        let form = if record.entry.axes.is_empty() { Form::Scalar } else { Form::Array };
        let count = u32::try_from(elements).ok().ok_or_else(too_many)?;
        let counts = xdr::structure_count(form, count);
        let size = record.element_size().and_then(|size| size.times(elements));
        let size = size.and_then(|size| size.and(Size::Exact(counts.len() as u64))).ok_or_else(too_many)?;
        Ok(Self { form, counts, padding: 0, size })
    }

    /// Rows are not counted: marks stand between them. So their number need not be known before.
    fn rows(rows: &Rows<'_>) -> Result<Self, Fault> {
        let (number, row) = match &rows.source {
            RowSource::Records(record) => (record.slab.elements(), record.element_size()),
            RowSource::Columns(columns) => {
                let number = columns.first().map_or(0, Projected::elements);
                let cell = |column: &Projected<'_>| {
                    xdr::size(column.data_type(), Form::Scalar, 1, column.entry.width)
                };
                let row = columns.iter().try_fold(Size::Exact(0), |row, column| row.and(cell(column)?));
                (number, row)
            }
        };
        let size = row.and_then(|row| {
            let row = row.and(Size::Exact(xdr::ROW.len() as u64))?;
            let all = if rows.filter.is_empty() {
                row.times(rows.range.map_or(number, |range| range.within(number)))
            } else {
                // How much a selection leaves is for nobody to guess.
                Some(Size::Text { least: 0, most: None })
            };
            all?.and(Size::Exact(xdr::LAST_ROW.len() as u64))
        });
        let size = size.ok_or_else(|| too_many(&rows.name, number))?;
        Ok(Self { form: Form::Scalar, counts: vec![], padding: 0, size })
    }
}

fn too_many(name: &str, elements: u64) -> Fault {
    Fault { byte: 0, token: name.to_owned(), reason: Reason::TooMany { elements } }
}

/// How a whole response lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The constrained DDS and the line behind it.
    pub head: Vec<u8>,
    /// Its parts, in the order of [`View::leaves`].
    pub parts: Vec<Part>,
    /// The whole of it.
    pub size: Size,
}

impl Layout {
    /// Lays out `view` of the dataset called `dataset`.
    ///
    /// # Errors
    /// As [`Part::of`].
    pub fn of(view: &View<'_>, dataset: &str) -> Result<Self, Fault> {
        let mut head = super::dds::dds(view, dataset).into_bytes();
        head.extend(SEPARATOR.as_bytes());
        let mut size = Size::Exact(head.len() as u64);
        let mut parts = Vec::new();
        for variable in &view.variables {
            for leaf in variable.leaves() {
                let part = Part::of(leaf)?;
                size = size.and(part.size).ok_or_else(|| too_many(variable.name(), u64::MAX))?;
                parts.push(part);
            }
        }
        Ok(Self { head, parts, size })
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::samples::{group, ocean, variable};
    use super::super::{Constraint, Coordinates, Inventory};
    use super::*;
    use weir_model::{DataType, Schema};

    fn layout(schema: &Schema, query: &str) -> Result<Layout, String> {
        let inventory = Inventory::of(schema);
        let view =
            View::resolve(&Constraint::parse(query).unwrap(), &inventory, &Coordinates::new()).unwrap();
        Layout::of(&view, "x").map_err(|fault| fault.to_string())
    }

    /// The size of the data behind the head.
    fn check(query: &str, expected: Size) {
        let layout = layout(&ocean(), query).unwrap();
        assert_eq!(Size::Exact(layout.head.len() as u64).and(expected), Some(layout.size), "{query}");
    }

    #[test]
    fn sizes_are_known_before_reading() {
        check("time", Size::Exact(8 + 40));
        check("sst[0:2:9][1]", Size::Exact(8 + 20));
        check("time[0],sst[0][0:1]", Size::Exact(12 + 16));
        check("label[0:1]", Size::Text { least: 4 + 8, most: Some(4 + 16) });
        check("label[0],time[0]", Size::Text { least: 4 + 4 + 12, most: Some(4 + 8 + 12) });
    }

    #[test]
    fn bytes_are_packed_and_padded() {
        let mut root = group("", &[("n", 5), ("zero", 0)]);
        root.variables = vec![
            variable("array", DataType::UInt8, &[("/n", 5)]),
            variable("scalar", DataType::Int8, &[]),
            variable("free", DataType::String, &[]),
            variable("none", DataType::Float64, &[("/zero", 0)]),
        ];
        let parts = layout(&Schema { root }, "").unwrap().parts;
        assert_eq!((parts[0].size, parts[0].padding), (Size::Exact(8 + 8), 3));
        assert_eq!((parts[1].size, parts[1].padding), (Size::Exact(4), 0));
        assert_eq!(parts[2].size, Size::Text { least: 4, most: None });
        assert_eq!((parts[3].size, parts[3].counts.as_slice()), (Size::Exact(8), [0; 8].as_slice()));
    }

    #[test]
    fn more_elements_than_a_count_can_say_are_refused() {
        let long = 1 << 20;
        let mut root = group("", &[("a", long), ("b", long)]);
        root.variables = vec![variable("t", DataType::Float32, &[("/a", long), ("/b", long)])];
        let schema = Schema { root };
        let message = layout(&schema, "t").unwrap_err();
        assert!(message.ends_with(
            "1099511627776 elements are asked for, but DAP2 counts to 4294967295; ask for a part"
        ));
        assert!(layout(&schema, "t[0:2][]").is_ok());
    }
}
