//! The values that netCDF fills with where nobody chose one, in files of every version.

use crate::DataType;

/// The value that stands where nothing was written, little-endian: netCDF's `NC_FILL_*` (`netcdf.h`); one zero byte for types
/// that have none.
#[must_use]
pub fn default_fill(data_type: &DataType) -> Vec<u8> {
    match data_type {
        DataType::Int8 => (-127_i8).to_le_bytes().to_vec(),
        DataType::UInt8 => vec![u8::MAX],
        DataType::Int16 => (-32_767_i16).to_le_bytes().to_vec(),
        DataType::UInt16 => u16::MAX.to_le_bytes().to_vec(),
        DataType::Int32 => (-2_147_483_647_i32).to_le_bytes().to_vec(),
        DataType::UInt32 => u32::MAX.to_le_bytes().to_vec(),
        DataType::Int64 => (-9_223_372_036_854_775_806_i64).to_le_bytes().to_vec(),
        DataType::UInt64 => 18_446_744_073_709_551_614_u64.to_le_bytes().to_vec(),
        DataType::Float32 => 9.969_21e36_f32.to_le_bytes().to_vec(),
        DataType::Float64 => 9.969_209_968_386_869e36_f64.to_le_bytes().to_vec(),
        _ => vec![0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_fills_are_those_of_netcdf_c() {
        let bits = |data_type| default_fill(&data_type).into_iter().rev().collect::<Vec<u8>>();
        // 9.9692099683868690e+36 as `ncdump` and a debugger show it in both widths.
        assert_eq!(bits(DataType::Float32), 0x7cf0_0000_u32.to_be_bytes());
        assert_eq!(bits(DataType::Float64), 0x479e_0000_0000_0000_u64.to_be_bytes());
        assert_eq!(bits(DataType::Int16), [0x80, 0x01]);
        assert_eq!(bits(DataType::UInt64), [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]);
        use DataType::{Char, Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64};
        let all = [Int8, UInt8, Int16, UInt16, Int32, UInt32, Int64, UInt64, Float32, Float64, Char];
        for data_type in all {
            assert_eq!(Some(default_fill(&data_type).len()), data_type.size(), "{data_type:?}");
        }
    }
}
