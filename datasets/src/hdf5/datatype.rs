//! Datatypes: from HDF5's description to the model's.
//!
//! Source: "HDF5 File Format Specification Version 3.0", section IV.A.2.d. What netCDF-4 has no type for is described as
//! opaque, so that numbers in an unusual representation are never taken for usual ones. How elements are stored, which the
//! model does not say, is their form.

use hdf5_reader::io::Cursor;
use weir_model::{ByteOrder, DataType, EnumMember, Field};

use super::form::{Bits, FieldForm, Form, Number};
use crate::Error;

/// Types inside types inside types may go this deep.
const MOST_DEPTH: usize = 16;

/// The type of a dataset's or an attribute's elements, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileType {
    /// What it is.
    pub data_type: DataType,
    /// Bytes of one stored element; of the reference, where elements vary in size.
    pub size: usize,
    /// How an element is stored.
    pub form: Form,
    /// Why stored elements are of no use by themselves.
    pub unreadable: Option<&'static str>,
    /// The lengths of an array type, slowest first.
    shape: Vec<u64>,
}

impl FileType {
    /// Parses a datatype message.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        parse(&mut Cursor::new(body), 0).map(Self::without_axes)
    }

    fn new(data_type: DataType, form: Form) -> Self {
        Self { data_type, size: form.size(), form, unreadable: None, shape: Vec::new() }
    }

    fn opaque(name: &str, size: usize) -> Self {
        Self::new(DataType::Opaque { name: name.to_owned(), size }, Form::Bytes(size))
    }

    /// The type itself, or, where it is an array and may not be one, its bytes.
    fn without_axes(self) -> Self {
        if self.shape.is_empty() {
            return self;
        }
        let unreadable = match self.form.is_varying() {
            true => Some("its elements are arrays of varying elements"),
            false => self.unreadable,
        };
        Self { unreadable, ..Self::opaque("array", self.size) }
    }
}

/// The head of a datatype: class, version, class bits and size.
struct Head {
    version: u8,
    bits: u32,
    size: usize,
}

impl Head {
    /// The byte order that bit 0 tells.
    fn order(&self) -> ByteOrder {
        if self.bits & 1 == 0 { ByteOrder::Little } else { ByteOrder::Big }
    }

    /// Skips what pads a name to 8 bytes in old versions.
    fn skip_padding(&self, cursor: &mut Cursor<'_>, start: u64) -> Result<(), Error> {
        let used = cursor.position().saturating_sub(start);
        let padding = if self.version < 3 { used.next_multiple_of(8).saturating_sub(used) } else { 0 };
        Ok(cursor.skip(usize::try_from(padding).unwrap_or(0))?)
    }
}

fn parse(cursor: &mut Cursor<'_>, depth: usize) -> Result<FileType, Error> {
    if depth > MOST_DEPTH {
        return Err(Error::corrupt(format!("a datatype is nested more than {MOST_DEPTH} levels deep")));
    }
    let word = cursor.read_u32_le()?;
    let size = cursor.read_u32_le()? as usize;
    let head = Head { version: (word >> 4 & 0x0f) as u8, bits: word >> 8, size };
    if size == 0 {
        return Err(Error::corrupt("a datatype has elements of 0 bytes"));
    }
    match word & 0x0f {
        0 => integer(cursor, &head),
        1 => float(cursor, &head),
        2 => cursor.skip(2).map(|()| FileType::opaque("time", size)).map_err(Error::from),
        3 if size == 1 => Ok(FileType::new(DataType::Char, Form::Bytes(1))),
        3 => Ok(FileType::new(DataType::FixedString { length: size }, Form::Bytes(size))),
        4 => cursor.skip(4).map(|()| FileType::opaque("bitfield", size)).map_err(Error::from),
        5 => opaque(cursor, &head),
        6 => compound(cursor, &head, depth),
        7 => {
            let unreadable = Some("its elements are references into the file");
            Ok(FileType { unreadable, ..FileType::opaque("reference", size) })
        }
        8 => enumeration(cursor, &head, depth),
        9 => varying(cursor, &head, depth),
        10 => array(cursor, &head, depth),
        // A class of a later version: inside another type nobody knows where it ends.
        class if depth > 0 => {
            Err(Error::unsupported(format!("datatypes of class {class} are not supported")))
        }
        class => Ok(FileType::opaque(&format!("class {class}"), size)),
    }
}

fn integer(cursor: &mut Cursor<'_>, head: &Head) -> Result<FileType, Error> {
    let (first, count) = (u32::from(cursor.read_u16_le()?), u32::from(cursor.read_u16_le()?));
    let signed = head.bits & 0x08 != 0;
    let all = u32::try_from(head.size.saturating_mul(8)).unwrap_or(u32::MAX);
    let inside = count > 0 && first.saturating_add(count) <= all;
    let data_type = match (head.size, signed) {
        _ if !inside => return Ok(FileType::opaque("integer", head.size)),
        (1, true) => DataType::Int8,
        (1, false) => DataType::UInt8,
        (2, true) => DataType::Int16,
        (2, false) => DataType::UInt16,
        (4, true) => DataType::Int32,
        (4, false) => DataType::UInt32,
        (8, true) => DataType::Int64,
        (8, false) => DataType::UInt64,
        _ => return Ok(FileType::opaque("integer", head.size)),
    };
    let bits = (count < all).then_some(Bits { first, count, signed });
    Ok(FileType::new(data_type, Form::Number(Number { size: head.size, order: head.order(), bits })))
}

fn float(cursor: &mut Cursor<'_>, head: &Head) -> Result<FileType, Error> {
    let (offset, precision) = (cursor.read_u16_le()?, cursor.read_u16_le()?);
    let exponent = (cursor.read_u8()?, cursor.read_u8()?);
    let mantissa = (cursor.read_u8()?, cursor.read_u8()?);
    let bias = cursor.read_u32_le()?;
    let (sign, implied, vax) = (head.bits >> 8 & 0xff, head.bits >> 4 & 0x03, head.bits & 0x40 != 0);
    // Only the two IEEE 754 layouts that netCDF knows; 16-bit, extended and VAX floats have the same class.
    let data_type = match (head.size, offset, precision, exponent, mantissa, bias, sign, implied) {
        (4, 0, 32, (23, 8), (0, 23), 127, 31, 2) if !vax => DataType::Float32,
        (8, 0, 64, (52, 11), (0, 52), 1023, 63, 2) if !vax => DataType::Float64,
        _ => return Ok(FileType::opaque("float", head.size)),
    };
    Ok(FileType::new(data_type, Form::Number(Number { size: head.size, order: head.order(), bits: None })))
}

fn opaque(cursor: &mut Cursor<'_>, head: &Head) -> Result<FileType, Error> {
    let tag = cursor.read_bytes((head.bits & 0xff) as usize)?;
    let tag = tag.split(|&byte| byte == 0).next().unwrap_or_default();
    let name = String::from_utf8_lossy(tag);
    Ok(FileType::opaque(if name.is_empty() { "opaque" } else { &name }, head.size))
}

/// A name that ends with a NUL.
fn name(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    let rest = cursor.peek_bytes(usize::try_from(cursor.remaining()).unwrap_or(0))?;
    let length = rest.iter().position(|&byte| byte == 0);
    let length = length.ok_or_else(|| Error::corrupt("a name inside a datatype has no end"))?;
    let name = String::from_utf8_lossy(cursor.read_bytes(length)?).into_owned();
    cursor.skip(1)?;
    Ok(name)
}

fn compound(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<FileType, Error> {
    let (mut fields, mut forms, mut unreadable) = (Vec::new(), Vec::new(), None);
    for _ in 0..head.bits & 0xffff {
        let (field, stored) = field(cursor, head, depth)?;
        let end = field.offset.checked_add(stored.size);
        if end.is_none_or(|end| end > head.size) {
            return Err(Error::corrupt("a field lies outside its compound type"));
        }
        unreadable = unreadable.or(stored.unreadable);
        let count = stored.size.checked_div(stored.form.size()).unwrap_or(0);
        forms.push(FieldForm { offset: field.offset, count, form: stored.form });
        fields.push(field);
    }
    check_apart(&forms)?;
    let data_type = DataType::Compound { name: "compound".into(), size: head.size, fields };
    let form = Form::Record { size: head.size, fields: forms };
    Ok(FileType { unreadable, ..FileType::new(data_type, form) })
}

/// Checks that fields do not overlap, as HDF5 does: an element could otherwise stand for any number of bytes.
fn check_apart(fields: &[FieldForm]) -> Result<(), Error> {
    let mut ranges: Vec<_> = fields.iter().map(FieldForm::range).collect();
    ranges.sort_by_key(|range| range.start);
    let overlap = ranges.array_windows().any(|[one, next]| one.end > next.start);
    if overlap { Err(Error::corrupt("fields of a compound type overlap")) } else { Ok(()) }
}

fn field(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<(Field, FileType), Error> {
    let start = cursor.position();
    let name = name(cursor)?;
    head.skip_padding(cursor, start)?;
    let width = match (head.version, head.size) {
        (1 | 2, _) | (_, 0x100_0000..) => 4,
        (_, 0..=0xff) => 1,
        (_, 0x100..=0xffff) => 2,
        _ => 3,
    };
    let offset = usize::try_from(cursor.read_uvar(width)?).unwrap_or(usize::MAX);
    let lengths = if head.version == 1 { lengths_of_version_1(cursor)? } else { Vec::new() };
    let mut stored = parse(cursor, depth.saturating_add(1))?;
    for &length in lengths.iter().rev() {
        stored.shape.insert(0, length);
        let length = usize::try_from(length).ok().filter(|&length| length > 0);
        let whole = length.and_then(|length| stored.size.checked_mul(length));
        stored.size =
            whole.ok_or_else(|| Error::corrupt("a field has no elements, or is larger than memory"))?;
    }
    let field = Field { name, offset, data_type: stored.data_type.clone(), shape: stored.shape.clone() };
    Ok((field, stored))
}

/// Version 1 has the lengths of an array field, at most four, in the field itself.
fn lengths_of_version_1(cursor: &mut Cursor<'_>) -> Result<Vec<u64>, Error> {
    let axes = usize::from(cursor.read_u8()?);
    cursor.skip(11)?;
    let mut lengths = Vec::with_capacity(4);
    for _ in 0..4 {
        lengths.push(u64::from(cursor.read_u32_le()?));
    }
    lengths.truncate(axes);
    Ok(lengths)
}

fn enumeration(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<FileType, Error> {
    let base = parse(cursor, depth.saturating_add(1))?;
    let mut names = Vec::new();
    for _ in 0..head.bits & 0xffff {
        let start = cursor.position();
        names.push(name(cursor)?);
        head.skip_padding(cursor, start)?;
    }
    let mut members = Vec::with_capacity(names.len());
    for name in names {
        let mut stored = cursor.read_bytes(base.size)?.to_vec();
        base.form.normalise(&mut stored);
        members.push(EnumMember { name, value: widened(&stored, &base.data_type) });
    }
    let is_integer = matches!(base.form, Form::Number(_))
        && !matches!(base.data_type, DataType::Float32 | DataType::Float64 | DataType::Enum { .. });
    if !is_integer || !base.shape.is_empty() || base.size != head.size {
        return Ok(FileType::opaque("enum", head.size));
    }
    let data_type = DataType::Enum { name: "enum".into(), base: Box::new(base.data_type), members };
    Ok(FileType::new(data_type, base.form))
}

/// A little-endian integer of up to 8 bytes as a wide one.
fn widened(bytes: &[u8], base: &DataType) -> i128 {
    let signed = matches!(base, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64);
    let negative = signed && bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let start = if negative { -1 } else { 0 };
    bytes.iter().rev().take(8).fold(start, |value: i128, &byte| value << 8 | i128::from(byte))
}

fn varying(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<FileType, Error> {
    let element = parse(cursor, depth.saturating_add(1))?.without_axes();
    if head.bits & 0x0f == 1 {
        return Ok(FileType::new(DataType::String, Form::Text(head.size)));
    }
    let data_type = DataType::Vlen { name: "vlen".into(), element: Box::new(element.data_type) };
    let form = Form::List { size: head.size, element: Box::new(element.form) };
    Ok(FileType { unreadable: element.unreadable, ..FileType::new(data_type, form) })
}

fn array(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<FileType, Error> {
    let axes = usize::from(cursor.read_u8()?);
    cursor.skip(if head.version < 3 { 3 } else { 0 })?;
    let mut shape = Vec::with_capacity(axes);
    for _ in 0..axes {
        shape.push(u64::from(cursor.read_u32_le()?));
    }
    cursor.skip(if head.version < 3 { axes.saturating_mul(4) } else { 0 })?;
    let element = parse(cursor, depth.saturating_add(1))?;
    let elements = shape.iter().try_fold(element.size as u64, |n, &length| n.checked_mul(length));
    if elements != Some(head.size as u64) {
        return Err(Error::corrupt("an array type's size is not that of its elements"));
    }
    shape.extend(&element.shape);
    Ok(FileType { shape, size: head.size, ..element })
}

#[cfg(test)]
mod tests;
