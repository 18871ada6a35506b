//! Attributes as HDF5 stores them (section IV.A.2.m), in the types that netCDF-C gives them.

use weir_model::{Attribute, ByteOrder, Value};

use super::datatype::Datatype;
use super::heap::Heap;
use super::object::Space;
use crate::NetcdfError;
use crate::attributes::numbers_of;

/// What HDF5 and netCDF-4 keep for themselves.
const RESERVED: [&str; 8] = [
    "CLASS",
    "DIMENSION_LIST",
    "NAME",
    "REFERENCE_LIST",
    "_NCProperties",
    "_Netcdf4Coordinates",
    "_Netcdf4Dimid",
    "_nc3_strict",
];

/// An attribute of a message that is no longer than 16 bits can count.
pub(super) struct Stored {
    pub name: String,
    pub datatype: Datatype,
    pub space: Space,
    pub data: Vec<u8>,
}

impl Stored {
    /// As it is stored; `None` for what is not.
    pub fn of(attribute: &Attribute, heap: &mut Heap<'_>) -> Option<Self> {
        if RESERVED.contains(&attribute.name.as_str()) {
            return None;
        }
        let (datatype, count, data) = match &attribute.value {
            Value::Char(text) => return Some(Self::characters(&attribute.name, text, heap)),
            Value::String(texts) => {
                let data = texts.iter().flat_map(|text| heap.keep(text.len(), text)).collect();
                (Datatype::Texts, texts.len(), data)
            }
            numbers => {
                let (external, data) = numbers_of(numbers, ByteOrder::Little)?;
                (Datatype::Number(external), numbers.len(), data)
            }
        };
        let space = match count {
            0 => Space::Empty,
            // One element stands as netCDF-C writes it, which is as a list.
            count => Space::Axes(vec![count as u64]),
        };
        Some(Self { name: attribute.name.clone(), datatype, space, data })
    }

    /// A text. One that is too long for a message is kept in the heap, as a string.
    fn characters(name: &str, text: &[u8], heap: &mut Heap<'_>) -> Self {
        let name = name.to_owned();
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        match length {
            0 => Self { name, datatype: Datatype::Characters(1), space: Space::Empty, data: Vec::new() },
            1..=LONGEST => {
                let datatype = Datatype::Characters(length);
                Self { name, datatype, space: Space::Scalar, data: text.to_vec() }
            }
            _ => {
                let data = heap.keep(text.len(), text).to_vec();
                Self { name, datatype: Datatype::Texts, space: Space::Axes(vec![1]), data }
            }
        }
    }

    /// A text that ends with a zero, as HDF5 writes its own.
    pub fn ended(name: &str, text: &str) -> Self {
        let data = [text.as_bytes(), b"\0"].concat();
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        Self { name: name.to_owned(), datatype: Datatype::Characters(length), space: Space::Scalar, data }
    }

    /// The message.
    ///
    /// # Errors
    /// `Attribute` for one that is too long.
    pub fn encoded(&self) -> Result<Vec<u8>, NetcdfError> {
        let (datatype, space) = (self.datatype.encoded(), self.space.encoded());
        let too_long = || NetcdfError::Attribute {
            name: self.name.chars().take(80).collect(),
            bytes: self.data.len(),
            most: LONGEST as usize,
        };
        let length = |part: usize| u16::try_from(part).ok().ok_or_else(too_long);
        // Version 3; the name ends with a zero, and is ASCII or UTF-8.
        let mut bytes = vec![3, 0];
        bytes.extend(length(self.name.len().saturating_add(1))?.to_le_bytes());
        bytes.extend(length(datatype.len())?.to_le_bytes());
        bytes.extend(length(space.len())?.to_le_bytes());
        bytes.push(u8::from(!self.name.is_ascii()));
        bytes.extend_from_slice(self.name.as_bytes());
        bytes.push(0);
        bytes.extend(datatype);
        bytes.extend(space);
        bytes.extend_from_slice(&self.data);
        length(bytes.len())?;
        Ok(bytes)
    }
}

/// The longest value of an attribute that stands in a header: there, a message has less than 64 KiB with its name and type.
const LONGEST: u32 = 65_000;
