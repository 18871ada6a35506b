//! Reals as attributes spell them, in DAS and DMR.

use std::fmt;

/// What is spelled for infinity.
///
/// It has no name that all clients know: `inf` stops Java, and `Infinity` pydap. A number that is too large is infinity for each.
pub(crate) const INFINITY: &str = "1e999";

/// The shortest digits that read back as the same number; `NaN`, or a number too large for infinities.
pub(crate) fn spelled<T: Into<f64> + Copy + fmt::Debug>(value: T) -> String {
    let wide: f64 = value.into();
    match (wide.is_infinite(), wide > 0.0) {
        (true, true) => INFINITY.to_owned(),
        (true, false) => format!("-{INFINITY}"),
        _ => format!("{value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: f64, expected: &str) {
        assert_eq!(spelled(value), expected);
        let back: f64 = expected.parse().unwrap();
        assert!(back.to_bits() == value.to_bits() || (back.is_nan() && value.is_nan()), "{expected}");
    }

    #[test]
    fn reals_read_back() {
        check(0.1, "0.1");
        check(-1e300, "-1e300");
        check(f64::NAN, "NaN");
        check(f64::INFINITY, "1e999");
        check(f64::NEG_INFINITY, "-1e999");
        assert_eq!(spelled(0.1_f32), "0.1");
        assert_eq!(spelled(f32::NEG_INFINITY), "-1e999");
    }
}
