//! Records: elements of compound variables, from the bytes that a dataset gives to those that travel.
//!
//! Where every member has a fixed size, an element is given as it lies in memory: fields at their offsets, numbers
//! little-endian. Where a member's size varies, an element is given in its [packed form](weir_model::Packed).

mod element;
mod measure;

use std::fmt;

use weir_model::{DataType, Hyperslab};

use super::dods::Size;
use super::selection::Cell;
use super::xdr::{self, Form};
use super::{AtomicType, Member, Record};

pub use measure::Longest;

/// A member that is asked for, with the part of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The member.
    pub member: Member,
    /// The part, along the axes that clients see.
    pub slab: Hyperslab,
    /// What is asked for of each of its elements, in declaration order; nothing of numbers and texts.
    pub members: Vec<Asked>,
}

/// An element that does not have the shape of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element does not have the shape of its compound type")
    }
}

impl std::error::Error for Damaged {}

impl Asked {
    /// A part of `member`, and what is asked for of its members.
    #[must_use]
    pub fn new(member: Member, slab: Hyperslab, members: Vec<Asked>) -> Self {
        Self { member, slab, members }
    }

    fn form(&self) -> Form {
        if self.member.shape.is_empty() { Form::Scalar } else { Form::Array }
    }

    /// Bytes that it takes on the wire; `None` where counts cannot say so.
    fn size(&self) -> Option<Size> {
        let elements = self.slab.elements();
        u32::try_from(elements).ok()?;
        let form = self.form();
        let Some(data_type) = self.member.atomic() else {
            let counts = if form == Form::Array { 4 } else { 0 };
            return size(&self.members)?.times(elements)?.and(Size::Exact(counts));
        };
        xdr::size(data_type, form, elements, self.member.width)
    }
}

/// Bytes that these members take on the wire.
fn size(members: &[Asked]) -> Option<Size> {
    members.iter().try_fold(Size::Exact(0), |size, member| size.and(member.size()?))
}

impl Record<'_> {
    /// Bytes that one element takes on the wire; `None` where counts cannot say so.
    #[must_use]
    pub fn element_size(&self) -> Option<Size> {
        size(&self.members)
    }

    /// What makes wire bytes of elements; it does not need the dataset's schema any more.
    #[must_use]
    pub fn encoder(&self) -> Encoder {
        Encoder {
            data_type: self.entry.variable.data_type.clone(),
            members: self.members.clone(),
            columns: self.entry.members().to_vec(),
        }
    }
}

/// Makes wire bytes of the elements of a compound variable.
#[derive(Clone, Debug)]
pub struct Encoder {
    data_type: DataType,
    members: Vec<Asked>,
    /// All members, whether they are asked for or not.
    columns: Vec<Member>,
}

impl Encoder {
    /// Bytes of one element as it is given; `None` where elements are packed.
    #[must_use]
    pub fn element_size(&self) -> Option<usize> {
        self.data_type.size()
    }

    /// Appends the wire bytes of one element.
    ///
    /// # Errors
    /// [`Damaged`] where `element` does not have the shape of the type; `out` then holds nothing of use.
    pub fn encode(&self, element: &[u8], out: &mut Vec<u8>) -> Result<(), Damaged> {
        element::encode(&self.data_type, &self.members, element, out)
    }

    /// What each column of a Sequence has in one row, whether it is asked for or not.
    ///
    /// # Errors
    /// [`Damaged`] where `element` does not have the shape of the type.
    pub fn cells<'e>(&self, element: &'e [u8]) -> Result<Vec<Cell<'e>>, Damaged> {
        let varying = self.data_type.is_varying();
        let places = if varying { element::fields(&self.data_type, element)? } else { vec![] };
        let cell = |member: &Member| {
            let bytes = match varying {
                true => places.get(member.place).copied(),
                false => element::field(member, element),
            };
            let data_type = member.field.data_type.stored();
            if member.atomic() == Some(AtomicType::String) {
                return bytes.map(|text| Cell::Text(shown_text(data_type, text)));
            }
            bytes.and_then(|bytes| number(data_type, bytes)).map(Cell::Number)
        };
        self.columns.iter().map(|member| cell(member).ok_or(Damaged)).collect()
    }
}

/// A text as clients see it: without the NULs that pad it, where it has a fixed size.
fn shown_text<'t>(data_type: &DataType, text: &'t [u8]) -> &'t [u8] {
    if *data_type == DataType::String { text } else { xdr::unpadded(text) }
}

/// The value of a little-endian number; `None` for other types and other lengths.
#[must_use]
pub fn number(data_type: &DataType, bytes: &[u8]) -> Option<f64> {
    Some(match data_type {
        DataType::Int8 => i8::from_le_bytes(bytes.try_into().ok()?).into(),
        DataType::UInt8 => u8::from_le_bytes(bytes.try_into().ok()?).into(),
        DataType::Int16 => i16::from_le_bytes(bytes.try_into().ok()?).into(),
        DataType::UInt16 => u16::from_le_bytes(bytes.try_into().ok()?).into(),
        DataType::Int32 => i32::from_le_bytes(bytes.try_into().ok()?).into(),
        DataType::UInt32 => u32::from_le_bytes(bytes.try_into().ok()?).into(),
        DataType::Float32 => f32::from_le_bytes(bytes.try_into().ok()?).into(),
        DataType::Float64 => f64::from_le_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
