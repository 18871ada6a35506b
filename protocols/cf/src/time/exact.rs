//! Products and quotients of times without a rounding more than asked for.

use super::TimeError;

/// A finite double as `mantissa * 2^exponent`, the mantissa odd (or 0 with exponent 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Binary {
    pub mantissa: i64,
    pub exponent: i32,
}

impl Binary {
    /// The parts of a double.
    pub(super) fn of(value: f64) -> Result<Self, TimeError> {
        if !value.is_finite() {
            return Err(TimeError::NotFinite);
        }
        let bits = value.to_bits();
        let fraction = i64::try_from(bits & ((1 << 52) - 1)).unwrap_or(0);
        let biased = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
        let (mantissa, exponent) =
            if biased == 0 { (fraction, -1074) } else { (fraction | (1 << 52), biased - 1075) };
        if mantissa == 0 {
            return Ok(Self { mantissa: 0, exponent: 0 });
        }
        let zeros = mantissa.trailing_zeros();
        let mantissa = if value < 0.0 { -(mantissa >> zeros) } else { mantissa >> zeros };
        Ok(Self { mantissa, exponent: exponent + i32::try_from(zeros).unwrap_or(0) })
    }
}

/// `value * factor`, rounded to a whole number as `cftime` rounds times to microseconds; `None` beyond 64 bits.
///
/// `cftime` multiplies in the 80-bit arithmetic of x86, so the product is rounded to 64 binary digits and then to a whole
/// number, both to even. With `snap`, a result one beside a multiple of a million is then taken from the floor (one above) or
/// the ceiling (one below), so that a time meant as a whole second becomes one.
pub(super) fn scaled(value: Binary, factor: i64, snap: bool) -> Option<i64> {
    let product = i128::from(value.mantissa).checked_mul(i128::from(factor))?;
    let (digits, exponent) = to_64_digits(product.unsigned_abs(), value.exponent);
    let digits = if product < 0 { -i128::try_from(digits).ok()? } else { i128::try_from(digits).ok()? };
    if exponent >= 0 {
        // 2^63 is the limit of the result.
        let power = 1i128.checked_shl(u32::try_from(exponent).ok()?).filter(|_| exponent < 64)?;
        return i64::try_from(digits.checked_mul(power)?).ok();
    }
    // The digits are fewer than 65: shifting by more changes nothing.
    let shift = exponent.unsigned_abs().min(100);
    let (floor, rest) = (digits >> shift, digits & ((1 << shift) - 1));
    let ceiling = floor + i128::from(rest != 0);
    let half = 1i128 << (shift - 1);
    let nearest = if rest > half || (rest == half && floor & 1 == 1) { ceiling } else { floor };
    let snapped = match nearest.rem_euclid(1_000_000) {
        1 if snap => floor,
        999_999 if snap => ceiling,
        _ => nearest,
    };
    i64::try_from(snapped).ok()
}

/// A number with at most 64 binary digits, half to even, and its exponent.
fn to_64_digits(number: u128, exponent: i32) -> (u128, i32) {
    let surplus = 128u32.saturating_sub(number.leading_zeros()).saturating_sub(64);
    if surplus == 0 {
        return (number, exponent);
    }
    let (kept, rest) = (number >> surplus, number & ((1 << surplus) - 1));
    let half = 1u128 << (surplus - 1);
    let up = rest > half || (rest == half && kept & 1 == 1);
    (kept + u128::from(up), exponent + i32::try_from(surplus).unwrap_or(0))
}

/// `numerator / denominator` as the nearest double; `denominator` is positive and below 2^126.
pub(super) fn ratio(numerator: i128, denominator: i128) -> f64 {
    let divisor = denominator.unsigned_abs().max(1);
    let (whole, mut rest) = (numerator.unsigned_abs() / divisor, numerator.unsigned_abs() % divisor);
    let (mut digits, mut exponent) = (whole, 0i32);
    // 56 digits are three more than a double has; whatever is left behind them counts as one more.
    while digits.leading_zeros() > 72 && rest != 0 && exponent > -1000 {
        rest <<= 1;
        let bit = rest >= divisor;
        rest -= if bit { divisor } else { 0 };
        digits = (digits << 1) | u128::from(bit);
        exponent -= 1;
    }
    let digits = digits | u128::from(rest != 0);
    #[expect(clippy::cast_precision_loss, reason = "this is the one rounding, to the nearest double")]
    let size = digits as f64 * 2f64.powi(exponent);
    if numerator < 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(value: f64, factor: i64, expected: Option<i64>) {
        assert_eq!(scaled(Binary::of(value).unwrap(), factor, true), expected, "{value} * {factor}");
    }

    #[test]
    fn products_are_rounded_to_whole_numbers() {
        check(0.0, 1, Some(0));
        check(-0.0, 1, Some(0));
        check(0.5, 86_400_000_000, Some(43_200_000_000));
        check(1.0 / 3.0, 86_400_000_000, Some(28_800_000_000));
        check(-1.5, 1, Some(-2));
        check(2.5, 1, Some(2));
        check(1e-300, 86_400_000_000, Some(0));
        check(5e-324, 1, Some(0));
        check(-5e-324, 1, Some(0));
        check(9.3e18, 1, None);
        check(-9_223_372_036_854_775_808.0, 1, Some(i64::MIN));
        check(9_223_372_036_854_775_808.0, 1, None);
        check(1e300, 1, None);
        check(f64::MAX, i64::MAX, None);
    }

    #[test]
    fn one_microsecond_beside_a_second_is_the_second() {
        check(1.000_000_6, 1_000_000, Some(1_000_000));
        check(0.999_999_3, 1_000_000, Some(1_000_000));
        check(1.000_001_2, 1_000_000, Some(1_000_001));
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Binary::of(value), Err(TimeError::NotFinite));
        }
    }

    proptest! {
        #[test]
        fn parts_of_a_double_make_it_again(value: f64) {
            if let Ok(Binary { mantissa, exponent }) = Binary::of(value) {
                // In two steps: 2^exponent alone may be too small for a double.
                let half = exponent / 2;
                #[expect(clippy::cast_precision_loss, reason = "a mantissa has 53 digits")]
                let again = mantissa as f64 * 2f64.powi(half) * 2f64.powi(exponent - half);
                prop_assert_eq!(again, value);
            }
        }

        #[test]
        #[expect(clippy::cast_precision_loss, reason = "53 digits are exact")]
        fn quotients_of_doubles_are_those_of_the_processor(a in -(1i64 << 53)..1 << 53, b in 1i64..1 << 53) {
            prop_assert_eq!(ratio(a.into(), b.into()), a as f64 / b as f64);
        }

        #[test]
        fn any_numbers_are_an_answer_or_none(value: f64, factor: i64, a: i128, b in 1i128..1 << 126) {
            if let Ok(binary) = Binary::of(value) {
                let _ = scaled(binary, factor, true);
                let _ = scaled(binary, factor, false);
            }
            let _ = ratio(a, b);
        }
    }
}
