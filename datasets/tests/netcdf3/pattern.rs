//! The values of the fixtures, computed anew: the rules stand in `fixtures/make_netcdf3_fixtures.py` too.

use weir_datasets::contract::Expected;
use weir_model::{DataType, Schema};

/// All elements of the variable at `path`, little-endian.
pub fn expected(schema: &Schema, path: &str) -> Option<Expected> {
    let number = schema.root.variables.iter().position(|v| format!("/{}", v.name) == path)?;
    let variable = &schema.root.variables[number];
    let count: u64 = variable.shape.iter().product();
    let elements = (1..=count as i64).flat_map(|n| element(&variable.data_type, number as i64 * 7 + n));
    Some(Expected::Elements(elements.collect()))
}

fn element(data_type: &DataType, n: i64) -> Vec<u8> {
    match data_type {
        DataType::Int8 => ((n % 120 - 60) as i8).to_le_bytes().to_vec(),
        DataType::UInt8 => vec![(255 - n % 250) as u8],
        DataType::Char => vec![(n % 26) as u8 + b'a'],
        DataType::Int16 => ((n * 257 % 60_000 - 30_000) as i16).to_le_bytes().to_vec(),
        DataType::UInt16 => ((65_535 - n) as u16).to_le_bytes().to_vec(),
        DataType::Int32 => ((n * -65_537) as i32).to_le_bytes().to_vec(),
        DataType::UInt32 => (u32::MAX - n as u32).to_le_bytes().to_vec(),
        DataType::Int64 => (n * -4_294_967_297).to_le_bytes().to_vec(),
        DataType::UInt64 => (u64::MAX - n as u64).to_le_bytes().to_vec(),
        DataType::Float32 => (n as f32 + 0.5).to_le_bytes().to_vec(),
        DataType::Float64 => (n as f64 + 0.25).to_le_bytes().to_vec(),
        other => panic!("classic files have no {other:?}"),
    }
}
