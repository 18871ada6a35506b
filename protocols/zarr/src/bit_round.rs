//! BitRound: fewer bits of the significand, so that what follows compresses better.
//!
//! Source: Klöwer et al. 2021, "Compressing atmospheric data into its real information content" (round to nearest, ties to
//! even), as `numcodecs.bitround` does it. Unlike there, what is no finite number stays as it is, and so do fill values: one that
//! is rounded is taken for data.

use crate::ElementType;

/// How many bits of the significand are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitRound {
    keep: u32,
    size: usize,
}

impl BitRound {
    /// Keeps `keep` bits of the significands of `element`.
    ///
    /// # Errors
    /// The reason, for people, where elements are no floats or have no more bits than that.
    pub fn new(element: ElementType, keep: u32) -> Result<Self, String> {
        let (size, most) = match element {
            ElementType::Float(4) => (4, 23),
            ElementType::Float(8) => (8, 52),
            other => return Err(format!("keepbits is for floats, and its elements are {}", other.v3())),
        };
        if !(1..=most).contains(&keep) {
            return Err(format!("keepbits is {keep}; it must be from 1 to {most}"));
        }
        Ok(Self { keep, size })
    }

    /// Rounds little-endian elements; those that are one of `fills`, bit for bit, stay.
    pub fn round(self, elements: &mut [u8], fills: &[&[u8]]) {
        for element in elements.chunks_exact_mut(self.size) {
            if fills.contains(&&*element) {
                continue;
            }
            if let Ok(bytes) = <[u8; 4]>::try_from(&*element) {
                let rounded = round(u32::from_le_bytes(bytes).into(), self.keep, (23, 8));
                element.copy_from_slice(&rounded.to_le_bytes()[..4]);
            } else if let Ok(bytes) = <[u8; 8]>::try_from(&*element) {
                element.copy_from_slice(&round(u64::from_le_bytes(bytes), self.keep, (52, 11)).to_le_bytes());
            }
        }
    }
}

/// Rounds one number of so many bits of significand and exponent.
fn round(bits: u64, keep: u32, (significand, exponent): (u32, u32)) -> u64 {
    let drop = significand.saturating_sub(keep);
    let infinite = ((1_u64 << exponent) - 1) << significand;
    if drop == 0 || bits & infinite == infinite {
        return bits;
    }
    let kept = !((1_u64 << drop) - 1);
    let half = (1_u64 << (drop - 1)) - 1;
    let odd = bits >> drop & 1;
    let rounded = bits.wrapping_add(half).wrapping_add(odd) & kept;
    // The largest numbers would round to infinity; they lose their last bits instead.
    if rounded & infinite == infinite { bits & kept } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rounded(value: f32, keep: u32) -> f32 {
        let mut bytes = value.to_le_bytes();
        BitRound::new(ElementType::Float(4), keep).unwrap().round(&mut bytes, &[&9.0e36_f32.to_le_bytes()]);
        f32::from_le_bytes(bytes)
    }

    #[test]
    fn ties_go_to_even() {
        assert_eq!(rounded(1.0 + 1.0 / 16.0, 3), 1.0);
        assert_eq!(rounded(1.0 + 3.0 / 16.0, 3), 1.25);
        assert_eq!(rounded(-(1.0 + 3.0 / 16.0), 3), -1.25);
        assert_eq!(rounded(1.99, 3), 2.0);
    }

    #[test]
    fn what_is_no_number_stays() {
        let odd = f32::from_bits(0x7fff_ffff);
        assert_eq!(rounded(odd, 2).to_bits(), odd.to_bits());
        for value in [f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, 9.0e36] {
            assert_eq!(rounded(value, 2).to_bits(), value.to_bits());
        }
        assert!(rounded(f32::MAX, 2).is_finite());
    }

    #[test]
    fn only_floats_have_a_significand() {
        assert!(BitRound::new(ElementType::Int(4), 3).unwrap_err().contains("is for floats"));
        for keep in [0, 24] {
            assert!(BitRound::new(ElementType::Float(4), keep).unwrap_err().contains("from 1 to 23"));
        }
    }

    proptest! {
        #[test]
        fn the_error_is_at_most_half_of_the_last_bit(value in any::<f64>(), keep in 1_u32..52) {
            prop_assume!(value.is_normal() && value.abs() < 1e300);
            let mut bytes = value.to_le_bytes();
            BitRound::new(ElementType::Float(8), keep).unwrap().round(&mut bytes, &[]);
            let error = ((f64::from_le_bytes(bytes) - value) / value).abs();
            prop_assert!(error <= 0.5_f64.powi(keep as i32 + 1), "{value} {keep} {error}");
            let twice = { let mut b = bytes; BitRound::new(ElementType::Float(8), keep).unwrap().round(&mut b, &[]); b };
            prop_assert_eq!(twice, bytes);
        }
    }
}
