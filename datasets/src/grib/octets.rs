//! The octets of one section, numbered from 1 as WMO's Manual on Codes (No. 306, volume I.2) numbers them.

use crate::Error;

/// A section's octets.
#[derive(Clone, Copy, Debug)]
pub struct Octets<'a>(pub &'a [u8]);

impl<'a> Octets<'a> {
    /// `count` octets from octet `first` on.
    pub fn run(self, first: usize, count: usize) -> Result<&'a [u8], Error> {
        let start = first.checked_sub(1);
        let range = start.and_then(|start| Some(start..start.checked_add(count)?));
        range.and_then(|range| self.0.get(range)).ok_or_else(|| {
            let has = self.0.len();
            Error::corrupt(format!("a section of {has} octets has no {count} octets at octet {first}"))
        })
    }

    /// All octets from octet `first` on; none where the section ends before.
    pub fn rest(self, first: usize) -> &'a [u8] {
        self.0.get(first.saturating_sub(1)..).unwrap_or_default()
    }

    fn unsigned(self, first: usize, count: usize) -> Result<u64, Error> {
        let run = self.run(first, count)?;
        Ok(run.iter().fold(0, |number, &octet| number << 8 | u64::from(octet)))
    }

    /// One octet.
    pub fn u8(self, octet: usize) -> Result<u8, Error> {
        Ok(self.run(octet, 1)?.first().copied().unwrap_or(0))
    }

    /// Two octets.
    pub fn u16(self, first: usize) -> Result<u16, Error> {
        Ok(self.unsigned(first, 2)? as u16)
    }

    /// Three octets.
    pub fn u24(self, first: usize) -> Result<u32, Error> {
        Ok(self.unsigned(first, 3)? as u32)
    }

    /// Four octets.
    pub fn u32(self, first: usize) -> Result<u32, Error> {
        Ok(self.unsigned(first, 4)? as u32)
    }

    /// Eight octets.
    pub fn u64(self, first: usize) -> Result<u64, Error> {
        self.unsigned(first, 8)
    }

    /// A number whose first bit says that it is negative (regulation 92.1.5): GRIB knows no two's complement.
    pub fn signed(self, first: usize, count: usize) -> Result<i64, Error> {
        let bits = count.clamp(1, 8).saturating_mul(8).saturating_sub(1);
        let number = self.unsigned(first, count.clamp(1, 8))?;
        let sign = 1_u64 << bits;
        let magnitude = (number & (sign - 1)) as i64;
        Ok(if number & sign == 0 { magnitude } else { -magnitude })
    }

    /// Four octets, `None` where all bits are set, as they are for what is missing.
    pub fn present_u32(self, first: usize) -> Result<Option<u32>, Error> {
        Ok(Some(self.u32(first)?).filter(|&number| number != u32::MAX))
    }

    /// A scale factor and a scaled value (five octets): the value times ten to the power of minus the factor; `None` where
    /// either is missing.
    pub fn scaled(self, first: usize) -> Result<Option<f64>, Error> {
        let (factor, value) = (self.u8(first)?, self.u32(first.saturating_add(1))?);
        if factor == u8::MAX || value == u32::MAX {
            return Ok(None);
        }
        let factor = self.signed(first, 1)?;
        let value = self.signed(first.saturating_add(1), 4)? as f64;
        // Powers of ten up to 22 are exact, so that one rounding remains.
        let power = 10_f64.powi(factor.unsigned_abs() as i32);
        Ok(Some(if factor < 0 { value * power } else { value / power }))
    }

    /// An IBM System/360 single (four octets), as GRIB 1 has it: sign, exponent of 16, and a fraction of 24 bits.
    pub fn ibm_float(self, first: usize) -> Result<f64, Error> {
        let bits = self.u32(first)?;
        let fraction = f64::from(bits & 0x00ff_ffff);
        let exponent = i32::try_from(bits >> 24 & 0x7f).unwrap_or(0);
        let value = fraction * 16_f64.powi(exponent - 70);
        Ok(if bits >> 31 == 1 { -value } else { value })
    }

    /// An IEEE 754 single (four octets).
    pub fn ieee_float(self, first: usize) -> Result<f64, Error> {
        Ok(f64::from(f32::from_bits(self.u32(first)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bit_is_the_sign() {
        let check = |octets: &[u8], expected: i64| {
            assert_eq!(Octets(octets).signed(1, octets.len()), Ok(expected), "{octets:?}");
        };
        check(&[0x05], 5);
        check(&[0x85], -5);
        check(&[0x80, 0x00], 0);
        check(&[0x81, 0x02, 0x03], -0x01_0203);
        check(&[0xff, 0xff, 0xff, 0xff], -0x7fff_ffff);
    }

    #[test]
    fn ibm_floats_are_powers_of_sixteen() {
        let check = |bits: u32, expected: f64| {
            assert_eq!(Octets(&bits.to_be_bytes()).ibm_float(1), Ok(expected), "{bits:08x}");
        };
        check(0x4110_0000, 1.0);
        check(0xc276_a000, -118.625);
        check(0x0000_0000, 0.0);
        check(0x4010_0000, 0.0625);
    }

    #[test]
    fn scaled_values_are_rounded_once() {
        let check = |octets: [u8; 5], expected: Option<f64>| {
            assert_eq!(Octets(&octets).scaled(1), Ok(expected), "{octets:?}");
        };
        check([2, 0, 0, 0, 7], Some(0.07));
        check([0x82, 0, 0, 0, 5], Some(500.0));
        check([0xff, 0, 0, 0, 5], None);
        check([0, 0xff, 0xff, 0xff, 0xff], None);
    }

    #[test]
    fn nothing_lies_outside() {
        assert!(Octets(&[1, 2]).u8(0).is_err());
        assert!(Octets(&[1, 2]).u16(2).is_err());
        assert!(Octets(&[1, 2]).run(usize::MAX, 2).is_err());
    }
}
