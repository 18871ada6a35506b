//! Values: a data response read back, piece by piece, as any client would read it.
//!
//! The DDS at its beginning says what follows; the XDR behind it is checked against that DDS, count by count. Nothing is
//! allocated from a count: what is held is what has arrived, and no more of it than one text.
//!
//! Text and JSON are made from this stream, and it is what the encoder is tested against.

mod arrived;
mod broken;
mod reader;
mod tree;

pub use super::xdr::{LAST_ROW as END, ROW};
pub use broken::Broken;
pub use reader::Reader;
pub use tree::{Kind, Node, Tree};

/// One element of an atomic type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Unsigned, 8 bit.
    Byte(u8),
    /// Signed, 16 bit.
    Int16(i16),
    /// Unsigned, 16 bit.
    UInt16(u16),
    /// Signed, 32 bit.
    Int32(i32),
    /// Unsigned, 32 bit.
    UInt32(u32),
    /// IEEE 754 single.
    Float32(f32),
    /// IEEE 754 double.
    Float64(f64),
    /// Text, in whatever encoding it has.
    Text(&'a [u8]),
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// The data of a variable or of a member begins; its counts were right.
    Open,
    /// An element of an array of structures, or a row of a sequence, begins: its number from 0. Its members follow.
    Element(u64),
    /// The next element of an atomic variable, row-major.
    Value(Value<'a>),
    /// The data of a variable or of a member has ended.
    Close,
}

#[cfg(test)]
mod tests;
