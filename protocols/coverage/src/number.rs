//! Numbers as texts: the shortest that mean them.

use std::fmt::Write;

use weir_cf::packing::NumberType;

/// What kind of numbers values are, which decides how many digits tell them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Numeric {
    /// Whole numbers, of up to 53 bits.
    Integer,
    /// Singles: `0.1`, where the double next to it would be `0.10000000149011612`.
    Single,
    /// Doubles.
    #[default]
    Double,
}

impl Numeric {
    /// The kind of unpacked values of a type.
    #[must_use]
    pub fn of(unpacked: NumberType) -> Self {
        match unpacked {
            NumberType::Float32 => Self::Single,
            NumberType::Float64 => Self::Double,
            _ => Self::Integer,
        }
    }

    /// A number as a text; `NaN`, `inf` and `-inf` for what is none.
    #[must_use]
    pub fn text(self, value: f64) -> String {
        let mut out = String::new();
        self.csv(value, &mut out);
        out
    }

    /// Appends a number, which is finite.
    pub(crate) fn write(self, value: f64, out: &mut String) {
        let plain = value == 0.0 || (1e-5..1e16).contains(&value.abs());
        #[expect(clippy::cast_possible_truncation, reason = "it is a single, held as a double")]
        let single = value as f32;
        // Writing to a string does not fail.
        let _written = match (self, plain) {
            (Self::Integer, _) if value.fract() == 0.0 && value.abs() < 1e18 => write!(out, "{value:.0}"),
            (Self::Single, true) => write!(out, "{single}"),
            (Self::Single, false) => write!(out, "{single:e}"),
            (_, true) => write!(out, "{value}"),
            (_, false) => write!(out, "{value:e}"),
        };
    }

    /// Appends a number of JSON; `null` for what is none.
    pub(crate) fn json(self, value: f64, out: &mut String) {
        if value.is_finite() { self.write(value, out) } else { out.push_str("null") }
    }

    /// Appends a number of CSV; `NaN`, `inf` and `-inf` for what is none.
    pub(crate) fn csv(self, value: f64, out: &mut String) {
        match value {
            value if value.is_nan() => out.push_str("NaN"),
            value if value.is_infinite() => out.push_str(if value > 0.0 { "inf" } else { "-inf" }),
            value => self.write(value, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(numeric: Numeric, value: f64) -> String {
        let mut out = String::new();
        numeric.json(value, &mut out);
        out
    }

    #[test]
    fn numbers_are_as_short_as_their_type_allows() {
        assert_eq!(text(Numeric::Single, f64::from(0.1_f32)), "0.1");
        assert_eq!(text(Numeric::Double, f64::from(0.1_f32)), "0.10000000149011612");
        assert_eq!(text(Numeric::Integer, -3.0), "-3");
        assert_eq!(text(Numeric::Double, 1e300), "1e300");
        assert_eq!(text(Numeric::Single, f64::from(1e-20_f32)), "1e-20");
        assert_eq!(text(Numeric::Double, 0.0), "0");
        assert_eq!(text(Numeric::Double, f64::NAN), "null");
        assert_eq!(text(Numeric::Double, f64::NEG_INFINITY), "null");
    }

    proptest! {
        #[test]
        fn numbers_come_back(value in any::<f64>(), single in any::<f32>()) {
            if value.is_finite() {
                prop_assert_eq!(text(Numeric::Double, value).parse::<f64>().unwrap(), value);
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text(Numeric::Double, value)).is_ok());
            }
            if single.is_finite() {
                prop_assert_eq!(text(Numeric::Single, f64::from(single)).parse::<f32>().unwrap(), single);
            }
        }
    }
}
