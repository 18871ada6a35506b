//! Checksums: CRC-32 (IEEE 802.3, as in zlib) of the bytes of one variable, counts included.

/// A checksum in the making.
#[derive(Clone, Debug, Default)]
pub struct Checksum(crc32fast::Hasher);

impl Checksum {
    /// Bytes of one checksum behind its variable.
    pub const SIZE: usize = 4;

    /// Takes in bytes that are sent.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The bytes behind the variable: the checksum in the byte order of the data, which is little-endian.
    #[must_use]
    pub fn finish(self) -> [u8; Self::SIZE] {
        self.0.finalize().to_le_bytes()
    }
}

/// Whether checksums stand behind the variables of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksums {
    /// They do: netCDF-C 4.9.0, libdap 3.20 and pydap fail without.
    #[default]
    Sent,
    /// They do not, and the first chunk says so.
    LeftOut,
}

impl Checksums {
    /// Bytes behind each variable.
    #[must_use]
    pub fn size(self) -> u64 {
        match self {
            Self::Sent => Checksum::SIZE as u64,
            Self::LeftOut => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32() {
        let mut checksum = Checksum::default();
        checksum.update(b"1234");
        checksum.update(b"56789");
        assert_eq!(u32::from_le_bytes(checksum.finish()), 0xcbf4_3926);
    }
}
