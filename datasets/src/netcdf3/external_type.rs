//! The types that classic files store, and what their elements are ("The NetCDF Classic Format Specification", `nc_type`).

use weir_model::{DataType, Value};

use super::header::Version;

/// The data type behind a type number; `None` where the version has no such type.
pub fn data_type(code: u32, version: Version) -> Option<DataType> {
    match (code, version) {
        (1, _) => Some(DataType::Int8),
        (2, _) => Some(DataType::Char),
        (3, _) => Some(DataType::Int16),
        (4, _) => Some(DataType::Int32),
        (5, _) => Some(DataType::Float32),
        (6, _) => Some(DataType::Float64),
        (7, Version::Cdf5) => Some(DataType::UInt8),
        (8, Version::Cdf5) => Some(DataType::UInt16),
        (9, Version::Cdf5) => Some(DataType::UInt32),
        (10, Version::Cdf5) => Some(DataType::Int64),
        (11, Version::Cdf5) => Some(DataType::UInt64),
        _ => None,
    }
}

/// Bytes of one stored element.
pub fn size(data_type: &DataType) -> u64 {
    data_type.size().unwrap_or(1) as u64
}

/// An attribute's value from its big-endian elements. Text loses the NULs at its end, as it does where netCDF-C shows it.
pub fn value(data_type: &DataType, stored: &[u8]) -> Value {
    match data_type {
        DataType::Int8 => Value::Int8(elements(stored, i8::from_be_bytes)),
        DataType::UInt8 => Value::UInt8(stored.to_vec()),
        DataType::Int16 => Value::Int16(elements(stored, i16::from_be_bytes)),
        DataType::UInt16 => Value::UInt16(elements(stored, u16::from_be_bytes)),
        DataType::Int32 => Value::Int32(elements(stored, i32::from_be_bytes)),
        DataType::UInt32 => Value::UInt32(elements(stored, u32::from_be_bytes)),
        DataType::Int64 => Value::Int64(elements(stored, i64::from_be_bytes)),
        DataType::UInt64 => Value::UInt64(elements(stored, u64::from_be_bytes)),
        DataType::Float32 => Value::Float32(elements(stored, f32::from_be_bytes)),
        DataType::Float64 => Value::Float64(elements(stored, f64::from_be_bytes)),
        _ => {
            let padding = stored.iter().rev().take_while(|&&byte| byte == 0).count();
            let text = stored.len().saturating_sub(padding);
            Value::Char(stored.iter().copied().take(text).collect())
        }
    }
}

fn elements<const N: usize, T>(stored: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    stored.as_chunks::<N>().0.iter().copied().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_have_six_types() {
        assert_eq!(data_type(7, Version::Cdf2), None);
        assert_eq!(data_type(0, Version::Cdf5), None);
        assert_eq!(data_type(12, Version::Cdf5), None);
        assert_eq!(data_type(6, Version::Cdf1), Some(DataType::Float64));
    }

    #[test]
    fn text_loses_the_nuls_at_its_end_only() {
        assert_eq!(value(&DataType::Char, b"a\0b\0\0"), Value::Char(b"a\0b".to_vec()));
        assert_eq!(value(&DataType::Char, b"\0"), Value::Char(vec![]));
        assert_eq!(value(&DataType::Char, b"caf\xe9"), Value::Char(b"caf\xe9".to_vec()));
        assert_eq!(value(&DataType::Int16, &[1, 2, 0xff, 0xfe]), Value::Int16(vec![258, -2]));
    }
}
