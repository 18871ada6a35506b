//! Numbers of one reference date as numbers of another: what joining files takes.

use super::exact::{Binary, ratio};
use super::{DateTime, Number, TimeError, TimeUnits};

/// How numbers of one `<unit> since <date>` become those of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    from: TimeUnits,
    to: TimeUnits,
    /// Where both count in one calendar: result = (number * `factor` + `shift`) / `divisor`, in lowest terms.
    terms: Option<Terms>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Terms {
    factor: i128,
    shift: i128,
    divisor: i128,
}

impl Conversion {
    /// The conversion of numbers counted in `from` to numbers counted in `to`.
    ///
    /// Where the calendars differ, a time keeps its year, month, day and time of day. That is the same instant for the
    /// standard and the proleptic Gregorian calendar from 1582-10-15 on; whether it is wanted for others, only the caller
    /// knows.
    ///
    /// # Errors
    /// Those of [`DateTime::instant`].
    pub fn between(from: TimeUnits, to: TimeUnits) -> Result<Self, TimeError> {
        let one_calendar = from.calendar() == to.calendar();
        let shift = from.reference().instant()? - to.reference().instant()?;
        let terms = one_calendar.then(|| {
            let (factor, divisor) =
                (i128::from(from.unit().nanoseconds()), i128::from(to.unit().nanoseconds()));
            let common = common_divisor(common_divisor(factor, divisor), shift.saturating_abs()).max(1);
            Terms { factor: factor / common, shift: shift / common, divisor: divisor / common }
        });
        Ok(Self { from, to, terms })
    }

    /// Whether numbers stay as they are.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.terms.is_some_and(|terms| terms.factor == terms.divisor && terms.shift == 0)
    }

    /// One number: an integer becomes an integer where one means the same time, else the nearest double; a double stays one.
    ///
    /// # Errors
    /// [`TimeError::NotFinite`], [`TimeError::OutOfRange`], and where the calendars differ [`TimeError::Calendar`] for a date
    /// that the other does not have.
    pub fn number(&self, number: Number) -> Result<Number, TimeError> {
        if self.is_identity() {
            return Ok(number);
        }
        let converted = match self.terms {
            Some(terms) => terms.apply(number)?,
            None => {
                let date = self.from.decode(number)?;
                let there = DateTime::new(self.to.calendar(), date.date(), date.clock())?;
                Some(self.to.encode(&there)?)
            }
        };
        let out_of_range =
            || TimeError::OutOfRange(format!("{} {}", number.as_f64(), self.from.unit().name()));
        match (number, converted.ok_or_else(out_of_range)?) {
            (Number::Real(_), converted) => Ok(Number::Real(converted.as_f64())),
            (Number::Integer(_), converted) => Ok(converted),
        }
    }
}

impl Terms {
    /// `None` where the result is an integer of more than 64 bits.
    fn apply(&self, number: Number) -> Result<Option<Number>, TimeError> {
        let value = match number {
            Number::Integer(value) => Binary { mantissa: value, exponent: 0 },
            Number::Real(value) => Binary::of(value)?,
        };
        let Some((numerator, denominator)) = self.fraction(value) else {
            return Ok(Some(Number::Real(self.nearly(number.as_f64()))));
        };
        if numerator % denominator != 0 {
            return Ok(Some(Number::Real(ratio(numerator, denominator))));
        }
        Ok(match number {
            Number::Integer(_) => i64::try_from(numerator / denominator).ok().map(Number::Integer),
            Number::Real(_) => Some(Number::Real(ratio(numerator, denominator))),
        })
    }

    /// The result as a fraction; `None` where 128 bits do not hold it.
    fn fraction(&self, value: Binary) -> Option<(i128, i128)> {
        let bits = value.exponent.unsigned_abs();
        let power = 1i128.checked_shl(bits).filter(|_| bits < 126)?;
        let mantissa = i128::from(value.mantissa);
        let (mantissa, shift, divisor) = if value.exponent >= 0 {
            (mantissa.checked_mul(power)?, self.shift, self.divisor)
        } else {
            (mantissa, self.shift.checked_mul(power)?, self.divisor.checked_mul(power)?)
        };
        let numerator = mantissa.checked_mul(self.factor)?.checked_add(shift)?;
        (divisor < 1 << 126).then_some((numerator, divisor))
    }

    /// The result in the arithmetic of doubles: for numbers so large or with so fine a fraction that no clock tells.
    #[expect(clippy::cast_precision_loss, reason = "the documented rounding")]
    fn nearly(&self, value: f64) -> f64 {
        value * (self.factor as f64 / self.divisor as f64) + ratio(self.shift, self.divisor)
    }
}

/// The greatest common divisor of two numbers that are not negative.
fn common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Calendar;

    fn conversion(from: &str, to: &str, calendars: (Calendar, Calendar)) -> Conversion {
        let units = |text, calendar| TimeUnits::parse(text, calendar).unwrap();
        Conversion::between(units(from, calendars.0), units(to, calendars.1)).unwrap()
    }

    fn check(from: &str, to: &str, number: impl Into<Number>, expected: Option<Number>) {
        let conversion = conversion(from, to, (Calendar::Standard, Calendar::Standard));
        assert_eq!(conversion.number(number.into()).ok(), expected, "{from} -> {to}");
    }

    #[test]
    fn integers_stay_integers_where_they_can() {
        let (a, b) = ("days since 2000-01-01", "days since 1999-01-01");
        check(a, b, 3, Some(Number::Integer(368)));
        check(a, "hours since 2000-01-02", 3, Some(Number::Integer(48)));
        check("hours since 2000-01-01", a, 36, Some(Number::Real(1.5)));
        check("hours since 2000-01-01", a, 48, Some(Number::Integer(2)));
        check("days since 1582-10-15", "days since 1582-10-04", 0, Some(Number::Integer(1)));
        check(a, "nanoseconds since 2000-01-01", i64::MAX, None);
        check("seconds since 2000-01-01", "seconds since 1970-01-01", i64::MAX, None);
    }

    #[test]
    fn doubles_stay_doubles_to_the_last_digit() {
        let (a, b) = ("days since 2000-01-01", "days since 1999-01-01");
        check(a, b, 3.0, Some(Number::Real(368.0)));
        check(a, b, 0.1, Some(Number::Real(365.1)));
        check("hours since 2000-01-01", a, 1.0, Some(Number::Real(1.0 / 24.0)));
        check(a, b, f64::NAN, None);
        check(a, b, 1e300, Some(Number::Real(1e300)));
        check(a, b, 5e-324, Some(Number::Real(365.0)));
    }

    #[test]
    fn between_calendars_a_date_keeps_its_name() {
        let leap = (Calendar::NoLeap, Calendar::Standard);
        let there = conversion("days since 2000-01-01", "days since 2000-01-01", leap);
        assert_eq!(there.number(Number::Integer(59)).unwrap(), Number::Integer(60));
        let missing = conversion(
            "days since 2000-01-01",
            "days since 2000-01-01",
            (Calendar::Day360, Calendar::Standard),
        );
        assert!(missing.number(Number::Integer(59)).is_err());
    }

    proptest! {
        #[test]
        fn a_converted_integer_means_the_same_date(number in -10_000_000i64..10_000_000, at in 0..3usize) {
            let to = ["seconds since 1850-03-04 05:06:07", "days since 1-1-1", "hours since 1970-01-01 00:30"][at];
            let conversion = conversion("hours since 1900-01-01", to, (Calendar::Standard, Calendar::Standard));
            let converted = conversion.number(Number::Integer(number)).unwrap();
            let before = conversion.from.decode(Number::Integer(number)).unwrap();
            let after = conversion.to.decode(converted).unwrap();
            // A fraction of a day is a double, which tells tens of microseconds apart after two thousand years.
            let off = (after.instant().unwrap() - before.instant().unwrap()).abs();
            let most = if matches!(converted, Number::Integer(_)) { 0 } else { 20_000 };
            prop_assert!(off <= most, "{} {}", before, after);
        }

        #[test]
        fn any_number_is_an_answer_or_an_error(integer: i64, real: f64) {
            let conversion = conversion(
                "days since -900000-01-01",
                "nanoseconds since 900000-01-01",
                (Calendar::Standard, Calendar::Standard),
            );
            let _ = conversion.number(Number::Integer(integer));
            let _ = conversion.number(Number::Real(real));
        }
    }
}
