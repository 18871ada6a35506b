//! Units of time, in every spelling that `cftime` reads, and nanoseconds and weeks as UDUNITS spells them.

use crate::Calendar;

use super::TimeError;

/// Nanoseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000_000;

/// A unit of time with a fixed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// 10⁻⁹ s; `cftime` does not read it, xarray writes it.
    Nanosecond,
    /// 10⁻⁶ s.
    Microsecond,
    /// 10⁻³ s.
    Millisecond,
    /// 1 s.
    Second,
    /// 60 s.
    Minute,
    /// 3600 s.
    Hour,
    /// 86400 s.
    Day,
    /// 7 days.
    Week,
    /// 30 days, in the `360_day` calendar alone.
    Month,
    /// 365 days, in the `noleap` calendar alone.
    CommonYear,
}

impl Unit {
    /// The unit that `name` spells, in any case.
    ///
    /// # Errors
    /// [`TimeError::Unit`], also for months and years in a calendar where they differ in length.
    pub fn parse(name: &str, calendar: Calendar) -> Result<Self, TimeError> {
        let unit = match name.to_ascii_lowercase().as_str() {
            "nanoseconds" | "nanosecond" | "nanosec" | "nanosecs" | "nsec" | "nsecs" | "ns" => {
                Self::Nanosecond
            }
            "microseconds" | "microsecond" | "microsec" | "microsecs" => Self::Microsecond,
            "milliseconds" | "millisecond" | "millisec" | "millisecs" | "msec" | "msecs" | "ms" => {
                Self::Millisecond
            }
            "seconds" | "second" | "sec" | "secs" | "s" => Self::Second,
            "minutes" | "minute" | "min" | "mins" => Self::Minute,
            "hours" | "hour" | "hr" | "hrs" | "h" => Self::Hour,
            "days" | "day" | "d" => Self::Day,
            "weeks" | "week" => Self::Week,
            "months" | "month" if calendar == Calendar::Day360 => Self::Month,
            "common_years" | "common_year" if calendar == Calendar::NoLeap => Self::CommonYear,
            _ => return Err(TimeError::Unit { unit: name.chars().take(40).collect(), calendar }),
        };
        Ok(unit)
    }

    /// The name, in the plural.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nanosecond => "nanoseconds",
            Self::Microsecond => "microseconds",
            Self::Millisecond => "milliseconds",
            Self::Second => "seconds",
            Self::Minute => "minutes",
            Self::Hour => "hours",
            Self::Day => "days",
            Self::Week => "weeks",
            Self::Month => "months",
            Self::CommonYear => "common_years",
        }
    }

    /// How many nanoseconds it lasts.
    #[must_use]
    pub fn nanoseconds(self) -> i64 {
        match self {
            Self::Nanosecond => 1,
            Self::Microsecond => 1_000,
            Self::Millisecond => 1_000_000,
            Self::Second => 1_000_000_000,
            Self::Minute => 60_000_000_000,
            Self::Hour => 3_600_000_000_000,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 30 * DAY,
            Self::CommonYear => 365 * DAY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, calendar: Calendar, expected: Option<Unit>) {
        assert_eq!(Unit::parse(name, calendar).ok(), expected, "{name}");
    }

    #[test]
    fn every_spelling_is_read() {
        check("Days", Calendar::Standard, Some(Unit::Day));
        check("hr", Calendar::Standard, Some(Unit::Hour));
        check("mins", Calendar::Standard, Some(Unit::Minute));
        check("S", Calendar::Standard, Some(Unit::Second));
        check("msec", Calendar::Standard, Some(Unit::Millisecond));
        check("microsecs", Calendar::Standard, Some(Unit::Microsecond));
        check("ns", Calendar::Standard, Some(Unit::Nanosecond));
        check("week", Calendar::Standard, Some(Unit::Week));
    }

    #[test]
    fn units_without_a_fixed_length_are_refused() {
        check("months", Calendar::Day360, Some(Unit::Month));
        check("months", Calendar::Standard, None);
        check("years", Calendar::Day360, None);
        check("common_years", Calendar::NoLeap, Some(Unit::CommonYear));
        check("common_year", Calendar::Standard, None);
        check("m", Calendar::Standard, None);
        check("", Calendar::Standard, None);
    }
}
