//! CCSDS lossless compression (template 5.42; CCSDS 121.0-B-3, "AEC").

use rust_aec::{AecFlags, AecParams, decode, flags_from_grib2_ccsds_flags};

use super::super::octets::Octets;
use super::scale::Scale;
use crate::Error;

/// Unpacks `count` values.
pub fn unpack(
    description: Octets<'_>,
    packed: &[u8],
    scale: &Scale,
    count: usize,
) -> Result<Vec<f32>, Error> {
    if scale.bits > 32 {
        return Err(Error::corrupt(format!("CCSDS has no numbers of {} bits", scale.bits)));
    }
    // How numbers are laid out in memory is no property of the stream: whole octets, the most significant first.
    let flags = flags_from_grib2_ccsds_flags(description.u8(22)?) | AecFlags::MSB | AecFlags::DATA_3BYTE;
    let block = u32::from(description.u8(23)?);
    let params = AecParams::new(scale.bits as u8, block, u32::from(description.u16(24)?), flags);
    // A stream of n bits cannot be of more than 64 blocks a bit.
    let most = packed.len().saturating_mul(8 * 64).saturating_mul(block as usize);
    if count > most {
        return Err(Error::corrupt(format!("{count} values cannot be in {} bytes", packed.len())));
    }
    let numbers = decode(packed, params, count)
        .map_err(|error| Error::corrupt(format!("the CCSDS stream is damaged: {error}")))?;
    let width = scale.bits.div_ceil(8) as usize;
    let whole = |bytes: &[u8]| bytes.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    let number = |bytes: &[u8]| match flags.contains(AecFlags::DATA_SIGNED) {
        true => {
            let unused = 64 - 8 * bytes.len() as u32;
            ((whole(bytes) << unused) as i64 >> unused) as f64
        }
        false => whole(bytes) as f64,
    };
    Ok(numbers.chunks_exact(width).map(|bytes| scale.value(number(bytes))).collect())
}
