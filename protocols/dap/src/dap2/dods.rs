//! The data response: a constrained DDS, `Data:`, and the elements of each variable in XDR.
//!
//! Its size is known before anything is read, except where there is text of varying length.

use super::xdr::{self, Form};
use super::{Fault, Projected, Reason, View};

/// The line between the DDS and the data.
pub const SEPARATOR: &str = "Data:\n";

/// How many bytes something takes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Exactly so many.
    Exact(u64),
    /// Known only when the texts in it have been read.
    Text {
        /// At least so many: every text empty.
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
    fn and(self, other: Self) -> Option<Self> {
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

    fn bounds(self) -> (u64, Option<u64>) {
        match self {
            Self::Exact(bytes) => (bytes, Some(bytes)),
            Self::Text { least, most } => (least, most),
        }
    }
}

/// How one variable of a view lies in the response.
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
    /// Lays out `variable`.
    ///
    /// # Errors
    /// [`Reason::TooMany`] where the part has more elements than a 32-bit count can say, or more bytes than 64 bits.
    pub fn of(variable: &Projected<'_>) -> Result<Self, Fault> {
        let elements = variable.slab.elements();
        let too_many =
            || Fault { byte: 0, token: variable.entry.name.clone(), reason: Reason::TooMany { elements } };
        let data_type = variable.entry.data_type;
        let form = if variable.entry.axes.is_empty() { Form::Scalar } else { Form::Array };
        let count = u32::try_from(elements).ok().ok_or_else(too_many)?;
        let counts = xdr::counts(data_type, form, count);
        // At most 8 bytes.
        let head = counts.len() as u64;
        let Some(bytes) = xdr::number_size(data_type, form) else {
            let least =
                elements.checked_mul(4).and_then(|bytes| bytes.checked_add(head)).ok_or_else(too_many)?;
            let widest = variable.entry.width.and_then(xdr::text_size);
            let most = widest.and_then(|widest| widest.checked_mul(elements)?.checked_add(head));
            return Ok(Self { form, counts, padding: 0, size: Size::Text { least, most } });
        };
        let body = elements.checked_mul(bytes).ok_or_else(too_many)?;
        let padding = xdr::padding(body);
        let size = head.checked_add(body).and_then(|size| size.checked_add(padding)).ok_or_else(too_many)?;
        Ok(Self { form, counts, padding, size: Size::Exact(size) })
    }
}

/// How a whole response lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The constrained DDS and the line behind it.
    pub head: Vec<u8>,
    /// The variables, in the order of the view.
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
        let mut parts = Vec::with_capacity(view.variables.len());
        for variable in &view.variables {
            let part = Part::of(variable)?;
            let elements = variable.slab.elements();
            let too_many = || Fault {
                byte: 0,
                token: variable.entry.name.clone(),
                reason: Reason::TooMany { elements },
            };
            size = size.and(part.size).ok_or_else(too_many)?;
            parts.push(part);
        }
        Ok(Self { head, parts, size })
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::samples::{group, ocean, variable};
    use super::super::{Constraint, Inventory};
    use super::*;
    use weir_model::{DataType, Schema};

    fn layout(schema: &Schema, query: &str) -> Result<Layout, String> {
        let inventory = Inventory::of(schema);
        let view = View::resolve(&Constraint::parse(query).unwrap(), &inventory).unwrap();
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
