//! Checksums beside the data: HDF5's Fletcher, and those of Zarr and numcodecs. All have 4 bytes, little-endian.

use std::ops::Range;

use super::fletcher32;
use crate::Error;

/// Bytes of a stored checksum.
pub const BYTES: usize = 4;

/// How a checksum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// Zlib's (RFC 1950).
    Adler32,
    /// CRC-32 of Ethernet and gzip.
    Crc32,
    /// CRC-32 with Castagnoli's polynomial.
    Crc32c,
    /// Fletcher's, as HDF5 computes it.
    Fletcher32,
}

/// Where a checksum stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Behind the data.
    Behind,
    /// Before the data.
    Before,
}

/// A checksum beside data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// How it is computed.
    pub sum: Sum,
    /// Where it stands.
    pub side: Side,
}

impl Checksum {
    /// Where the data are in `bytes`, if the checksum matches.
    ///
    /// # Errors
    /// `Corrupt` where it does not, or there is no room for one.
    pub fn verified(self, bytes: &[u8]) -> Result<Range<usize>, Error> {
        let data = bytes.len().checked_sub(BYTES);
        let data = data.ok_or_else(|| Error::corrupt("it is too short to hold its checksum"))?;
        let (range, place) = match self.side {
            Side::Behind => (0..data, data),
            Side::Before => (BYTES..bytes.len(), 0),
        };
        let data = bytes.get(range.clone()).unwrap_or_default();
        let stored = bytes.get(place..).and_then(|place| place.first_chunk::<BYTES>()).copied();
        let stored = u32::from_le_bytes(stored.unwrap_or_default());
        let computed = match self.sum {
            Sum::Adler32 => libdeflater::adler32(data),
            Sum::Crc32 => libdeflater::crc32(data),
            Sum::Crc32c => crc32c::crc32c(data),
            Sum::Fletcher32 => fletcher32::checksum(data),
        };
        let matches =
            stored == computed || self.sum == Sum::Fletcher32 && stored == fletcher32::swapped(computed);
        match matches {
            true => Ok(range),
            false => {
                Err(Error::corrupt(format!("its checksum is {computed:08x}, but {stored:08x} is stored")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sum: Sum, expected: u32) {
        let (data, stored) = (b"123456789", expected.to_le_bytes());
        for (side, bytes) in
            [(Side::Behind, [&data[..], &stored].concat()), (Side::Before, [&stored[..], data].concat())]
        {
            let checksum = Checksum { sum, side };
            assert_eq!(&bytes[checksum.verified(&bytes).unwrap()], data, "{checksum:?}");
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(checksum.verified(&changed).is_err(), "{checksum:?} misses bit {bit}");
            }
            assert!(checksum.verified(&bytes[..3]).is_err());
        }
    }

    #[test]
    fn published_check_values() {
        check(Sum::Adler32, 0x091e_01de);
        check(Sum::Crc32, 0xcbf4_3926);
        check(Sum::Crc32c, 0xe306_9283);
    }

    #[test]
    fn fletcher_is_of_words_with_the_most_significant_byte_first() {
        check(Sum::Fletcher32, fletcher32::checksum(b"123456789"));
    }
}
