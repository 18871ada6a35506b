//! Forms: how the elements of a type travel, and which parts of them.

use weir_model::{DataType, Stride};

use super::dmr::DEEPEST;
use super::document::{Axis, Kind, Variable};
use super::filter::Condition;
use super::names::{self, Distinct};
use super::{AtomicType, Size};

/// How elements of one type travel.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// Numbers and characters, as they are stored.
    Number(AtomicType),
    /// Integers that stand for names, as they are stored.
    Enum {
        /// The integer type.
        base: AtomicType,
        /// The fully qualified name of the enumeration.
        enumeration: String,
        /// Names and values.
        constants: Vec<(String, i128)>,
    },
    /// A count, then so many bytes.
    Opaque {
        /// Bytes of each element.
        size: usize,
    },
    /// A count, then the bytes of the text.
    String,
    /// As [`Form::String`], made of texts of a fixed length, without the NULs that pad them.
    Padded {
        /// Bytes that each takes in the dataset.
        length: usize,
    },
    /// The fields one after the other, without padding.
    Structure {
        /// Bytes that an element takes in the dataset, where none of its fields varies in size.
        stored: Option<usize>,
        /// The fields, those included that are not sent.
        fields: Vec<Field>,
    },
    /// A count, then so many elements.
    Sequence {
        /// What the elements are: the rows, where they are structures.
        element: Box<Form>,
        /// Which rows are sent: those for which all of these hold.
        filter: Vec<Condition>,
    },
}

/// A field of a [`Form::Structure`].
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name, as DAP4 spells it.
    pub name: String,
    /// Where it lies in an element of a fixed size, in bytes.
    pub offset: usize,
    /// Lengths in the dataset, slowest first; empty for a single value.
    pub shape: Vec<u64>,
    /// What its elements are.
    pub form: Form,
    /// Which part of it is sent.
    pub part: Part,
}

/// Which part of a field is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Nothing.
    None,
    /// All of it.
    All,
    /// Some of its elements.
    Some {
        /// Lengths of what is sent.
        shape: Vec<u64>,
        /// Row-major places of the elements, in the order in which they are sent.
        places: Vec<usize>,
    },
}

/// Why a type has no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formless {
    /// Types lie too deep in each other.
    TooDeep,
    /// A field has more elements than 64 bits, or than memory can hold.
    TooLong,
    /// A list of values without a size cannot be counted.
    Sizeless,
    /// An enumeration that is not of integers, or that names none.
    Enumeration,
}

impl Form {
    /// The form of `data_type`; `enumeration` gives the fully qualified name of an enumeration.
    ///
    /// # Errors
    /// [`Formless`] says why there is none.
    pub fn of(
        data_type: &DataType,
        enumeration: &mut dyn FnMut(&DataType) -> Option<String>,
    ) -> Result<Self, Formless> {
        Self::at_depth(data_type, enumeration, 0)
    }

    fn at_depth(
        data_type: &DataType,
        enumeration: &mut dyn FnMut(&DataType) -> Option<String>,
        depth: usize,
    ) -> Result<Self, Formless> {
        if depth > DEEPEST {
            return Err(Formless::TooDeep);
        }
        let deeper = depth.saturating_add(1);
        Ok(match data_type {
            DataType::String => Self::String,
            DataType::FixedString { length } => Self::Padded { length: *length },
            DataType::Opaque { size, .. } => Self::Opaque { size: *size },
            DataType::Enum { base, members, .. } => {
                let base = AtomicType::of(base).filter(|atomic| atomic.is_integer());
                let enumeration = enumeration(data_type).ok_or(Formless::Enumeration)?;
                let constants = members.iter().map(|member| (member.name.clone(), member.value)).collect();
                Self::Enum { base: base.ok_or(Formless::Enumeration)?, enumeration, constants }
            }
            DataType::Vlen { element, .. } => {
                let element = Self::at_depth(element, enumeration, deeper)?;
                if element.stored_size() == Some(0) {
                    return Err(Formless::Sizeless);
                }
                Self::Sequence { element: Box::new(element), filter: vec![] }
            }
            DataType::Compound { size, fields, .. } => Self::record(*size, fields, enumeration, deeper)?,
            other => Self::Number(AtomicType::of(other).ok_or(Formless::Sizeless)?),
        })
    }

    fn record(
        size: usize,
        fields: &[weir_model::Field],
        enumeration: &mut dyn FnMut(&DataType) -> Option<String>,
        depth: usize,
    ) -> Result<Self, Formless> {
        let mut distinct = Distinct::default();
        let mut formed = Vec::with_capacity(fields.len());
        for field in fields {
            let form = Self::at_depth(&field.data_type, enumeration, depth)?;
            let name = distinct.claim(&names::spell(&field.name));
            let (offset, shape) = (field.offset, field.shape.clone());
            let field = Field { name, offset, shape, form, part: Part::All };
            field.elements().ok_or(Formless::TooLong)?;
            formed.push(field);
        }
        let fixed = formed.iter().all(|field| field.form.stored_size().is_some());
        Ok(Self::Structure { stored: fixed.then_some(size), fields: formed })
    }

    /// Bytes that one element takes in the dataset; `None` where elements vary.
    #[must_use]
    pub fn stored_size(&self) -> Option<usize> {
        match self {
            Self::Number(atomic) | Self::Enum { base: atomic, .. } => Some(atomic.size()),
            Self::Opaque { size } => Some(*size),
            Self::Padded { length } => Some(*length),
            Self::Structure { stored, .. } => *stored,
            Self::String | Self::Sequence { .. } => None,
        }
    }

    /// Bytes that one element takes on the wire.
    #[must_use]
    pub fn wire_size(&self) -> Size {
        const COUNT: u64 = 8;
        match self {
            Self::Number(atomic) | Self::Enum { base: atomic, .. } => Size::exactly(atomic.size()),
            Self::Opaque { size } => Size::exactly(*size).plus(COUNT),
            Self::Padded { length } => Size { least: 0, most: Size::exactly(*length).most }.plus(COUNT),
            Self::String | Self::Sequence { .. } => Size { least: COUNT, most: None },
            Self::Structure { fields, .. } => fields.iter().map(Field::wire_size).fold(Size::ZERO, Size::and),
        }
    }

    /// Whether the bytes of a stored element are those on the wire.
    #[must_use]
    pub fn is_verbatim(&self) -> bool {
        match self {
            Self::Number(_) | Self::Enum { .. } => true,
            Self::Opaque { .. } | Self::String | Self::Padded { .. } | Self::Sequence { .. } => false,
            Self::Structure { stored: None, .. } => false,
            Self::Structure { stored: Some(size), fields } => {
                let mut end = 0_usize;
                for field in fields {
                    let bytes = field.form.stored_size().zip(field.elements());
                    let bytes = bytes.and_then(|(size, count)| size.checked_mul(count));
                    let follows = field.part == Part::All && field.form.is_verbatim() && field.offset == end;
                    match bytes.filter(|_| follows).and_then(|bytes| end.checked_add(bytes)) {
                        Some(next) => end = next,
                        None => return false,
                    }
                }
                end == *size
            }
        }
    }

    /// What a DMR says of a variable or field of this form.
    #[must_use]
    pub fn kind(&self, name: &str) -> Kind {
        match self {
            Self::Number(atomic) => Kind::Number(*atomic),
            Self::Enum { enumeration, .. } => Kind::Enum { enumeration: enumeration.clone() },
            Self::Opaque { size } => {
                Kind::Opaque { size: u64::try_from(*size).ok().filter(|&size| size > 0) }
            }
            Self::String | Self::Padded { .. } => Kind::String,
            Self::Structure { fields, .. } => Kind::Structure { fields: described(fields) },
            Self::Sequence { element, .. } => match element.as_ref() {
                Self::Structure { fields, .. } => {
                    Kind::Sequence { fields: described(fields), of_values: false }
                }
                value => {
                    let field = Variable {
                        name: name.to_owned(),
                        kind: value.kind(name),
                        axes: vec![],
                        attributes: vec![],
                        maps: vec![],
                    };
                    Kind::Sequence { fields: vec![field], of_values: true }
                }
            },
        }
    }

    /// The fields, of a structure itself or of the rows of a sequence.
    pub fn fields_mut(&mut self) -> Option<&mut Vec<Field>> {
        match self {
            Self::Structure { fields, .. } => Some(fields),
            Self::Sequence { element, .. } => match element.as_mut() {
                Self::Structure { fields, .. } => Some(fields),
                _ => None,
            },
            _ => None,
        }
    }
}

fn described(fields: &[Field]) -> Vec<Variable> {
    let sent = fields.iter().filter(|field| field.part != Part::None);
    let describe = |field: &Field| Variable {
        name: field.name.clone(),
        kind: field.form.kind(&field.name),
        axes: field.sent_shape().iter().map(|&length| Axis::Anonymous(length)).collect(),
        attributes: vec![],
        maps: vec![],
    };
    sent.map(describe).collect()
}

impl Field {
    /// How many elements it has in the dataset; `None` where memory could not hold their number.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        let count = self.shape.iter().try_fold(1_u64, |count, &length| count.checked_mul(length))?;
        usize::try_from(count).ok()
    }

    /// The lengths of what is sent.
    #[must_use]
    pub fn sent_shape(&self) -> &[u64] {
        match &self.part {
            Part::None => &[],
            Part::All => &self.shape,
            Part::Some { shape, .. } => shape,
        }
    }

    fn wire_size(&self) -> Size {
        let count = match &self.part {
            Part::None => Some(0),
            Part::All => self.elements(),
            Part::Some { places, .. } => Some(places.len()),
        };
        let count = count.and_then(|count| u64::try_from(count).ok()).unwrap_or(u64::MAX);
        self.form.wire_size().times(count)
    }

    /// Sends only the elements at the given indices of each axis.
    ///
    /// `None` where they are more than memory can hold.
    pub fn narrow(&mut self, axes: &[Vec<Stride>]) -> Option<()> {
        let mut places = vec![0_u64];
        let mut shape = Vec::with_capacity(axes.len());
        for (strides, &length) in axes.iter().zip(&self.shape) {
            let indices: Vec<u64> = strides.iter().flat_map(|s| (0..s.count).map(|n| s.at(n))).collect();
            let next = places.len().checked_mul(indices.len())?;
            if next > MOST_PLACES {
                return None;
            }
            let mut row = Vec::with_capacity(next);
            for place in places {
                let base = place.checked_mul(length)?;
                for &index in &indices {
                    row.push(base.checked_add(index)?);
                }
            }
            places = row;
            shape.push(u64::try_from(indices.len()).ok()?);
        }
        let places = places.into_iter().map(usize::try_from).collect::<Result<_, _>>().ok()?;
        self.part = Part::Some { shape, places };
        Some(())
    }
}

/// Parts of fields are kept element by element, and fields are small.
const MOST_PLACES: usize = 1 << 20;
