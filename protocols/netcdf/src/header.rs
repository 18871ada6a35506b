//! The header of a file, byte by byte.

use crate::attributes::Stored;
use crate::plan::{Placed, Version};
use crate::{Classic, NetcdfError};

const DIMENSIONS: u32 = 0x0A;
const VARIABLES: u32 = 0x0B;
const ATTRIBUTES: u32 = 0x0C;

/// A header of one version, as it grows.
pub(crate) struct Header {
    version: Version,
    bytes: Vec<u8>,
}

/// What a header says beside names.
pub(crate) struct Described<'a> {
    pub file: &'a Classic,
    pub attributes: &'a [Stored],
    /// The attributes of each variable, and where it lies.
    pub variables: &'a [(Vec<Stored>, Placed)],
    pub records: u64,
}

impl Header {
    /// The bytes of a header.
    ///
    /// # Errors
    /// [`NetcdfError::TooLarge`] where a number does not fit; a version is chosen so that all do.
    pub(crate) fn write(version: Version, of: &Described<'_>) -> Result<Vec<u8>, NetcdfError> {
        let mut header = Self { version, bytes: b"CDF".to_vec() };
        header.bytes.push(version.number());
        header.count(of.records)?;
        header.list(DIMENSIONS, of.file.dimensions.len())?;
        for dimension in &of.file.dimensions {
            header.name(&dimension.name)?;
            // 0 stands for the dimension along which records lie.
            header.count(if dimension.unlimited { 0 } else { dimension.length })?;
        }
        header.attributes(of.attributes)?;
        header.list(VARIABLES, of.file.variables.len())?;
        for (variable, (attributes, placed)) in of.file.variables.iter().zip(of.variables) {
            header.name(&variable.name)?;
            header.count(length(variable.dimensions.len())?)?;
            for place in &variable.dimensions {
                header.count(length(*place)?)?;
            }
            header.attributes(attributes)?;
            header.word(variable.external.code());
            header.count(placed.padded)?;
            header.offset(placed.begin)?;
        }
        Ok(header.bytes)
    }

    fn word(&mut self, word: u32) {
        self.bytes.extend(word.to_be_bytes());
    }

    /// A count or a length: 32 bits, 64 in CDF-5.
    fn count(&mut self, count: u64) -> Result<(), NetcdfError> {
        if self.version == Version::Cdf5 {
            self.bytes.extend(count.to_be_bytes());
        } else {
            self.word(u32::try_from(count).ok().ok_or(NetcdfError::TooLarge)?);
        }
        Ok(())
    }

    /// An offset: 32 bits in CDF-1, else 64.
    fn offset(&mut self, offset: u64) -> Result<(), NetcdfError> {
        if self.version == Version::Cdf1 {
            self.word(u32::try_from(offset).ok().ok_or(NetcdfError::TooLarge)?);
        } else {
            self.bytes.extend(offset.to_be_bytes());
        }
        Ok(())
    }

    /// The beginning of a list; one without members has no tag.
    fn list(&mut self, tag: u32, members: usize) -> Result<(), NetcdfError> {
        self.word(if members == 0 { 0 } else { tag });
        self.count(length(members)?)
    }

    fn name(&mut self, name: &str) -> Result<(), NetcdfError> {
        self.count(length(name.len())?)?;
        self.padded(name.as_bytes());
        Ok(())
    }

    fn attributes(&mut self, attributes: &[Stored]) -> Result<(), NetcdfError> {
        self.list(ATTRIBUTES, attributes.len())?;
        for attribute in attributes {
            self.name(&attribute.name)?;
            self.word(attribute.external.code());
            self.count(attribute.count)?;
            self.padded(&attribute.bytes);
        }
        Ok(())
    }

    /// Bytes, and zeros up to a multiple of four.
    fn padded(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let behind = bytes.len() % 4;
        let padding = if behind == 0 { 0 } else { 4 - behind };
        self.bytes.extend(std::iter::repeat_n(0, padding));
    }
}

fn length(count: usize) -> Result<u64, NetcdfError> {
    u64::try_from(count).ok().ok_or(NetcdfError::TooLarge)
}
