//! Types as HDF5 describes them (section IV.A.2.d, "The Datatype Message").

use super::Elements;
use crate::External;

/// A type of elements in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Datatype {
    /// Little-endian numbers; of characters, texts of one byte.
    Number(External),
    /// A text that is as long as this and ends nowhere before, as netCDF-C writes attributes.
    Characters(u32),
    /// Texts of any length, kept in the heap.
    Texts,
    /// An object of the file.
    Object,
    /// Lists of objects, kept in the heap.
    Objects,
    /// An object, and one of its axes.
    ObjectAxis,
    /// What a dimension has that no variable belongs to: big-endian singles, never written.
    Nothing,
}

/// Bytes of a reference into the heap.
pub(super) const HEAP_REFERENCE_BYTES: u32 = 16;

impl Datatype {
    pub fn of(elements: &Elements) -> Self {
        match elements {
            Elements::Numbers(external) => Self::Number(*external),
            Elements::Texts(_) => Self::Texts,
        }
    }

    /// Bytes of one element.
    pub fn size(self) -> u32 {
        match self {
            Self::Number(External::Byte | External::Char | External::UByte) => 1,
            Self::Number(External::Short | External::UShort) => 2,
            Self::Number(External::Int | External::Float | External::UInt) | Self::Nothing => 4,
            Self::Number(External::Double | External::Int64 | External::UInt64) | Self::Object => 8,
            Self::Characters(length) => length,
            Self::Texts | Self::Objects | Self::ObjectAxis => HEAP_REFERENCE_BYTES,
        }
    }

    /// The message.
    pub fn encoded(self) -> Vec<u8> {
        let size = self.size();
        match self {
            Self::Number(External::Char) => head(0x13, [0, 0, 0], size),
            Self::Number(External::Float | External::Double) => float(0, size),
            Self::Nothing => float(1, size),
            Self::Number(external) => {
                let signed =
                    matches!(external, External::Byte | External::Short | External::Int | External::Int64);
                integer(signed, size)
            }
            // The bits of texts: how they are padded (0: they end with a zero), and their characters (0: ASCII, 1: UTF-8). Of
            // texts of any length, what they are (1: texts) and their characters.
            Self::Characters(_) => head(0x13, [0, 0, 0], size),
            Self::Texts => [head(0x19, [0x01, 0x01, 0], size), integer(false, 1)].concat(),
            Self::Object => head(0x17, [0, 0, 0], size),
            Self::Objects => [head(0x19, [0, 0, 0], size), Self::Object.encoded()].concat(),
            Self::ObjectAxis => {
                let axis = integer(false, 4);
                // Each member has its name, its offset (in as few bytes as the size needs) and its type.
                [
                    head(0x36, [2, 0, 0], size),
                    b"dataset\0\0".to_vec(),
                    Self::Object.encoded(),
                    b"dimension\0\x08".to_vec(),
                    axis,
                ]
                .concat()
            }
        }
    }
}

/// The beginning of every type: version and class, bits of the class, and the size of an element.
fn head(class: u8, bits: [u8; 3], size: u32) -> Vec<u8> {
    let mut bytes = vec![class];
    bytes.extend(bits);
    bytes.extend(size.to_le_bytes());
    bytes
}

/// Bits of a number that has all bits of its bytes: the offset of the first, and how many there are.
fn precision(size: u32) -> [u8; 4] {
    let bits = u8::try_from(size.saturating_mul(8)).unwrap_or(64);
    [0, 0, bits, 0]
}

fn integer(signed: bool, size: u32) -> Vec<u8> {
    let mut bytes = head(0x10, [if signed { 8 } else { 0 }, 0, 0], size);
    bytes.extend(precision(size));
    bytes
}

/// A number of IEEE 754: where its sign is, where and how many the bits of its exponent and of its mantissa are, and the bias.
fn float(order: u8, size: u32) -> Vec<u8> {
    let (sign, parts, bias) = match size {
        4 => (31, [23, 8, 0, 23], 127_u32),
        _ => (63, [52, 11, 0, 52], 1023),
    };
    let mut bytes = head(0x11, [0x20 | order, sign, 0], size);
    bytes.extend(precision(size));
    bytes.extend(parts);
    bytes.extend(bias.to_le_bytes());
    bytes
}
