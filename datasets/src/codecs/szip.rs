//! Szip (HDF5 filter 4): the adaptive entropy coder behind the length of the data.
//!
//! Client data: option mask, samples per block, bits per sample, samples per scan line. Samples of 32 and 64 bits are coded as
//! bytes, those of equal significance together, because the coder of Szip knows none longer than 24 bits.

use super::aec::{self, Coding};
use super::{resize, unshuffle};
use crate::Error;

/// `SZ_MSB_OPTION_MASK`: samples of several bytes have the most significant one first.
const MOST_SIGNIFICANT_FIRST: u32 = 16;

/// `SZ_NN_OPTION_MASK`: differences to the nearest neighbour are coded.
const NEAREST_NEIGHBOUR: u32 = 32;

/// Decodes a chunk to at most `limit` bytes. `planes` is scratch.
pub fn decode(
    input: &[u8],
    parameters: &[u32],
    limit: usize,
    (planes, out): (&mut Vec<u8>, &mut Vec<u8>),
) -> Result<(), Error> {
    let &[options, block, bits, line, ..] = parameters else {
        return Err(Error::corrupt(format!("szip needs 4 parameters, it has {}", parameters.len())));
    };
    let (length, stream) =
        input.split_first_chunk::<4>().ok_or_else(|| Error::corrupt("its szip stream has no length"))?;
    let length = super::within(u32::from_le_bytes(*length).into(), limit, "szip")?;
    let words = match bits {
        32 | 64 => bits as usize / 8,
        1..=24 => 1,
        _ => return Err(Error::corrupt(format!("szip has no samples of {bits} bits"))),
    };
    let sample_bits = if words > 1 { 8 } else { bits };
    let coding = Coding {
        bits: sample_bits,
        block: block as usize,
        interval: line as usize,
        preprocessed: options & NEAREST_NEIGHBOUR != 0,
        signed: false,
        restricted: false,
    };
    let sample_bytes = match sample_bits {
        1..=8 => 1,
        9..=16 => 2,
        _ => 4,
    };
    if length % words.max(sample_bytes) != 0 {
        return Err(Error::corrupt(format!("its {length} bytes are no whole szip samples")));
    }
    let most_first = options & MOST_SIGNIFICANT_FIRST != 0;
    let target: &mut Vec<u8> = if words > 1 { &mut *planes } else { &mut *out };
    target.clear();
    let count = length.checked_div(sample_bytes).unwrap_or(0);
    aec::decode(stream, &coding, count, &mut |samples| write(samples, sample_bytes, most_first, target))?;
    if words > 1 {
        resize(out, planes.len());
        unshuffle(planes, words, false, out);
    }
    Ok(())
}

/// Writes samples as numbers of 1, 2 or 4 bytes.
fn write(samples: &[u32], bytes: usize, most_first: bool, out: &mut Vec<u8>) {
    match (bytes, most_first) {
        (1, _) => out.extend(samples.iter().map(|&sample| sample as u8)),
        (2, false) => out.extend(samples.iter().flat_map(|&sample| (sample as u16).to_le_bytes())),
        (2, true) => out.extend(samples.iter().flat_map(|&sample| (sample as u16).to_be_bytes())),
        (_, false) => out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes())),
        (_, true) => out.extend(samples.iter().flat_map(|sample| sample.to_be_bytes())),
    }
}
