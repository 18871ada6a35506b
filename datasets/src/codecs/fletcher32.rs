//! Fletcher's 32-bit checksum, as HDF5 computes it (HDF5 File Format Specification, "Fletcher32 filter").

/// Words that can be summed before 32 bits overflow.
const BLOCK: usize = 360;

/// The checksum of `data`: 16-bit words, most significant byte first.
pub fn checksum(data: &[u8]) -> u32 {
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
pub fn swapped(sum: u32) -> u32 {
    let bytes = sum.to_be_bytes();
    u32::from_be_bytes([bytes[1], bytes[0], bytes[3], bytes[2]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &[u8], expected: u32) {
        assert_eq!(checksum(data), expected, "{data:?}");
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
    fn sums_are_folded_before_they_overflow() {
        let data = [0xff, 0xfe].repeat(5000);
        let (mut low, mut high) = (0_u64, 0_u64);
        for _ in 0..5000 {
            low += 0xfffe;
            high += low;
        }
        let fold = |sum: u64| ((sum - 1) % 0xffff + 1) as u32;
        assert_eq!(checksum(&data), fold(high) << 16 | fold(low));
        assert_eq!(swapped(0x0102_0304), 0x0201_0403);
    }
}
