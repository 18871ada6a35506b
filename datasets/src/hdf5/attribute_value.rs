//! Values of attributes: from stored elements to what netCDF shows.

use weir_model::{ByteOrder, DataType, Value};

use super::attribute::StoredAttribute;
use super::dataspace::Space;
use super::heap::Heap;
use crate::Error;

/// Attributes that netCDF-4 keeps for itself (netCDF-C `nc_hashmap`/`NC_findreserved`: hidden from users).
const INTERNAL: [&str; 8] = [
    "CLASS",
    "DIMENSION_LIST",
    "NAME",
    "REFERENCE_LIST",
    "_NCProperties",
    "_Netcdf4Coordinates",
    "_Netcdf4Dimid",
    "_nc3_strict",
];

/// Whether an attribute tells of netCDF-4's own bookkeeping.
pub fn is_internal(name: &str) -> bool {
    INTERNAL.contains(&name)
}

/// Looks into a stored attribute.
pub fn value(attribute: &StoredAttribute, heap: &mut Heap<'_>) -> Result<Value, Error> {
    let data = attribute.data.as_slice();
    let order = attribute.file_type.order;
    Ok(match attribute.file_type.data_type.stored() {
        DataType::Int8 => Value::Int8(numbers(data, order, i8::from_le_bytes)),
        DataType::UInt8 => Value::UInt8(numbers(data, order, u8::from_le_bytes)),
        DataType::Int16 => Value::Int16(numbers(data, order, i16::from_le_bytes)),
        DataType::UInt16 => Value::UInt16(numbers(data, order, u16::from_le_bytes)),
        DataType::Int32 => Value::Int32(numbers(data, order, i32::from_le_bytes)),
        DataType::UInt32 => Value::UInt32(numbers(data, order, u32::from_le_bytes)),
        DataType::Int64 => Value::Int64(numbers(data, order, i64::from_le_bytes)),
        DataType::UInt64 => Value::UInt64(numbers(data, order, u64::from_le_bytes)),
        DataType::Float32 => Value::Float32(numbers(data, order, f32::from_le_bytes)),
        DataType::Float64 => Value::Float64(numbers(data, order, f64::from_le_bytes)),
        DataType::Char | DataType::FixedString { .. } => text(attribute),
        DataType::String => Value::String(strings(attribute, heap)?),
        other => Value::Other { description: other.describe() },
    })
}

/// Elements of `N` bytes, whose order is made little-endian first.
fn numbers<const N: usize, T>(data: &[u8], order: ByteOrder, read: fn([u8; N]) -> T) -> Vec<T> {
    let (elements, _) = data.as_chunks::<N>();
    let little = |mut bytes: [u8; N]| {
        if order == ByteOrder::Big {
            bytes.reverse();
        }
        bytes
    };
    elements.iter().map(|bytes| read(little(*bytes))).collect()
}

/// Text of a fixed length: a scalar is one text, an array is a list of strings, as netCDF-C has it.
fn text(attribute: &StoredAttribute) -> Value {
    let data = attribute.data.as_slice();
    if matches!(attribute.space, Space::Simple(_)) {
        let one = |bytes: &[u8]| bytes.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        return Value::String(data.chunks_exact(attribute.file_type.size.max(1)).map(one).collect());
    }
    let length = data.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
    Value::Char(data.get(..length).unwrap_or_default().to_vec())
}

fn strings(attribute: &StoredAttribute, heap: &mut Heap<'_>) -> Result<Vec<Vec<u8>>, Error> {
    if attribute.file_type.size != heap.reference_bytes() {
        return Err(Error::corrupt("its strings are not references of the usual size"));
    }
    attribute.data.chunks_exact(heap.reference_bytes()).map(|reference| heap.string(reference)).collect()
}
