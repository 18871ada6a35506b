//! Reads the numbers and names of a classic header, one after the other, and never past the bytes that there are.

use super::header::{Fault, Version};
use crate::Error;

/// The longest name, in bytes: netCDF-C's `NC_MAX_NAME`, which it keeps when it writes.
const MOST_NAME_BYTES: u64 = 256;

/// A place in the bytes of a header. All numbers are big-endian.
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    version: Version,
}

impl<'a> Cursor<'a> {
    /// Starts behind the magic bytes, which say the version.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut cursor = Self { bytes, at: 0, version: Version::Cdf1 };
        cursor.version = match cursor.array()? {
            [b'C', b'D', b'F', 1] => Version::Cdf1,
            [b'C', b'D', b'F', 2] => Version::Cdf2,
            [b'C', b'D', b'F', 5] => Version::Cdf5,
            other => {
                let message =
                    format!("the file does not begin as a classic netCDF file does, but with {other:02x?}");
                return Err(Fault::Bad(Error::corrupt(message)));
            }
        };
        Ok(cursor)
    }

    /// The version that the magic bytes say.
    pub fn version(&self) -> Version {
        self.version
    }

    /// How many bytes were read.
    pub fn position(&self) -> u64 {
        self.at as u64
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: u64) -> Result<&'a [u8], Fault> {
        let end = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length));
        let end = end.ok_or(Fault::Short)?;
        let taken = self.bytes.get(self.at..end).ok_or(Fault::Short)?;
        self.at = end;
        Ok(taken)
    }

    /// The next `length` bytes, and behind them the padding up to a multiple of 4. What stands in the padding is not looked
    /// at: the format says NULs, but old writers left anything there.
    pub fn take_padded(&mut self, length: u64) -> Result<&'a [u8], Fault> {
        let padded = length.checked_next_multiple_of(4).ok_or(Fault::Short)?;
        let taken = self.take(padded)?;
        Ok(usize::try_from(length).ok().and_then(|length| taken.get(..length)).unwrap_or(taken))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.take(N as u64)?.first_chunk().copied().ok_or(Fault::Short)
    }

    /// A number of 32 bits, as tags and types are in every version.
    pub fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of 64 bits.
    fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_be_bytes)
    }

    /// A count, length or dimension number: 64 bits in CDF-5, else 32. netCDF-C writes lengths of up to 2^32 - 4 into the 32
    /// bits, so they are not read as signed.
    pub fn count(&mut self) -> Result<u64, Fault> {
        match self.version {
            Version::Cdf1 | Version::Cdf2 => self.u32().map(u64::from),
            Version::Cdf5 => self.u64(),
        }
    }

    /// A place in the file: 32 bits in CDF-1, else 64.
    pub fn offset(&mut self) -> Result<u64, Fault> {
        match self.version {
            Version::Cdf1 => self.u32().map(u64::from),
            Version::Cdf2 | Version::Cdf5 => self.u64(),
        }
    }

    /// How many elements a list has that opens with `tag`; 0 where it is absent.
    pub fn list(&mut self, tag: u32, what: &str) -> Result<u64, Fault> {
        let (found, elements) = (self.u32()?, self.count()?);
        if found == tag || elements == 0 {
            return Ok(elements);
        }
        let message =
            format!("the header is damaged: the list of {what} has tag {found:#x} instead of {tag:#x}");
        Err(Fault::Bad(Error::corrupt(message)))
    }

    /// A name: up to its first NUL, as C reads it. Bytes that are not UTF-8 become U+FFFD.
    pub fn name(&mut self) -> Result<String, Fault> {
        let length = self.count()?;
        if length > MOST_NAME_BYTES {
            let message = format!(
                "the header is damaged: a name of {length} bytes, but names have at most {MOST_NAME_BYTES}"
            );
            return Err(Fault::Bad(Error::corrupt(message)));
        }
        let padded = self.take_padded(length)?;
        let name = padded.split(|&byte| byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(name).into_owned())
    }
}
