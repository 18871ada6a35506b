//! `<unit> since <date>` (CF section 4.4): numbers to dates, dates to numbers.

use std::fmt;

use weir_model::Variable;

use crate::Calendar;

use super::exact::{Binary, ratio, scaled};
use super::{DateTime, TimeError, Unit};

/// A time as a file holds it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Number {
    /// Of any integer type, but at most 64 bits with a sign.
    Integer(i64),
    /// Of any floating-point type.
    Real(f64),
}

impl Number {
    /// The number as a double, which is the nearest one where an integer has more than 53 digits.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the documented rounding")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Real(value) => value,
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

/// A unit, the date it counts from, and the calendar it counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeUnits {
    unit: Unit,
    reference: DateTime,
}

impl TimeUnits {
    /// Counts in `unit` from `reference`, in its calendar.
    #[must_use]
    pub fn new(unit: Unit, reference: DateTime) -> Self {
        Self { unit, reference }
    }

    /// Reads a `units` attribute, `hours since 1900-01-01 00:00:00 +01:00`, for a calendar.
    ///
    /// # Errors
    /// [`TimeError::Syntax`] where it is not written so, [`TimeError::Unit`] for a unit without a fixed length, and those of
    /// [`DateTime::parse`].
    pub fn parse(text: &str, calendar: Calendar) -> Result<Self, TimeError> {
        let syntax = || TimeError::syntax(text, "it is not written as <unit> since <date>");
        let (unit, rest) = text.trim().split_once(char::is_whitespace).ok_or_else(syntax)?;
        let (since, reference) = rest.trim_start().split_once(char::is_whitespace).ok_or_else(syntax)?;
        if !since.eq_ignore_ascii_case("since") {
            return Err(syntax());
        }
        Ok(Self { unit: Unit::parse(unit, calendar)?, reference: DateTime::parse(reference, calendar)? })
    }

    /// The time units of a variable, by its `units` and `calendar` (`standard` where it has none); `None` where its `units`
    /// have no reference date, so that it holds no times.
    ///
    /// # Errors
    /// Those of [`TimeUnits::parse`] and [`Calendar::parse`].
    pub fn of(variable: &Variable) -> Option<Result<Self, TimeError>> {
        let text = |name: &str| variable.attribute(name).and_then(|attribute| attribute.value.as_text());
        let units = text("units").filter(|units| is_time(units))?;
        let calendar = text("calendar").map_or(Ok(Calendar::Standard), |name| Calendar::parse(&name));
        Some(calendar.map_err(TimeError::from).and_then(|calendar| Self::parse(&units, calendar)))
    }

    /// The unit.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The date that 0 means.
    #[must_use]
    pub fn reference(&self) -> DateTime {
        self.reference
    }

    /// The calendar.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        self.reference.calendar()
    }

    /// The date that a number means: exact for integers and for nanoseconds, else rounded to microseconds.
    ///
    /// # Errors
    /// [`TimeError::NotFinite`], [`TimeError::OutOfRange`], and [`TimeError::Calendar`] outside the years that are counted.
    pub fn decode(&self, number: Number) -> Result<DateTime, TimeError> {
        DateTime::at(self.calendar(), self.reference.instant()? + self.offset(number)?)
    }

    /// Nanoseconds from the reference date to a time.
    fn offset(&self, number: Number) -> Result<i128, TimeError> {
        let out_of_range = || TimeError::OutOfRange(format!("{} {}", number.as_f64(), self.unit.name()));
        let offset = match number {
            Number::Integer(value) => i128::from(value) * i128::from(self.unit.nanoseconds()),
            Number::Real(value) => {
                let resolution = self.unit.nanoseconds().min(1000);
                let snap = self.unit > Unit::Millisecond;
                let factor = self.unit.nanoseconds() / resolution;
                let scaled = scaled(Binary::of(value)?, factor, snap).ok_or_else(out_of_range)?;
                i128::from(scaled) * i128::from(resolution)
            }
        };
        let microseconds = offset.div_euclid(1000);
        i64::try_from(microseconds).map(|_| offset).ok().ok_or_else(out_of_range)
    }

    /// The number that means a date: an integer where one does, else the nearest double.
    ///
    /// # Errors
    /// [`TimeError::OtherCalendar`], and [`TimeError::OutOfRange`] where the integer has more than 64 bits.
    pub fn encode(&self, date: &DateTime) -> Result<Number, TimeError> {
        if date.calendar() != self.calendar() {
            let (given, expected) = (date.calendar(), self.calendar());
            return Err(TimeError::OtherCalendar { given, expected });
        }
        let offset = date.instant()? - self.reference.instant()?;
        let unit = i128::from(self.unit.nanoseconds());
        if offset % unit != 0 {
            return Ok(Number::Real(ratio(offset, unit)));
        }
        let whole = i64::try_from(offset / unit);
        whole.map(Number::Integer).ok().ok_or_else(|| TimeError::OutOfRange(date.to_string()))
    }
}

impl fmt::Display for TimeUnits {
    /// As [`TimeUnits::parse`] reads it again: `days since 2000-01-01T00:00:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} since {}", self.unit.name(), self.reference)
    }
}

/// Whether a `units` attribute names a reference date, so that its variable holds times.
#[must_use]
pub fn is_time(units: &str) -> bool {
    units.split_whitespace().nth(1).is_some_and(|word| word.eq_ignore_ascii_case("since"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(units: &str, calendar: &str, number: impl Into<Number>, expected: Option<&str>) {
        let calendar = Calendar::parse(calendar).unwrap();
        let got = TimeUnits::parse(units, calendar).and_then(|units| units.decode(number.into()));
        assert_eq!(got.ok().map(|date| date.to_string()).as_deref(), expected, "{units}");
    }

    #[test]
    fn numbers_are_dates() {
        check("days since 2000-01-01", "standard", 1, Some("2000-01-02T00:00:00"));
        check("DAYS SINCE 2000-01-01", "standard", 0.5, Some("2000-01-01T12:00:00"));
        check("hours since 1582-10-04 23:00", "standard", 1, Some("1582-10-15T00:00:00"));
        check("days since 0001-01-01", "standard", -1, Some("-0001-12-31T00:00:00"));
        check("days since 0001-01-01", "proleptic_gregorian", -1, Some("0000-12-31T00:00:00"));
        check("months since 1850-01-01", "360_day", 13, Some("1851-02-01T00:00:00"));
        check("common_years since 1850-01-01", "noleap", 2.5, Some("1852-07-02T12:00:00"));
        check("ns since 1970-01-01", "standard", 1_234_567_891, Some("1970-01-01T00:00:01.234567891"));
        check("seconds since 1970-01-01", "standard", 2e-6, Some("1970-01-01T00:00:00.000002"));
        check("days since 2000-1-1 -6:00", "standard", 1, Some("2000-01-02T06:00:00"));
        check("seconds since 1958-01-01", "tai", 1, Some("1958-01-01T00:00:01"));
    }

    #[test]
    fn what_means_no_date_is_refused() {
        check("days since 0000-01-01", "standard", 0, None);
        check("days since 1582-10-10", "standard", 0, None);
        check("days since 2001-02-29", "noleap", 0, None);
        check("days since 2000-01-01", "standard", f64::NAN, None);
        check("days since 2000-01-01", "standard", f64::INFINITY, None);
        check("days since 2000-01-01", "standard", i64::MAX, None);
        check("days since 2000-01-01", "standard", 106_751_992, None);
        check("days since 2000-01-01", "standard", 106_751_991, Some("294277-01-09T00:00:00"));
        check("ns since 1000000-12-31", "standard", i64::MAX, None);
        check("months since 2000-01-01", "standard", 1, None);
        check("days", "standard", 1, None);
        check("days since", "standard", 1, None);
        check("days after 2000-01-01", "standard", 1, None);
        check("seconds since 1957-12-31", "tai", 1, None);
        check("seconds since 1958-01-01 +01:00", "tai", 1, None);
        check("seconds since 1958-01-01", "tai", -1, None);
    }

    fn units(text: &str) -> TimeUnits {
        TimeUnits::parse(text, Calendar::Standard).unwrap()
    }

    #[test]
    fn dates_are_written_for_people_and_for_rfc_3339() {
        let rfc = |text: &str, calendar| DateTime::parse(text, calendar).unwrap().rfc3339();
        assert_eq!(rfc("2000-1-1", Calendar::Standard).as_deref(), Some("2000-01-01T00:00:00Z"));
        assert_eq!(rfc("1582-10-04", Calendar::Standard).as_deref(), Some("1582-10-14T00:00:00Z"));
        assert_eq!(
            rfc("2000-02-28 6:0:0.5", Calendar::Day360).as_deref(),
            Some("2000-02-28T06:00:00.500000Z")
        );
        assert_eq!(rfc("2000-02-30", Calendar::Day360), None);
        assert_eq!(rfc("10000-01-01", Calendar::Standard), None);
        assert_eq!(rfc("2000-01-01", Calendar::Tai), None);
        assert_eq!(units("h since 2000-1-1 5:0").to_string(), "hours since 2000-01-01T05:00:00");
    }

    #[test]
    fn the_span_of_times_is_their_first_and_last() {
        let days = units("days since 2000-01-01");
        let numbers = [3.0, f64::NAN, 1.0, 2.0].map(Number::Real);
        let coverage = super::super::Coverage::of(&days, numbers).unwrap().unwrap();
        assert_eq!(coverage.interval(), "2000-01-02T00:00:00/2000-01-04T00:00:00");
        assert_eq!(super::super::Coverage::of(&days, [Number::Real(f64::NAN)]), Ok(None));
        let late = [10, 4].map(Number::Integer);
        let later = super::super::Coverage::of(&days, late).unwrap().unwrap();
        assert!(coverage.overlaps(&coverage) && !coverage.overlaps(&later) && !later.overlaps(&coverage));
    }

    const CALENDARS: [Calendar; 7] = [
        Calendar::Standard,
        Calendar::ProlepticGregorian,
        Calendar::Julian,
        Calendar::NoLeap,
        Calendar::AllLeap,
        Calendar::Day360,
        Calendar::Tai,
    ];

    proptest! {
        #[test]
        fn integers_come_back(at in 0..7usize, number in -90_000_000_000i64..90_000_000_000, unit in 0..5usize) {
            let unit = ["microseconds", "ms", "seconds", "minutes", "hours"][unit];
            let number = if CALENDARS[at] == Calendar::Tai { number.abs() } else { number };
            // The hours reach ten million years.
            let number = if unit == "hours" { number / 100 } else { number };
            let units = TimeUnits::parse(&format!("{unit} since 1970-01-01 06:30"), CALENDARS[at]).unwrap();
            let date = units.decode(Number::Integer(number)).unwrap();
            prop_assert_eq!(units.encode(&date).unwrap(), Number::Integer(number));
            let again = DateTime::parse(&date.to_string(), CALENDARS[at]).unwrap();
            prop_assert_eq!(again, date);
        }

        #[test]
        fn later_numbers_are_later_dates(at in 0..7usize, a in 0i64..3_000_000, b in 0i64..3_000_000) {
            let units = TimeUnits::parse("days since 1958-01-01", CALENDARS[at]).unwrap();
            let dates = (units.decode(Number::Integer(a)).unwrap(), units.decode(Number::Integer(b)).unwrap());
            prop_assert_eq!(dates.0.partial_cmp(&dates.1), a.partial_cmp(&b));
        }

        #[test]
        fn doubles_come_back_to_the_microsecond(days in -700_000f64..700_000.0) {
            let units = units("days since 2000-01-01");
            let date = units.decode(Number::Real(days)).unwrap();
            let again = units.encode(&date).unwrap().as_f64();
            prop_assert!((again - days).abs() * 86400e6 <= 20.0, "{} {}", days, again);
            prop_assert_eq!(units.decode(Number::Real(again)).unwrap().date(), date.date());
        }

        #[test]
        fn any_units_and_numbers_are_an_answer_or_an_error(text in "\\PC{0,60}", integer: i64, real: f64) {
            for calendar in CALENDARS {
                for unit in ["days since ", "ns since ", ""] {
                    if let Ok(units) = TimeUnits::parse(&format!("{unit}{text}"), calendar) {
                        let _ = units.decode(Number::Integer(integer));
                        let _ = units.decode(Number::Real(real));
                    }
                }
            }
        }

        #[test]
        fn extreme_reference_dates_do_not_overflow(year: i32, integer: i64, real: f64) {
            for calendar in CALENDARS {
                for unit in ["weeks", "days", "ns", "microseconds"] {
                    if let Ok(units) = TimeUnits::parse(&format!("{unit} since {year}-12-30 23:59 -23:59"), calendar) {
                        let numbers = [Number::Integer(integer), Number::Real(real)];
                        for date in numbers.into_iter().filter_map(|number| units.decode(number).ok()) {
                            let _ = units.encode(&date);
                        }
                    }
                }
            }
        }
    }
}
