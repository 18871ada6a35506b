//! Fletcher's 32-bit checksum, as HDF5 computes it (HDF5 File Format Specification, "Fletcher32 filter").

use crate::Error;

/// Words that can be summed before 32 bits overflow.
const BLOCK: usize = 360;

/// The checksum of `data`: 16-bit words, most significant byte first.
fn checksum(data: &[u8]) -> u32 {
    let (mut low, mut high) = (0_u32, 0_u32);
    let fold = |sum: u32| (sum & 0xffff).wrapping_add(sum >> 16);
    for block in data.chunks(BLOCK.saturating_mul(2)) {
        let (words, odd) = block.as_chunks::<2>();
        let last = odd.first().map(|byte| [*byte, 0]);
        for word in words.iter().copied().chain(last) {
            low = low.wrapping_add(u32::from(u16::from_be_bytes(word)));
            high = high.wrapping_add(low);
        }
        (low, high) = (fold(low), fold(high));
    }
    (fold(high) << 16) | fold(low)
}

/// Writers before HDF5 1.6.3 on little-endian machines stored the bytes of both sums swapped.
fn swapped(sum: u32) -> u32 {
    let bytes = sum.to_be_bytes();
    u32::from_be_bytes([bytes[1], bytes[0], bytes[3], bytes[2]])
}

/// The data in front of a checksum that matches it.
///
/// # Errors
/// `Corrupt` where it does not match, or there is no room for one.
pub fn verified(bytes: &[u8]) -> Result<&[u8], Error> {
    let parts = bytes.split_last_chunk::<4>();
    let (data, stored) = parts.ok_or_else(|| Error::corrupt("it is too short to hold its checksum"))?;
    let (stored, computed) = (u32::from_le_bytes(*stored), checksum(data));
    if stored == computed || stored == swapped(computed) {
        return Ok(data);
    }
    Err(Error::corrupt(format!("its checksum is {computed:08x}, but {stored:08x} is stored")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &[u8], expected: u32) {
        assert_eq!(checksum(data), expected, "{data:?}");
        let stored = [data, &expected.to_le_bytes()].concat();
        assert_eq!(verified(&stored).unwrap(), data);
    }

    #[test]
    fn words_are_summed_twice() {
        check(&[], 0);
        check(&[0, 1], 0x0001_0001);
        check(&[0, 1, 0, 2], 0x0004_0003);
        check(&[0, 1, 2], 0x0202_0201);
        check(&[0xff; 4], 0xffff_ffff);
    }

    #[test]
    fn one_changed_bit_is_seen() {
        let data: Vec<u8> = (1..=255).cycle().take(3001).collect();
        let mut stored = [data.as_slice(), &checksum(&data).to_le_bytes()].concat();
        verified(&stored).unwrap();
        stored[1500] ^= 1;
        let error = verified(&stored).unwrap_err();
        assert!(error.message.starts_with("its checksum is"), "{error}");
        assert!(verified(&[1, 2]).is_err());
    }
}
