//! Numbers as elements, for the tests of all backends.

use weir_model::DataType;

/// Numbers as little-endian elements of a type.
pub fn elements(data_type: &DataType, numbers: &[f64]) -> Vec<u8> {
    let element = |n: f64| match data_type.stored() {
        DataType::Int8 => (n as i8).to_le_bytes().to_vec(),
        DataType::UInt8 => (n as u8).to_le_bytes().to_vec(),
        DataType::Int16 => (n as i16).to_le_bytes().to_vec(),
        DataType::UInt16 => (n as u16).to_le_bytes().to_vec(),
        DataType::Int32 => (n as i32).to_le_bytes().to_vec(),
        DataType::UInt32 => (n as u32).to_le_bytes().to_vec(),
        DataType::Int64 => (n as i64).to_le_bytes().to_vec(),
        DataType::UInt64 => (n as u64).to_le_bytes().to_vec(),
        DataType::Float32 => (n as f32).to_le_bytes().to_vec(),
        DataType::Float64 => n.to_le_bytes().to_vec(),
        other => panic!("{} is no number", other.describe()),
    };
    numbers.iter().flat_map(|&n| element(n)).collect()
}
