//! CCSDS lossless compression (template 5.42; CCSDS 121.0-B-3, "AEC").

use super::super::octets::Octets;
use super::scale::Scale;
use crate::Error;
use crate::codecs::aec::{self, Coding};

/// Flags of the template's octet 22, as the reference implementation names them: numbers have a sign.
const SIGNED: u8 = 1;
/// Differences are coded.
const PREPROCESSED: u8 = 8;
/// Identifiers are those of the restricted set.
const RESTRICTED: u8 = 16;
/// Intervals are filled up to whole bytes.
const PADDED: u8 = 32;

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
    // How numbers would be laid out in memory is no property of the stream, so further flags say nothing.
    let (flags, block) = (description.u8(22)?, usize::from(description.u8(23)?));
    let coding = Coding {
        bits: scale.bits,
        block,
        interval: usize::from(description.u16(24)?).saturating_mul(block),
        preprocessed: flags & PREPROCESSED != 0,
        signed: flags & SIGNED != 0,
        restricted: flags & RESTRICTED != 0,
    };
    if flags & PADDED != 0 && count > coding.interval {
        // What libaec, the reference implementation, writes then, it does not read back itself.
        return Err(Error::unsupported("CCSDS streams with padded intervals are not built in"));
    }
    // A stream of n bits cannot be of more than 64 blocks a bit.
    let most = packed.len().saturating_mul(8 * 64).saturating_mul(block);
    if count > most {
        return Err(Error::corrupt(format!("{count} values cannot be in {} bytes", packed.len())));
    }
    let unused = 32_u32.saturating_sub(scale.bits);
    let number = |&sample: &u32| match coding.signed {
        true => f64::from(sample.checked_shl(unused).unwrap_or(0).cast_signed() >> unused.min(31)),
        false => f64::from(sample),
    };
    let mut values = Vec::with_capacity(count);
    aec::decode(packed, &coding, count, &mut |samples| {
        values.extend(samples.iter().map(|sample| scale.value(number(sample))));
    })
    .map_err(|error| error.within("the CCSDS stream"))?;
    Ok(values)
}
