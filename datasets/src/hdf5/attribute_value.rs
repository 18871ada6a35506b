//! Values of attributes: from stored elements to what netCDF shows.

use weir_model::{DataType, Value};

use super::attribute::StoredAttribute;
use super::dataspace::Space;
use super::form::Form;
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
///
/// # Errors
/// `Corrupt` where references of it lead nowhere they may, `TooLarge` where they lead to more than a file may hold.
pub fn value(attribute: &StoredAttribute, heap: &mut Heap<'_>) -> Result<Value, Error> {
    let StoredAttribute { file_type, space, data, .. } = attribute;
    let stored = Stored { data_type: &file_type.data_type, form: &file_type.form, data };
    if let (DataType::Vlen { element, .. }, Form::List { element: form, .. }) =
        (stored.data_type, stored.form)
        && data.len() == file_type.size
        && file_type.unreadable.is_none()
    {
        // One list is the list; several have no form. A list of characters is a text.
        let found = heap.find(data, form.size())?;
        let listed = Stored { data_type: element, form, data: found.bytes() };
        if let Some(value) = listed.value(**element != DataType::Char, heap)? {
            return Ok(value);
        }
    }
    let value = stored.value(matches!(space, Space::Simple(_)), heap)?;
    Ok(value.unwrap_or_else(|| Value::Other { description: file_type.data_type.describe() }))
}

/// Stored elements of an attribute.
struct Stored<'a> {
    data_type: &'a DataType,
    form: &'a Form,
    data: &'a [u8],
}

impl Stored<'_> {
    /// What netCDF shows; `None` for types that no attribute can have here.
    fn value(&self, is_array: bool, heap: &mut Heap<'_>) -> Result<Option<Value>, Error> {
        let mut elements = self.data.to_vec();
        self.form.normalise_all(&mut elements);
        let data = elements.as_slice();
        Ok(Some(match self.data_type.stored() {
            DataType::Int8 => Value::Int8(numbers(data, i8::from_le_bytes)),
            DataType::UInt8 => Value::UInt8(numbers(data, u8::from_le_bytes)),
            DataType::Int16 => Value::Int16(numbers(data, i16::from_le_bytes)),
            DataType::UInt16 => Value::UInt16(numbers(data, u16::from_le_bytes)),
            DataType::Int32 => Value::Int32(numbers(data, i32::from_le_bytes)),
            DataType::UInt32 => Value::UInt32(numbers(data, u32::from_le_bytes)),
            DataType::Int64 => Value::Int64(numbers(data, i64::from_le_bytes)),
            DataType::UInt64 => Value::UInt64(numbers(data, u64::from_le_bytes)),
            DataType::Float32 => Value::Float32(numbers(data, f32::from_le_bytes)),
            DataType::Float64 => Value::Float64(numbers(data, f64::from_le_bytes)),
            DataType::Char | DataType::FixedString { .. } => text(data, self.form.size(), is_array),
            DataType::String => {
                let references = data.chunks_exact(self.form.size().max(1));
                Value::String(references.map(|reference| heap.string(reference)).collect::<Result<_, _>>()?)
            }
            _ => return Ok(None),
        }))
    }
}

/// Little-endian elements of `N` bytes.
fn numbers<const N: usize, T>(data: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    let (elements, _) = data.as_chunks::<N>();
    elements.iter().map(|bytes| read(*bytes)).collect()
}

/// Text of a fixed length: a scalar is one text, an array is a list of strings, as netCDF-C has it.
fn text(data: &[u8], size: usize, is_array: bool) -> Value {
    if is_array {
        let one = |bytes: &[u8]| bytes.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        return Value::String(data.chunks_exact(size.max(1)).map(one).collect());
    }
    let length = data.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
    Value::Char(data.get(..length).unwrap_or_default().to_vec())
}
