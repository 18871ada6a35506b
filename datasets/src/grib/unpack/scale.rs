//! Scaling: reference value, binary and decimal scale factor (regulation 92.9.4).

use super::super::octets::Octets;
use crate::Error;

/// How packed numbers become values: `(number * binary + reference) * decimal`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    reference: f64,
    binary: f64,
    decimal: f64,
    /// Bits of a packed number.
    pub bits: u32,
}

/// A power of a base, by repeated multiplication or division as ecCodes has it: `10^-3` is `1 / 10 / 10 / 10`, which is
/// not always the double that is nearest.
fn power(exponent: i64, base: f64) -> f64 {
    // Beyond, all is infinite or zero.
    let steps = exponent.unsigned_abs().min(5000);
    (0..steps).fold(1.0, |power, _| if exponent < 0 { power / base } else { power * base })
}

impl Scale {
    /// That of edition 2: octets 12 to 20 of section 5.
    pub fn edition2(octets: Octets<'_>) -> Result<Self, Error> {
        let exponents = (octets.signed(16, 2)?, octets.signed(18, 2)?);
        Self::new(octets.ieee_float(12)?, exponents, octets.u8(20)?)
    }

    /// That of edition 1: octets 5 to 11 of section 4, whose decimal scale factor stands in section 1 and is put behind.
    pub fn edition1(octets: Octets<'_>, decimal: i64) -> Result<Self, Error> {
        Self::new(octets.ibm_float(7)?, (octets.signed(5, 2)?, decimal), octets.u8(11)?)
    }

    fn new(reference: f64, (binary, decimal): (i64, i64), bits: u8) -> Result<Self, Error> {
        if bits > 56 {
            return Err(Error::unsupported(format!("values packed in {bits} bits; the limit is 56")));
        }
        let (binary, decimal) = (power(binary, 2.0), power(-decimal, 10.0));
        Ok(Self { reference, binary, decimal, bits: u32::from(bits) })
    }

    /// The value of a packed number.
    #[inline]
    pub fn value(&self, number: f64) -> f32 {
        ((number * self.binary + self.reference) * self.decimal) as f32
    }

    /// A field of one value.
    pub fn constant(&self, count: usize) -> Vec<f32> {
        vec![self.reference as f32; count]
    }
}
